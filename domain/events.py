"""The feeds in which what happens is told, in the order in which it was published."""

from enum import StrEnum


class EventFeed(StrEnum):
    """A feed; its value is the topic that cursors name."""

    TIER_CHANGES = "tier_change"
    RISK_SIGNALS = "risk_signal"
    APPROVALS = "approval"

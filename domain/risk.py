"""Warning signals: what a relationship manager or a rule reports to risk control."""

from enum import StrEnum


class Severity(StrEnum):
    """How grave a signal is, gravest first."""

    RED = "RED"
    ORANGE = "ORANGE"
    YELLOW = "YELLOW"
    BLUE = "BLUE"


class RiskSignalState(StrEnum):
    """A signal's way through risk control."""

    REPORTED = "REPORTED"
    ASSIGNED = "ASSIGNED"
    ASSESSED = "ASSESSED"
    MEASURES = "MEASURES"
    RELEASE_REQUESTED = "RELEASE_REQUESTED"
    RELEASED = "RELEASED"
    REJECTED = "REJECTED"

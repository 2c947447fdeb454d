"""Tier changes: the event a decision publishes to managers and subscribers, if any."""

from __future__ import annotations

from enum import StrEnum

from domain.decision import Rule
from domain.policy import TierPolicy
from domain.standing import Standing, Status


class ChangeKind(StrEnum):
    """What happened to a customer's standing."""

    ENTERED = "ENTERED"  # NON_MEMBER, SPECIAL or REMOVED -> member
    UPGRADED = "UPGRADED"  # member -> higher tier
    WATCH_STARTED = "WATCH_STARTED"  # ACTIVE -> WATCH in the same tier
    WATCH_CLEARED = "WATCH_CLEARED"  # WATCH -> ACTIVE in the same tier
    DOWNGRADED = "DOWNGRADED"  # member -> lower tier
    EXITED = "EXITED"  # member -> EXITED_UNRATED, or SPECIAL if a grant is valid
    REENTERED = "REENTERED"  # EXITED_UNRATED -> member
    REMOVED = "REMOVED"  # EXITED_UNRATED -> REMOVED, or any by termination
    SPECIAL_GRANTED = "SPECIAL_GRANTED"  # no member -> SPECIAL
    SPECIAL_ENDED = "SPECIAL_ENDED"  # SPECIAL -> EXITED_UNRATED, or REMOVED by policy
    CORRECTED = "CORRECTED"  # any change that stems from corrected figures


def changes_of(
    before: Standing, after: Standing, rule: Rule, policy: TierPolicy
) -> ChangeKind | None:
    """Return the event of a decision under `policy`, None if status and tier stay as they were.

    `before` is what was published for the month before. If the judged standing was another one,
    because figures were corrected, pass `Rule.CORRECTED`: the change is then of kind CORRECTED.
    A member moved to the successor of a dropped tier counts as DOWNGRADED, as the successor is
    never above it.
    """
    if before.status is after.status and before.tier == after.tier:
        return None
    if rule is Rule.CORRECTED:
        return ChangeKind.CORRECTED
    if rule is Rule.TERMINATED:
        return ChangeKind.REMOVED
    if after.assessed:
        return _within(before, after, policy) if before.assessed else _entry(before)
    if before.assessed:
        return ChangeKind.EXITED
    if before.status is Status.SPECIAL:
        return ChangeKind.SPECIAL_ENDED
    return ChangeKind.SPECIAL_GRANTED if after.status is Status.SPECIAL else ChangeKind.REMOVED


def _entry(before: Standing) -> ChangeKind:
    again = before.status is Status.EXITED_UNRATED
    return ChangeKind.REENTERED if again else ChangeKind.ENTERED


def _within(before: Standing, after: Standing, policy: TierPolicy) -> ChangeKind:
    assert before.tier is not None
    assert after.tier is not None
    if before.tier != after.tier:
        risen = policy.tier(after.tier).rank > policy.tier(before.tier).rank
        return ChangeKind.UPGRADED if risen else ChangeKind.DOWNGRADED
    watched = after.status is Status.WATCH
    return ChangeKind.WATCH_STARTED if watched else ChangeKind.WATCH_CLEARED

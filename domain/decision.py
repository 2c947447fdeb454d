"""A decision about a customer's standing, with the evidence that justifies it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypedDict

from domain.months import Month
from domain.standing import (
    Judged,
    JudgedDocument,
    Standing,
    StandingDocument,
    history_from_documents,
)


class Rule(StrEnum):
    """Why a standing is what it is: one value for each row of the state table."""

    # at a month's close, customer not assessed
    NOT_ENTERED = "NOT_ENTERED"  # NON_MEMBER stays: AUM not above the entry line
    ENTERED = "ENTERED"  # NON_MEMBER, SPECIAL or REMOVED -> ACTIVE in the tier reached
    REENTERED = "REENTERED"  # EXITED_UNRATED -> ACTIVE in the tier reached
    RETAINED = "RETAINED"  # EXITED_UNRATED stays: r + 1
    REMOVED = "REMOVED"  # EXITED_UNRATED -> REMOVED: r has come to retention_months
    STAYS_REMOVED = "STAYS_REMOVED"  # REMOVED stays: terminated, or AUM not above the entry line
    SPECIAL_STARTED = "SPECIAL_STARTED"  # any of them -> SPECIAL: a grant is valid from next month
    SPECIAL_CONTINUES = "SPECIAL_CONTINUES"  # SPECIAL stays: a grant is valid
    SPECIAL_ENDED = "SPECIAL_ENDED"  # SPECIAL -> EXITED_UNRATED (or REMOVED): the grant expires

    # at a month's close, member (ACTIVE or WATCH)
    KEPT = "KEPT"  # -> ACTIVE in the same tier: own tier reached, k = n = 0
    UPGRADED = "UPGRADED"  # -> ACTIVE in the higher tier reached
    BELOW_TIER = "BELOW_TIER"  # -> WATCH in the same tier: k + 1
    DEMOTED = "DEMOTED"  # -> ACTIVE or WATCH in the tier reached during the watch
    FLOORED = "FLOORED"  # -> WATCH in the lowest (or the same) tier: none reached in the watch
    EXITED = "EXITED"  # -> EXITED_UNRATED: n has come to exit_months
    EXITED_TO_SPECIAL = "EXITED_TO_SPECIAL"  # -> SPECIAL: n likewise, but a grant is valid

    # at a month's close, any customer
    HELD = "HELD"  # nothing moves: the month's feed is missing

    # on a day
    SPECIAL_GRANTED = "SPECIAL_GRANTED"  # NON_MEMBER, EXITED_UNRATED or REMOVED -> SPECIAL
    SPECIAL_NOTED = "SPECIAL_NOTED"  # nothing moves: a grant given or revoked that does not show
    SPECIAL_REVOKED = "SPECIAL_REVOKED"  # SPECIAL -> EXITED_UNRATED (or REMOVED), within a month
    MANUAL = "MANUAL"  # any but a terminated one -> ACTIVE in the tier that was decided, k = n = 0
    TERMINATED = "TERMINATED"  # any -> REMOVED for good
    CORRECTED = "CORRECTED"  # any -> what the replay of corrected figures gives


ON_A_DAY = frozenset(
    {
        Rule.SPECIAL_GRANTED,
        Rule.SPECIAL_NOTED,
        Rule.SPECIAL_REVOKED,
        Rule.MANUAL,
        Rule.TERMINATED,
    }
)
"""The rules whose result is in force at once; that of all others is from the next month on."""


class DecisionDocument(TypedDict):
    """A decision as JSON, keys as in `Decision`."""

    month: str
    before: StandingDocument
    after: StandingDocument
    rule: str
    policy_version: int
    judged: list[JudgedDocument]


@dataclass(frozen=True, slots=True)
class Decision:
    """What a rule made of a standing, and why.

    `month` is the month that closed, or the one of the day on which something happened. `judged`
    are the months that led here, oldest first: normally the one closed, at a demotion the months
    watched, at an exit the run below the entry line, at a removal the closes in retention; none
    if no figure was looked at. `before` and `after` are the same object when nothing changed.
    """

    month: Month
    before: Standing
    after: Standing
    rule: Rule
    policy_version: int
    judged: tuple[Judged, ...] = ()

    @property
    def effective_from(self) -> Month:
        """The first month on whose last day `after` is in force."""
        return self.month if self.rule in ON_A_DAY else self.month.next()

    def to_document(self) -> DecisionDocument:
        """Return the decision as JSON-able values."""
        return {
            "month": str(self.month),
            "before": self.before.to_document(),
            "after": self.after.to_document(),
            "rule": self.rule.value,
            "policy_version": self.policy_version,
            "judged": [judged.to_document() for judged in self.judged],
        }

    @classmethod
    def from_document(cls, document: DecisionDocument) -> Decision:
        """Read what `to_document` wrote."""
        return cls(
            Month.parse(document["month"]),
            Standing.from_document(document["before"]),
            Standing.from_document(document["after"]),
            Rule(document["rule"]),
            document["policy_version"],
            history_from_documents(document["judged"]),
        )

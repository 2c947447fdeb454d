"""Where a customer stands: the state of the tier machine, with the evidence that led to it.

A standing is what is in force in one month. It carries the counters and the judged months of the
run below the line that the next close needs, so a close never has to look further back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TypedDict

from domain.months import Month


class Status(StrEnum):
    """The states of the tier machine (客户分层管理)."""

    NON_MEMBER = "NON_MEMBER"  # never entered
    ACTIVE = "ACTIVE"  # assessed: has a tier, no month below it counting
    WATCH = "WATCH"  # assessed: has a tier, and a run of months below it or the entry line 关注
    SPECIAL = "SPECIAL"  # treated as VIP by a grant, without a tier 特殊VIP
    EXITED_UNRATED = "EXITED_UNRATED"  # left, retained for the manager to win back 已退未评级
    REMOVED = "REMOVED"  # left for good, or terminated


class JudgedDocument(TypedDict):
    """A judged month as JSON: all values are texts, `reached` a tier code or null."""

    month: str
    total: str
    reached: str | None


class StandingDocument(TypedDict):
    """A standing as JSON, keys as in `Standing`."""

    status: str
    tier: str | None
    since: str | None
    shortfall_months: int
    below_entry_months: int
    retention_closes: int
    history: list[JudgedDocument]
    terminated: bool


@dataclass(frozen=True, slots=True)
class Judged:
    """The evidence of one judged month.

    `total` is the AUM in home currency as shown, rounded half up to 0.01; `reached` is the code of
    the highest tier the exact figure reached under the policy of that month, None below the entry
    line.
    """

    month: Month
    total: Decimal
    reached: str | None

    def to_document(self) -> JudgedDocument:
        """Return the month as JSON-able values."""
        return {"month": str(self.month), "total": str(self.total), "reached": self.reached}

    @classmethod
    def from_document(cls, document: JudgedDocument) -> Judged:
        """Read what `to_document` wrote."""
        return cls(Month.parse(document["month"]), Decimal(document["total"]), document["reached"])


@dataclass(frozen=True, slots=True)
class Standing:
    """The state in force in a month.

    `tier` is the tier's code, set for ACTIVE and WATCH and for no other status. `since` is the
    first month in which the status (for a member: the tier) was in force, None if never entered.
    The counters are 0 where they do not apply:

    - `shortfall_months`, k: consecutive months below the own tier since it took effect;
    - `below_entry_months`, n: consecutive months below the entry line;
    - `retention_closes`, r: closes spent in retention.

    `history` has the judged months of the present run, oldest first: the longer of the last k and
    the last n months of a member, the closes of a customer in retention. It is shorter than the
    counters say only for a standing that was taken over without evidence. `terminated` tells a
    customer who never re-enters from one removed after retention.
    """

    status: Status = Status.NON_MEMBER
    tier: str | None = None
    since: Month | None = None
    shortfall_months: int = 0
    below_entry_months: int = 0
    retention_closes: int = 0
    history: tuple[Judged, ...] = ()
    terminated: bool = False

    @property
    def assessed(self) -> bool:
        """Whether the customer is a member by AUM: ACTIVE or WATCH."""
        return self.tier is not None

    @property
    def window(self) -> tuple[str | None, ...]:
        """The tiers reached in each of the k months below the own tier, oldest first."""
        return tuple(judged.reached for judged in last(self.history, self.shortfall_months))

    def to_document(self) -> StandingDocument:
        """Return the standing as JSON-able values."""
        return {
            "status": self.status.value,
            "tier": self.tier,
            "since": None if self.since is None else str(self.since),
            "shortfall_months": self.shortfall_months,
            "below_entry_months": self.below_entry_months,
            "retention_closes": self.retention_closes,
            "history": [judged.to_document() for judged in self.history],
            "terminated": self.terminated,
        }

    @classmethod
    def from_document(cls, document: StandingDocument) -> Standing:
        """Read what `to_document` wrote."""
        since = document["since"]
        return cls(
            Status(document["status"]),
            document["tier"],
            None if since is None else Month.parse(since),
            document["shortfall_months"],
            document["below_entry_months"],
            document["retention_closes"],
            history_from_documents(document["history"]),
            document["terminated"],
        )


NON_MEMBER = Standing()
"""The standing of a customer who never entered."""


def last(judged: tuple[Judged, ...], count: int) -> tuple[Judged, ...]:
    """Return the last `count` months, none of them for 0."""
    return judged[-count:] if count else ()


def history_from_documents(documents: Sequence[JudgedDocument]) -> tuple[Judged, ...]:
    """Read a list of judged months."""
    return tuple(map(Judged.from_document, documents))

"""What a policy would have done: the months that were closed, judged again under another one.

Nothing new is decided here. `outcome` runs the replay that corrections run, and so the very rules
that a close runs, over what each close knew: the figure of a month as it was when the month was
closed, corrections from the close on in which they took effect, what happened on days on its days.
`Tally` counts what would be otherwise.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from typing import Any

from domain.happenings import NOTHING, Happenings
from domain.money import EXACT, ZERO
from domain.months import Month
from domain.policy import TierPolicy, in_force
from domain.replay import Correction, MonthInput, published
from domain.standing import Standing, Status
from domain.tiers import judge

Place = tuple[str, str | None]
"""Where a customer stands: the status and the tier's code."""


class PreviewStatus(StrEnum):
    """How far a preview has come."""

    WAITING = "WAITING"  # asked for
    RUNNING = "RUNNING"  # customers are being judged
    DONE = "DONE"  # its result can be seen
    CANCELLED = "CANCELLED"  # ended by somebody; nothing is left of it
    FAILED = "FAILED"  # ended by a fault of the program


class Movement(StrEnum):
    """What a policy would do to a customer, beside what is recorded."""

    ENTERS = "ENTERS"  # would hold a tier, and holds none
    RISES = "RISES"  # would hold a higher tier
    FALLS = "FALLS"  # would hold a lower tier
    LEAVES = "LEAVES"  # would hold no tier, and holds one
    OTHERWISE = "OTHERWISE"  # same tier or none, but another status, month of entry or counter
    STAYS = "STAYS"  # would stand as is recorded


@dataclass(frozen=True, slots=True)
class Lived:
    """What a customer has lived through: what the replay starts from, and what the closes knew."""

    initial: Standing
    months: Sequence[MonthInput]
    happenings: Happenings = NOTHING
    corrections: Sequence[Correction] = ()


def replaced_by(
    proposed: TierPolicy, known: Iterable[TierPolicy], first: Month
) -> list[TierPolicy]:
    """The policies of a world in which the proposed one governs from the month `first` on.

    Those in force before stay, so that members of tiers that it has no more are known; so are the
    tiers of those that governed later, which somebody may hold by what is recorded or by hand.
    """
    former = [policy for policy in known if policy.effective < first]
    version = max((policy.version for policy in former), default=0) + 1
    later = tuple(tier for policy in known if policy.effective >= first for tier in policy.tiers)
    return [*former, replace(proposed, version=version, effective=first, dropped=later)]


def outcome(lived: Lived, policies: Sequence[TierPolicy]) -> Standing:
    """The standing in the month after the last one lived through.

    Raises NoPolicyInForce and UnknownTier as `replay` does.
    """
    governed = in_force(policies, lived.months[0].month)
    if (
        lived.happenings
        or lived.corrections
        or governed.version != in_force(policies, lived.months[-1].month).version
    ):
        return published(
            lived.initial, lived.months, policies, lived.happenings, lived.corrections
        )[-1]
    standing = lived.initial  # nothing happens but closes
    for given in lived.months:
        standing = judge(standing, given.month, given.total, governed).after
    return standing


def movement(before: Standing, after: Standing, policy: TierPolicy) -> Movement:
    """What becomes of a customer whose recorded standing is `before` and who would stand `after`.

    `policy` is the proposed one: it ranks tiers of former versions by their successors.
    """
    if before.tier is not None and after.tier is not None:
        was, would = policy.tier(before.tier).rank, policy.tier(after.tier).rank
        if would > was:
            return Movement.RISES
        if before.tier != after.tier:  # a successor is never above the tier it follows
            return Movement.FALLS
    elif after.tier is not None:
        return Movement.ENTERS
    elif before.tier is not None:
        return Movement.LEAVES
    return Movement.STAYS if _shown(before) == _shown(after) else Movement.OTHERWISE


def _shown(standing: Standing) -> tuple[object, ...]:
    """All of a standing but its evidence."""
    return (
        *(standing.status, standing.tier, standing.since, standing.terminated),
        *(standing.shortfall_months, standing.below_entry_months, standing.retention_closes),
    )


def place_of(standing: Standing) -> Place:
    """Where a standing is."""
    return standing.status.value, standing.tier


@dataclass(slots=True)
class Cell:
    """Customers who stand at one place and would stand at another, and their AUM at both."""

    customers: int = 0
    aum_before: Decimal = ZERO
    aum_after: Decimal = ZERO

    def add(self, customers: int, aum_before: Decimal, aum_after: Decimal) -> None:
        """Count more of them."""
        self.customers += customers
        self.aum_before = EXACT.add(self.aum_before, aum_before)
        self.aum_after = EXACT.add(self.aum_after, aum_after)


@dataclass(slots=True)
class Tally:
    """What a policy would do to many customers together.

    `cells` are counted by where customers stand and where they would, `movements` by what becomes
    of them, `managers` by whose customers would hold another tier or status. Tallies of parts add
    up to that of the whole.
    """

    cells: dict[tuple[Place, Place], Cell] = field(default_factory=dict)
    movements: Counter[Movement] = field(default_factory=Counter)
    managers: Counter[int] = field(default_factory=Counter)

    @property
    def customers(self) -> int:
        """All who were judged."""
        return sum(self.movements.values())

    @property
    def differing(self) -> int:
        """Those whose standing would be another one in anything."""
        return self.customers - self.movements[Movement.STAYS]

    @property
    def moved(self) -> int:
        """Those who would hold another tier or status."""
        return sum(cell.customers for (was, would), cell in self.cells.items() if was != would)

    def count(
        self,
        was: Place,
        would: Place,
        what: Movement,
        *,
        customers: int = 1,
        aum_before: Decimal,
        aum_after: Decimal,
    ) -> None:
        """Count customers who stand at one place and would stand at another."""
        self.cells.setdefault((was, would), Cell()).add(customers, aum_before, aum_after)
        self.movements[what] += customers

    def add(self, other: Tally) -> None:
        """Count those of another part as well."""
        for key, cell in other.cells.items():
            own = self.cells.setdefault(key, Cell())
            own.add(cell.customers, cell.aum_before, cell.aum_after)
        self.movements.update(other.movements)
        self.managers.update(other.managers)

    def matrix(self) -> list[dict[str, Any]]:
        """The cells as JSON-able values, in the order of both places."""
        return [
            {
                "from_status": was[0],
                "from_tier": was[1],
                "to_status": would[0],
                "to_tier": would[1],
                "customers": cell.customers,
                "aum_before": str(cell.aum_before),
                "aum_after": str(cell.aum_after),
            }
            for (was, would), cell in sorted(self.cells.items(), key=lambda item: _order(item[0]))
        ]

    def places(self, names: Mapping[str, str]) -> list[dict[str, Any]]:
        """Each place with customers and AUM before and after, as JSON-able values.

        `names` are those of the tiers' codes.
        """
        found: dict[Place, tuple[Cell, Cell]] = {}
        for (was, would), cell in self.cells.items():
            before = found.setdefault(was, (Cell(), Cell()))[0]
            before.add(cell.customers, cell.aum_before, cell.aum_after)
            after = found.setdefault(would, (Cell(), Cell()))[1]
            after.add(cell.customers, cell.aum_before, cell.aum_after)
        return [
            {
                "status": status,
                "tier": tier,
                "name": None if tier is None else names.get(tier, tier),
                "customers_before": before.customers,
                "customers_after": after.customers,
                "aum_before": str(before.aum_before),
                "aum_after": str(after.aum_after),
            }
            for (status, tier), (before, after) in sorted(
                found.items(), key=lambda item: _order((item[0], item[0]))
            )
        ]

    def to_document(self) -> dict[str, Any]:
        """The tally without its managers, as JSON-able values."""
        counted = {what.value: customers for what, customers in sorted(self.movements.items())}
        return {"cells": self.matrix(), "movements": counted}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Tally:
        """Read what `to_document` wrote."""
        tally = cls()
        for cell in document["cells"]:
            key = (
                (cell["from_status"], cell["from_tier"]),
                (cell["to_status"], cell["to_tier"]),
            )
            tally.cells[key] = Cell(
                cell["customers"], Decimal(cell["aum_before"]), Decimal(cell["aum_after"])
            )
        for name, customers in document["movements"].items():
            tally.movements[Movement(name)] = customers
        return tally


_STATUSES = list(Status)


def _order(places: tuple[Place, Place]) -> tuple[tuple[int, str], ...]:
    """Sort places as the states are listed, tiers by their code."""
    return tuple((_STATUSES.index(Status(status)), tier or "") for status, tier in places)

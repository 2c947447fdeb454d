"""VIP statistics: how many customers stand where, and what they hold.

ACTIVE and WATCH are counted as assessed, SPECIAL is counted and shown apart, and customers who
left are in no total (design chapter, customer tiers).
"""

import decimal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import strawberry

from domain.months import Month
from repository.reading.conditions import Both, Compare, Condition, Either, Fixed, Operator, Related
from repository.reading.expressions import counted, expression, integer, text
from repository.reading.expressions import decimal as decimal_of
from repository.reading.nodes import Join, Scalar, Sum
from repository.reading.parameters import Derived, Source
from repository.reading.tables import AUM, STANDING, TIER
from schema.arguments import Arguments
from schema.declarations import extends
from schema.fields import Argument, Made, Spec, ToMany, ToOne, planned, sorted_by, stored
from schema.filters import first_day, reference
from schema.query import Query
from schema.types.tier import OPEN_MONTH, OWN_TIERS, Tier, in_force, month_or_fault

BY_THRESHOLD = sorted_by(decimal_of("threshold"), text("code"))
MONTH_ARGUMENT = {
    "month": Argument(Month | None, "The month, as it stands on its last day; now if not given.")
}


@strawberry.type(description="Customers of one tier.")
class TierCount:
    """One tier's share of the statistics; filled in by how it is reached."""

    tier: Tier = strawberry.field(description="The tier.")
    customers: int = strawberry.field(description="How many customers hold it.")
    aum: decimal.Decimal = strawberry.field(
        description="Their AUM of the month, together: the sum of the figures shown for each."
    )


@strawberry.type(description="VIP customers whom the caller may see, in one month.")
class VipStatistics:
    """Counts over the standings of one month."""

    month: Month = strawberry.field(description="The month; its last day is what counts.")
    assessed: int = stored(
        counted("{t}.status in ('ACTIVE', 'WATCH')"), "Customers who hold a tier."
    )
    watch: int = stored(counted("{t}.status = 'WATCH'"), "Those of them under watch.")
    special: int = stored(
        counted("{t}.status = 'SPECIAL'"), "Special VIP by a grant; not among the assessed."
    )
    total: int = stored(
        counted("{t}.status in ('ACTIVE', 'WATCH', 'SPECIAL')"), "Assessed and special together."
    )
    exited_unrated: int = stored(
        counted("{t}.status = 'EXITED_UNRATED'"),
        "Customers who left and are still kept by their manager; in no total.",
    )
    by_tier: list[TierCount] = strawberry.field(
        description="Each tier of the policy in force in the month, lowest first, and those of "
        "earlier policies that somebody still holds."
    )


# All that anything is counted of; the index by manager holds no others.
_COUNTED = Fixed("{t}.status in ('ACTIVE', 'WATCH', 'SPECIAL', 'EXITED_UNRATED')")


@dataclass(frozen=True, slots=True)
class _Population:
    """Whose standings are counted.

    `on` joins them to the row above the statistics; it is written with `{t}` for that row, which
    is two rows further up for what is counted inside of a tier.
    """

    on: Mapping[str, str]
    where: tuple[Condition, ...]
    month: str
    sources: tuple[tuple[Source, str], ...]

    def conditions(self) -> tuple[Condition, ...]:
        return (*self.where, Fixed(f"{{t}}.month = {self.month}", self.sources), _COUNTED)

    def month_shown(self) -> Spec:
        return Made(lambda _: month_or_fault(self.month, self.sources))

    def by_tier(self) -> Spec:
        policy = Fixed(f"{{t}}.policy_version = {in_force(self.month)}", self.sources)
        own_row = {"policy_version": "{t}.policy_version", "code": "{t}.code"}
        on, holding = self._holders()
        shown = Either((OWN_TIERS, Related(STANDING, on, Both(holding))))
        return ToMany(
            TIER,
            {},
            BY_THRESHOLD,
            lambda _: [policy, shown],
            given={
                "tier": lambda _: ToOne(TIER, own_row),
                "customers": lambda _: Made(lambda _: self._customers()),
                "aum": lambda _: Made(lambda _: self._aum()),
            },
        )

    def _holders(self) -> tuple[dict[str, str], tuple[Condition, ...]]:
        """Who holds a tier, seen from the tier's row."""
        on = {column: value.replace("{t}", "{up2}") for column, value in self.on.items()}
        holding = Fixed("{t}.status in ('ACTIVE', 'WATCH')")
        return {**on, "tier": "{t}.code"}, (*self.conditions(), holding)

    def _customers(self) -> Scalar:
        on, conditions = self._holders()
        return Scalar(Join(STANDING, on, conditions), expression("count(*)", cast="integer"))

    def _aum(self) -> Sum:
        on, conditions = self._holders()
        of_month = Fixed(f"{{t}}.month = {self.month}", self.sources)
        figure = Join(AUM, {"customer_id": "{t}.customer_id"}, (of_month,))
        return Sum(Join(STANDING, on, conditions), figure, decimal_of("total"))


def vip_statistics(
    description: str,
    on: Mapping[str, str],
    *,
    where: Callable[[Arguments], tuple[Condition, ...]] = lambda arguments: (),
    arguments: Mapping[str, Argument] | None = None,
) -> Any:
    """Statistics over the standings that are joined to this row."""

    def population(given: Arguments) -> _Population:
        month = given.source("month")
        if month is None:
            return _Population(on, where(given), OPEN_MONTH, ())
        return _Population(on, where(given), "{p0}", ((Derived(month, first_day), "date"),))

    spec = ToOne(
        STANDING,
        on,
        lambda given: population(given).conditions(),
        given={
            "month": lambda given: population(given).month_shown(),
            "byTier": lambda given: population(given).by_tier(),
        },
        aggregated=True,
    )
    return planned(spec, description, {**MONTH_ARGUMENT, **(arguments or {})})


def _of_branch(arguments: Arguments) -> tuple[Condition, ...]:
    source = arguments.source("branch")
    if source is None:
        return ()
    by_id = reference(integer("branch_id"), "Branch")
    return (Compare(by_id.expression, Operator.EQ, Derived(source, by_id.convert)),)  # type: ignore[arg-type]


@extends(Query)
class StatisticsQuery:
    """Over everyone, or a branch."""

    vip_statistics: VipStatistics = vip_statistics(
        "VIP customers whom the caller may see.",
        {},
        where=_of_branch,
        arguments={"branch": Argument(strawberry.ID | None, "Only this branch's customers.")},
    )

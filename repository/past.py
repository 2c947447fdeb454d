"""What customers have lived through, as each close knew it.

The figures are those of their months' closes: where a correction has replaced one since, what had
been published before is kept (`replaced_aum`), and the correction takes effect with the close
with which it did. Of months in which a proposed policy counts other product classes there is no
stored figure: theirs is made from the ledger as it is now, as a recompute makes it.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise
from typing import Any

from domain.aum import divisor_of
from domain.happenings import NOTHING, Happenings
from domain.money import ZERO, Average
from domain.months import Month, months_between
from domain.preview import Lived
from domain.replay import Correction, MonthInput
from domain.standing import NON_MEMBER, Standing
from repository.database import Connection
from repository.happenings import happenings_of
from repository.preview_scope import Scope
from repository.statements import sql


def standing_in(document: Any) -> Standing:
    """The standing in a document; NON_MEMBER where there is none."""
    return NON_MEMBER if document is None else Standing.from_document(document)


@dataclass(frozen=True, slots=True)
class _Figure:
    """A month's sum; `divisor` is the one it was published with."""

    total: Decimal
    divisor: int
    complete: bool


@dataclass(slots=True)
class Past:
    """What is known of the customers of a part beside their rows, by customer."""

    scope: Scope
    happenings: Mapping[int, Happenings]
    began: dict[int, tuple[Month, Standing]]
    earlier: dict[int, dict[Month, _Figure]]
    replaced: dict[int, dict[Month, list[tuple[Month, _Figure | None]]]]
    ledger: dict[Month, dict[int, tuple[Decimal, bool]]]

    def lived(self, row: Any) -> tuple[Lived, Decimal]:
        """What a customer has lived through, and the AUM of the last month as it would be shown."""
        customer_id, scope = row["customer_id"], self.scope
        figures = {
            Month.of(month): _Figure(total, divisor, complete)
            for month, total, divisor, complete in zip(
                row["months"] or (),
                row["sums"] or (),
                row["divisors"] or (),
                row["complete"] or (),
                strict=True,
            )
        }
        start, initial = scope.first, standing_in(row["begun"])
        if customer_id in self.began:
            start, initial = self.began[customer_id]
            figures |= self.earlier.get(customer_id, {})
        for month, made in self.ledger.items():
            total, complete = made[customer_id]
            figures[month] = _Figure(total, month.days, complete)
        replaced = self.replaced.get(customer_id, {})
        months: list[MonthInput] = []
        corrections: list[Correction] = []
        for month in months_between(start, scope.last):
            known = [(None, figures.get(month))]
            if month not in self.ledger:
                known = [*replaced.get(month, ()), *known]
            months.append(MonthInput(month, self._judged_by(month, known[0][1])))
            for (posted_in, _), (_, corrected) in pairwise(known):
                if posted_in is not None and posted_in <= scope.last:
                    total = self._judged_by(month, corrected)
                    corrections.append(Correction(posted_in, month, total))
        lived = Lived(initial, months, self._happenings(customer_id), corrections)
        shown = row["aum_after"]
        if scope.last in self.ledger:
            divisor = divisor_of(scope.last, scope.governing)
            shown = Average(figures[scope.last].total, divisor).rounded()
        return lived, shown

    def _judged_by(self, month: Month, figure: _Figure | None) -> Average | None:
        """The AUM that a month is judged by: nothing for who was not there when it was closed."""
        governing = self.scope.governing
        if figure is None:
            return Average(ZERO, divisor_of(month, governing))
        if not figure.complete:
            return None
        proposed = month >= self.scope.first
        return Average(figure.total, divisor_of(month, governing) if proposed else figure.divisor)

    def _happenings(self, customer_id: int) -> Happenings:
        """What has happened by now, and the grants that have shown."""
        found = self.happenings.get(customer_id, NOTHING)
        shown = (grant for grant in found.grants if grant.start <= self.scope.shown_until)
        return replace(found, grants=tuple(shown))


async def past_of(connection: Connection, scope: Scope, rows: Sequence[Any]) -> Past:
    """Read what is known of customers beside their rows."""
    customers = [row["customer_id"] for row in rows]
    happenings = await happenings_of(connection, customers)
    replaced: dict[int, dict[Month, list[tuple[Month, _Figure | None]]]] = {}
    for row in await connection.fetch(sql("replaced_figures"), customers):
        known = replaced.setdefault(row["customer_id"], {}).setdefault(Month.of(row["month"]), [])
        known.append((Month.of(row["replaced_in"]), _figure(row)))
    starts = await _starts(connection, scope, sorted(replaced))
    began, earlier = await _began(connection, scope, starts)
    ledger = {
        month: await _from_ledger(connection, scope, month, customers)
        for month in scope.from_ledger
    }
    return Past(scope, happenings, began, earlier, replaced, ledger)


def _figure(row: Any) -> _Figure | None:
    if row["total"] is None:
        return None
    return _Figure(row["total"], row["divisor"], row["complete"])


async def _starts(
    connection: Connection, scope: Scope, customers: Sequence[int]
) -> dict[int, Month]:
    """Of whom corrections that took effect in the months judged reach back before them: how far.

    Such a replay went on from the first month that any correction up to then has changed.
    """
    if not customers:
        return {}
    first: dict[int, Month] = {}
    back: dict[int, Month] = {}
    for row in await connection.fetch(sql("applied_corrections"), customers):
        customer_id, posted_in = row["customer_id"], Month.of(row["posted_in"])
        month = Month.of(row["month"])
        first[customer_id] = min(month, first.get(customer_id, month))
        if scope.first <= posted_in <= scope.last and first[customer_id] < scope.first:
            back[customer_id] = first[customer_id]
    return back


async def _began(
    connection: Connection, scope: Scope, starts: dict[int, Month]
) -> tuple[dict[int, tuple[Month, Standing]], dict[int, dict[Month, _Figure]]]:
    """The standings that customers began earlier months with, and their figures since."""
    if not starts:
        return {}, {}
    given = list(starts), [month.first_day for month in starts.values()]
    began = {customer_id: (month, NON_MEMBER) for customer_id, month in starts.items()}
    for row in await connection.fetch(sql("standings_begun"), *given):
        customer_id = row["customer_id"]
        began[customer_id] = (starts[customer_id], standing_in(row["state"]))
    earlier: dict[int, dict[Month, _Figure]] = defaultdict(dict)
    for row in await connection.fetch(sql("figures_between"), *given, scope.first.first_day):
        figure = _figure(row)
        if figure is not None:
            earlier[row["customer_id"]][Month.of(row["month"])] = figure
    return began, earlier


async def _from_ledger(
    connection: Connection, scope: Scope, month: Month, customers: Sequence[int]
) -> dict[int, tuple[Decimal, bool]]:
    """The sums of a month under the proposed policy as the ledger has them now."""
    rows = await connection.fetch(
        sql("ledger_figures"),
        customers,
        month.first_day,
        month.last_day,
        sorted(scope.policy.counted),
        scope.home_currency,
        divisor_of(month, scope.policy),
    )
    return {row["customer_id"]: (row["total"], row["complete"]) for row in rows}

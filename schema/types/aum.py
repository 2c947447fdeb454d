"""Assets under management of a customer in a month."""

import datetime
import decimal

import strawberry

from domain.months import Month
from repository.reading.conditions import Condition, Fixed
from repository.reading.expressions import boolean, date, expression, integer, month
from repository.reading.expressions import decimal as decimal_of
from repository.reading.parameters import Constant, Derived, InvalidArgument
from repository.reading.tables import AUM
from schema.arguments import Arguments
from schema.fields import Argument, sorted_by, stored
from schema.filters import first_day
from schema.types.tier import OPEN_MONTH


@strawberry.type(
    description="Assets under management: monthly daily averages of end-of-day balances, in home "
    "currency, rounded half up to 0.01 for show."
)
class Aum:
    """terrace.aum_figure."""

    month: Month = stored(month("month"), "The month.")
    deposits: decimal.Decimal = stored(
        decimal_of("deposits"), "Demand, term, notice and structured deposits."
    )
    investments: decimal.Decimal = stored(
        decimal_of("investments"), "Bonds, wealth products, funds and gold."
    )
    settlement_funds: decimal.Decimal = stored(
        decimal_of("settlement_funds"), "Cash of a securities client in third-party custody."
    )
    total: decimal.Decimal = stored(
        decimal_of("total"),
        "All of them together, from the exact sums.",
    )
    days: int = stored(integer("days"), "The days that the sums are divided by.")
    as_of: datetime.date = stored(date("as_of"), "The last day that is in the figure.")
    final: bool = stored(boolean("final"), "Whether the month is closed.")
    complete: bool = stored(
        boolean("complete"), "Whether everything the figure needs had been delivered."
    )


AUM_ARGUMENTS = {
    "month": Argument(Month | None, "The month; the open one, provisional, if not given.")
}
HISTORY_ARGUMENTS = {
    "last": Argument(int | None, "How many months, 1 to 120, up to the open one.", 12)
}
OLDEST_FIRST = sorted_by(expression("{t}.month", cast="date"))
MOST_MONTHS = 120


def in_month(arguments: Arguments) -> list[Condition]:
    """The figure of the month asked for."""
    asked = arguments.source("month")
    if asked is None:
        return [Fixed(f"{{t}}.month = {OPEN_MONTH}")]
    return [Fixed("{t}.month = {p0}", ((Derived(asked, first_day), "date"),))]


def recent(arguments: Arguments) -> list[Condition]:
    """The figures of the last so many months, the open one among them."""
    last = arguments.source("last") or Constant(12)
    since = f"{{t}}.month > {OPEN_MONTH} - make_interval(months => {{p0}})"
    return [
        Fixed(since, ((Derived(last, months_asked), "integer"),)),
        Fixed(f"{{t}}.month <= {OPEN_MONTH}"),
    ]


def months_asked(last: int) -> int:
    """How many months a history shows; raises InvalidArgument beyond the bounds."""
    if not 1 <= last <= MOST_MONTHS:
        raise InvalidArgument(f"last takes 1 to {MOST_MONTHS} months, not {last}")
    return last


__all__ = ["AUM", "Aum"]

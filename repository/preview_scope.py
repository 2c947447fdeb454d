"""What a preview judges: which months, under which policy, beside which published ones."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from domain.months import Month, months_between
from domain.policy import NoPolicyInForce, TierPolicy, in_force
from domain.preview import replaced_by
from repository.calendar import CalendarError, policies, read_calendar
from repository.database import Connection
from repository.on_days import effective_day
from repository.statements import sql

SPAN = 2_000
"""Customers that are judged at once: what is in memory, and what one transaction does."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a preview judges: months that are closed, under a policy, from what was known before;
    or the open one, as if it were closed now (`scope_of_close`).

    `known` are the published policies. `shown_until` is the last day whose grants have shown in the
    month after the last one. `lacking` are the product classes of which a feed is missing in the
    open month: who holds one is held by its close.
    """

    policy: TierPolicy
    first: Month
    last: Month
    known: Sequence[TierPolicy]
    last_closed: Month
    shown_until: date
    home_currency: str
    lacking: Sequence[str] = ()
    world: Sequence[TierPolicy] = field(init=False)
    months: Sequence[Month] = field(init=False)
    from_ledger: Sequence[Month] = field(init=False)

    def __post_init__(self) -> None:
        months = months_between(self.first, self.last)
        others = [m for m in months if in_force(self.known, m).counted != self.policy.counted]
        object.__setattr__(self, "months", months)
        object.__setattr__(self, "from_ledger", others)
        world = replaced_by(self.policy, self.known, self.first)
        object.__setattr__(self, "world", world)

    @property
    def governing(self) -> TierPolicy:
        """The proposed policy, with the tiers of former ones that it has no more."""
        return in_force(self.world, self.last)


async def scope_of(connection: Connection, policy: TierPolicy, first: Month, last: Month) -> Scope:
    """The scope of a preview of the months from `first` to `last`.

    Raises CalendarError: NO_CLOSED_MONTH, NOT_CLOSED, BEFORE_FIRST_MONTH or INVALID_MONTHS.
    """
    calendar = await read_calendar(connection)
    closed, begun, day = calendar.last_closed, calendar.first_month, calendar.business_date
    if closed is None or begun is None or day is None:
        raise CalendarError("no month is closed yet that could be judged again", "NO_CLOSED_MONTH")
    if last < first:
        raise CalendarError(f"{last} is before {first}", "INVALID_MONTHS")
    if last > closed:
        raise CalendarError(
            f"{last} is not closed: the last closed month is {closed}", "NOT_CLOSED"
        )
    if first < begun:
        raise CalendarError(
            f"{first} was never judged: the first month is {begun}", "BEFORE_FIRST_MONTH"
        )
    known = await policies(connection)
    try:
        in_force(known, first)
    except NoPolicyInForce as refusal:
        raise CalendarError(str(refusal), "BEFORE_FIRST_MONTH") from None
    after = last.next()
    open_still = last == closed and calendar.closing is None  # a close lets all grants show first
    shown = effective_day(day, after) if open_still else after.last_day
    return Scope(policy, first, last, known, closed, shown, calendar.home_currency)


async def scope_of_close(connection: Connection) -> Scope:
    """The scope of the close of the open month, if it came now: its figures to the month's end as
    they would be if every balance stayed, under the policies that are published.

    Raises CalendarError NO_BUSINESS_DATE.
    """
    calendar = await read_calendar(connection)
    month = calendar.open_month
    if month is None:
        raise CalendarError(
            "there is nothing to close: no balance was ever loaded", "NO_BUSINESS_DATE"
        )
    known = await policies(connection)
    policy = in_force(known, month)
    lacking = await connection.fetchval(sql("classes_lacking"), month.first_day, month.last_day)
    return Scope(
        policy,
        month,
        month,
        known,
        month.previous(),
        month.last_day,
        calendar.home_currency,
        lacking or (),
    )


async def spans(connection: Connection, size: int = SPAN) -> list[tuple[int, int]]:
    """All customers in parts of a size: the first and the last key of each."""
    rows = await connection.fetch(sql("customers_span"), size)
    return [(row["first_customer"], row["last_customer"]) for row in rows]

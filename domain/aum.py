"""Assets under management: monthly daily averages from end-of-day balances.

AUM(month) = deposits + investments + settlement funds, each the sum of the end-of-day balances of
the month's calendar days over their number (个人客户 AUM, 月日均余额). Sums are exact: what is
compared with a tier's line is `sum / days`, never a rounded figure.

A balance holds from its day until the next one arrives, and is 0 before the account opens and
after it closes; the opening and the closing day count. Overdrafts count as they stand. Balances
and rates are step functions of the day, so a month is a few products, not a loop over days.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

from domain.money import EXACT, ZERO, Average
from domain.months import Month
from domain.policy import Divisor, TierPolicy
from domain.products import COMPONENT_OF, Component, ProductClass

Steps = Sequence[tuple[date, Decimal]]
"""A value that changes on these days and holds until the next, sorted by day."""

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Account:
    """One holding of a customer.

    `balances` are end-of-day balances in `currency`, in any order, at most one per day; raises
    ValueError for two on one day or a closing before the opening.
    """

    product_class: ProductClass
    currency: str
    opened_on: date
    closed_on: date | None = None
    balances: Steps = ()

    def __post_init__(self) -> None:
        if self.closed_on is not None and self.closed_on < self.opened_on:
            raise ValueError(f"closed on {self.closed_on}, before opening on {self.opened_on}")
        if len({day for day, _ in self.balances}) != len(self.balances):
            raise ValueError("an account has one end-of-day balance per day")


@dataclass(frozen=True, slots=True)
class Rates:
    """Published rates: for each currency the home-currency price of one unit, sorted by day.

    A day without a rate uses the last one published; before the first there is none. Raises
    ValueError if the days of a currency are not in order.
    """

    published: Mapping[str, Steps] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for currency, steps in self.published.items():
            days = [day for day, _ in steps]
            if any(day >= following for day, following in pairwise(days)):
                raise ValueError(f"the rates of {currency} are not in the order of their days")


@dataclass(frozen=True, slots=True)
class Aum:
    """The AUM of one customer in one month, in home currency.

    `days` is what the sums are divided by. `as_of` is the last day counted; the figure is `final`
    if that is the month's last day, else provisional, over the days elapsed. It is `complete`
    unless a foreign balance met a day before the first rate of its currency (counted as 0).
    """

    month: Month
    deposits: Average
    investments: Average
    settlement_funds: Average
    total: Average
    days: int
    as_of: date
    final: bool
    complete: bool


def aum_of(
    accounts: Iterable[Account],
    month: Month,
    *,
    through: date,
    policy: TierPolicy,
    rates: Rates,
    home_currency: str,
) -> Aum:
    """Return the AUM of a customer's `accounts` in `month`, as known on the business date.

    `through` is the last day whose balances count (later than the month: all of it does); a
    ValueError if the month has not begun. A policy dividing by 30 does so for a whole month only.
    """
    first, last_day = month.date_range
    if through < first:
        raise ValueError(f"the month {month} has not begun on {through}")
    as_of = min(through, last_day)
    sums = dict.fromkeys(Component, ZERO)
    complete = True
    for account in accounts:
        if account.product_class not in policy.counted:
            continue
        prices = None
        if account.currency != home_currency:
            prices = rates.published.get(account.currency, ())
        value, priced = _value_of(account, first, as_of, prices)
        component = COMPONENT_OF[account.product_class]
        sums[component] = EXACT.add(sums[component], value)
        complete = complete and priced
    final = as_of == last_day
    days = divisor_of(month, policy) if final else (as_of - first).days + 1
    total = ZERO
    for addend in sums.values():
        total = EXACT.add(total, addend)
    return Aum(
        month,
        Average(sums[Component.DEPOSITS], days),
        Average(sums[Component.INVESTMENTS], days),
        Average(sums[Component.SETTLEMENT_FUNDS], days),
        Average(total, days),
        days,
        as_of,
        final,
        complete,
    )


def divisor_of(month: Month, policy: TierPolicy) -> int:
    """Return what the sum of the whole month's balances is divided by."""
    return 30 if policy.divisor is Divisor.FIXED_30 else month.days


def _value_of(
    account: Account, first: date, last: date, prices: Steps | None
) -> tuple[Decimal, bool]:
    """Return the sum of the account's end-of-day balances at the `prices` of their days.

    `prices` is None for home currency. False besides the sum if a balance had no price.
    """
    opened = max(first, account.opened_on)
    closed = last if account.closed_on is None else min(last, account.closed_on)
    total, priced = ZERO, True
    for start, end, balance in _spans(sorted(account.balances), opened, closed):
        if not balance:
            continue
        if prices is None:
            total = EXACT.fma(balance, _days(start, end), total)
            continue
        for since, until, price in _spans(prices, start, end):
            if price is None:
                priced = False
            else:
                total = EXACT.fma(EXACT.multiply(balance, price), _days(since, until), total)
    return total, priced


def _spans(steps: Steps, first: date, last: date) -> Iterator[tuple[date, date, Decimal | None]]:
    """Cut the days from `first` to `last` into spans of one value, None before the first step."""
    start, value = first, None
    for day, following in steps:
        if day > last:
            break
        if day > start:
            yield start, day - _ONE_DAY, value
            start = day
        value = following
    if start <= last:
        yield start, last, value


def _days(first: date, last: date) -> int:
    return (last - first).days + 1

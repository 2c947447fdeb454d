"""The outlook of the open month: where it leads if balances stay, and what to hold to do better.

Balances from the day after `as_of` to the end of the month are not known yet. If the customer
held the amount x at the end of each of these remaining days, the month's sum would be `sum to
date + x * remaining days`; the figures here solve that for a tier's line, rounded up to the cent:
holding exactly that much reaches the line and one cent less on each day does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from domain.aum import divisor_of
from domain.money import EXACT, ZERO, Average
from domain.months import Month
from domain.policy import Tier, TierPolicy
from domain.special import Grant
from domain.standing import Standing, Status
from domain.tiers import judge


@dataclass(frozen=True, slots=True)
class Outlook:
    """What the open month promises, as of the end of a day. Amounts are in home currency.

    `average_to_date` is over the days elapsed; `projected_average` the month's average if today's
    balance stays, `projected_status` and `projected_tier` (a code) what that gives from
    `effective_from` on. `next_tier` is the code of the tier one higher, for a customer who is no
    member the lowest; None for the highest and for a terminated customer.
    `daily_balance_for_next_tier` and, for a member, `daily_balance_to_keep` are the balances to
    hold at the end of each remaining day; 0.00 if any would do, None if there is no such tier or
    no day remains and the line is not reached.
    """

    month: Month
    as_of: date
    average_to_date: Average
    projected_average: Average
    projected_status: Status
    projected_tier: str | None
    effective_from: Month
    next_tier: str | None
    daily_balance_for_next_tier: Decimal | None
    daily_balance_to_keep: Decimal | None


def outlook(
    standing: Standing,
    aum_to_date: Average,
    level: Decimal,
    month: Month,
    as_of: date,
    policy: TierPolicy,
    grants: Sequence[Grant] = (),
    *,
    complete: bool = True,
) -> Outlook:
    """Return the outlook of a customer whose `standing` is in force in the open `month`.

    `aum_to_date` is the provisional AUM over the days up to `as_of` (`aum.aum_of`), `level` the
    customer's end-of-day balance on `as_of`, both in home currency; `policy` the one in force in
    `month`. A month that is not `complete` would be held when it closes, whatever its average.
    Raises ValueError if `as_of` lies in another month.
    """
    if Month.of(as_of) != month:
        raise ValueError(f"{as_of} is not a day of {month}")
    remaining = (month.last_day - as_of).days
    divisor = divisor_of(month, policy)
    projected = Average(EXACT.fma(level, remaining, aum_to_date.sum), divisor)
    after = judge(standing, month, projected if complete else None, policy, grants).after
    own, upper = _own_and_next(standing, policy)
    to_rise = to_keep = None
    if upper is not None:
        line = EXACT.multiply(upper.threshold, divisor)
        to_rise = _daily(line, aum_to_date.sum, remaining, strictly=own is None)
    if own is not None:
        line = EXACT.multiply(own.threshold, divisor)
        to_keep = _daily(line, aum_to_date.sum, remaining, strictly=False)
    return Outlook(
        month,
        as_of,
        aum_to_date,
        projected,
        after.status,
        after.tier,
        month.next(),
        None if upper is None else upper.code,
        to_rise,
        to_keep,
    )


def _own_and_next(standing: Standing, policy: TierPolicy) -> tuple[Tier | None, Tier | None]:
    """Return a member's tier (None for others) and the tier to strive for."""
    if standing.tier is None:
        return None, None if standing.terminated else policy.lowest
    own = policy.tier(standing.tier)
    return own, policy.next_above(own)


def _daily(line: Decimal, held: Decimal, remaining: int, *, strictly: bool) -> Decimal | None:
    """Return the least balance, in whole cents from 0, that takes the month's sum to a line.

    `line` and `held` are sums of daily balances; `strictly` if the line is to be exceeded.
    """
    missing = EXACT.subtract(line, held)
    if missing < 0 or (missing == 0 and not strictly):
        return ZERO
    if remaining == 0:
        return None
    cents, rest = EXACT.divmod(EXACT.multiply(missing, 100), remaining)
    if rest or strictly:
        cents = EXACT.add(cents, 1)
    return EXACT.scaleb(cents, -2)

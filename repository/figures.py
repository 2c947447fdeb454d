"""AUM as stored figures, and the list of customers whose figures must be made anew."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from domain.aum import divisor_of
from domain.money import EXACT, Average
from domain.months import Month
from domain.policy import TierPolicy
from repository.database import Connection
from repository.statements import sql


@dataclass(frozen=True, slots=True)
class Claim:
    """A customer to recompute, from a month on; held until the claiming transaction ends."""

    customer_id: int
    from_month: Month


@dataclass(frozen=True, slots=True)
class Deviation:
    """A closed month whose stored figure no longer follows from the ledger."""

    customer_id: int
    month: Month
    old: Average
    new: Average
    complete: bool


async def claim_dirty(
    connection: Connection, limit: int, *, up_to: Month | None = None, after: Month | None = None
) -> list[Claim]:
    """Take customers to recompute: those dirty from `up_to` or earlier, or from after `after`.

    Customers whom somebody else holds are left out, but with `up_to`, for a close, waited for.
    """
    if up_to is not None:
        rows = await connection.fetch(sql("claim_dirty_for_close"), limit, up_to.first_day)
    else:
        first = None if after is None else after.first_day
        rows = await connection.fetch(sql("claim_dirty"), limit, first)
    return [Claim(row["customer_id"], Month.of(row["from_month"])) for row in rows]


async def lock_customers(connection: Connection, customers: Sequence[int]) -> None:
    """Lock customers in one order; whoever writes their figures or standings holds this."""
    await connection.execute(sql("lock_customers"), customers)


async def write_aum(
    connection: Connection,
    customers: Sequence[int],
    month: Month,
    through: date,
    policy: TierPolicy,
    home_currency: str,
) -> None:
    """Compute a month's figures up to a day, and store those that differ from what is known."""
    await connection.execute(
        sql("write_aum"),
        customers,
        month.first_day,
        min(through, month.last_day),
        sorted(policy.counted),
        home_currency,
        divisor_of(month, policy),
    )


async def deviating_aum(
    connection: Connection,
    customers: Sequence[int],
    month: Month,
    policy: TierPolicy,
    home_currency: str,
) -> list[Deviation]:
    """The closed month's figures that the ledger no longer supports."""
    rows = await connection.fetch(
        sql("deviating_aum"),
        customers,
        month.first_day,
        month.last_day,
        sorted(policy.counted),
        home_currency,
        divisor_of(month, policy),
    )
    return [
        Deviation(
            row["customer_id"],
            month,
            Average(row["old_total"], row["divisor"]),
            Average(
                _sum(row["deposits_sum"], row["investments_sum"], row["settlement_funds_sum"]),
                row["divisor"],
            ),
            row["complete"],
        )
        for row in rows
    ]


def _sum(deposits: Decimal, investments: Decimal, settlement_funds: Decimal) -> Decimal:
    return EXACT.add(EXACT.add(deposits, investments), settlement_funds)


async def closed_totals(
    connection: Connection, customer_id: int, first: Month, last: Month
) -> dict[Month, Average | None]:
    """The figures of a customer's closed months; None where the feed was incomplete."""
    rows = await connection.fetch(
        sql("closed_totals"), customer_id, first.first_day, last.first_day
    )
    return {
        Month.of(row["month"]): Average(row["total"], row["divisor"]) if row["complete"] else None
        for row in rows
    }


async def settle_dirty(connection: Connection, customers: Sequence[int]) -> None:
    """These customers have been caught up with."""
    await connection.execute(sql("settle_dirty"), customers)


async def advance_dirty(connection: Connection, customers: Sequence[int], month: Month) -> None:
    """The month was computed by its close; customers dirty from it are so from the next one."""
    await connection.execute(
        sql("advance_dirty"), customers, month.first_day, month.next().first_day
    )


async def fail_dirty(connection: Connection, customer_id: int, problem: str) -> bool:
    """Note a failed recompute; true when the customer is set aside now."""
    return bool(await connection.fetchval(sql("fail_dirty"), customer_id, problem))


async def mark_changing(connection: Connection) -> None:
    """Mark customers whose level changes on a day that has come without any update."""
    await connection.execute(sql("mark_changing"))

"""Catching up with the ledger: customers whose balances changed get their figures made anew.

One batch is one transaction: customers are claimed, their open months computed from the ledger,
and the claims settled. A balance in a closed month makes a correction of what was published.
"""

import logging
from collections import defaultdict
from collections.abc import Sequence

from domain.months import Month, months_between
from domain.policy import TierPolicy, in_force
from repository.calendar import Calendar, policies, share_ledger
from repository.database import Connection, Database
from repository.figures import (
    Claim,
    Deviation,
    claim_dirty,
    deviating_aum,
    fail_dirty,
    lock_customers,
    mark_changing,
    settle_dirty,
    write_aum,
)
from workers.correct import correct

log = logging.getLogger(__name__)


async def recompute(database: Database, limit: int, up_to: Month | None = None) -> int:
    """Recompute until no claimable customer is left; returns how many were caught up with.

    `up_to` takes only customers dirty from that month or earlier. A customer who fails is tried
    again alone later, and set aside after five times; the others go on.
    """
    done = 0
    async with database.unit() as connection:
        await mark_changing(connection)
    while True:
        try:
            batch = await _recompute_batch(database, limit, up_to)
        except Exception:
            log.exception("a batch failed; its customers are recomputed one by one")
            batch = await _one_by_one(database, limit, up_to)
        if batch == 0:
            return done
        done += batch


async def _recompute_batch(database: Database, limit: int, up_to: Month | None) -> int:
    async with database.unit() as connection:
        calendar = await share_ledger(connection)
        claims = await claim_dirty(connection, limit, up_to)
        await _bring_up_to_date(connection, claims, calendar)
        return len(claims)


async def _one_by_one(database: Database, limit: int, up_to: Month | None) -> int:
    """The same for each customer of a batch alone, so that one of them cannot hold up the rest."""
    async with database.unit() as connection:
        claims = await claim_dirty(connection, limit, up_to)
    for claim in claims:
        try:
            async with database.unit() as connection:
                calendar = await share_ledger(connection)
                await _bring_up_to_date(connection, [claim], calendar)
        except Exception as error:
            async with database.unit() as connection:
                aside = await fail_dirty(connection, claim.customer_id, repr(error))
            log.exception(
                "customer %s could not be recomputed%s",
                claim.customer_id,
                "; set aside after five tries" if aside else "",
            )
    return len(claims)


async def _bring_up_to_date(
    connection: Connection, claims: Sequence[Claim], calendar: Calendar
) -> None:
    if not claims:
        return
    customers = [claim.customer_id for claim in claims]
    await lock_customers(connection, customers)
    known = await policies(connection)
    if calendar.open_month is not None and calendar.business_date is not None:
        last = max(calendar.open_month, Month.of(calendar.business_date))
        first = min(claim.from_month for claim in claims)
        for month in months_between(max(first, calendar.open_month), last):
            touched = [claim.customer_id for claim in claims if claim.from_month <= month]
            await write_aum(
                connection,
                touched,
                month,
                calendar.business_date,
                in_force(known, month),
                calendar.home_currency,
            )
    await _correct_closed(connection, claims, calendar, known)
    await settle_dirty(connection, customers)


async def _correct_closed(
    connection: Connection,
    claims: Sequence[Claim],
    calendar: Calendar,
    known: Sequence[TierPolicy],
) -> None:
    """Find the closed months whose figures changed, and correct what follows from them."""
    if calendar.last_closed is None:
        return
    late = [claim for claim in claims if claim.from_month <= calendar.last_closed]
    if not late:
        return
    deviations: dict[int, list[Deviation]] = defaultdict(list)
    first = min(claim.from_month for claim in late)
    for month in months_between(first, calendar.last_closed):
        touched = [claim.customer_id for claim in late if claim.from_month <= month]
        policy = in_force(known, month)
        for found in await deviating_aum(
            connection, touched, month, policy, calendar.home_currency
        ):
            deviations[found.customer_id].append(found)
    for customer_id, found_months in deviations.items():
        await correct(connection, customer_id, found_months, calendar, known)

"""Catching up with the ledger: customers whose balances changed get their figures made anew.

One batch is one transaction: customers are claimed, their open months computed from the ledger,
and the claims settled. A balance in a closed month makes a correction of what was published.
"""

import logging
from collections.abc import Sequence

from domain.months import Month, months_between
from domain.policy import in_force
from repository.calendar import Calendar, policies, read_calendar, share_ledger
from repository.cancellation import end_if_told_to
from repository.closing import before_judging
from repository.correcting import correct_closed
from repository.database import Connection, Database, lost
from repository.figures import (
    Claim,
    claim_dirty,
    fail_dirty,
    lock_customers,
    mark_changing,
    settle_dirty,
    write_aum,
)
from repository.held import post_held

log = logging.getLogger(__name__)


async def recompute(database: Database, limit: int, up_to: Month | None = None) -> int:
    """Recompute until no claimable customer is left; returns how many were caught up with.

    `up_to` takes only customers dirty from that month or earlier. A customer who fails is tried
    again alone later, and set aside after five times; the others go on.
    """
    done = 0
    while await post_held(database):
        pass  # what a closer that is gone had no time to post
    async with database.unit() as connection:
        await mark_changing(connection)
    while True:
        try:
            batch = await _recompute_batch(database, limit, up_to, [])
        except Exception as error:
            end_if_told_to(error)
            if lost(error):
                raise  # no customer's fault: counted as one, it would wait beyond a close
            log.exception("a batch failed; its customers are recomputed one by one")
            batch = await _one_by_one(database, limit, up_to)
        if batch == 0:
            return done
        done += batch


async def _recompute_batch(
    database: Database, limit: int, up_to: Month | None, claimed: list[int]
) -> int:
    """Catch up with so many customers at the most; `claimed` is told who, also if it fails."""
    async with database.unit() as connection:
        calendar = await share_ledger(connection)
        # A month that is being closed, and what lies before it, is left to its closer; and to
        # nobody once it judges: what is late by then is corrected when the month is published.
        after = calendar.closing if up_to is None else None
        if up_to is not None and not await before_judging(connection, up_to.next()):
            return 0
        claims = await claim_dirty(connection, limit, up_to=up_to, after=after)
        claimed += [claim.customer_id for claim in claims]
        if claims:
            # The balance that made one dirty may have moved the business date just before.
            calendar = await read_calendar(connection)
            await _bring_up_to_date(connection, claims, calendar)
        return len(claims)


async def _one_by_one(database: Database, limit: int, up_to: Month | None) -> int:
    """The same, each customer in a transaction alone, so that one cannot hold up the rest."""
    for done in range(limit):
        claimed: list[int] = []
        try:
            await _recompute_batch(database, 1, up_to, claimed)
        except Exception as error:
            end_if_told_to(error)
            if not claimed or lost(error):
                raise
            async with database.unit() as connection:
                aside = await fail_dirty(connection, claimed[0], repr(error))
            log.exception(
                "customer %s could not be recomputed%s",
                claimed[0],
                "; set aside after five tries" if aside else "",
            )
        if not claimed:
            return done
    return limit


async def _bring_up_to_date(
    connection: Connection, claims: Sequence[Claim], calendar: Calendar
) -> None:
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
    await correct_closed(connection, claims, calendar, known)
    await settle_dirty(connection, customers)

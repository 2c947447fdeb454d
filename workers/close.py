"""Closing a month: every customer is judged once, and the results are published together.

CUTOFF   updates for the month are held back from now on; late corrections are caught up with
RUNNING  customers are judged in chunks, each in one transaction; any number of closers help
         and each chunk's total is summed again from the ledger in another way
CLOSED   counts and totals are what they must be, so the calendar opens the next month: standings,
         final figures and events become visible together; if they are not, it is FAILED

Killed anywhere, the close goes on where it was: a chunk is done with its transaction or not at all.
"""

import logging
from collections.abc import Callable
from decimal import Decimal
from functools import partial

from domain.money import EXACT, ZERO
from domain.months import Month
from domain.policy import TierPolicy, in_force
from domain.tiers import judge
from repository.calendar import Calendar, own_ledger, policies, read_calendar
from repository.closing import (
    CloseRun,
    claim_chunk,
    close_state,
    counts,
    fail,
    finish_chunk,
    plan_chunks,
    publish,
    resum,
    unfinished_close,
)
from repository.database import Connection, Database, persistently
from repository.figures import advance_dirty, write_aum
from repository.held import post_held
from repository.special import start_due_grants
from repository.standings import Outcomes, grants_of, to_judge
from workers.recompute import recompute

log = logging.getLogger(__name__)

Progress = Callable[[CloseRun], None]


class VerificationFailed(Exception):
    """The independent sum of a month is not what was computed; nothing of it is published."""

    def __init__(self, epoch: int, message: str) -> None:
        """Keep the epoch of the run that it is about."""
        super().__init__(message)
        self.epoch = epoch


async def carry_out(
    database: Database, *, chunk: int, batch: int, progress: Progress = lambda run: None
) -> Month | None:
    """Carry out the close that was requested, alone or beside others; the month, if any."""
    async with database.writing() as connection:
        month = await unfinished_close(connection)
    if month is None:
        return None
    try:
        await _prepare(database, month, chunk, batch)
        while await persistently(partial(_judge_chunk, database, month, progress)):
            pass
        await persistently(partial(_publish, database, month))
    except VerificationFailed as problem:
        async with database.unit() as connection:
            failed = await fail(connection, month, problem.epoch, str(problem))
        if failed:
            log.exception("the close of %s stopped", month)
    else:
        while await post_held(database):
            pass
    async with database.writing() as connection:
        progress(await close_state(connection, month))
    return month


async def _prepare(database: Database, month: Month, chunk: int, batch: int) -> None:
    """Before anyone is judged, months before this one must be right."""
    async with database.writing() as connection:
        run = await close_state(connection, month)
    if run.state != "CUTOFF":
        return
    await recompute(database, batch, up_to=month.previous())
    await start_due_grants(database, month)
    async with database.unit() as connection:
        await plan_chunks(connection, month, run.epoch, chunk)


async def _judge_chunk(database: Database, month: Month, progress: Progress) -> bool:
    """Judge the next chunk; false when none is left to claim."""
    async with database.unit() as connection:
        run = await close_state(connection, month)
        if run.state != "RUNNING":
            return False
        claimed = await claim_chunk(connection, month, run.epoch)
        if claimed is None:
            return False
        first, last, customers = claimed
        calendar = await read_calendar(connection)
        policy = in_force(await policies(connection), month)
        total, changes = await _judge(connection, customers, month, policy, calendar)
        again = await resum(connection, month, first, last, policy, calendar.home_currency)
        await advance_dirty(connection, customers, month)
        if again != total:
            raise VerificationFailed(
                run.epoch, f"customers {first} to {last}: computed {total}, summed again {again}"
            )
        await finish_chunk(
            connection, month, first, customers=len(customers), changes=changes, total=total
        )
    async with database.writing() as connection:
        progress(await close_state(connection, month))
    return True


async def _judge(
    connection: Connection,
    customers: list[int],
    month: Month,
    policy: TierPolicy,
    calendar: Calendar,
) -> tuple[Decimal, int]:
    """Final figures, decisions and events of some customers: their total sum, and the changes."""
    figures = await write_aum(
        connection, customers, month, month.last_day, policy, calendar.home_currency
    )
    grants = await grants_of(connection, customers)
    outcomes = Outcomes()
    for found in await to_judge(connection, customers, month):
        average, complete = figures[found.customer_id]
        granted = grants.get(found.customer_id, [])
        decision = judge(found.standing, month, average if complete else None, policy, granted)
        outcomes.add(
            found.customer_id,
            decision,
            found.published,
            published_version=found.policy_version,
            grants=granted,
            closed=month,
        )
    changes = await outcomes.write(connection)
    total = ZERO
    for average, _ in figures.values():
        total = EXACT.add(total, average.sum)
    return total, changes


async def _publish(database: Database, month: Month) -> None:
    """Compare what was written with what must have been, then let all of it be seen at once."""
    async with database.unit() as connection:
        run = await close_state(connection, month)
        if run.state != "RUNNING" or run.chunks_left:
            return  # another closer still judges a chunk, or has published already
        found = await counts(connection, month)
        if not (
            found["judged"] == found["standings"] == run.customers
            and found["figures_total"] == found["chunks_total"]
        ):
            raise VerificationFailed(
                run.epoch,
                f"judged {found['judged']}, standings {found['standings']} of {run.customers} "
                f"customers; figures sum to {found['figures_total']}, "
                f"chunks to {found['chunks_total']}",
            )
        await own_ledger(connection)
        known = await policies(connection)
        now, then = in_force(known, month), in_force(known, month.next())
        anew = (now.counted, now.divisor) != (then.counted, then.divisor)
        await publish(connection, month, anew=anew)

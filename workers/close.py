"""Closing a month: every customer is judged once, and the results are published together.

CUTOFF   updates for the month are held back from now on; late corrections are caught up with
RUNNING  customers are judged in chunks, each in one transaction; any number of closers help, and
         each sums its customers again from the ledger in another way
CLOSED   nothing that was written is lost or changed, so the calendar opens the next month:
         standings, final figures and events become visible together; else the close is FAILED

Killed anywhere, the close goes on where it was: a chunk is done with its transaction or not at all.
"""

import asyncio
import logging
from collections.abc import Callable
from functools import partial

from domain.happenings import NOTHING
from domain.months import Month
from domain.policy import in_force
from domain.replay import within_month
from domain.tiers import judge
from repository.calendar import own_ledger, policies, read_calendar
from repository.cancellation import end_if_told_to
from repository.closing import (
    CloseRun,
    chunks_of,
    claim_chunk,
    close_state,
    fail,
    finish_chunk,
    plan_chunks,
    publish,
    unfinished_close,
)
from repository.database import HELD_ELSEWHERE, Connection, Database, persistently
from repository.figures import advance_dirty
from repository.happenings import happenings_of
from repository.held import post_held
from repository.judging import (
    Chunk,
    Judgeable,
    broken_chunks,
    final_figures,
    judge_unremarkable,
    resum,
)
from repository.outage import Outage
from repository.special import start_due_grants
from repository.standings import Outcomes
from workers.recompute import recompute

log = logging.getLogger(__name__)

AT_ONCE = 2
"""Chunks that one process has under way: the server's work is what takes time, not this one's."""

Progress = Callable[[CloseRun], None]
_HELD_SECONDS = 1.0


class VerificationFailed(Exception):
    """What a close has written is not what must be there; nothing of it is published."""

    def __init__(self, epoch: int, message: str) -> None:
        """Keep the epoch of the run that it is about."""
        super().__init__(message)
        self.epoch = epoch


async def carry_out(
    database: Database,
    *,
    chunk: int,
    batch: int,
    at_once: int = AT_ONCE,
    progress: Progress = lambda run: None,
) -> Month | None:
    """Carry out the close that was requested, alone or beside others; the month, if any."""
    async with database.writing() as connection:
        month = await unfinished_close(connection)
    if month is None:
        return None
    outage = Outage(log, f"closing {month}")
    try:
        while True:
            try:
                await _prepare(database, month, chunk, batch)
                await _judge_all(database, month, at_once, progress)
                await persistently(partial(_publish, database, month, at_once))
                break
            except HELD_ELSEWHERE as error:  # by a session of somebody else: it waits, none beside
                outage.lasts(error)
                await asyncio.sleep(_HELD_SECONDS)
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


async def _judge_all(database: Database, month: Month, at_once: int, progress: Progress) -> None:
    """Judge chunks, so many at a time, until none is left to claim; the first error ends it."""
    errors: list[Exception] = []

    async def closer() -> None:
        try:
            while not errors and await persistently(
                partial(_judge_chunk, database, month, progress)
            ):
                pass
        except Exception as error:
            end_if_told_to(error)
            errors.append(error)

    async with asyncio.TaskGroup() as closers:
        for _ in range(at_once):
            closers.create_task(closer())
    if errors:
        raise errors[0]


async def _judge_chunk(database: Database, month: Month, progress: Progress) -> bool:
    """Judge the next chunk; false when none is left to claim."""
    async with database.unit() as connection:
        run = await close_state(connection, month)
        if run.state != "RUNNING":
            return False
        customers = await claim_chunk(connection, month, run.epoch)
        if customers is None:
            return False
        await _judge(connection, Chunk(customers), month, run.epoch)
    async with database.writing() as connection:
        progress(await close_state(connection, month))
    return True


async def _judge(connection: Connection, chunk: Chunk, month: Month, epoch: int) -> None:
    """Final figures, decisions and events of a chunk, and their check."""
    home_currency = (await read_calendar(connection)).home_currency
    policy = in_force(await policies(connection), month)
    anew = epoch > 1  # after a close that failed nothing is taken for granted
    await final_figures(connection, chunk, month, policy, home_currency, anew=anew)
    remarkable = await judge_unremarkable(connection, chunk, month, policy, anew=anew)
    changes = await _judge_remarkable(connection, remarkable, month)
    found = await resum(connection, chunk, month, policy, home_currency)
    await advance_dirty(connection, chunk.customers, month)
    if (
        found.customers != len(chunk.customers)
        or found.total != found.again
        or found.differs is not None
    ):
        differs = "" if found.differs is None else f"; customer {found.differs} differs"
        raise VerificationFailed(
            epoch,
            f"customers {chunk.first} to {chunk.last}: computed {found.total}, "
            f"summed again {found.again}{differs}",
        )
    await finish_chunk(
        connection,
        month,
        chunk.first,
        customers=len(chunk.customers),
        changes=changes,
        total=found.total,
    )


async def _judge_remarkable(
    connection: Connection, remarkable: list[Judgeable], month: Month
) -> int:
    """Judge those to whom something may happen, by the rules; returns the number of events."""
    if not remarkable:
        return 0
    policy = in_force(await policies(connection), month)
    happened = await happenings_of(connection, [found.customer_id for found in remarkable])
    outcomes = Outcomes()
    for found in remarkable:
        happenings = happened.get(found.customer_id, NOTHING)
        # A replay was made before what happened on a day of the same month, or after it.
        days = within_month(found.standing, month, policy, happenings) if found.replayed else []
        standing = days[-1].after if days else found.standing
        outcomes.add(
            found.customer_id,
            judge(standing, month, found.total, policy, happenings.grants),
            policy,
            found.published,
            published_version=found.policy_version,
            grants=happenings.grants,
            closed=month,
        )
    return await outcomes.write(connection)


async def _publish(database: Database, month: Month, at_once: int) -> None:
    """See that nothing that was written is lost or changed, then let all of it be seen at once."""
    async with database.writing() as connection:
        run = await close_state(connection, month)
        if run.state != "RUNNING" or run.chunks_left:
            return  # another closer still judges a chunk, or has published already
        chunks = await chunks_of(connection, month)
    await _verify(database, month, run, chunks, at_once)
    async with database.unit() as connection:
        await own_ledger(connection)
        now = await close_state(connection, month)
        if (now.state, now.epoch) != ("RUNNING", run.epoch):
            return
        known = await policies(connection)
        counting = [
            (policy.counted, policy.divisor)
            for policy in (in_force(known, month), in_force(known, month.next()))
        ]
        await publish(connection, month, anew=counting[0] != counting[1])


async def _verify(
    database: Database, month: Month, run: CloseRun, chunks: list[int], at_once: int
) -> None:
    """Hold what is there against what the chunks have noted, without keeping anybody waiting."""

    async def some(part: list[int]) -> list[str]:
        async with database.unit() as connection:
            return await broken_chunks(connection, month, part)

    size = -(-len(chunks) // at_once) or 1
    parts = [chunks[first : first + size] for first in range(0, len(chunks), size)]
    broken = [found for part in await asyncio.gather(*map(some, parts)) for found in part]
    if run.judged != run.customers:
        broken.append(f"judged {run.judged} of {run.customers} customers")
    if broken:
        raise VerificationFailed(run.epoch, broken[0])

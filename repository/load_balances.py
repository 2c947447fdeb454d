"""Loading end-of-day balances of a file, chunk by chunk, at the pace of the database.

A chunk is one statement and one transaction: ledger, latest balances, dirty customers. What was
recorded stays when an import is cut off; the same file again completes it, because every row is
known by its update id, or by its account, day and amount. Most chunks are new from the first row to
the last, so a chunk is at first recorded without asking what is known, which costs less than half;
a unique violation undoes that attempt, and the chunk is recorded with the question. So does an
account that somebody else changes at the same time.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from domain.actors import Actor
from repository.audit import audit
from repository.calendar import share_ledger
from repository.database import (
    FOR_A_MINUTE,
    HELD_ELSEWHERE,
    Connection,
    Database,
    persistently,
)
from repository.ledger import NotFresh, Recorded, Updates, record, record_fresh
from repository.loaded import Loaded
from repository.statements import sql

_AT_ONCE = 2
_DAY_IS_TAKEN = "balance_update_pkey"


@dataclass(frozen=True)
class Chunk(Updates):
    """Balances of a file. Chunks that are `in_order` are recorded strictly one after the other."""

    in_order: bool = False


class BalanceRecorder:
    """Records the chunks of one file, two at a time if no account is in both.

    So a later row for an account and day always comes after the earlier one, and a chunk is not
    recorded when one before it, to which it is a sequel, could not be.
    """

    def __init__(self, database: Database, actor: Actor, source: str, future_days: int) -> None:
        """Name the source, for the audit trail."""
        self._database = database
        self._actor = actor
        self._source = source
        self._future_days = future_days
        self._free = asyncio.Semaphore(_AT_ONCE)
        self._under_way: dict[asyncio.Task[Loaded], frozenset[str] | None] = {}
        self._fresh = True
        self._restates = False

    def start(self, chunk: Chunk) -> asyncio.Task[Loaded]:
        """Begin to record a chunk, which comes after all that were started before."""
        accounts = None if chunk.in_order else chunk.named
        before = [
            task
            for task, others in self._under_way.items()
            if accounts is None or others is None or not accounts.isdisjoint(others)
        ]
        task = asyncio.create_task(self._after(before, chunk))
        self._under_way[task] = accounts
        task.add_done_callback(self._under_way.pop)
        return task

    async def _after(self, before: Sequence[asyncio.Task[Loaded]], chunk: Chunk) -> Loaded:
        await asyncio.gather(*before)
        async with self._free:
            if not chunk.places:
                return Loaded()
            if self._fresh and not chunk.repeat_a_day:
                try:
                    return await self._record(chunk, fresh=True)
                except asyncpg.UniqueViolationError as known:
                    self._restates |= known.constraint_name == _DAY_IS_TAKEN
                except (NotFresh, HELD_ELSEWHERE, asyncpg.DeadlockDetectedError):
                    pass
            loaded = await persistently(
                lambda: self._record(chunk, fresh=False), patience=FOR_A_MINUTE
            )
            self._fresh = not (self._restates or loaded.unchanged)
            return loaded

    async def _record(self, chunk: Chunk, *, fresh: bool) -> Loaded:
        async with self._database.unit() as connection:
            await connection.execute(sql("recording_settings"))
            if fresh:
                recorded = await self._record_fresh(connection, chunk)
            else:
                recorded = await record(connection, chunk, self._future_days)
            if recorded.accepted:
                lines = [chunk.places[0], chunk.places[-1]]
                detail = {
                    "rows": recorded.accepted,
                    "unchanged": recorded.duplicates,
                    "rejected": len(recorded.rejections),
                    "lines": lines,
                }
                await audit(connection, self._actor, "balances.import", self._source, detail=detail)
        return Loaded(recorded.accepted, recorded.duplicates, recorded.rejections)

    async def _record_fresh(self, connection: Connection, chunk: Chunk) -> Recorded:
        calendar = await share_ledger(connection)
        if calendar.closing is not None:
            raise NotFresh
        return await record_fresh(connection, chunk, calendar, self._future_days)

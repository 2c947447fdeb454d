"""Giving events their place in the feeds, after they were committed.

A sequence hands out numbers before commit, so a reader that has seen 7 may still miss 6. Here one
relay at a time numbers what is committed, so `position > cursor` never skips anything.
"""

from repository.database import Database, persistently
from repository.statements import sql


async def relay(database: Database) -> int:
    """Number what waits and wake the listeners; returns how many events were published."""

    async def once() -> int:
        async with database.unit() as connection:
            if not await connection.fetchval(sql("own_relay")):
                return 0
            published = 0
            for name in ("position_tier_changes", "position_risk_signals"):
                done: str = await connection.execute(sql(name))
                published += int(done.rsplit(" ", 1)[-1])
            if published:
                await connection.execute(sql("announce"))
            return published

    return await persistently(once)

"""Giving events their place in the feeds, after they were committed, and ending old promises.

A sequence hands out numbers before commit, so a reader that has seen 7 may still miss 6. Here one
relay at a time numbers what is committed, so `position > cursor` never skips anything.

Order per customer: whoever writes an event holds the customer's row from before the event has its
id until the commit, so of one customer a lower id is always committed first, and the relay goes by
id. It takes a customer's events all or not at all: it holds the customer against a handover and
passes over one who is being handed over. It waits for nobody, so it is part of no deadlock.
"""

from repository.database import Database, persistently
from repository.statements import sql

_FEEDS = ("tier_changes", "risk_signals", "approvals")


async def relay(database: Database) -> int:
    """Number what waits and wake the listeners; returns how many events were published."""

    async def once() -> int:
        async with database.unit() as connection:
            await connection.execute(sql("own_relay"))
            published = 0
            for feed in _FEEDS:
                held = await connection.fetch(sql(f"hold_customers_of_{feed}"))
                if held:
                    customers = [row["id"] for row in held]
                    # A statement of its own: it sees what a handover did before it was kept out.
                    done: str = await connection.execute(sql(f"position_{feed}"), customers)
                    published += int(done.rsplit(" ", 1)[-1])
            if published:
                await connection.execute(sql("announce"))
            return published

    return await persistently(once)


async def move_tails(database: Database, days: int) -> None:
    """Let cursors expire whose next events were positioned more than so many days ago."""
    async with database.unit() as connection:
        await connection.execute(sql("own_relay"))
        await connection.execute(sql("move_tails"), days)

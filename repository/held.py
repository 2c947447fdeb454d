"""Balance updates that a running close holds back, and their posting when it is over."""

from repository.database import Connection, Database, persistently
from repository.statements import sql

_AT_ONCE = 5000


async def post_held(database: Database, limit: int = _AT_ONCE) -> int:
    """Post the next held updates unless a close is running; returns how many."""

    async def once() -> int:
        async with database.unit() as connection:
            await connection.execute(sql("share_ledger"))
            return await post_some(connection, limit)

    return await persistently(once)


async def post_some(connection: Connection, limit: int = _AT_ONCE) -> int:
    """The same in the transaction of a caller who holds the ledger's lock."""
    await connection.execute(sql("one_poster"))
    await connection.execute(sql("lock_held_accounts"), limit)
    count: int = await connection.fetchval(sql("post_held"), limit)
    return count

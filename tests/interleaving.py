"""Two transactions brought to meet at one point, so that a race is lost the same way every time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from repository.database import Database
from repository.loading import load
from tests.house import House


async def waiting(house: House, sessions: int = 1) -> None:
    """Return once so many of the database's sessions wait for a lock."""
    for _ in range(500):
        if (
            await house.value(
                """select count(*) from pg_stat_activity
            where datname = current_database() and wait_event_type = 'Lock'"""
            )
            >= sessions
        ):
            return
        await asyncio.sleep(0.01)
    raise AssertionError("nobody waits")


class _Connection:
    """A connection on which a step is taken before a statement of a kind."""

    def __init__(self, connection: Any, before: Callable[[str], Awaitable[None]]) -> None:
        self._connection, self._before = connection, before

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    async def execute(self, text: str, *values: Any) -> Any:
        await self._before(text)
        return await self._connection.execute(text, *values)

    async def fetchval(self, text: str, *values: Any) -> Any:
        await self._before(text)
        return await self._connection.fetchval(text, *values)


class Watched:
    """A database whose units tell of their statements."""

    def __init__(self, database: Database, before: Callable[[str], Awaitable[None]]) -> None:
        self._database, self._before = database, before

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)

    @asynccontextmanager
    async def unit(self) -> AsyncIterator[Any]:
        async with self._database.unit() as connection:
            yield _Connection(connection, self._before)


async def load_rows(house: House, kind: str, *rows: tuple[Any, ...]) -> Any:
    """Import rows of a kind, as head office, without a file."""
    numbered = [(line, *row) for line, row in enumerate(rows, 1)]
    return await load(
        house.database, kind, numbered, actor=await house.actor("hq"), source="f", future_days=366
    )

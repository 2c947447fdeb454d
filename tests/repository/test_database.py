"""Connections: what a process may hold of the server."""

import asyncio
from contextlib import AsyncExitStack

import asyncpg
import pytest

from domain.actors import Scope
from repository import database
from repository.database import STATEMENTS_KEPT, Database, lost, persistently
from tests.house import KEY, House


async def test_ever_new_statements_do_not_fill_the_servers_memory(house: House) -> None:
    async with house.database.reading(Scope.ALL) as connection:
        for number in range(STATEMENTS_KEPT + 30):
            assert await connection.fetchval(f"select {number}::integer") == number
        kept = await connection.fetchval("select count(*) from pg_prepared_statements")
    assert kept <= STATEMENTS_KEPT


async def test_closing_waits_for_all_connections_at_once(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_CLOSE_SECONDS", 0.5)
    async with AsyncExitStack() as held:
        opened = Database(house.database.url, KEY)
        await opened.__aenter__()
        for scope in Scope:
            await held.enter_async_context(opened.reading(scope))
        await held.enter_async_context(opened.writing())
        async with asyncio.timeout(1.5):  # one after another: 0.5 s for each of six
            await opened.__aexit__()


async def test_a_clash_is_tried_again_but_not_for_ever() -> None:
    tries = 0

    async def third_time() -> int:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise asyncpg.UniqueViolationError("the same key came in another transaction")
        return tries

    async def never() -> None:
        nonlocal tries
        tries += 1
        raise asyncpg.DeadlockDetectedError("again")

    assert await persistently(third_time) == 3
    tries = 0
    with pytest.raises(asyncpg.DeadlockDetectedError):
        await persistently(never)
    assert tries == 5


@pytest.mark.parametrize(
    ("fault", "is_lost"),
    [
        (asyncpg.InternalClientError("cannot switch to state 15"), True),
        (asyncpg.InterfaceError("the underlying connection is closed"), True),
        (asyncpg.DataError("invalid input for query argument $1"), False),
        (asyncpg.RaiseError("a trigger said so"), False),
    ],
)
def test_a_lost_session_is_told_from_what_is_wrong_with_a_request(
    fault: Exception, is_lost: bool
) -> None:
    assert lost(fault) is is_lost

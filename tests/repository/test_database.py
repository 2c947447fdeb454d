"""Connections: what a process may hold of the server."""

import asyncio
import socket
from contextlib import AsyncExitStack

import asyncpg
import pytest

from domain.actors import Scope
from repository import database
from repository.database import STATEMENTS_KEPT, UNREACHABLE, Database, lost, persistently
from repository.readers import Readers
from tests.house import KEY, House
from tests.proxy import Proxy


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


@pytest.mark.parametrize("amid", ["a statement", "thinking"])
async def test_a_unit_that_is_given_up_ends_though_the_server_has_fallen_silent(
    house: House, monkeypatch: pytest.MonkeyPatch, amid: str
) -> None:
    monkeypatch.setattr(database, "_CLOSE_SECONDS", 0.5)
    begun = asyncio.Event()

    async def work(opened: Database) -> None:
        async with opened.unit() as connection:
            await connection.fetch("select 1")
            begun.set()
            if amid == "a statement":
                await connection.fetch("select pg_sleep(30)")
            await asyncio.sleep(30)

    async with Proxy(house.url) as proxy, Database(proxy.url, KEY) as opened:
        working = asyncio.create_task(work(opened))
        await begun.wait()
        await asyncio.sleep(0.1)
        proxy.fall_silent()
        working.cancel()
        done, _ = await asyncio.wait([working], timeout=5)
        assert done
        assert working.cancelled()
    await house.value(  # which does not know yet
        """select count(pg_terminate_backend(pid, 5000)) from pg_stat_activity
        where datname = current_database() and wait_event = 'PgSleep'"""
    )


async def test_who_thinks_too_long_amid_a_transaction_holds_nothing_any_more(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a process that is frozen, or whose machine has gone."""
    assert database._WRITER_SETTINGS["idle_in_transaction_session_timeout"] == "60s"
    monkeypatch.setitem(database._WRITER_SETTINGS, "idle_in_transaction_session_timeout", "300ms")
    await house.people(1)
    take = "select id from terrace.customer for no key update"
    async with Database(house.url, KEY) as frozen:
        with pytest.raises(UNREACHABLE):
            async with frozen.unit() as connection:
                await connection.fetch(take)
                async with asyncio.timeout(2.5), house.database.unit() as other:
                    assert len(await other.fetch(take)) == 1
                await connection.fetch("select 1")
        async with frozen.unit() as connection:
            assert len(await connection.fetch(take)) == 1


async def test_who_reads_after_the_end_is_told_so(house: House) -> None:
    readers = Readers(house.database.listener, 1, 5.0)
    await readers.close()
    with pytest.raises(UNREACHABLE, match="has been closed"):
        async with asyncio.timeout(2):
            await readers.answer("select '1'", [])


async def test_a_server_whose_machine_has_gone_is_found_out(house: House) -> None:
    async with AsyncExitStack() as held:
        connections = [
            await held.enter_async_context(house.database.writing()),
            await held.enter_async_context(house.database.reading(Scope.ALL)),
            await house.database.listener(),
        ]
        for connection in connections:
            found = connection._transport.get_extra_info("socket")
            assert found.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        await connections[-1].close()

"""Readers: requests that share a round trip hurt nobody, whatever becomes of one of them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import asyncpg
import pytest

from cli.embedded import Addresses
from repository import readers as module
from repository.readers import Readers

ADD = "select case when true then ($1::integer + 1)::text end"
DIVIDE = "select case when true then (12 / $1::integer)::text end"
SLEEP = "select case when true then (select pg_sleep($1::double precision)::text || $1) end"
SETTER = """select case when set_config('app.id', $1::integer::text, true) is not null
    then (current_setting('app.id') || coalesce(pg_sleep($2)::text, ''))::text end"""


class Counting:
    """Makes connections and counts what is sent over them."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.made: list[Any] = []
        self.together: list[int] = []
        self.alone = 0

    async def __call__(self) -> Any:
        counting = self

        class Counted(asyncpg.Connection):  # type: ignore[type-arg]
            async def fetchmany(self, query: str, args: Any, **options: Any) -> Any:
                counting.together.append(len(args))
                return await super().fetchmany(query, args, **options)

            async def fetchval(self, query: str, *args: Any, **options: Any) -> Any:
                counting.alone += 1
                return await super().fetchval(query, *args, **options)

        self.made.append(await asyncpg.connect(self.url, connection_class=Counted))
        return self.made[-1]


@pytest.fixture
async def connect(addresses: Addresses) -> Counting:
    return Counting(addresses.database_url)


@pytest.fixture
async def two(connect: Counting) -> AsyncIterator[Readers]:
    """Two connections that know the statements' pace."""
    built = Readers(connect, 2, 5.0)
    for statement, *values in ((ADD, 1), (DIVIDE, 1), (SETTER, 1, 0.0)):
        for _ in range(25):
            await built.answer(statement, values)
    connect.together.clear()
    connect.alone = 0
    yield built
    await built.close()


async def test_requests_that_wait_at_once_share_a_round_trip(
    two: Readers, connect: Counting
) -> None:
    answers = await asyncio.gather(*(two.answer(ADD, [n]) for n in range(40)))
    assert answers == [str(n + 1) for n in range(40)]
    assert sum(connect.together) + connect.alone == 40
    assert max(connect.together) == module.MOST_TOGETHER
    assert len(connect.made) <= 2


async def test_each_is_run_under_its_own_actor(two: Readers, connect: Counting) -> None:
    answers = await asyncio.gather(*(two.answer(SETTER, [n, 0.0]) for n in range(64)))
    assert answers == [str(n) for n in range(64)]
    assert connect.together


async def test_one_that_fails_hurts_nobody(two: Readers, connect: Counting) -> None:
    asked = [two.answer(DIVIDE, [n % 4]) for n in range(12)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert connect.together, "they were sent together"
    for n, answer in enumerate(answers):
        if n % 4:
            assert answer == str(12 // (n % 4))
        else:
            assert isinstance(answer, asyncpg.DivisionByZeroError)


async def test_values_that_cannot_be_sent_hurt_nobody(two: Readers) -> None:
    asked = [two.answer(ADD, [n if n != 3 else "three"]) for n in range(8)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert isinstance(answers[3], asyncpg.DataError)
    assert [a for n, a in enumerate(answers) if n != 3] == [str(n + 1) for n in range(8) if n != 3]


async def test_one_whose_caller_goes_hurts_nobody(two: Readers) -> None:
    tasks = [asyncio.create_task(two.answer(SETTER, [n, 0.02])) for n in range(6)]
    await asyncio.sleep(0.03)
    tasks[1].cancel()
    tasks[4].cancel()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert [a for n, a in enumerate(answers) if n not in (1, 4)] == ["0", "2", "3", "5"]
    assert isinstance(answers[1], asyncio.CancelledError)
    assert await two.answer(ADD, [1]) == "2"


async def test_what_nobody_waits_for_any_more_is_stopped(two: Readers, connect: Counting) -> None:
    tasks = [asyncio.create_task(two.answer(SLEEP, [30.0 + n])) for n in range(2)]
    await asyncio.sleep(0.1)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert await asyncio.wait_for(two.answer(ADD, [1]), 5) == "2"
    watcher = await asyncpg.connect(connect.url)
    running = """select count(*) from pg_stat_activity
        where query like '%pg_sleep(%' and state = 'active' and pid <> pg_backend_pid()"""
    assert await watcher.fetchval(running) == 0
    await watcher.close()


async def test_nobody_waits_long_behind_a_slow_neighbour(
    two: Readers, connect: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.1)
    slow = asyncio.create_task(two.answer(SETTER, [0, 30.0]))
    quick = [asyncio.create_task(two.answer(SETTER, [n, 0.0])) for n in range(1, 8)]
    answers = await asyncio.wait_for(asyncio.gather(*quick), 5)
    assert answers == [str(n) for n in range(1, 8)]
    assert not slow.done()
    connect.together.clear()
    await asyncio.gather(*(two.answer(SETTER, [n, 0.0]) for n in range(8)))
    assert not connect.together, "the statement is run alone for a while"
    slow.cancel()
    with suppress(asyncio.CancelledError):
        await slow


async def test_who_waits_too_long_is_turned_away(connect: Counting) -> None:
    built = Readers(connect, 1, 0.2)
    blocker = asyncio.create_task(built.answer(SLEEP, [1.0]))
    await asyncio.sleep(0.1)
    with pytest.raises(TimeoutError):
        await built.answer(ADD, [1])
    assert not blocker.done()
    await blocker
    assert await built.answer(ADD, [1]) == "2"
    await built.close()


async def test_a_lost_connection_is_made_again_and_the_read_repeated(
    two: Readers, connect: Counting
) -> None:
    killer = await asyncpg.connect(connect.url)
    for connection in connect.made:
        await killer.execute(f"select pg_terminate_backend({connection.get_server_pid()})")
    await killer.close()
    answers = await asyncio.gather(*(two.answer(ADD, [n]) for n in range(10)))
    assert answers == [str(n + 1) for n in range(10)]


async def test_without_a_server_everyone_is_told(addresses: Addresses) -> None:
    async def refused() -> Any:
        raise ConnectionRefusedError("nobody there")

    built = Readers(refused, 2, 5.0)
    asked = [built.answer(ADD, [n]) for n in range(5)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert all(isinstance(answer, ConnectionRefusedError) for answer in answers)
    await built.close()


async def test_a_connection_can_be_had_alone(two: Readers) -> None:
    async with two.connection() as connection, two.connection() as other:
        assert connection is not other
        waiting = asyncio.create_task(two.answer(ADD, [1]))
        await asyncio.sleep(0.05)
        assert not waiting.done()
    assert await waiting == "2"


async def test_a_connection_that_reaches_nobody_comes_back(connect: Counting) -> None:
    built = Readers(connect, 1, 5.0)
    await built.answer(ADD, [1])

    async def hold() -> None:
        async with built.connection():
            await asyncio.sleep(0)

    for turns in range(10):  # in one of them it is handed over, but not taken yet
        holder = asyncio.create_task(hold())
        for _ in range(turns):
            await asyncio.sleep(0)
        holder.cancel()
        with suppress(asyncio.CancelledError):
            await holder
        assert await asyncio.wait_for(built.answer(ADD, [turns]), 2) == str(turns + 1), turns
    await built.close()


async def test_large_requests_are_not_sent_in_pieces(two: Readers, connect: Counting) -> None:
    echo = "select case when true then length($1::text)::text end"
    for _ in range(25):
        await two.answer(echo, ["x"])
    connect.together.clear()
    asked = [asyncio.create_task(two.answer(echo, ["x" * 40_000])) for _ in range(16)]
    for _ in range(4):
        await asyncio.sleep(0)
    for task in asked:
        task.cancel()
    await asyncio.gather(*asked, return_exceptions=True)
    assert not connect.together
    answers = await asyncio.wait_for(asyncio.gather(*(two.answer(ADD, [n]) for n in range(8))), 5)
    assert answers == [str(n + 1) for n in range(8)]


async def test_closing_leaves_nobody_waiting(connect: Counting) -> None:
    built = Readers(connect, 1, 5.0)
    asked = [asyncio.create_task(built.answer(SLEEP, [30.0 + n])) for n in range(3)]
    await asyncio.sleep(0.2)
    async with asyncio.timeout(8):
        await built.close()
        outcomes = await asyncio.gather(*asked, return_exceptions=True)
    assert all(isinstance(outcome, asyncio.CancelledError) for outcome in outcomes)


async def test_a_server_that_says_nothing_is_given_up(connect: Counting) -> None:
    built = Readers(connect, 1, 5.0, 0.3)
    with pytest.raises(TimeoutError):
        await built.answer(SLEEP, [30.0])
    assert await built.answer(ADD, [1]) == "2"
    assert len(connect.made) == 2
    await built.close()

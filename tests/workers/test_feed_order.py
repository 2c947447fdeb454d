"""Every event reaches each subscriber who may see it once, in order per customer, whatever dies.

Writers, relays, handovers and a killer run beside each other; subscribers come and go and come back
with the cursor they had. What each was told is compared with the table.
"""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import orjson
import pytest

from domain.actors import Actor, Scope
from repository.cancellation import end_if_told_to
from repository.database import UNREACHABLE
from repository.relay import relay
from schema.engine import Engine
from schema.errors import RequestError
from schema.feeds import Feeds, cursor_at, position_of
from schema.limits import Limits
from tests.house import House
from tests.interleaving import waiting
from tests.schema.listening import CHANGES, WRITE, next_events

CUSTOMERS = 12
TIER = "tier_change"
BROKEN = (*UNREACHABLE, asyncpg.PostgresError, asyncpg.InternalClientError)
LOCK = "select id from terrace.customer where id = any($1::integer[]) order by id for no key update"
KILL = """select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()
        and application_name in ('terrace writer', 'terrace listener')
    order by random() limit 1"""

KILL_READER = """select pg_terminate_backend(pid) from pg_stat_activity
    where usename = current_user and pid <> pg_backend_pid() limit 1"""


class Subscriber:
    """One who keeps the last cursor, and comes back with it after whatever happened."""

    def __init__(self, actor: Actor, start: int) -> None:
        self.actor = actor
        self.start = start
        self.cursor = cursor_at(TIER, start)
        self.told: list[int] = []
        self.refusals: set[str] = set()

    async def follow(self, engines: list[Engine], chance: random.Random) -> None:
        """Listen to one engine for a while, then to another one."""
        while True:
            engine = chance.choice(engines)
            try:
                async with asyncio.timeout(chance.uniform(0.02, 0.4)):
                    await self._listen(engine)
            except TimeoutError:
                continue
            except RequestError as refused:
                self.refusals |= {error["extensions"]["code"] for error in refused.errors}  # type: ignore[index]

    async def _listen(self, engine: Engine) -> None:
        events = engine.subscribe(engine.prepare(CHANGES, None), {"a": self.cursor}, self.actor)
        try:
            async for event in events:
                self.cursor = orjson.loads(event)["data"]["tierChanged"]["cursor"]
                self.told.append(position_of(self.cursor, TIER))
        finally:
            await events.aclose()  # type: ignore[attr-defined]


async def _again(work: Callable[[], Awaitable[Any]]) -> None:
    """Do it until the server did not die in it; what is not committed has not happened."""
    while True:
        try:
            await work()
        except BROKEN as error:
            end_if_told_to(error)
            await asyncio.sleep(0.01)
        else:
            return


async def _write(house: House, chance: random.Random, rounds: int) -> None:
    for _ in range(rounds):
        chosen = sorted(chance.sample(range(1, CUSTOMERS + 1), chance.randint(1, 4)))

        async def once(customers: list[int] = chosen) -> None:
            async with house.database.unit() as connection:
                await connection.execute(LOCK, customers)
                await connection.execute(WRITE, customers)
                await asyncio.sleep(chance.uniform(0, 0.01))

        await _again(once)


async def _hand_over(house: House, chance: random.Random) -> None:
    """Customers of the first branch go to and fro between its two managers."""
    while True:
        customer, manager = chance.randrange(1, CUSTOMERS + 1, 2), chance.choice((1, 3))

        async def once(key: int = customer, to: int = manager) -> None:
            async with house.database.unit() as connection:
                await connection.execute(
                    "update terrace.customer set manager_id = $2 where id = $1", key, to
                )
                await asyncio.sleep(chance.uniform(0, 0.01))

        await _again(once)
        await asyncio.sleep(chance.uniform(0, 0.01))


async def _relay(house: House) -> None:
    while True:
        await _again(lambda: relay(house.database))
        await asyncio.sleep(0.002)


async def _kill(house: House) -> None:
    killer = await house.database.listener()  # may end whom it could be itself
    try:
        while True:
            await asyncio.sleep(0.05)
            await killer.fetchval(KILL)
            for scope in (Scope.ALL, Scope.MANAGER, Scope.BRANCH, Scope.CUSTOMER):
                with contextlib.suppress(*BROKEN):
                    async with house.database.reading(scope) as reader:
                        await reader.fetchval(KILL_READER)
    finally:
        await killer.close()


@contextlib.asynccontextmanager
async def beside(*work: Awaitable[None]) -> Any:
    """Work that goes on for the block."""
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        yield
    finally:
        early = [task for task in tasks if task.done()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for task in early:
            task.result()  # nobody ends by itself


async def _published(house: House) -> list[Any]:
    while await relay(house.database):
        pass
    return await house.fetch("select * from terrace.tier_change order by position")


def _in_order(rows: list[Any]) -> None:
    """Positions leave no gap, and of each customer they follow the order of writing."""
    assert [row["position"] for row in rows] == list(range(1, len(rows) + 1))
    for customer in range(1, CUSTOMERS + 1):
        ids = [row["id"] for row in rows if row["customer_id"] == customer]
        assert ids == sorted(ids)


@pytest.mark.parametrize("seed", range(3))
async def test_each_event_is_told_once_and_in_order_whatever_dies(house: House, seed: int) -> None:
    chance = random.Random(seed)
    await house.people(CUSTOMERS)
    hq, branch = await house.actor("hq"), await house.actor("branch", "B1")
    m2, c1 = await house.actor("manager", "M2"), await house.actor("customer", "C1")
    m1, m3 = await house.actor("manager", "M1"), await house.actor("manager", "M3")
    async with Feeds(house.database, 0.1) as more:  # the second API process
        limits = Limits(15, 1000, 5000)
        another = Engine(house.database, more, limits, wake=_nobody, future_days=1)
        engines = [house.engine, another]
        settled = [Subscriber(actor, 0) for actor in (hq, hq, branch, m2, c1)]
        moving = [Subscriber(actor, 0) for actor in (m1, m3)]
        following = [one.follow(engines, random.Random(chance.random())) for one in settled]
        following += [one.follow(engines, random.Random(chance.random())) for one in moving]
        async with beside(*following):
            async with beside(
                _relay(house), _relay(house), _hand_over(house, chance), _kill(house)
            ):
                writers = [_write(house, random.Random(seed * 100 + n), 15) for n in range(4)]
                await asyncio.gather(*writers)
            rows = await _published(house)
            await _until_all_is_told(settled, rows)
        _in_order(rows)
        for one in (*settled, *moving):
            assert one.refusals <= {"UNAVAILABLE", "INTERNAL"}  # the server was gone, no more
        for one in settled:
            assert one.told == _visible(one.actor, rows), one.actor
        for one in moving:  # at the time of reading: no more can be said of it than this
            assert one.told == sorted(set(one.told))
            assert set(one.told) <= set(_visible(branch, rows))
        for _ in range(5):
            start = chance.randrange(len(rows))
            told = await next_events(house.engine, m1, cursor_at(TIER, start), 1000, 0.3)
            expected = [at for at in _visible(m1, rows) if at > start]
            assert [position_of(event["cursor"], TIER) for event in told] == expected


async def _nobody(topic: str) -> None:
    pass


def _visible(actor: Actor, rows: list[Any]) -> list[int]:
    column = {"customer": "customer_id", "manager": "manager_id", "branch": "branch_id"}
    name = column.get(actor.role.value)
    return [row["position"] for row in rows if name is None or row[name] == actor.scope_id]


async def _until_all_is_told(subscribers: list[Subscriber], rows: list[Any]) -> None:
    with contextlib.suppress(TimeoutError):  # what is missing shows when it is compared
        async with asyncio.timeout(20):
            for one in subscribers:
                while len(one.told) < len(_visible(one.actor, rows)):
                    await asyncio.sleep(0.02)
    await asyncio.sleep(0.3)  # for one too many


async def test_a_waiting_event_goes_to_the_manager_after_the_handover(house: House) -> None:
    await house.people(2)
    m1, m3 = await house.actor("manager", "M1"), await house.actor("manager", "M3")
    listening = [
        asyncio.create_task(next_events(house.engine, actor, cursor_at(TIER, 0), count, 1.5))
        for actor, count in ((m1, 2), (m3, 2))
    ]
    async with house.database.unit() as connection:
        await connection.execute(WRITE, [1])
    await relay(house.database)
    await asyncio.sleep(0.5)  # the former manager reads the first
    async with house.database.unit() as connection:
        await connection.execute(WRITE, [1])
        await connection.execute("update terrace.customer set manager_id = 3 where id = 1")
    await relay(house.database)
    former, new = [[event["cursor"] for event in await told] for told in listening]
    assert (former, new) == ([cursor_at(TIER, 1)], [cursor_at(TIER, 2)])
    later = await next_events(house.engine, m3, cursor_at(TIER, 0), 2, 1)
    assert [event["cursor"] for event in later] == [cursor_at(TIER, 1), cursor_at(TIER, 2)]
    assert await next_events(house.engine, m1, cursor_at(TIER, 0), 1, 0.3) == []


async def test_a_relay_that_meets_another_one_looks_after_it(house: House) -> None:
    await house.people(2)
    async with house.database.unit() as first:
        await first.execute("select pg_advisory_xact_lock(7000003)")
        second = asyncio.create_task(relay(house.database))
        await waiting(house)
        async with house.database.unit() as connection:
            await connection.execute(WRITE, [1])  # the first one has looked already
    assert await second == 1

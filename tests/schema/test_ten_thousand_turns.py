"""Ten thousand turns of callers of every scope on few connections: nothing stays behind on one.

Readers are never reset between requests, for what a statement sets ends with it. So nothing may
outlive a turn: not the actor, not a role, a lock, a table or a setting of the session; whatever
came between, faults, callers who left and sessions that were killed included.

The engine has the second wall alone: then it is the session's setting, and nothing else, that
decides what is seen.
"""

import asyncio
import logging
import random
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import orjson
import pytest

from domain.actors import Actor, Grant, Role, Scope
from repository.database import Database
from repository.reading.statement import Walls
from schema.engine import Engine
from tests.house import KEY, House
from tests.schema.test_walls_at_once import crowd
from tests.schema.walls import engine_with

TURNS = 10_000
IN_FLIGHT = 100
CONNECTIONS = 2
OTHERS = [
    ("branch", "B1"),
    ("branch", "B2"),
    ("hq", "x"),
    ("risk", "x"),
    ("auditor", "x"),
    ("administrator", "x"),
    ("integrator", "x"),
]
OFTEN = "{ viewer { subject } customers(first: 3) { nodes { number } } }"
NOW_AND_THEN = (
    "{ customers(first: 3) { nodes { number standing { decision { judged { month } } } } } }"
)
WEIGHTS = {OFTEN: 19, NOW_AND_THEN: 1}
SLOW = """select case when set_config('app.id', $1::integer::text, true) is not null
    then (select pg_sleep(60)::text) end"""
HELD = """select pg_backend_pid() as pid, coalesce(current_setting('app.id', true), '') as actor,
    session_user = current_user as own_role, current_setting('role') as role,
    (select count(*) from pg_locks l where l.pid = pg_backend_pid()
        and l.locktype = 'advisory') as locks,
    (select count(*) from pg_class c where pg_my_temp_schema() <> 0
        and c.relnamespace = pg_my_temp_schema()) as temporary,
    (select count(*) from pg_listening_channels()) as channels,
    (select count(*) from pg_cursors where name <> '' and is_holdable) as cursors,
    (select array_agg(name order by name) from pg_settings where source = 'session') as settings"""
NOTHING = {
    "actor": "",
    "own_role": True,
    "role": "none",
    "locks": 0,
    "temporary": 0,
    "channels": 0,
    "cursors": 0,
    "settings": None,
}


async def held(database: Database) -> list[dict[str, Any]]:
    """What each session of each scope holds; all of a scope are taken before one is looked at."""
    found: list[dict[str, Any]] = []

    async def look(scope: Scope, all_taken: asyncio.Barrier) -> None:
        async with database.reading(scope) as connection:
            await all_taken.wait()
            found.append(dict(await connection.fetchrow(HELD)))

    for scope in Scope:
        all_taken = asyncio.Barrier(CONNECTIONS)
        async with asyncio.timeout(60):
            await asyncio.gather(*(look(scope, all_taken) for _ in range(CONNECTIONS)))
    assert len({one["pid"] for one in found}) == len(Scope) * CONNECTIONS
    return found


def left_behind(sessions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What sessions hold that are nobody's at the moment."""
    found = [
        {name: one[name] for name, value in NOTHING.items() if one[name] != value}
        for one in sessions
    ]
    return [one for one in found if one]


@pytest.fixture
async def few(house: House) -> AsyncIterator[Database]:
    """Two connections for each scope."""
    async with Database(house.url, KEY, reader_connections=CONNECTIONS) as database:
        yield database


class Turns:
    """Everybody's turns, what goes on beside them, and how often each came about."""

    def __init__(self, engine: Engine, few: Database, killer: Database) -> None:
        self.engine = engine
        self.few = few
        self.killer = killer
        self.chance = random.Random(11)
        self.counted: Counter[str] = Counter()
        self.alone: dict[tuple[Actor, str], bytes] = {}
        self.prepared = {document: engine.prepare(document, None) for document in WEIGHTS}

    async def answer(self, actor: Actor, document: str) -> bytes:
        return await self.engine.execute(self.prepared[document], None, actor)

    async def take(self, actor: Actor, document: str) -> None:
        """One turn: the answer is what the caller gets alone, or that nobody can answer."""
        answer, expected = await self.answer(actor, document), self.alone[actor, document]
        codes = codes_of(answer)
        assert codes == codes_of(expected) or codes == ["UNAVAILABLE"], (actor, answer)
        if not codes:
            assert answer == expected, (actor, document, answer)
        self.counted[codes[0] if codes else "right"] += 1

    async def flight(self, turns: list[tuple[Actor, str]]) -> None:
        """Some turns at once, one in twenty of whose callers leaves."""
        tasks = [asyncio.create_task(self.take(*turn)) for turn in turns]
        await asyncio.sleep(self.chance.choice((0, 0, 0.002)))
        for task in self.chance.sample(tasks, len(tasks) // 20):
            task.cancel()
        await asyncio.wait(tasks)
        for task in tasks:
            if task.cancelled():
                self.counted["left"] += 1
            else:
                task.result()

    async def running(self, scope: Scope) -> int:
        """The session of a scope that runs the slow statement, once there is one."""
        async with asyncio.timeout(60):
            while True:
                async with self.killer.reading(scope) as connection:
                    if pid := await connection.fetchval(RUNS):
                        return int(pid)
                await asyncio.sleep(0.002)

    async def end(self, scope: Scope, way: str) -> None:
        """Have the server end the slow statement."""
        pid = await self.running(scope)
        async with self.killer.reading(scope) as connection:
            await connection.fetchval(f"select {way}($1)", pid)

    async def slow(self, actor: Actor, way: str) -> None:
        """A statement that runs on and on: its caller leaves, it is cancelled, or all ends."""
        asking = asyncio.create_task(self.few.answer(actor.scope, SLOW, (actor.scope_id,)))
        if way == "pg_terminate_backend":  # what was lost with its session is asked once again
            await self.end(actor.scope, way)
        if way:
            await self.end(actor.scope, way)
        else:
            await self.running(actor.scope)
            asking.cancel()
        [outcome] = await asyncio.gather(asking, return_exceptions=True)
        assert isinstance(outcome, BaseException)
        self.counted[type(outcome).__name__] += 1

    async def kill(self, scope: Scope) -> None:
        """End the sessions of a scope, whatever they are doing."""
        async with self.killer.reading(scope) as connection:
            self.counted["killed"] += await connection.fetchval(KILL)


RUNS = """select pid from pg_stat_activity
    where usename = session_user and state = 'active' and wait_event = 'PgSleep' limit 1"""
KILL = """select count(pg_terminate_backend(pid)) from pg_stat_activity
    where usename = session_user and pid <> pg_backend_pid()"""
WAYS = ("pg_cancel_backend", "pg_terminate_backend", "")


def codes_of(answer: bytes) -> list[str]:
    return [one["extensions"]["code"] for one in orjson.loads(answer).get("errors", ())]


async def test_ten_thousand_turns_leave_nothing_behind(
    house: House, few: Database, caplog: pytest.LogCaptureFixture
) -> None:
    managers, customers = await crowd(house)
    actors = [*managers, *customers, *[await house.actor(*who) for who in OTHERS]]
    granted = frozenset({Grant.READ_PERSONAL})
    actors.append(Actor(Role.INTEGRATOR, "mart", 0, grants=granted))
    assert {actor.scope for actor in actors} == set(Scope)
    await house.fetch(  # no list, so that PostgreSQL cannot read its members
        "update terrace.standing set judged = '{}' where manager_id = $1", managers[5].scope_id
    )
    turns = Turns(engine_with(house, few, Walls(predicate=False)), few, house.database)
    with caplog.at_level(logging.CRITICAL):
        for actor in actors:
            for document in WEIGHTS:
                turns.alone[actor, document] = await turns.answer(actor, document)
        assert len(set(turns.alone.values())) > 2 * len(managers)
        every = list(turns.alone)
        weights = [WEIGHTS[document] for _, document in every]
        for number in range(TURNS // IN_FLIGHT):
            beside = []
            if number % 5 == 3:
                beside.append(turns.kill(turns.chance.choice(list(Scope))))
            if number % 5 == 1:
                beside.append(turns.slow(turns.chance.choice(actors), WAYS[number // 5 % 3]))
            some = turns.chance.choices(every, weights, k=IN_FLIGHT)
            await asyncio.gather(turns.flight(some), *beside)
    assert left_behind(await held(few)) == []
    told = turns.counted
    assert told["right"] + told["left"] + told["INTERNAL"] + told["UNAVAILABLE"] == TURNS
    assert told["right"] > TURNS * 0.85, told
    for outcome in ("left", "INTERNAL", "killed", "QueryCanceledError", "CancelledError"):
        assert told[outcome], (outcome, told)


async def test_a_statement_that_takes_too_long_leaves_nothing_behind(house: House) -> None:
    database = Database(
        house.url, KEY, reader_connections=CONNECTIONS, statement_seconds=0.05, acquire_seconds=60
    )
    async with database:
        slow = [(scope, number) for scope in Scope for number in range(2 * CONNECTIONS)]
        outcomes = await asyncio.gather(
            *(database.answer(scope, SLOW, (number,)) for scope, number in slow),
            return_exceptions=True,
        )
        assert {type(outcome) for outcome in outcomes} == {asyncpg.QueryCanceledError}
        assert left_behind(await held(database)) == []


async def test_what_a_session_holds_is_seen(few: Database) -> None:
    for held_thing, statement, undone in (
        ("actor", "select set_config('app.id', '1', false)", "set app.id = ''"),
        ("locks", "select pg_advisory_lock(1)", "select pg_advisory_unlock(1)"),
        ("settings", "set search_path = public", "reset search_path"),
        ("channels", "listen terrace_feed", "unlisten terrace_feed"),
        ("cursors", "declare kept cursor with hold for select 1", "close kept"),
    ):
        async with few.reading(Scope.ALL) as connection:
            await connection.execute(statement)
            seen = left_behind([dict(await connection.fetchrow(HELD))])
            await connection.execute(undone)
            assert left_behind([dict(await connection.fetchrow(HELD))]) == []
        assert [list(one) for one in seen] == [[held_thing]]

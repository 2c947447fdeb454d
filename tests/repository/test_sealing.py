"""The audit trail: what a line tells, who may add to it, and its chain whoever is killed."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Any

import asyncpg
import orjson
import pytest

from benchmarks.place import superuser
from cli.embedded import Addresses
from cli.session import OPERATOR
from domain.actors import Scope
from repository.audit import audit
from repository.calendar import set_business_date
from repository.roles import SEALER, WRITER, login_name, login_password
from repository.sealing import seal, seal_waiting
from repository.statements import sql
from repository.verification import verify
from tests.house import KEY, House, new_house
from tests.trail import DESK, emptied, seal_all, sealed, trail_of, write


@pytest.fixture(scope="module")
async def installation(addresses: Addresses) -> AsyncIterator[House]:
    async with new_house(addresses) as built:
        yield built


@pytest.fixture
async def house(installation: House) -> House:
    return await emptied(installation)


# What a line tells


async def test_a_line_tells_who_when_from_where_and_what(house: House) -> None:
    day = date(2025, 1, 1)
    await set_business_date(house.database, day, OPERATOR)
    async with house.database.unit() as connection:
        await audit(
            connection,
            DESK,
            "customer.assign",
            "C1",
            before={"manager": "M1"},
            after={"manager": None},
            reason="left",
        )
    [line] = await house.trail("select * from terrace.audit where action = 'customer.assign'")
    told = dict(line)
    assert told.pop("recorded_at") is not None
    assert told.pop("id") > 0
    assert told == {
        "business_date": day,
        "principal": "branch:B1",
        "role": "branch",
        "channel": "counter",
        "origin": "10.1.2.3",
        "action": "customer.assign",
        "subject": "C1",
        "before": {"manager": "M1"},
        "after": {"manager": None},
        "reason": "left",
        "detail": {},
    }


# The chain


async def test_lines_are_chained_in_the_order_in_which_they_were_committed(house: House) -> None:
    async with house.database.unit() as slow:
        await audit(slow, OPERATOR, "test.slow", "first number")
        await write(house, "second number")
        assert await seal(house.database) == 1
    assert await seal(house.database) == 1
    assert await sealed(house) == [(1, 2), (2, 1)]
    assert (await verify(house.database)).seals == 2


async def test_a_transaction_that_was_rolled_back_leaves_no_gap(house: House) -> None:
    await write(house, "S1")
    with pytest.raises(RuntimeError):
        async with house.database.unit() as connection:
            await audit(connection, OPERATOR, "test.undone", "nothing")
            raise RuntimeError
    await write(house, "S3")
    await seal_all(house, limit=1)
    assert await sealed(house) == [(1, 1), (2, 3)]
    await verify(house.database)


async def test_many_sealers_beside_many_writers_make_one_chain(house: House) -> None:
    writing = [asyncio.create_task(write(house, *[f"{w}.{n}" for n in range(15)])) for w in "abcd"]

    async def sealing() -> int:
        done, others = 0, [house.database, second]
        while not all(task.done() for task in writing):
            done += sum(await asyncio.gather(*[seal(database, 3) for database in others]))
        return done

    async with type(house.database)(house.url, KEY) as second:
        during = await sealing()
        await asyncio.gather(*writing)
        await asyncio.gather(seal(house.database), seal(second))
    assert during > 0
    found = await verify(house.database)
    assert (found.head.position, found.seals, found.waiting) == (60, 60, 0)


async def test_what_waits_is_sealed_in_batches_as_long_as_whole_ones_wait(house: House) -> None:
    await write(house, *"abcde")
    own, passes = house.database.sealing, 0

    @asynccontextmanager
    async def counted() -> AsyncIterator[Any]:
        nonlocal passes
        passes += 1
        async with own() as connection:
            yield connection
        if passes == 2:
            await write(house, "late")

    house.database.sealing = counted  # type: ignore[method-assign]
    try:
        assert await seal_waiting(house.database, 2) == 6
        assert passes == 4  # two lines, two, two, none
        await write(house, "one")
        assert await seal_waiting(house.database, 2) == 1
        assert passes == 5  # not a look more for a writer who never ceases
    finally:
        house.database.sealing = own  # type: ignore[method-assign]


async def test_two_sealers_never_fork_the_chain_even_without_the_lock(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A position has one seal: the second one finds it taken, and goes on behind it."""
    await write(house, "S1", "S2")
    both = asyncio.Barrier(2)
    met = iter([True, True])

    class Meeting:
        """Sealers that have both read the head before either of them writes."""

        def __init__(self, connection: Any) -> None:
            self.connection = connection

        def __getattr__(self, name: str) -> Any:
            return getattr(self.connection, name)

        async def execute(self, text: str, *values: Any) -> Any:
            if "pg_advisory" in text:
                return None
            if next(met, False):
                await both.wait()
            return await self.connection.execute(text, *values)

    async with type(house.database)(house.url, KEY) as second:
        for database in (house.database, second):
            own = database.sealing

            @asynccontextmanager
            async def sealing(own: Any = own) -> AsyncIterator[Any]:
                async with own() as connection:
                    yield Meeting(connection)

            monkeypatch.setattr(database, "sealing", sealing)
        done = await asyncio.gather(seal(house.database), seal(second))
        monkeypatch.undo()
    assert sorted(done) == [0, 2]
    assert await sealed(house) == [(1, 1), (2, 2)]


@pytest.mark.parametrize("statement", ["advisory", "unsealed", "insert into terrace.audit_seal"])
@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_sealer_that_is_killed_at_any_statement_leaves_the_chain_as_it_was(
    house: House, monkeypatch: pytest.MonkeyPatch, statement: str, moment: str
) -> None:
    await trail_of(house, 2)
    await write(house, "S3", "S4")
    own = house.database.sealing

    class Dying:
        """A session that ends at a statement."""

        def __init__(self, connection: Any) -> None:
            self.connection = connection

        async def _run(self, how: str, text: str, *values: Any) -> Any:
            run = getattr(self.connection, how)
            killed = statement in text
            if killed and moment == "before":
                await self._die()
            answer = await run(text, *values)
            if killed:
                await self._die()
            return answer

        async def _die(self) -> None:
            pid = await self.connection.fetchval("select pg_backend_pid()")
            other = await asyncpg.connect(superuser(house.url))
            await other.execute("select pg_terminate_backend($1, 5000)", pid)
            await other.close()

        async def execute(self, text: str, *values: Any) -> Any:
            return await self._run("execute", text, *values)

        async def fetch(self, text: str, *values: Any) -> Any:
            return await self._run("fetch", text, *values)

        async def fetchrow(self, text: str, *values: Any) -> Any:
            return await self._run("fetchrow", text, *values)

    @asynccontextmanager
    async def dying() -> AsyncIterator[Any]:
        async with own() as connection:
            yield Dying(connection)

    monkeypatch.setattr(house.database, "sealing", dying)
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await seal(house.database)
    monkeypatch.undo()
    assert len(await sealed(house)) == 2
    assert await seal(house.database) == 2
    found = await verify(house.database)
    assert (found.head.position, found.waiting) == (4, 0)


async def test_what_is_hashed_hangs_on_no_setting_of_the_session(house: House) -> None:
    await set_business_date(house.database, date(2025, 1, 31), OPERATOR)
    await trail_of(house, 1)
    content = []
    for settings in (
        "set local timezone = 'UTC'",
        "set local timezone = 'Asia/Kolkata'; set local datestyle = 'German'; "
        "set local bytea_output = 'escape'; set local extra_float_digits = -10",
    ):
        async with house.database.sealing() as connection:
            await connection.execute(settings)
            rows = await connection.fetch(sql("sealed_lines"), 0, 10)
        content.append([row["content"] for row in rows])
    assert content[0] == content[1]
    assert len(content[0]) == 2
    found = [orjson.loads(text) for text in content[0]]
    assert [line[2] for line in found] == ["2025-01-31", "2025-01-31"]
    assert all(re.fullmatch(r"20..-..-..T..:..:..\.\d{6}Z", line[1]) for line in found)


# Who may do what


CHANGES = {
    "update": "update {} set {} = {}",
    "delete": "delete from {}",
    "truncate": "truncate {}",
    "merge": "merge into {0} t using (select 1) s on true when matched then delete",
}


@pytest.mark.parametrize("table", ["audit", "audit_seal"])
@pytest.mark.parametrize("kind", [*(scope.value for scope in Scope), WRITER, SEALER, "owner", "su"])
async def test_every_change_is_refused_to_everybody(house: House, table: str, kind: str) -> None:
    """To the roles of the program by their grants, to owner and superuser by the trigger."""
    await trail_of(house, 2)
    name = house.database.name
    login = (
        {"user": login_name(kind, name), "password": login_password(KEY, kind, name)}
        if (kind not in ("owner", "su"))
        else {}
    )
    url = superuser(house.url) if kind == "su" else house.url
    connection = await asyncpg.connect(url, **login)
    column = "hash" if table == "audit_seal" else "subject"
    try:
        for replica in (False, True) if kind == "su" else (False,):
            if replica:
                await connection.execute("set session_replication_role = replica")
            for change in CHANGES.values():
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute(change.format(f"terrace.{table}", column, column))
    finally:
        await connection.close()
    assert (await verify(house.database)).seals == 2


@pytest.mark.parametrize(
    "statement",
    [
        "select from terrace.audit",
        "select from terrace.audit_seal",
        "insert into terrace.audit_seal values (1, 1, '', now())",
        "delete from terrace.audit_unsealed",
        "update terrace.audit_unsealed set id = 0",
        "insert into terrace.audit (recorded_at, principal, role, channel, action, subject) "
        "values ('2020-01-01', 'hq:x', 'hq', 'cli', 'a', 's')",
        "insert into terrace.audit (id, principal, role, channel, action, subject) "
        "overriding system value values (1, 'hq:x', 'hq', 'cli', 'a', 's')",
        "alter table terrace.audit disable trigger refuse_change",
    ],
)
async def test_the_writer_adds_lines_and_does_nothing_else(house: House, statement: str) -> None:
    """It says neither when a line was written nor which number it has."""
    await write(house, "S1")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await house.fetch(statement)

"""The audit trail in tests: lines, their seals, and force."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from benchmarks.place import superuser
from domain.actors import Actor, Role
from domain.chain import Link
from repository.audit import audit
from repository.sealing import chain_head, seal
from tests.house import House

DESK = Actor(Role.BRANCH, "B1", 2, "counter", origin="10.1.2.3")


async def emptied(house: House) -> House:
    """The installation without a line of audit, as only force makes it."""
    async with by_force(house) as connection:
        await connection.execute(
            "truncate terrace.audit, terrace.audit_seal, terrace.audit_unsealed restart identity"
        )
    return house


async def write(house: House, *subjects: str) -> None:
    """A line each, in a transaction each."""
    for subject in subjects:
        async with house.database.unit() as connection:
            await audit(connection, DESK, "test.write", subject, before={"n": 0}, after={"n": 1})


async def seal_all(house: House, limit: int = 2000) -> Link:
    while await seal(house.database, limit):
        pass
    return await chain_head(house.database)


async def sealed(house: House) -> list[tuple[int, int]]:
    rows = await house.trail("select position, audit_id from terrace.audit_seal order by position")
    return [tuple(row) for row in rows]


async def trail_of(house: House, lines: int) -> Link:
    await write(house, *[f"S{number}" for number in range(1, lines + 1)])
    return await seal_all(house)


@asynccontextmanager
async def by_force(house: House) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """As a superuser who takes the triggers away, and puts them back as they were."""
    connection = await asyncpg.connect(superuser(house.url))
    triggers = await connection.fetch(
        """select tgrelid::regclass::text as on, tgname as name, tgenabled::text as state
        from pg_trigger where not tgisinternal
            and tgrelid in ('terrace.audit'::regclass, 'terrace.audit_seal'::regclass)"""
    )
    assert len(triggers) == 3
    try:
        for trigger in triggers:
            await connection.execute(
                f"alter table {trigger['on']} disable trigger {trigger['name']}"
            )
        yield connection
    finally:
        for trigger in triggers:
            always = "always" if trigger["state"] == "A" else ""
            await connection.execute(
                f"alter table {trigger['on']} enable {always} trigger {trigger['name']}"
            )
        await connection.close()

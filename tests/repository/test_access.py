"""Whom a credential names, looked up for many callers at once, and whether it still holds."""

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from types import SimpleNamespace
from typing import Any

import asyncpg
import pytest

from cli.session import OPERATOR
from domain.actors import Grant, Role
from domain.api_keys import digest_of
from domain.claims import Claims, NotAdmitted
from repository.access import Access
from repository.api_keys import create_key
from tests.house import House

_MORE_THAN_WRITE = 40
"""Units of work at once, more than a process has connections for."""


async def test_those_who_ask_at_once_are_looked_up_by_one_statement(house: House) -> None:
    await house.people(4)
    await house.fetch("update terrace.manager set active = false where number = 'M3'")
    statements = 0

    @asynccontextmanager
    async def counted() -> Any:
        nonlocal statements
        statements += 1
        async with house.database.writing() as connection:
            yield connection

    counting: Any = SimpleNamespace(admitting=counted)  # the house's own feeds read beside
    access = Access(counting)
    asked = [
        Claims(Role.MANAGER, "M1"),
        Claims(Role.MANAGER, "M2"),
        Claims(Role.MANAGER, "M3"),
        Claims(Role.MANAGER, "M9"),
        Claims(Role.CUSTOMER, "C4"),
        Claims(Role.CUSTOMER, "M1"),
        Claims(Role.BRANCH, "B1"),
        Claims(Role.HQ, "anybody"),
        Claims(Role.RISK, "anybody"),
        Claims(Role.RISK, "anybody", branch="B2"),
        Claims(Role.RISK, "anybody", branch="B9"),
    ]
    found = await asyncio.gather(
        *[access.admit(claims) for claims in asked * 5], return_exceptions=True
    )
    told = [None if isinstance(one, NotAdmitted) else one for one in found]
    assert told == [1, 2, None, None, 4, None, 2, 0, 0, 3, None] * 5
    assert statements == 1


async def test_who_asks_later_gets_a_later_look(house: House) -> None:
    await house.people(2)
    access = Access(house.database)
    assert await access.admit(Claims(Role.MANAGER, "M1")) == 1
    await house.fetch("update terrace.manager set active = false where number = 'M1'")
    with pytest.raises(NotAdmitted, match="unknown subject"):
        await access.admit(Claims(Role.MANAGER, "M1"))


async def test_one_who_goes_takes_nobody_along(house: House) -> None:
    await house.people(2)
    access = Access(house.database)
    asking = [asyncio.create_task(access.admit(Claims(Role.MANAGER, n))) for n in ("M1", "M2")]
    await asyncio.sleep(0)
    asking[0].cancel()
    assert await asking[1] == 2


async def test_callers_are_looked_up_while_everybody_writes(house: House) -> None:
    await house.people(2)
    async with AsyncExitStack() as writers:
        writing = [
            asyncio.create_task(writers.enter_async_context(house.database.unit()))
            for _ in range(_MORE_THAN_WRITE)
        ]
        try:
            async with asyncio.timeout(5):
                while not house.database.usage().writers.waiting:
                    await asyncio.sleep(0.01)
                assert await Access(house.database).admit(Claims(Role.MANAGER, "M1")) == 1
        finally:
            for task in writing:
                task.cancel()
            await asyncio.gather(*writing, return_exceptions=True)


async def test_nobody_is_turned_away_because_a_use_could_not_be_noted(house: House) -> None:
    made = await create_key(house.database, "core", [Grant.FEEDS], 30, OPERATOR)
    owner = await asyncpg.connect(house.url)
    await owner.execute("revoke update on terrace.api_key from terrace_writer")
    await owner.close()
    access = Access(house.database)
    claims = await access.api_key(made.prefix, digest_of(made.text))
    assert claims is not None
    assert await access.admit(claims) == 0
    assert await house.value("select last_used_at from terrace.api_key") is None

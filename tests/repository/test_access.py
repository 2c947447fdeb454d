"""Whom a credential names, looked up for many callers at once, and whether it still holds."""

import asyncio
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from domain.actors import Role
from domain.claims import Claims, NotAdmitted
from repository.access import Access
from tests.house import House


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

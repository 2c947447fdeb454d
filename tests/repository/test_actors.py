"""Whom a token's subject names, looked up for many callers at once."""

import asyncio
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

from domain.actors import Role
from repository.actors import Subjects
from tests.house import House


async def test_those_who_ask_at_once_are_looked_up_by_one_statement_a_role(house: House) -> None:
    await house.people(4)
    await house.fetch("update terrace.manager set active = false where number = 'M3'")
    statements = 0

    @asynccontextmanager
    async def counted() -> Any:
        nonlocal statements
        statements += 1
        async with house.database.writing() as connection:
            yield connection

    counting: Any = SimpleNamespace(writing=counted)  # the house's own feeds read beside
    subjects = Subjects(counting)
    asked = [
        (Role.MANAGER, "M1"),
        (Role.MANAGER, "M2"),
        (Role.MANAGER, "M3"),
        (Role.MANAGER, "M9"),
        (Role.CUSTOMER, "C4"),
        (Role.CUSTOMER, "M1"),
        (Role.BRANCH, "B1"),
        (Role.HQ, "anybody"),
    ]
    found = await asyncio.gather(*[subjects.resolve(*one) for one in asked * 5])
    assert found == [1, 2, None, None, 4, None, 2, 0] * 5
    assert statements == 3


async def test_who_asks_later_gets_a_later_look(house: House) -> None:
    await house.people(2)
    subjects = Subjects(house.database)
    assert await subjects.resolve(Role.MANAGER, "M1") == 1
    await house.fetch("update terrace.manager set active = false where number = 'M1'")
    assert await subjects.resolve(Role.MANAGER, "M1") is None


async def test_one_who_goes_takes_nobody_along(house: House) -> None:
    await house.people(2)
    subjects = Subjects(house.database)
    asking = [asyncio.create_task(subjects.resolve(Role.MANAGER, n)) for n in ("M1", "M2")]
    await asyncio.sleep(0)
    asking[0].cancel()
    assert await asking[1] == 2

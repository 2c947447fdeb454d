"""What /readyz looks at."""

import asyncpg
import pytest

from cli import telling
from cli.telling import readiness
from domain.actors import Scope
from repository.database import Database
from repository.roles import WRITER, login_name
from tests.house import KEY, House


@pytest.mark.parametrize("kind", [WRITER, Scope.ALL.value])
async def test_an_api_that_cannot_log_in_is_not_ready(house: House, kind: str) -> None:
    role = login_name(kind, house.database.name)
    owner = await asyncpg.connect(house.url)
    try:
        for can, said in (
            ("login", {"postgresql": "ok", "migrations": "ok"}),
            ("nologin", {"postgresql": "does not answer"}),
        ):
            await owner.execute(f'alter role "{role}" {can}')
            async with Database(house.url, KEY) as database:
                assert await readiness(database) == said
    finally:
        await owner.close()


async def test_an_api_before_its_migrations_is_not_ready(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def one(url: str) -> int:
        return 1

    monkeypatch.setattr(telling, "pending", one)
    found = await readiness(house.database)
    assert found == {"postgresql": "ok", "migrations": "1 not applied"}

"""Many callers at the same time, on shared connections: each gets what it gets alone."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from itertools import product

import orjson
import pytest

from domain.actors import Actor
from repository.reading.statement import BOTH_WALLS, Walls
from schema.engine import Engine
from tests.house import KEY, House
from tests.schema.documents import GOLDEN
from tests.schema.walls import (
    ACTORS,
    WithoutSecondWall,
    answer_to,
    engine_with,
    every_id,
    lived_in,
)

IN_FLIGHT = 64
CROWD = 16
"""Managers, and customers, of the crowd; a manager has two customers, one of them of these."""


@pytest.fixture
async def engines(house: House) -> AsyncIterator[dict[str, Engine]]:
    """An engine with both walls, and one with each of them alone."""
    async with AsyncExitStack() as stack:
        unwalled = await stack.enter_async_context(WithoutSecondWall(house.url, KEY))
        walls = {
            "both walls": (house.database, BOTH_WALLS),
            "the policies alone": (house.database, Walls(predicate=False)),
            "the predicate alone": (unwalled, BOTH_WALLS),
        }
        yield {name: engine_with(house, *made) for name, made in walls.items()}


async def crowd(house: House) -> tuple[list[Actor], list[Actor]]:
    """Managers and customers enough to share one plan; each manager has two customers."""
    await house.people(2 * CROWD)
    await house.fetch(
        """insert into terrace.manager (number, name, branch_id)
        select 'G' || i, 'Manager ' || i, 2 + i % 2 from generate_series(1, $1) i""",
        CROWD,
    )
    await house.fetch(
        """update terrace.customer c set branch_id = m.branch_id, manager_id = m.id
        from terrace.manager m where m.number = 'G' || (c.id - 1) % $1 + 1""",
        CROWD,
    )
    days = [(f"A{n}", "2025-01-01", f"{n}0000.00") for n in range(1, 2 * CROWD + 1)]
    await house.record(*days)
    await house.close("2025-01")
    numbers = range(1, CROWD + 1)
    return (
        [await house.actor("manager", f"G{n}") for n in numbers],
        [await house.actor("customer", f"C{n}") for n in numbers],
    )


async def test_mixed_callers_and_documents_at_once(
    house: House, engines: dict[str, Engine]
) -> None:
    await lived_in(house)
    ids = await every_id(house)
    actors = [await house.actor(*who) for who in ACTORS]
    asked = [(actor, name) for actor in actors for name in GOLDEN]
    alone = {
        (actor, name): await answer_to(house.engine, actor, GOLDEN[name], ids)
        for actor, name in asked
    }
    assert not any(b'"errors"' in answer for answer in alone.values())
    order = random.Random(7)
    for way, engine in engines.items():
        order.shuffle(asked)
        for start in range(0, len(asked), IN_FLIGHT):
            flight = asked[start : start + IN_FLIGHT]
            found = await asyncio.gather(
                *[answer_to(engine, actor, GOLDEN[name], ids) for actor, name in flight]
            )
            for (actor, name), answer in zip(flight, found, strict=True):
                assert answer == alone[actor, name], (way, actor, name)


async def test_one_document_of_many_callers_at_once(
    house: House, engines: dict[str, Engine]
) -> None:
    managers, customers = await crowd(house)
    ids = await every_id(house)
    for name, document in GOLDEN.items():
        alone = {
            actor: await answer_to(house.engine, actor, document, ids)
            for actor in (*managers, *customers)
        }
        if name in ("customers", "holdings", "managers"):
            assert len(set(alone.values())) == 2 * CROWD, "everyone has rows of their own"
        flights = (managers * 4, customers * 4, (managers + customers) * 2)
        for (way, engine), flight in product(engines.items(), flights):
            assert len(flight) == IN_FLIGHT
            found = await asyncio.gather(
                *[answer_to(engine, actor, document, ids) for actor in flight]
            )
            assert found == [alone[actor] for actor in flight], (way, name, flight[0].role)


async def test_whoever_fails_or_leaves_hurts_nobody_else(
    house: House, engines: dict[str, Engine], caplog: pytest.LogCaptureFixture
) -> None:
    managers, _ = await crowd(house)
    document = GOLDEN["standings"]
    broken, leaver = managers[5], managers[9]
    await house.fetch(  # no list, so that PostgreSQL cannot read its members
        "update terrace.standing set judged = '{}' where manager_id = $1", broken.scope_id
    )
    with caplog.at_level(logging.CRITICAL, "schema.failures"):
        alone = {actor: await answer_to(house.engine, actor, document, []) for actor in managers}
        assert [actor for actor in managers if b'"errors"' in alone[actor]] == [broken]
        for way, engine in engines.items():
            for turns in range(12):
                flight = [
                    asyncio.create_task(answer_to(engine, actor, document, []))
                    for actor in managers * 4
                ]
                await asyncio.sleep(0 if turns < 4 else turns / 1000)
                gone = [
                    task
                    for task, actor in zip(flight, managers * 4, strict=True)
                    if actor is leaver and task.cancel()
                ]
                await asyncio.wait(flight)
                assert gone or turns > 4
                for task, actor in zip(flight, managers * 4, strict=True):
                    if task in gone:
                        assert task.cancelled()
                    elif actor is broken:
                        refused = orjson.loads(task.result())
                        assert refused["data"] is None
                        assert refused["errors"][0]["extensions"]["code"] == "INTERNAL"
                    else:
                        assert task.result() == alone[actor], (way, turns, actor)

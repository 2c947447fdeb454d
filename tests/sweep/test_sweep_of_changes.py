"""No caller changes, or learns by trying to change, a row that is none of the caller's.

Every mutation is given the identifiers of strangers' rows in every place that takes one, by every
kind of caller: the answer is the one for a row that does not exist, and nothing was written.
Every subscription is followed from the beginning: no event tells of a stranger.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import orjson
import pytest
from graphql import GraphQLObjectType

from domain.actors import Actor, Scope
from schema.declarations import node_types
from schema.engine import Engine
from schema.feeds import cursor_at
from schema.plans import spec_of
from tests.house import House
from tests.sweep.documents import Asked, Generator
from tests.sweep.test_sweep import Swept, answer, leaves, strangers_of, swept
from tests.sweep.world import ACTORS

__all__ = ["swept"]
PEOPLE = [f"{role} {subject}" for role, subject, _ in ACTORS]


async def books(house: House) -> dict[str, str]:
    """What stands in the tables that have identifiers, as one number each."""
    async with house.database.reading(Scope.AUDIT) as connection:
        return {
            kind: await connection.fetchval(
                "select md5(string_agg(t::text, ',' order by t::text)) "
                f"from {declared.table.name} t"
            )
            for kind, declared in node_types().items()
        }


def changes(generator: Generator) -> list[Asked]:
    """Every mutation with every identifier in each of the members that take one."""
    known = {one for ids in generator.ids.values() for one in ids}
    return [one for one in generator.questions("Mutation") if one.given in known]


async def tried(engine: Engine, generator: Generator, actor: Actor, one: Asked) -> Any:
    """What comes of trying; the codes of its errors, or the answer."""
    told = await answer(engine, actor, "mutation " + generator.document("Mutation", (), [one]))
    errors = [error["extensions"]["code"] for error in told.get("errors", ())]
    return errors or told["data"]["a0"]


@pytest.mark.parametrize("who", PEOPLE)
async def test_a_strangers_row_is_changed_as_little_as_one_that_is_not_there(
    swept: Swept, who: str
) -> None:
    actor, engine = swept.actors[who], swept.engines["both walls"]
    strangers = strangers_of(swept, actor)
    before = await books(swept.house)
    expected: dict[tuple[str, tuple[str, ...]], Any] = {}
    for one in changes(swept.generator):
        owner = swept.owners.get(one.given)
        if owner is not None and swept.world.visible(actor, owner):
            continue
        told = await tried(engine, swept.generator, actor, one)
        assert expected.setdefault((one.field, one.place), told) == told, one
        assert not strangers.keys() & set(leaves(told)), one
    assert len(expected) > 8
    assert await books(swept.house) == before


async def events(engine: Engine, actor: Actor, document: str) -> AsyncIterator[Any]:
    """What is told of what was there, until nothing more comes."""
    prepared = engine.prepare(document, None)
    async with aclosing(engine.subscribe(prepared, None, actor)) as stream:  # type: ignore[type-var]
        while True:
            try:
                async with asyncio.timeout(0.3):
                    yield orjson.loads(await anext(stream))
            except (TimeoutError, StopAsyncIteration):
                return


@pytest.mark.parametrize("who", PEOPLE)
async def test_no_event_tells_of_a_stranger(swept: Swept, who: str) -> None:
    actor, generator = swept.actors[who], swept.generator
    strangers = strangers_of(swept, actor)
    root = generator.schema.type_map["Subscription"]
    assert isinstance(root, GraphQLObjectType)
    heard = 0
    for name, definition in root.fields.items():
        after = cursor_at(spec_of(definition).topic, 0)
        document = f'{name}(after: "{after}"){generator.selection(definition, 3)}'
        for engine in swept.engines.values():
            async for event in events(engine, actor, "subscription { " + document + " }"):
                heard += 1
                assert not strangers.keys() & set(leaves(event)), (name, event)
    theirs = [row for row in swept.world.rows if row.kind == "TierChange"]
    assert (heard > 0) == any(swept.world.visible(actor, row) for row in theirs), who

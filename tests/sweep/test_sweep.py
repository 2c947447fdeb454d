"""No caller is told of a row that is none of the caller's, by whatever field or argument.

The documents are made of the SDL (`documents`), so a new field is asked as soon as there is one.
Each is asked by every kind of caller with both walls and with each wall alone. No text that
belongs to a stranger's row may be in the answer, and where an argument names a stranger's row the
answer is the one for a row that does not exist.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import orjson
import pytest
from graphql import GraphQLEnumType, GraphQLObjectType, get_named_type

from cli.embedded import Addresses
from domain.actors import Actor
from domain.claims import Claims
from repository.access import Access
from repository.reading.statement import BOTH_WALLS, Walls
from repository.reading.tables import Visibility
from schema import identifiers
from schema.document import Prepared, prepare
from schema.engine import Engine
from schema.errors import RequestError
from schema.limits import Limits
from schema.published import graphql_schema
from tests.house import KEY, House, new_house
from tests.schema.walls import WithoutSecondWall
from tests.sweep.documents import EXACT, Asked, Generator
from tests.sweep.world import ACTORS, EVERYTHING, Owned, World, populate

TOGETHER = 25
ONE_OF_EACH = [
    "hq office",
    "risk north",
    "auditor auditor",
    "branch B-NORTH",
    "manager MGR-NORTH-ONE",
    "customer CUST-NORTH-ONE",
    "integrator feeds",
    "integrator mart",
    "administrator admin",
]
"""A caller of each role and kind of scope; the others are asked in test_sweep_of_changes.py."""
SHORTEST_TEXT = 6
ABOUT_OTHERS = (Visibility.AUDIT, Visibility.UNION, Visibility.STAFF)
"""Kinds of rows that tell of other rows: what they repeat is still those rows' own."""
WITHOUT_END = Limits(50, 1_000_000, 1_000_000)


@dataclass
class Swept:
    """A world and the engines that are asked about it."""

    house: House
    world: World
    engines: dict[str, Engine]
    actors: dict[str, Actor]
    generator: Generator
    owners: dict[str, Owned] = field(default_factory=dict)
    """The row that a text names, if it is anybody's."""


@pytest.fixture(scope="module")
async def swept(addresses: Addresses) -> AsyncIterator[Swept]:
    async with AsyncExitStack() as stack:
        house = await stack.enter_async_context(new_house(addresses))
        world = await populate(house)
        open_database = await stack.enter_async_context(WithoutSecondWall(house.url, KEY))
        engines = {
            name: unbounded(house, database, walls)
            for name, database, walls in (
                ("both walls", house.database, BOTH_WALLS),
                ("the policies alone", house.database, Walls(predicate=False)),
                ("the predicate alone", open_database, BOTH_WALLS),
            )
        }
        actors = {}
        access = Access(house.database)
        for role, subject, more in ACTORS:
            claims = Claims(role, subject, **more)
            actors[f"{role} {subject}"] = claims.actor(await access.admit(claims))
        policies = engines["the policies alone"]
        generator = await made_for(world, policies)
        await _texts_of(world, policies, generator)
        owners = {text: row for row in world.rows for text in world.texts[row.id]}
        yield Swept(house, world, engines, actors, generator, owners)


def unbounded(house: House, database: Any, walls: Walls) -> Engine:
    """An engine that answers the longest of documents."""

    async def wake(topic: str) -> None:
        pass

    return Engine(database, house.feeds, WITHOUT_END, wake=wake, future_days=1, walls=walls)


@cache
def prepared_once(document: str) -> Prepared:
    """Whoever asks, and whichever walls there are: it is the same operation."""
    return prepare(graphql_schema(), document, None, WITHOUT_END)


async def answer(engine: Engine, actor: Actor, document: str) -> dict[str, Any]:
    """The whole response object."""
    try:
        prepared = prepared_once(document)
        return orjson.loads(await engine.execute(prepared, None, actor))  # type: ignore[no-any-return]
    except RequestError as error:
        return {"data": None, "errors": error.errors}


def leaves(value: Any) -> Iterator[str]:
    """All texts in a value."""
    if isinstance(value, dict):
        for member in value.values():
            yield from leaves(member)
    elif isinstance(value, list):
        for member in value:
            yield from leaves(member)
    elif isinstance(value, str):
        yield value


def missing(kind: str) -> str:
    """The identifier of a row that is not there."""
    parts = 2 if kind in ("Account", "TierChange", "RiskSignal", "Correction") else 1
    return identifiers.encode(kind, *[987_654_321] * parts)


async def made_for(world: World, engine: Engine) -> Generator:
    """The generator, with identifiers of everybody's rows and of some that are not there."""
    ids: dict[str, list[str]] = {}
    for row in world.rows:
        if row.customer in (None, 1, 3, 5):  # own, a sibling's, the other branch's, whoever asks
            ids.setdefault(row.kind, []).append(row.id)
    ids = {kind: known[:6] for kind, known in ids.items()}
    for kind, known in ids.items():
        known.append(missing(kind))
    texts: dict[str, list[str]] = {}
    found = await answer(
        engine,
        EVERYTHING,
        """{ customers(first: 50) { nodes { number name riskSignals(first: 5) { nodes { facts } }
        } edges { cursor } } managers(first: 50) { nodes { number } edges { cursor } }
        tierChanges(first: 50) { edges { cursor } } riskSignals(first: 50) { edges { cursor } }
        corrections(first: 50) { edges { cursor } }
        apiKeys(first: 50) { nodes { prefix } edges { cursor } } }""",
    )
    assert "errors" not in found, found
    cursors: list[str] = []
    for connection in found["data"].values():
        cursors += [edge["cursor"] for edge in connection["edges"][1:3]]
        for node in connection.get("nodes", ()):
            for name, value in node.items():
                if isinstance(value, str):
                    texts.setdefault(name, []).append(value)
    texts["facts"] = [f"Facts of {number}" for number in texts["number"][:3]]
    texts["search"] = texts["name"][:]
    texts["phone"] = ["7100", "7500", "9876"]
    texts = {name: known[::2] for name, known in texts.items()}
    for known in texts.values():
        known.append("NOBODY-HAS-THIS")
    texts["phone"].pop()
    everything = [row.id for row in world.rows][:99]
    return Generator(graphql_schema(), ids, texts, cursors, everything)


async def _texts_of(world: World, engine: Engine, generator: Generator) -> None:
    """Note for each row the texts that are in its own fields and in those of nothing else."""
    found: dict[str, set[str]] = {}
    own: dict[str, set[str]] = {}
    for row in world.rows:
        fields = [
            asked
            for asked in generator.questions(row.kind)
            if not asked.place and not _leads_elsewhere(generator, row.kind, asked.field)
        ]
        document = generator.document(row.kind, (), fields)
        told = await answer(
            engine, EVERYTHING, f'{{ node(id: "{row.id}") {{ ... on {row.kind} {document} }} }}'
        )
        assert "errors" not in told, told
        own[row.id] = {
            text
            for text in leaves(told["data"])
            if len(text) >= SHORTEST_TEXT and not (row.visibility in ABOUT_OTHERS and number(text))
        }
        if row.visibility not in ABOUT_OTHERS:
            found.setdefault(owner_of(row), set()).update(own[row.id])
    for row in world.rows:
        others = (texts for owner, texts in found.items() if owner != owner_of(row))
        world.texts[row.id] = own[row.id].difference(words(generator), *others)
        assert row.id in world.texts[row.id]
    generator.covered.clear()


def owner_of(row: Owned) -> str:
    """Whose a row is, as one word."""
    return f"customer {row.customer}" if row.customer else row.id


def words(generator: Generator) -> set[str]:
    """The values of enumerations, which are nobody's."""
    types = generator.schema.type_map.values()
    return {word for type_ in types if isinstance(type_, GraphQLEnumType) for word in type_.values}


def number(text: str) -> bool:
    """Whether a text is an amount, which may be the sum of anything."""
    return text.replace(".", "").isdigit()


def _leads_elsewhere(generator: Generator, kind: str, name: str) -> bool:
    """Whether a field leads to other rows with identifiers, or sums over rows of others."""
    type_ = generator.schema.type_map[kind]
    assert isinstance(type_, GraphQLObjectType)
    text = generator.selection(type_.fields[name], 3)
    return "_id:" in text or "nodes" in text or "VipStatistics" in text


def strangers_of(swept: Swept, actor: Actor) -> dict[str, Owned]:
    """The texts of rows that an actor may not see."""
    hidden = [row for row in swept.world.rows if not swept.world.visible(actor, row)]
    seen = set().union(
        *(swept.world.texts[row.id] for row in swept.world.rows if swept.world.visible(actor, row)),
        (),
    )
    return {text: row for row in hidden for text in swept.world.texts[row.id] if text not in seen}


async def told_to(
    swept: Swept,
    engine: Engine,
    actor: Actor,
    type_name: str,
    way: Sequence[str],
    parts: Sequence[Sequence[Asked]],
) -> list[tuple[Sequence[Asked], dict[str, Any]]]:
    """The responses to parts of the questions; where one of a part fails, to smaller parts."""
    found = []
    for asked in parts:
        together = await answer(engine, actor, swept.generator.document(type_name, way, asked))
        if "errors" not in together or len(asked) == 1:
            found.append((asked, together))
            continue
        middle = len(asked) // 2
        halves = [asked[:middle], asked[middle:]]
        found += await told_to(swept, engine, actor, type_name, way, halves)
    return found


async def sweep(swept: Swept, who: str, actor: Actor) -> None:
    strangers = strangers_of(swept, actor)
    generator = swept.generator
    for type_name, way in generator.ways().items():
        questions = list(generator.questions(type_name))
        for place in range(0, len(questions), TOGETHER):
            some = questions[place : place + TOGETHER]
            given = {one.given for one in some}
            told: dict[str, list[dict[str, Any]]] = {}
            parts: Sequence[Sequence[Asked]] = [some]
            for name, engine in swept.engines.items():
                if name != "both walls":  # which shows no more than each of them
                    found = await told_to(swept, engine, actor, type_name, way, parts)
                    told[name] = [response for _, response in found]
                    parts = [part for part, _ in found]  # the other must fail where this one does
            for name, responses in told.items():
                shown = set(leaves([response["data"] for response in responses]))
                said = set(leaves([response.get("errors") for response in responses])) - given
                for text in strangers.keys() & (shown | said):
                    document = generator.document(type_name, way, some)
                    row = strangers[text]
                    pytest.fail(f"{who}, {name}: {text} of {row}\n{document}", pytrace=False)
            [first, second] = told.values()
            assert first == second, f"{who}: the walls do not agree about {type_name}"
            if type_name == "Query":
                alike(swept, actor, some, first)


def alike(
    swept: Swept, actor: Actor, asked: Sequence[Asked], responses: Sequence[dict[str, Any]]
) -> None:
    """Whatever names a stranger's row is answered as what names no row at all."""
    values: list[Any] = []
    for response in responses:
        codes = [error["extensions"]["code"] for error in response.get("errors", ())]
        values += [codes or value for value in (response["data"] or {"": None}).values()]
    assert len(values) == len(asked)
    expected: dict[tuple[str, tuple[str, ...], int], Any] = {}
    for one, value in zip(asked, values, strict=True):
        owner = swept.owners.get(one.given)
        if owner is not None and swept.world.visible(actor, owner):
            continue
        if not one.given or not one.place or one.place[-1] not in EXACT:
            continue
        about = (one.field, one.place, len(one.arguments))
        assert expected.setdefault(about, value) == value, f"{one} tells that there is such a row"


@pytest.mark.parametrize("who", ONE_OF_EACH)
async def test_nobody_is_told_of_a_strangers_row(swept: Swept, who: str) -> None:
    actor = swept.actors[who]
    hidden = [row for row in swept.world.rows if not swept.world.visible(actor, row)]
    assert any(row.customer for row in hidden if row.visibility not in ABOUT_OTHERS) == (
        actor.scope.value not in ("all", "audit", "reading")
    )
    await sweep(swept, who, actor)


async def test_the_sweep_sees_what_is_shown_to_the_wrong_caller(swept: Swept) -> None:
    """A manager with the eyes of head office: the sweep must find out."""
    actor = swept.actors["manager MGR-NORTH-ONE"]
    strangers = strangers_of(swept, actor)
    engine = swept.engines["the policies alone"]
    told = await answer(engine, EVERYTHING, "{ customers(first: 9) { nodes { id name } } }")
    assert len(strangers.keys() & set(leaves(told))) >= 8


def test_every_field_and_argument_is_asked(swept: Swept) -> None:
    generator = swept.generator
    reached = generator.ways()
    for type_name in reached:
        list(generator.questions(type_name))
    fields, payloads = set(), set()
    for name, type_ in generator.schema.type_map.items():
        if isinstance(type_, GraphQLObjectType) and not name.startswith("__"):
            kept = fields if name in reached else payloads
            for field_name, definition in type_.fields.items():
                kept.add(f"{name}.{field_name}")
                kept.update(f"{name}.{field_name}({argument})" for argument in definition.args)
    assert generator.covered == fields
    roots = {name.partition(".")[0] for name in payloads}
    unreached = roots - {"Mutation", "Subscription"} - below(generator, "Mutation", "Subscription")
    assert not unreached, "neither a query nor a mutation nor an event leads there"


def below(generator: Generator, *roots: str) -> set[str]:
    """The object types that roots lead to."""
    found = set(roots)
    waiting = list(roots)
    for name in waiting:
        type_ = generator.schema.type_map[name]
        assert isinstance(type_, GraphQLObjectType)
        for definition in type_.fields.values():
            leads = get_named_type(definition.type)
            if isinstance(leads, GraphQLObjectType) and leads.name not in found:
                found.add(leads.name)
                waiting.append(leads.name)
    return found

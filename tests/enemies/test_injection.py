"""The corpus of `texts` in every place of the schema that takes a text, an id or a cursor.

The places are found in the SDL. Whatever stands there: a refusal with a code or an answer, which
tells of no row that a text of no meaning would not find; nothing in the log that breaks a line;
and what is stored comes back letter for letter.
"""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

import orjson
import pytest
from graphql import GraphQLField, GraphQLObjectType, get_named_type, is_leaf_type

from cli.embedded import Addresses
from cli.session import OPERATOR
from domain.actors import Actor, Grant, Role, Scope
from repository.api_keys import create_key
from repository.revocations import shut_out_token
from schema import identifiers
from schema.declarations import node_types
from schema.errors import RequestError
from schema.feeds import cursor_at
from schema.plans import spec_of
from schema.published import graphql_schema
from telemetry.logs import TextLines
from tests.enemies.texts import EVERY, STORABLE
from tests.house import House, new_house
from tests.schema.walls import lived_in
from tests.sweep.documents import Asked, Generator, Name
from tests.sweep.test_sweep import leaves, prepared_once

FIT = tuple(text for text in EVERY if not re.search("[\ud800-\udfff]", text))
FAULTS = {"INTERNAL", "TIMEOUT", "UNAVAILABLE"}
TOGETHER = 20
WORD = re.compile(r"[^\W_]+")
NOTHING = "NOBODY-HAS-THIS"
HEAD = {Name("$s"): "$s: String!", Name("$i"): "$i: ID!"}


class Places(Generator):
    """Documents with a variable in one place that takes a text; the other places are good."""

    def _scalars(self, type_name: str, name: str, above: tuple[str, ...]) -> Sequence[Any]:
        usual = super()._scalars(type_name, name, above)[:1]
        if type_name in ("String", "ID"):
            return (*usual, Name("$s" if type_name == "String" else "$i"))
        return usual

    def selection(self, definition: GraphQLField, depth: int) -> str:
        """Enough to tell rows apart: a document is asked with every text."""
        below = get_named_type(definition.type)
        if not isinstance(below, GraphQLObjectType):
            return "" if is_leaf_type(below) else " { __typename id }"
        if "nodes" in below.fields:
            return f" {{ nodes{self.selection(below.fields['nodes'], 0)} }}"
        plain = [n for n, of in below.fields.items() if is_leaf_type(get_named_type(of.type))]
        shown = ["id"] if "id" in plain else [n for n in plain if not below.fields[n].args]
        return " { " + " ".join(("__typename", *shown)) + " }"

    def places(self, type_name: str) -> list[Asked]:
        """The questions of a type that have the variable in one of their places."""
        return [one for one in self.questions(type_name) if one.given.startswith("$")]


def headed(kind: str, document: str) -> str:
    """The document with a declaration of what it uses."""
    used = [told for name, told in HEAD.items() if re.search(rf"\{name}\b", document)]
    return f"{kind} ({', '.join(used)}) {document}" if used else f"{kind} {document}"


def given(text: str, document: str) -> dict[str, str]:
    return {name: text for name in ("s", "i") if f"${name}:" in document}


class Lines(logging.Handler):
    """Keeps what would be written to a log for people, all levels of it."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(TextLines())
        self.written: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        line = self.format(record)
        assert record.levelno < logging.ERROR, line
        assert len(line.splitlines()) == 1, line
        self.written.append(line)


@pytest.fixture
def lines() -> Iterator[Lines]:
    root, kept = logging.getLogger(), Lines()
    level = root.level
    root.addHandler(kept)
    root.setLevel(logging.DEBUG)
    yield kept
    root.removeHandler(kept)
    root.setLevel(level)
    said = "\n".join(kept.written)
    assert [text for text in EVERY if len(text) > 5 and text in said] == []


@dataclass
class Aimed:
    """A world, the places in the schema, and who asks."""

    house: House
    places: Places
    actors: dict[Role, Actor]

    async def answer(self, actor: Actor, document: str, text: str) -> dict[str, Any]:
        """The response object, which is no fault of ours."""
        try:
            prepared = prepared_once(document)
            raw = await self.house.engine.execute(prepared, given(text, document), actor)
            told: dict[str, Any] = orjson.loads(raw)
        except RequestError as refusal:
            told = {"data": None, "errors": refusal.errors}
        for error in told.get("errors", ()):
            assert error["extensions"]["code"] not in FAULTS, (document, text, error)
        return told


@pytest.fixture(scope="module")
async def aimed(addresses: Addresses) -> AsyncIterator[Aimed]:
    async with new_house(addresses) as house:
        yield await aimed_at(house)


async def aimed_at(house: House) -> Aimed:
    """A house in which somebody has one of everything."""
    await lived_in(house)
    await create_key(house.database, "core", [Grant.FEEDS], 30, OPERATOR)
    await shut_out_token(house.database, "lost", "lost", OPERATOR)
    ids: dict[str, list[str]] = {}
    async with house.database.reading(Scope.AUDIT) as connection:
        for kind, declared in node_types().items():
            table = declared.table
            columns = ", ".join(table.key)
            for row in await connection.fetch(
                f"select {columns} from {table.name} order by {columns} limit 2"
            ):
                ids.setdefault(kind, []).append(identifiers.encode(kind, *row))
    assert ids.keys() == node_types().keys()
    cursor = cursor_at("tier_change", 0)
    everything = [one for some in ids.values() for one in some]
    places = Places(graphql_schema(), ids, {"number": ["C1"]}, [cursor], everything)
    roles = {Role.MANAGER: "M1", Role.BRANCH: "B1", Role.CUSTOMER: "C1"}
    actors = {role: await house.actor(role, roles.get(role, "x")) for role in Role}
    return Aimed(house, places, actors)


def alone(aimed: Aimed, kind: str, type_name: str, *asked: Asked) -> str:
    """One document for some questions of a type."""
    way = aimed.places.ways().get(type_name, ())
    return headed(kind, aimed.places.document(type_name, way, asked))


async def queries(aimed: Aimed) -> list[str]:
    """Documents for all places of queries: many together, but alone what refuses any odd text.

    Each place of the former gets every other text, and of the latter every fourth, as a manager's
    does: two places of one kind get different ones.
    """
    documents = []
    for type_name in aimed.places.ways():
        together: list[Asked] = []
        for one in aimed.places.places(type_name):
            document = alone(aimed, "query", type_name, one)
            told = await aimed.answer(aimed.actors[Role.AUDITOR], document, NOTHING)
            if "errors" in told or "search" in one.place:
                documents.append(document)
            else:
                together.append(one)
        for start in range(0, len(together), TOGETHER):
            some = together[start : start + TOGETHER]
            documents.append(alone(aimed, "query", type_name, *some))
    return documents


async def test_no_text_finds_what_a_text_of_no_meaning_does_not(aimed: Aimed, lines: Lines) -> None:
    documents = await queries(aimed)
    assert sum(document.count("$") for document in documents) > 200
    for role in (Role.AUDITOR, Role.MANAGER):
        actor = aimed.actors[role]
        for number, document in enumerate(documents):
            nothing = await aimed.answer(actor, document, NOTHING)
            every = 2 if role is Role.AUDITOR and document.count("$") > 2 else 4
            for text in FIT[number % every :: every]:
                told = await aimed.answer(actor, document, text)
                if "search:" in document:  # which asks for words, whatever stands between them
                    nothing = await aimed.answer(actor, document, " ".join(WORD.findall(text)))
                if "errors" not in told:
                    assert told == nothing, (document, text)
                elif told["data"] is not None:
                    assert not set(leaves(told["data"])) - set(leaves(nothing["data"])), document


async def heard(aimed: Aimed, document: str, text: str) -> bytes | None:
    """The first event there is, if any is told within a moment."""
    actor, engine = aimed.actors[Role.AUDITOR], aimed.house.engine
    try:
        values = given(text, document)
        async with (
            asyncio.timeout(1),
            aclosing(engine.subscribe(prepared_once(document), values, actor)) as stream,  # type: ignore[type-var]
        ):
            return await anext(stream)
    except RequestError as refusal:
        assert {one["extensions"]["code"] for one in refusal.errors}.isdisjoint(FAULTS)
    except TimeoutError:
        pass
    return None


async def test_no_text_opens_a_subscription_to_more(aimed: Aimed, lines: Lines) -> None:
    root = aimed.places.schema.type_map["Subscription"]
    assert isinstance(root, GraphQLObjectType)
    asked, everything = [], []
    for name, definition in root.fields.items():
        start = {"after": cursor_at(spec_of(definition).topic, 0)}
        everything.append(alone(aimed, "subscription", "Subscription", Asked(name, start)))
        for number, one in enumerate(aimed.places.places("Subscription")):
            if one.field == name:
                placed = replace(one, arguments={**start, **one.arguments})
                document = alone(aimed, "subscription", "Subscription", placed)
                asked += [(document, text) for text in FIT[number % 8 :: 8]]
    assert len(asked) > 300
    told = await asyncio.gather(*(heard(aimed, *one) for one in asked))
    assert [(*one, event) for one, event in zip(asked, told, strict=True) if event] == []
    assert all(await asyncio.gather(*(heard(aimed, one, "") for one in everything)))


async def test_what_is_stored_comes_back_letter_for_letter(aimed: Aimed, lines: Lines) -> None:
    customer = identifiers.encode("Customer", 1)
    names = [f"t{number}" for number in range(len(STORABLE))]
    signals = " ".join(
        f"""{name}: raiseRiskSignal(input: {{customer: "{customer}", code: "OUTFLOW", severity: RED,
        facts: ${name}}}) {{ signal {{ facts }} errors {{ code }} }}"""
        for name in names
    )
    shown = " ".join(
        f"""{name}: unmaskPersonalData(input: {{customer: "{customer}", fields: [PHONE],
        reason: ${name}}}) {{ errors {{ code }} }}"""
        for name in names
    )
    declared = ", ".join(f"${name}: String!" for name in names)
    values = dict(zip(names, STORABLE, strict=True))
    for body in (signals, shown):
        prepared = prepared_once(f"mutation ({declared}) {{ {body} }}")
        raw = await aimed.house.engine.execute(prepared, values, aimed.actors[Role.HQ])
        told = orjson.loads(raw)
        assert "errors" not in told
        for name, text in values.items():
            assert told["data"][name]["errors"] == []
            if body is signals:
                assert told["data"][name]["signal"]["facts"] == text
    trail = """query ($t: String!) { auditEntries(first: 100, where: {action: {eq: $t}}) {
        nodes { reason } } }"""
    told = await aimed.house.data(trail, {"t": "customer.unmask"}, role="auditor")
    kept = [one["reason"] for one in told["auditEntries"]["nodes"]]
    assert kept == list(STORABLE)[:-101:-1]


async def test_no_text_breaks_a_change(aimed: Aimed, lines: Lines) -> None:
    root = aimed.places.schema.type_map["Mutation"]
    assert isinstance(root, GraphQLObjectType)
    changed = 0
    for number, one in enumerate(aimed.places.places("Mutation")):
        operation = spec_of(root.fields[one.field])
        actor = next(who for who in aimed.actors.values() if operation.is_for(who))
        document = alone(aimed, "mutation", "Mutation", one)
        for text in FIT[number % 5 :: 5]:
            told = await aimed.answer(actor, document, text)
            if told["data"] is not None and not told["data"]["a0"].get("errors"):
                changed += 1
    assert changed > 60
    tables = await aimed.house.value("select count(*) from pg_tables where schemaname = 'terrace'")
    assert tables > 20
    assert await aimed.house.value("select count(*) from terrace.customer") == 8

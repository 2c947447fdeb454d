"""An installation, asked both ways."""

import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from graphql import parse, validate

from cli.embedded import Addresses
from domain.actors import Actor
from schema.errors import RequestError
from tests.differential import plain
from tests.differential.comparing import Answer, difference
from tests.differential.identifiers import Cursors
from tests.differential.resolvers import Plain
from tests.differential.rows import Rows, View, load
from tests.differential.values import FIXED
from tests.house import House, new_house

ORDERS = {
    f"customers {by} {way}": f"customers(first: 1, orderBy: {{field: {by}, direction: {way}}})"
    for by in ("NUMBER", "NAME")
    for way in ("ASC", "DESC")
} | {name: f"{name}(first: 1)" for name in FIXED if name != "touchedCustomers"}
"""The connections and orders whose cursors are told apart."""
TOUCHED = """{ tierPolicyPreviews(first: 9) { nodes {
    touchedCustomers(first: 1) { pageInfo { endCursor } } } } }"""


@dataclass
class Both:
    """A house with all of its rows in memory."""

    house: House
    rows: Rows
    cursors: Cursors
    plain: dict[Actor, Plain] = field(default_factory=dict)

    def valid(self, document: str) -> bool:
        """Whether the engine takes the document; plain validation must be of one mind with it."""
        try:
            self.house.engine.prepare(document, None)
        except RequestError as refusal:
            assert validate(plain.plain_schema(), parse(document)), (document, refusal.errors)
            return False
        return True

    async def engine_answer(self, actor: Actor, document: str, variables: dict[str, Any]) -> Answer:
        """What the engine answers."""
        try:
            prepared = self.house.engine.prepare(document, None)
            answer: Answer = orjson.loads(
                await self.house.engine.execute(prepared, variables, actor)
            )
            return answer
        except RequestError as refusal:
            return {"errors": refusal.errors}

    def plain_answer(self, actor: Actor, document: str, variables: dict[str, Any]) -> Answer:
        """What plain execution answers."""
        if actor not in self.plain:
            self.plain[actor] = Plain(View(self.rows, actor), self.cursors)
        return plain.answer(self.plain[actor], document, variables)

    async def difference(
        self, actor: Actor, document: str, variables: dict[str, Any]
    ) -> str | None:
        """Where the two answers differ first."""
        return difference(
            await self.engine_answer(actor, document, variables),
            self.plain_answer(actor, document, variables),
        )


async def _marks(house: House) -> dict[str, str]:
    """What tells the cursors of each connection and order apart, as far as there are any rows."""
    marks = {}
    for name, field_text in ORDERS.items():
        document = f"{{ page: {field_text} {{ pageInfo {{ endCursor }} }} }}"
        found = await house.data(document, role="auditor")
        cursor = found["page"]["pageInfo"]["endCursor"]
        if cursor is not None:
            marks[name] = json.loads(base64.b64decode(cursor))[0]
    previews = (await house.data(TOUCHED))["tierPolicyPreviews"]["nodes"]
    for preview in previews:
        cursor = preview["touchedCustomers"]["pageInfo"]["endCursor"]
        if cursor is not None:
            marks["touchedCustomers"] = json.loads(base64.b64decode(cursor))[0]
    assert len({*marks.values()}) == len(marks), "cursors of two orders cannot be told apart"
    return marks


@asynccontextmanager
async def asked_both_ways(
    addresses: Addresses, live: Callable[[House], Awaitable[None]]
) -> AsyncIterator[Both]:
    """A new house in which something happened, with all of its rows."""
    async with new_house(addresses) as house:
        await live(house)
        yield Both(house, await load(house), Cursors(await _marks(house)))

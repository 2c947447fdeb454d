"""What callers may spend and what they are told of the schema, from a request to the database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from api.app import build
from api.buckets import Buckets
from api.door import Door
from api.identity import Authenticator
from api.tokens import DevelopmentTokens
from domain.actors import Role
from repository.access import Access
from schema.cost import CHANGE, CHANGED_ROW
from schema.engine import Engine
from schema.limits import Limits
from settings import Settings
from tests.api.serving import (
    Served,
    acknowledge,
    all_is_well,
    hear,
    listening,
    no_lifespan,
    port_of,
    subscribe,
)
from tests.cli.test_group import token
from tests.house import KEY, House
from workers.buckets import RedisBuckets

RECORD = """mutation ($input: RecordBalancesInput!) {
    recordBalances(input: $input) { accepted duplicates errors { code } } }"""
CUSTOMER = (Role.CUSTOMER, "C1")
INTEGRATOR = (Role.INTEGRATOR, "core")


@asynccontextmanager
async def served(house: House, buckets: Buckets | None = None, **settings) -> AsyncIterator[Served]:
    """The API on a house, with a door of its own; requests come from 198.51.100.7."""
    given = Settings(trusted_proxies="127.0.0.1", **settings)
    door = Door(given, buckets)
    engine = Engine(
        house.database,
        house.feeds,
        Limits(15, 1000, 5000, {Role(role): points for role, points in given.max_cost.items()}),
        wake=lambda topic: no_wake(),
        future_days=366,
        spend=door.spend,
    )
    identity = Authenticator(Access(house.database), DevelopmentTokens(KEY))
    app = build(given, engine, identity, all_is_well, lifespan=no_lifespan, door=door)
    async with listening(app, given, proxy_headers=False) as server:
        yield Served(app, engine, server, port_of(server))


async def no_wake() -> None: ...


async def ask(at: Served, who: tuple[Role, str], query: str, **members: object) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token(*who)}", "X-Forwarded-For": "198.51.100.7"}
    async with httpx.AsyncClient(base_url=at.url, headers=headers, verify=False) as http:
        return await http.post("/graphql", json={"query": query, **members})


def points_left(response: httpx.Response) -> int:
    return int(response.headers["ratelimit"].partition('"points";r=')[2].partition(";")[0])


def updates(number: int, key: str) -> dict[str, object]:
    rows = [
        {"updateId": f"{key}{row}", "account": "A1", "asOf": "2025-01-01", "balance": "1.00"}
        for row in range(number)
    ]
    return {"variables": {"input": {"idempotencyKey": key, "updates": rows}}}


@pytest.fixture
def known_documents(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every document is taken for one that the process knows."""
    monkeypatch.setattr("schema.engine.PREPARING", 0)


async def test_a_document_is_paid_for_when_it_is_new_also_if_it_is_refused(house: House) -> None:
    await house.people(1)
    async with served(house, points_per_minute={"customer": 3_000}) as at:
        for name, cost in (("one", True), ("one", False), ("two", True)):
            before = points_left(await ask(at, CUSTOMER, "{ __typename }"))
            document = f"query {name} {{ viewer {{ role }} }} "
            after = points_left(await ask(at, CUSTOMER, document))
            assert (before - after > 9 * len(document)) == cost
        wrong = "{ " + "nonsense " * 20 + "}"
        codes = []
        for number in range(20):
            refused = await ask(at, CUSTOMER, f"query q{number} {wrong}")
            codes.append(refused.json()["errors"][0]["extensions"]["code"])
        assert codes[0] == "GRAPHQL_VALIDATION_FAILED"
        assert codes[-1] == "RATE_LIMITED"


@pytest.mark.usefixtures("known_documents")
async def test_points_are_taken_before_anything_is_read_or_written(house: House) -> None:
    await house.people(2)
    limits = {"points_per_minute": {"customer": 1_000, "integrator": 30_000}}
    async with served(house, **limits, max_cost={"customer": 800}) as at:
        # However the points are spread: over aliases of one field, requests, or sockets.
        one = 'customer(by: {number: "C1"}) { number }'
        aliases = " ".join(f"a{number}: {one}" for number in range(60))
        spread = await ask(at, CUSTOMER, f"{{ {aliases} }}", extensions={"cost": True})
        requested = spread.json()["extensions"]["cost"]["requested"]
        assert 1_000 - requested <= points_left(spread) < 1_000 - requested / 2  # some has leaked
        again = await ask(at, CUSTOMER, f"{{ {aliases} }}")
        assert again.status_code == 429
        told = again.json()["errors"][0]["extensions"]
        assert (told["code"], told["name"], told["limit"]) == ("RATE_LIMITED", "points", 1_000)
        assert told["cost"]["requested"] > told["remaining"] > 0
        assert int(again.headers["retry-after"]) == told["retryAfter"] > 0
        async with at.socket() as socket:
            await acknowledge(socket, token(*CUSTOMER))
            await socket.send(subscribe(f"{{ {aliases} }}"))
            heard = await hear(socket)
            assert heard["type"] == "error"
            assert heard["payload"][0]["extensions"]["name"] == "points"
            await socket.send(subscribe("{ viewer { role } }"))  # what is cheap still fits
            assert (await hear(socket))["type"] == "next"
        assert points_left(await ask(at, INTEGRATOR, "{ __typename }")) >= 29_990
        # Rows to be written cost as rows to be read do.
        first = await ask(at, INTEGRATOR, RECORD, **updates(1_000, "a"))
        assert first.json()["data"]["recordBalances"]["accepted"] == 1_000
        spent = 30_000 - points_left(first)
        assert spent >= (CHANGE + 1_000 * CHANGED_ROW) / 2  # some has leaked
        refused = await ask(at, INTEGRATOR, RECORD, **updates(1_000, "b"))
        assert refused.status_code == 429
        assert await house.value("select count(*) from terrace.balance_update") == 1_000
        small = await ask(at, INTEGRATOR, RECORD, **updates(1, "c"))
        assert small.json()["data"]["recordBalances"]["accepted"] == 1


@pytest.mark.usefixtures("known_documents")
async def test_what_begins_a_subscription_is_paid_for(house: House) -> None:
    await house.people(1)
    changes = subscribe("subscription { tierChanged { cursor change { kind } } }")
    manager = token(Role.MANAGER, "M1")
    async with served(house, points_per_minute={"manager": 1}) as at, at.socket() as socket:
        await acknowledge(socket, manager)
        await socket.send(subscribe("{ viewer { role } }"))  # more than there is, once
        assert (await hear(socket))["type"] == "next"
        assert (await hear(socket))["type"] == "complete"
        await socket.send(changes)
        heard = await hear(socket)
        assert heard["type"] == "error"
        assert heard["payload"][0]["extensions"]["name"] == "points"
        assert "path" not in heard["payload"][0]  # nothing of it was begun


async def test_two_processes_have_one_bucket(house: House) -> None:
    name = "terrace:door"
    stores = [Buckets(RedisBuckets(house.redis_url, name), 2) for _ in range(2)]
    limits = {"requests_per_minute": {"customer": 40}}
    async with (
        stores[0],
        stores[1],
        served(house, stores[0], **limits) as one,
        served(house, stores[1], **limits) as other,
    ):
        await house.people(1)
        answered = 0
        for number in range(60):
            response = await ask((one, other)[number % 2], CUSTOMER, "{ __typename }")
            answered += response.status_code == 200
        assert 40 <= answered <= 40 + 4 + 10  # a tenth is lent; ten leak within 15 s
        assert response.status_code == 429


async def test_writes_are_done_from_where_they_came(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.people(1)
    origins = []
    context = Engine.context

    def seen(engine: Engine, actor):
        origins.append(actor.origin)
        return context(engine, actor)

    monkeypatch.setattr(Engine, "context", seen)
    async with served(house) as at:
        await ask(at, INTEGRATOR, RECORD, **updates(1, "a"))
        headers = {"X-Forwarded-For": "1.1.1.1, 203.0.113.9"}
        async with at.socket(additional_headers=headers) as socket:
            await acknowledge(socket, token(*INTEGRATOR))
            await socket.send(subscribe(RECORD, **updates(1, "b")))
            assert (await hear(socket))["type"] == "next"
    assert origins == ["198.51.100.7", "203.0.113.9"]


ASKING = [
    "{ __schema { queryType { name } } }",
    '{ __type(name: "Customer") { name } }',
    '{ hidden: __type(name: "Customer") { n: name } }',
    '{...f} fragment f on Query { ... { ...g } } fragment g on Query { __type(name: "X") {name} }',
    "query A { __typename } query B { __schema { types { name } } }",
    "query ($no: Boolean = false) { __typename __schema @include(if: $no) { types { name } } }",
]


async def test_the_schema_is_told_to_those_whose_role_may_ask(house: House) -> None:
    await house.people(1)
    async with served(house) as at:
        for query in ASKING:
            members = {"operationName": "B"} if "query B" in query else {}
            refused = await ask(at, CUSTOMER, query, **members)
            assert refused.status_code == 403
            assert refused.json() == {
                "errors": [
                    {
                        "message": "The schema is not told to callers of this role",
                        "extensions": {"code": "INTROSPECTION_CLOSED"},
                    }
                ]
            }
            told = await ask(at, INTEGRATOR, query, **members)
            assert "errors" not in told.json()
        for query in (
            "{ __typename viewer { __typename } }",
            '{ customer(by: {number: "__schema"}) { number } }  # __type',
            "query A { __typename } query B { __schema { types { name } } }",
        ):
            answer = await ask(
                at, CUSTOMER, query, operationName="A" if "query A" in query else None
            )
            assert "errors" not in answer.json()
        async with at.socket() as socket:
            await acknowledge(socket, token(*CUSTOMER))
            await socket.send(subscribe(ASKING[3]))
            heard = await hear(socket)
            assert heard["payload"][0]["extensions"] == {"code": "INTROSPECTION_CLOSED"}
    async with served(house, introspection={"customer": True, "integrator": False}) as at:
        assert (await ask(at, CUSTOMER, ASKING[0])).status_code == 200
        assert (await ask(at, INTEGRATOR, ASKING[0])).status_code == 403


MISTAKES = [
    ("{ custome { number } }", {}, "customer"),
    ('{ customer(bye: {number: "C1"}) { number } }', {}, "'by'"),
    ('{ customer(by: {numbr: "C1"}) { number } }', {}, "number"),
    ("query ($x: CustomerKy!) { viewer { role } }", {}, "Customer"),
    ("{ viewer }", {}, "Viewer"),
    ("{ customer { number } }", {}, "CustomerKey"),
    (
        "mutation ($input: RecordBalancesInput!) { recordBalances(input: $input) { accepted } }",
        {"variables": {"input": {"updates": []}}},
        "idempotencyKey",
    ),
]


@pytest.mark.parametrize("over", ["http", "socket"])
async def test_errors_name_what_there_is_to_those_whose_role_may_know(
    house: House, over: str
) -> None:
    await house.people(1)
    async with served(house) as at:
        for query, members, name in MISTAKES:
            messages = {}
            for who in (CUSTOMER, INTEGRATOR):
                if over == "http":
                    errors = (await ask(at, who, query, **members)).json()["errors"]
                else:
                    async with at.socket() as socket:
                        await acknowledge(socket, token(*who))
                        await socket.send(subscribe(query, **members))
                        errors = (await hear(socket))["payload"]
                messages[who] = " ".join(error["message"] for error in errors)
                assert errors[0]["extensions"]["code"] in (
                    "GRAPHQL_VALIDATION_FAILED",
                    "BAD_USER_INPUT",
                )
            assert name in messages[INTEGRATOR]
            assert name not in messages[CUSTOMER]
            assert "schema" in messages[CUSTOMER] or "its type" in messages[CUSTOMER]
        hinted = (await ask(at, INTEGRATOR, MISTAKES[0][0])).json()["errors"][0]["message"]
        assert "Did you mean" in hinted

"""Requests leave nothing behind that only the collector of cycles can free.

What it has to free waits for it, bodies of requests and all, and everybody waits while it does.
"""

import asyncio
import gc
from typing import Any

import orjson
import pytest

from api.disconnect import WATCHED_AFTER_SECONDS
from benchmarks import load
from cli.embedded import Addresses
from cli.serving import application
from domain.actors import Role
from settings import Settings
from tests.api.serving import listening
from tests.cli.test_group import token
from tests.house import KEY, House

MANY, CLIENTS = 80, 8
QUERY = """query ($number: String!, $with: Boolean!) { customer(by: {number: $number}) {
    ...who standing { status } aum @include(if: $with) { total } } }
fragment who on Customer { number ... on Customer { name ...again } }
fragment again on Customer { number }"""
RECORD = """mutation ($i: RecordBalancesInput!) { recordBalances(input: $i) { accepted } }"""


def requests(kind: str, name: str) -> list[bytes]:
    """So many, each with values of its own."""
    variables: list[Any]
    if kind == "query":
        variables = [{"number": "C1", "with": bool(n % 2)} for n in range(MANY)]
    else:
        updates = [
            {"updateId": f"{name} {n}", "account": "A1", "asOf": "2025-01-02", "balance": f"{n}.00"}
            for n in range(MANY)
        ]
        variables = [
            {"i": {"idempotencyKey": one["updateId"], "updates": [one]}} for one in updates
        ]
    document = QUERY if kind == "query" else RECORD
    bearer = token(Role.HQ)
    return [
        load.post("/graphql", orjson.dumps({"query": document, "variables": given}), bearer)
        for given in variables
    ]


@pytest.mark.parametrize("kind", ["query", "record", "watched"])
async def test_what_a_request_took_is_free_when_it_is_answered(
    house: House, addresses: Addresses, kind: str
) -> None:
    await house.people(1)
    await house.record(("A1", "2025-01-01", "1.00"))
    settings = Settings(secret_key=KEY)
    app = application(settings, Addresses(house.url, addresses.redis_url))
    async with listening(app, settings) as server:
        port = server.servers[0].sockets[0].getsockname()[1]

        async def answered(name: str) -> None:
            job = load.Job(port, requests(kind, name), b'{"data":', connections=CLIENTS)
            driving = asyncio.create_task(load.in_another_process(job))
            while kind == "watched" and not driving.done():
                async with house.database.unit() as held:  # so long that the caller is listened to
                    await held.execute("select from terrace.account for update")
                    await asyncio.sleep(WATCHED_AFTER_SECONDS * 2)
                await asyncio.sleep(0.01)
            assert (await driving).requests == MANY

        await answered("first")
        gc.collect()
        gc.disable()
        try:
            await answered("then")
            found = gc.collect()
        finally:
            gc.enable()
    assert found < MANY

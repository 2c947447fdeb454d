"""Requests leave nothing behind that only the collector of cycles can free.

What it has to free waits for it, bodies of requests and all, and everybody waits while it does.
"""

import asyncio
import gc
import multiprocessing
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import orjson
import pytest

from api.disconnect import WATCHED_AFTER_SECONDS
from benchmarks import load
from cli.embedded import Addresses
from cli.http_protocol import OneWriteProtocol
from cli.serving import application
from domain.actors import Role
from settings import Settings
from tests.api.serving import listening, port_of
from tests.cli.test_group import token
from tests.cli.visitors import come_and_go
from tests.house import KEY, House

MANY, CLIENTS = 80, 8
QUERY = """query ($number: String!, $with: Boolean!) { customer(by: {number: $number}) {
    ...who standing { status } aum @include(if: $with) { total } } }
fragment who on Customer { number ... on Customer { name ...again } }
fragment again on Customer { number }"""
REFUSED = "query ($first: Int) { customers(first: $first) { totalCount } }"
RECORD = """mutation ($i: RecordBalancesInput!) { recordBalances(input: $i) { accepted } }"""


def requests(kind: str, name: str) -> list[bytes]:
    """So many, each with values of its own."""
    variables: list[Any]
    if kind == "query":
        variables = [{"number": "C1", "with": bool(n % 2)} for n in range(MANY)]
    elif kind == "refused":
        variables = [{"first": -n} for n in range(1, MANY + 1)]
    else:
        updates = [
            {"updateId": f"{name} {n}", "account": "A1", "asOf": "2025-01-02", "balance": f"{n}.00"}
            for n in range(MANY)
        ]
        variables = [
            {"i": {"idempotencyKey": one["updateId"], "updates": [one]}} for one in updates
        ]
    document = {"query": QUERY, "refused": REFUSED}.get(kind, RECORD)
    bearer = token(Role.HQ)
    return [
        load.post("/graphql", orjson.dumps({"query": document, "variables": given}), bearer)
        for given in variables
    ]


@contextmanager
def without_collector() -> Iterator[None]:
    """Nothing is collected in the block, and what there was is gone before."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@asynccontextmanager
async def serving(house: House, addresses: Addresses) -> AsyncIterator[int]:
    """The API of the house in this process; its port."""
    roomy = {"max_sockets": {"hq": MANY}, "max_subscriptions": {"hq": MANY}}
    settings = Settings(secret_key=KEY, **roomy)
    app = application(settings, Addresses(house.url, addresses.redis_url))
    async with listening(app, settings, http=OneWriteProtocol) as server:
        yield port_of(server)


@pytest.mark.parametrize("kind", ["query", "refused", "record", "watched"])
async def test_what_a_request_took_is_free_when_it_is_answered(
    house: House, addresses: Addresses, kind: str
) -> None:
    await house.people(1)
    await house.record(("A1", "2025-01-01", "1.00"))
    async with serving(house, addresses) as port:

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
        with without_collector():
            await answered("then")
            found = gc.collect()
    assert found < MANY * 10  # what the house and the test itself leave beside; a cycle: 30 each


@pytest.mark.parametrize("aborted", [False, True])
async def test_what_a_socket_took_is_free_when_it_is_closed(
    house: House, addresses: Addresses, aborted: bool
) -> None:
    async with serving(house, addresses) as port:
        spawning = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, mp_context=spawning) as others:

            async def visited() -> None:
                loop = asyncio.get_running_loop()
                given = (port, token(Role.HQ), MANY, aborted)
                assert await loop.run_in_executor(others, come_and_go, *given) == MANY
                await asyncio.sleep(0.3)

            await visited()
            with without_collector():
                await visited()
                found = gc.collect()
    assert found < MANY * 40  # the server's own protocol leaves 14 of one; with ours it was 160

"""Whatever is sent: an answer or a refusal with a code, never a fault of ours, and soon."""

import asyncio
import gc
import json
import logging
import os
import random
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import orjson
import pytest
from graphql import parse
from starlette.applications import Starlette

from api.app import build
from api.identity import Session
from cli.serving import _COLLECT_AFTER
from domain.actors import Actor, Role
from schema.published import graphql_schema
from settings import Settings
from tests.house import House
from tests.schema import hostile, hostile_values
from tests.schema.documents import EVENTS, GOLDEN, PAYLOADS, variables_of
from tests.schema.walls import lived_in

SECONDS = 0.1
"""Processor time of this process that a refusal may take."""

BUSY = 2.5
"""How much more of it the same work takes while other processes use the same processor's caches."""

PARSED_IN = 0.015
"""Processor time of the largest document's parsing where that bound was set; on a slower or busier
machine a refusal may take as much longer as its parsing does."""

SEEDS = (1, 2, 3)
MUTANTS = 150
EVERY = 23
"""Which of the 49,000 wrong values are tried: prime, so that places and values are not in step.

In the environment, FUZZ_EVERY=1 tries all of them and FUZZ_SEED another seed."""

REQUESTS: dict[str, bytes] = {
    **{name: orjson.dumps({"query": document}) for name, document in hostile.documents()},
    **dict(hostile.bodies()),
}


@pytest.fixture(autouse=True)
def collecting_as_when_serving() -> Iterator[None]:
    """The garbage collector as the API sets it; what the tests themselves hold is none of it."""
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECT_AFTER)
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


class Known:
    """Admits everybody as one actor."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor

    async def authenticate(self, authorization: str | None) -> Actor:
        return self.actor

    async def session(self, token: str | None, known: Session | None = None) -> Session:
        return Session(self.actor, token=token)


@dataclass
class Endpoint:
    """The application in this process, asked without a network."""

    app: Starlette
    caplog: pytest.LogCaptureFixture

    async def answer(self, body: bytes, query_string: bytes | None = None) -> tuple[int, bytes]:
        """Status and body of the response."""
        sent: list[Any] = []
        scope = {
            "type": "http",
            "method": "POST" if query_string is None else "GET",
            "path": "/graphql",
            "query_string": query_string or b"",
            "headers": [
                (b"content-type", b"application/json"),
                (b"accept", b"application/graphql-response+json"),
            ],
        }

        waiting = [{"type": "http.request", "body": body}]

        async def receive() -> dict[str, Any]:
            return waiting.pop() if waiting else await asyncio.Future()

        async def send(message: Any) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        return sent[0]["status"], sent[1]["body"]

    async def holds(self, name: str, body: bytes, query_string: bytes | None = None) -> None:
        """Ask, and see that what comes is no fault of ours and no burden."""
        self.caplog.clear()
        started = time.process_time()
        status, raw = await self.answer(body, query_string)
        taken = time.process_time() - started
        shown = f"{name}: {body[:300]!r} {(query_string or b'')[:300]!r} -> {status} {raw[:300]!r}"
        assert status < 500, shown
        answer = orjson.loads(raw)
        assert b"Traceback" not in raw, shown
        large = max(100_000, 4 * (len(body) + len(query_string or b"")))
        assert len(raw) < large or "data" in answer, shown
        for error in answer.get("errors", ()):
            assert error["extensions"]["code"] not in ("INTERNAL", "TIMEOUT", "UNAVAILABLE"), shown
        wrong = [one for one in self.caplog.records if one.levelno >= logging.ERROR]
        assert not wrong, (shown, [one.getMessage() for one in wrong])
        if "data" in answer and answer["data"] is not None:
            return
        allowed = SECONDS * BUSY
        for _ in range(2):
            if taken > allowed:
                started = time.process_time()
                await self.answer(body, query_string)
                taken = min(taken, time.process_time() - started)
        if taken > allowed:
            allowed *= max(parsing() / PARSED_IN, 1)
            assert taken <= allowed, f"{taken * 1000:.0f} of {allowed * 1000:.0f} ms: {shown}"


def parsing() -> float:
    """Processor time that parsing the largest document takes here and now, of three times."""
    document = "{ " + "a { b(c: 1) } " * 450 + "}"
    times = []
    for _ in range(3):
        started = time.process_time()
        parse(document)
        times.append(time.process_time() - started)
    return min(times)


@asynccontextmanager
async def no_lifespan(app: Starlette) -> AsyncIterator[None]:
    yield


async def endpoint_of(
    house: House, caplog: pytest.LogCaptureFixture, role: Role = Role.HQ
) -> Endpoint:
    async def all_is_well() -> dict[str, str]:
        return {}

    admission = Known(await house.actor(role))
    app = build(Settings(), house.engine, admission, all_is_well, lifespan=no_lifespan)
    return Endpoint(app, caplog)


async def failing(endpoint: Endpoint, cases: Any) -> list[str]:
    """What does not hold, so that one run tells of all of it."""
    found = []
    for name, *request in cases:
        try:
            await endpoint.holds(name, *request)
        except AssertionError as error:
            found.append(str(error).partition("\nassert")[0])
        except Exception as error:
            found.append(f"{name}: {error!r}")
    return found


async def test_hostile_requests(house: House, caplog: pytest.LogCaptureFixture) -> None:
    await lived_in(house)
    endpoint = await endpoint_of(house, caplog)
    cases = list(REQUESTS.items())
    assert len(cases) > 200
    found = await failing(endpoint, cases)
    assert not found, "\n".join(found)
    status, _ = await endpoint.answer(REQUESTS["merged pairs"])
    assert status == 400, "validating it costs half a second, so it must not be"


async def test_wrong_values_in_every_place(house: House, caplog: pytest.LogCaptureFixture) -> None:
    await lived_in(house)
    every = int(os.environ.get("FUZZ_EVERY", EVERY))
    for role in (Role.HQ, Role.INTEGRATOR):
        endpoint = await endpoint_of(house, caplog, role)
        cases = [
            (name, json.dumps({"query": document, "variables": variables}).encode())
            for name, document, variables in hostile_values.cases(graphql_schema())
            if role is Role.HQ or document.startswith("mutation")
        ][::every]
        assert len(cases) > 50
        found = await failing(endpoint, cases)
        assert not found, "\n".join(found)


def mutant(body: bytes, chance: random.Random) -> bytes:
    """A body with a few bytes changed, cut, repeated or moved."""
    raw = bytearray(body)
    for _ in range(chance.choice((1, 1, 2, 4, 16))):
        here, there = sorted(chance.randrange(len(raw) + 1) for _ in range(2))
        match chance.randrange(6):
            case 0:
                raw[here:there] = b""
            case 1:
                raw[here:here] = raw[here:there]
            case 2:
                raw[here:here] = bytes([chance.randrange(256)])
            case 3:
                raw[here : here + 1] = chance.choice(list(b'{}[]()"\\:,$@!&|=.#0-e\0 ')).to_bytes()
            case 4:
                raw[here : here + 1] = b""
            case 5:
                raw[here:here] = raw[here : here + 20] * 50
    return bytes(raw)


@pytest.mark.parametrize("seed", SEEDS)
async def test_mutants_of_valid_requests(
    house: House, caplog: pytest.LogCaptureFixture, seed: int
) -> None:
    await lived_in(house)
    endpoint = await endpoint_of(house, caplog)
    seed = int(os.environ.get("FUZZ_SEED", seed))
    chance = random.Random(seed)
    valid = [
        orjson.dumps({"query": document, "variables": variables_of(document)})
        for document in (GOLDEN | PAYLOADS | EVENTS).values()
    ]
    cases: list[tuple[str, bytes]] = []
    for number in range(MUTANTS):
        body = mutant(chance.choice(valid), chance)
        cases.append((f"seed {seed}, mutant {number}", body))
    by_get = [(name, b"", b"query=" + quote(body).encode()[:20_000]) for name, body in cases[::5]]
    found = await failing(endpoint, cases + by_get)
    assert not found, "\n".join(found)

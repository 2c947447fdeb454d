from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from starlette.applications import Starlette

from api.engine import Engine, Prepared
from tests.api.echo_engine import EchoEngine, EchoOperation
from tests.api.serving import Anonymous, serve


async def test_the_lifespan_surrounds_everything() -> None:
    steps: list[str] = []

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        steps.append("opened")
        yield
        steps.append("closed")

    async with serve(lifespan=lifespan) as served, httpx.AsyncClient() as client:
        await client.get(f"{served.url}/livez")
        steps.append("served")
    assert steps == ["opened", "served", "closed"]


async def test_another_authenticator_may_admit_whom_it_likes() -> None:
    async with serve(authenticator=Anonymous()) as served, httpx.AsyncClient() as client:
        response = await client.post(f"{served.url}/graphql", json={"query": "{ caller }"})
        assert response.json() == {"data": {"caller": "hq:anonymous:0:api"}}


def test_the_engine_of_these_tests_is_one() -> None:
    engine: Engine[EchoOperation] = EchoEngine()
    prepared: Prepared = engine.prepare("{ hello }", None)
    assert prepared.kind == "query"

import asyncio

import httpx
import pytest

import api.health
from tests.api.serving import serve


async def healthy() -> dict[str, str]:
    return {"database": "ok", "redis": "ok"}


async def degraded() -> dict[str, str]:
    return {"database": "ok", "redis": "no answer"}


async def broken() -> dict[str, str]:
    raise ConnectionError("password=hunter2")


async def hanging() -> dict[str, str]:
    await asyncio.Event().wait()
    raise AssertionError


@pytest.mark.parametrize(
    ("readiness", "status", "answer"),
    [
        (healthy, 200, {"status": "ok", "checks": {"database": "ok", "redis": "ok"}}),
        (
            degraded,
            503,
            {"status": "unavailable", "checks": {"database": "ok", "redis": "no answer"}},
        ),
        (broken, 503, None),
        (
            hanging,
            503,
            {"status": "unavailable", "checks": {"readiness": "no answer within 0.2 seconds"}},
        ),
    ],
)
async def test_readiness_is_what_the_checks_say(
    readiness, status: int, answer: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.health, "READINESS_SECONDS", 0.2)
    async with serve(readiness=readiness) as served, httpx.AsyncClient() as client:
        live = await client.get(f"{served.url}/livez")
        assert (live.status_code, live.json()) == (200, {"status": "ok"})
        ready = await client.get(f"{served.url}/readyz")
        assert ready.status_code == status
        assert ready.headers["content-type"] == "application/json"
        assert ready.headers["cache-control"] == "no-store"
        assert "hunter2" not in ready.text
        if answer:
            assert ready.json() == answer

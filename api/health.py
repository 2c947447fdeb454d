"""Whether the process lives, and whether it can do its work."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.errors import logged

READINESS_SECONDS = 5.0
"""How long the checks may take together before the answer is that the process is not ready."""

Readiness = Callable[[], Awaitable[Mapping[str, str]]]
"""Each thing the process depends on by name: "ok", or what is wrong with it."""


def routes(readiness: Readiness) -> list[Route]:
    """`/livez` answers 200 while the loop turns; `/readyz` 200 or 503 with every check."""

    async def live(request: Request) -> Response:
        return _json(200, {"status": "ok"})

    async def ready(request: Request) -> Response:
        try:
            async with asyncio.timeout(READINESS_SECONDS):
                checks = dict(await readiness())
        except TimeoutError:
            checks = {"readiness": f"no answer within {READINESS_SECONDS:g} seconds"}
        except Exception:
            checks = {"readiness": f"failed, see error {logged('checking readiness')}"}
        healthy = all(state == "ok" for state in checks.values())
        return _json(
            200 if healthy else 503,
            {"status": "ok" if healthy else "unavailable", "checks": checks},
        )

    return [Route("/livez", live), Route("/readyz", ready)]


def _json(status: int, body: Mapping[str, object]) -> Response:
    return Response(
        orjson.dumps(body),
        status_code=status,
        media_type="application/json",
        headers={"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"},
    )

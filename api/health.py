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
"""Each thing the process depends on by name: "ok", or what is wrong with it.

What begins with `DEGRADED` is wrong, but the process does its work without.
"""

DEGRADED = "degraded"


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
        status = "ok"
        if any(state != "ok" for state in checks.values()):
            able = all(state == "ok" or state.startswith(DEGRADED) for state in checks.values())
            status = DEGRADED if able else "unavailable"
        return _json(503 if status == "unavailable" else 200, {"status": status, "checks": checks})

    return [Route("/livez", live), Route("/readyz", ready)]


def _json(status: int, body: Mapping[str, object]) -> Response:
    return Response(
        orjson.dumps(body),
        status_code=status,
        media_type="application/json",
        headers={"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"},
    )

"""Figures for a scraper, in the text format of Prometheus."""

import hmac
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

PATH = "/metrics"
Scrape = Callable[[], Awaitable[str]]
"""The figures as text."""

_HANDED_ON = ("forwarded", "x-forwarded-for", "x-real-ip")
_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def routes(scrape: Scrape, token: str | None) -> list[Route]:
    """`/metrics`, for callers of the inner network.

    With a token it asks for that; without one it answers anybody who comes by no proxy, for what a
    proxy hands on comes from outside.
    """

    async def metrics(request: Request) -> Response:
        if token is not None:
            given = request.headers.get("authorization", "")
            if not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
                return _refused(401, "the token of TERRACE_METRICS_TOKEN is needed")
        elif any(name in request.headers for name in _HANDED_ON):
            return _refused(403, "not by way of a proxy, unless TERRACE_METRICS_TOKEN is set")
        return Response(await scrape(), media_type=_TYPE, headers={"Cache-Control": "no-store"})

    return [Route(PATH, metrics)]


def _refused(status: int, reason: str) -> Response:
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    return Response(f"{reason}\n", status_code=status, media_type="text/plain", headers=headers)

"""The application: what is served under which path."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from api.door import Door
from api.engine import Engine, P
from api.health import Readiness
from api.health import routes as health_routes
from api.http import GraphQLEndpoint
from api.identity import Admission
from api.metrics import Scrape
from api.metrics import routes as metrics_routes
from api.origin import Proxies
from api.security import Origins, Secured
from api.sockets import SocketEndpoint, SocketLimits
from settings import Settings


class Application(Starlette):
    """Starlette, with the one path that nearly every request is for taken out of its routing."""

    def __init__(self, endpoint: ASGIApp, proxies: Proxies, **options: Any) -> None:
        """`endpoint` answers HTTP on PATH, errors of its own included."""
        super().__init__(**options)
        self._endpoint = endpoint
        self._others = Secured(super().__call__, proxies)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or live through a socket or the application's lifespan."""
        if scope["type"] == "http" and scope["path"] == PATH:
            await self._endpoint(scope, receive, send)
        else:
            await self._others(scope, receive, send)


Lifespan = Callable[[Starlette], AbstractAsyncContextManager[None]]

PATH = "/graphql"


def build(
    settings: Settings,
    engine: Engine[P],
    authenticator: Admission,
    readiness: Readiness,
    *,
    lifespan: Lifespan,
    limits: SocketLimits | None = None,
    scrape: Scrape | None = None,
    door: Door | None = None,
) -> Starlette:
    """The API as an ASGI application.

    `lifespan` opens what the engine needs before the first request and closes it after the last.
    `limits` are the sockets' own; by default those of `SocketLimits` with the settings' frames.
    `scrape` gives the figures of /metrics, if there is to be one. `door` counts what callers take;
    by default it shares its limits with no other process.
    """
    door = door or Door(settings)
    proxies = Proxies(settings.trusted_proxies, settings.proxy_header)
    origins = Origins(settings.cors_origins)
    sockets = SocketEndpoint(
        engine,
        authenticator,
        limits or SocketLimits(max_frame_bytes=settings.max_frame_bytes),
        door,
        proxies=proxies,
        origins=origins,
    )
    endpoint = GraphQLEndpoint(
        engine,
        authenticator,
        door,
        proxies=proxies,
        origins=origins,
        landing_page=settings.landing_page,
        max_body_bytes=settings.max_body_bytes,
        log_requests=settings.log_requests or settings.log_level == "debug",
    )

    @asynccontextmanager
    async def serving(app: Starlette) -> AsyncIterator[None]:
        async with lifespan(app), sockets.rechecked():
            try:
                yield
            finally:
                await sockets.close_all(seconds=1.0)

    app = Application(
        endpoint,
        proxies,
        routes=[
            WebSocketRoute(PATH, sockets),
            *telling(settings, readiness, scrape),
        ],
        lifespan=serving,
    )
    app.state.sockets = sockets
    return app


def telling(settings: Settings, readiness: Readiness, scrape: Scrape | None) -> list[Route]:
    """What any process tells of itself, workers too: health, and figures if there are any."""
    token = settings.metrics_token.get_secret_value() if settings.metrics_token else None
    return [*health_routes(readiness), *([] if scrape is None else metrics_routes(scrape, token))]


def open_sockets(app: Starlette) -> int:
    """How many sockets of the application are open."""
    return len(app.state.sockets)


async def close_sockets(app: Starlette, *, seconds: float = 5.0) -> None:
    """Tell every socket's client that the server goes away.

    A server calls this when it is told to stop, before it drops the connections; at the end of
    the application's lifespan it is too late for a close frame.
    """
    sockets: SocketEndpoint[Any] = app.state.sockets
    await sockets.close_all(seconds=seconds)

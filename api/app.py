"""The application: what is served under which path."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from api.engine import Engine, P
from api.health import Readiness
from api.health import routes as health_routes
from api.http import GraphQLEndpoint
from api.identity import Admission
from api.sockets import SocketEndpoint, SocketLimits
from settings import Settings


class Application(Starlette):
    """Starlette, with the one path that nearly every request is for taken out of its routing."""

    def __init__(self, endpoint: ASGIApp, **options: Any) -> None:
        """`endpoint` answers HTTP on PATH, errors of its own included."""
        super().__init__(**options)
        self._endpoint = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or live through a socket or the application's lifespan."""
        if scope["type"] == "http" and scope["path"] == PATH:
            await self._endpoint(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


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
) -> Starlette:
    """The API as an ASGI application.

    `lifespan` opens what the engine needs before the first request and closes it after the last.
    `limits` are the sockets' own; by default those of `SocketLimits` with the settings' frames.
    """
    sockets = SocketEndpoint(
        engine,
        authenticator,
        limits or SocketLimits(max_frame_bytes=settings.max_frame_bytes),
    )
    endpoint = GraphQLEndpoint(engine, authenticator, max_body_bytes=settings.max_body_bytes)

    @asynccontextmanager
    async def serving(app: Starlette) -> AsyncIterator[None]:
        async with lifespan(app):
            try:
                yield
            finally:
                await sockets.close_all()

    app = Application(
        endpoint,
        routes=[
            WebSocketRoute(PATH, sockets),
            *health_routes(readiness),
        ],
        lifespan=serving,
    )
    app.state.sockets = sockets
    return app


async def close_sockets(app: Starlette) -> None:
    """Tell every socket's client that the server goes away.

    A server calls this when it is told to stop, before it drops the connections; at the end of
    the application's lifespan it is too late for a close frame.
    """
    sockets: SocketEndpoint[Any] = app.state.sockets
    await sockets.close_all()

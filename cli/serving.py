"""Putting an API process together: pools, feeds, wake-ups, engine, identity, application."""

import asyncio
import contextlib
import gc
import signal
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from types import FrameType
from typing import Any

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from api.app import build, close_sockets, open_sockets, telling
from api.buckets import Buckets
from api.door import Door
from cli.admission import admission
from cli.embedded import Addresses
from cli.http_protocol import OneWriteProtocol
from cli.listening import allow_many_files, bound
from cli.session import open_database
from cli.telling import readiness, scraped, states_told
from domain.actors import Role
from repository.database import Database, database_name
from schema.engine import Engine
from schema.feeds import Feeds
from schema.limits import Limits
from settings import Settings
from workers.buckets import RedisBuckets
from workers.wakeups import Wakeups, queue_name

_SOCKETS_SECONDS = 6.0
"""What clients of sockets have at the end until the close frame is on its way to them."""
_FLUSH_SECONDS = 2.0
"""What they have to take it, from then on; the others are cut off."""
_GRACE_SECONDS = 12
"""What requests in flight have at the end, from the first moment on."""
_DEAF_TICKS = 300
"""Tenths of a second between two looks for connections that are closing and take nothing."""
_COLLECT_AFTER = (50_000, 20, 50)


def application(settings: Settings, addresses: Addresses) -> Starlette:
    """The ASGI application of one process; its connections open with its lifespan."""
    database = open_database(settings, addresses)
    feeds = Feeds(database, settings.poll_seconds)
    installation = queue_name(database_name(addresses.database_url))
    wakeups = Wakeups(addresses.redis_url, installation)
    buckets = Buckets(RedisBuckets(addresses.redis_url, installation), settings.processes)
    door = Door(settings, buckets)
    engine = Engine(
        database,
        feeds,
        limits_of(settings),
        wake=wakeups.send,
        future_days=settings.future_days,
        kept=settings.plan_cache,
        spend=door.spend,
    )
    authenticator, keys = admission(settings, database)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(database)
            await stack.enter_async_context(keys)
            await stack.enter_async_context(states_told("api", database, sockets))
            await stack.enter_async_context(feeds)
            await stack.enter_async_context(wakeups)
            await stack.enter_async_context(buckets)
            yield

    def sockets() -> int:
        return open_sockets(app)

    app = build(
        settings,
        engine,
        authenticator,
        partial(readiness, database, addresses.redis_url),
        lifespan=lifespan,
        scrape=partial(scraped, database, sockets),
        door=door,
    )
    return app


def limits_of(settings: Settings) -> Limits:
    """What an operation may have at the most."""
    cost = {Role(role): points for role, points in settings.max_cost.items()}
    return Limits(settings.max_depth, settings.max_fields, settings.max_tokens, cost)


class Server(uvicorn.Server):
    """Ends in time: takes nothing new, tells the sockets, waits for requests, then cuts off.

    However many sockets there are and whatever their clients do, it is over in 20 seconds: those
    who do not take the close frame in time are cut off, and so are requests that take too long.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        """Describe it."""
        super().__init__(config)
        self._closing: dict[Any, int] = {}

    async def on_tick(self, counter: int) -> bool:
        """Look around, ten times a second; whether to end."""
        if counter % _DEAF_TICKS == 0:
            self._leave_deaf()
        return await super().on_tick(counter)

    def _leave_deaf(self) -> None:
        """Cut off those who were closing at the last look and have taken nothing since.

        And those who began to ask before the last look, or connected, and have not yet said what.
        A transport closes when its buffer is empty, and that of a client who has stopped reading
        never is.
        """
        before = self._closing
        self._closing = {
            connection: connection.transport.get_write_buffer_size()
            for connection in self.server_state.connections
            if connection.transport.is_closing()
        }
        for connection, left in self._closing.items():
            if before.get(connection) == left:
                connection.transport.abort()
        for connection in list(self.server_state.connections):
            if isinstance(connection, OneWriteProtocol) and connection.dawdles():
                connection.transport.abort()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close the sockets, then everything else."""
        began = time.monotonic()
        for server in self.servers:
            server.close()  # other processes on this port take what comes from now on
        if isinstance(self.config.app, Starlette):
            await close_sockets(self.config.app, seconds=_SOCKETS_SECONDS)
        asyncio.get_running_loop().call_later(_FLUSH_SECONDS, self._cut_off)
        left = _GRACE_SECONDS - (time.monotonic() - began)
        self.config.timeout_graceful_shutdown = max(int(left), 1)
        await super().shutdown(sockets)

    def _cut_off(self) -> None:
        """Leave the sockets whose clients take nothing."""
        for connection in list(self.server_state.connections):
            if isinstance(connection, WebSocketsSansIOProtocol):
                connection.transport.abort()


def serve(settings: Settings, addresses: Addresses) -> None:
    """Serve until told to stop."""
    config = uvicorn.Config(
        application(settings, addresses),
        log_config=None,
        log_level="warning",
        access_log=False,
        http=OneWriteProtocol,
        ws="websockets-sansio",
        ws_max_size=settings.max_frame_bytes,
        ws_per_message_deflate=False,
        # A socket says something by itself more often; this only finds peers that are gone.
        ws_ping_interval=60.0,
        ws_ping_timeout=30.0,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        proxy_headers=False,  # which proxies are trusted is a setting, not a default
        server_header=False,
        date_header=False,
    )
    # The schema lives as long as the process: no collection ever needs to look at it again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECT_AFTER)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _end)  # uvicorn raises the signal again when it has shut down
    allow_many_files()
    with bound(settings) as listening:
        Server(config).run([listening])  # on uvloop, where there is one


def _end(number: int, frame: FrameType | None) -> None:
    raise SystemExit(0)


class _Beside(uvicorn.Server):
    """A server beside a worker, which hears the signals itself."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave them alone."""
        yield


@asynccontextmanager
async def told_on_port(
    settings: Settings, addresses: Addresses, database: Database
) -> AsyncIterator[None]:
    """In the block a worker answers /metrics, /livez and /readyz on its port, if it has one."""
    if settings.worker_port is None:
        yield
        return
    ready = partial(readiness, database, addresses.redis_url)
    app = Starlette(routes=telling(settings, ready, partial(scraped, database)))
    options: dict[str, Any] = {"log_config": None, "log_level": "warning", "access_log": False}
    options |= {"proxy_headers": False, "lifespan": "off", "timeout_graceful_shutdown": 1}
    server = _Beside(uvicorn.Config(app, **options))
    with bound(settings.model_copy(update={"port": settings.worker_port})) as listening:
        serving = asyncio.create_task(server.serve([listening]))
        try:
            yield
        finally:
            server.should_exit = True
            await serving

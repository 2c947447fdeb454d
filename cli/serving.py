"""Putting an API process together: pools, feeds, wake-ups, engine, identity, application."""

import gc
import signal
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from types import FrameType

import asyncpg
import uvicorn
from starlette.applications import Starlette

from api.app import build, close_sockets
from api.identity import Authenticator
from cli.embedded import Addresses, signing_key
from cli.http_protocol import OneWriteProtocol
from cli.listening import bound
from cli.session import open_database
from domain.actors import Role, Scope
from repository import actors
from repository.database import Database, database_name
from repository.migrate import pending
from schema.engine import Engine
from schema.feeds import Feeds
from schema.limits import Limits
from settings import Settings
from workers.wakeups import Wakeups, queue_name

_GRACE_SECONDS = 15
_COLLECT_AFTER = (50_000, 20, 50)


def application(settings: Settings, addresses: Addresses) -> Starlette:
    """The ASGI application of one process; its connections open with its lifespan."""
    database = open_database(settings, addresses)
    feeds = Feeds(database, settings.poll_seconds)
    wakeups = Wakeups(addresses.redis_url, queue_name(database_name(addresses.database_url)))
    engine = Engine(
        database,
        feeds,
        limits_of(settings),
        wake=wakeups.send,
        future_days=settings.future_days,
        kept=settings.plan_cache,
    )
    authenticator = Authenticator(signing_key(settings), partial(actors.resolve, database))

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(database)
            await stack.enter_async_context(feeds)
            await stack.enter_async_context(wakeups)
            yield

    readiness = partial(_readiness, database)
    return build(settings, engine, authenticator, readiness, lifespan=lifespan)


def limits_of(settings: Settings) -> Limits:
    """What an operation may have at the most."""
    cost = {Role(role): points for role, points in settings.max_cost.items()}
    return Limits(settings.max_depth, settings.max_fields, settings.max_tokens, cost)


async def _readiness(database: Database) -> Mapping[str, str]:
    """PostgreSQL answers and has every migration. Redis may be gone: work goes on without it."""
    checks = {"postgresql": "ok", "migrations": "ok"}
    try:
        async with database.writing() as connection:
            await connection.execute("select 1")
        async with database.reading(Scope.ALL) as connection:
            await connection.execute("select 1")
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return {"postgresql": "does not answer"}
    missing = await pending(database.url)
    if missing:
        checks["migrations"] = f"{missing} not applied"
    return checks


class Server(uvicorn.Server):
    """Tells the sockets' clients before it drops their connections."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close the sockets, then everything else."""
        if isinstance(self.config.app, Starlette):
            await close_sockets(self.config.app)
        await super().shutdown(sockets)


def serve(settings: Settings, addresses: Addresses) -> None:
    """Serve until told to stop."""
    config = uvicorn.Config(
        application(settings, addresses),
        log_level="warning",
        access_log=False,
        http=OneWriteProtocol,
        ws="websockets-sansio",
        ws_max_size=settings.max_frame_bytes,
        ws_per_message_deflate=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        server_header=False,
        date_header=False,
    )
    # The schema lives as long as the process: no collection ever needs to look at it again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECT_AFTER)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _end)  # uvicorn raises the signal again when it has shut down
    with bound(settings) as listening:
        Server(config).run([listening])  # on uvloop, where there is one


def _end(number: int, frame: FrameType | None) -> None:
    raise SystemExit(0)

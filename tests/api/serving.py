"""A real server on a free port."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
import orjson
import uvicorn
from starlette.applications import Starlette
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from api.app import build, close_sockets
from api.identity import Admission, Authenticator, Session, bearer
from api.sockets import SocketLimits
from api.tokens import DevelopmentTokens, sign
from domain.actors import Actor, Role
from domain.claims import Claims, NotAdmitted, names_a_row
from settings import Settings
from tests.api.echo_engine import EchoEngine

JSON = "application/json"
RESPONSE = "application/graphql-response+json"
HELLO = {"query": "{ hello }"}
WORLD = {"data": {"hello": "Hello, world"}}
KEY = "a key for tests of at least 32 bytes"
SUBJECTS = {(Role.CUSTOMER, "C1"): 11, (Role.MANAGER, "M1"): 21, (Role.BRANCH, "B1"): 31}


class Server(uvicorn.Server):
    """Closes the sockets before the connections, as the real one has to."""

    @contextlib.contextmanager
    def capture_signals(self):
        yield

    async def shutdown(self, sockets=None) -> None:
        await close_sockets(self.config.app)
        await super().shutdown(sockets)


class Anonymous:
    """Admits everybody, for clients that send no token."""

    async def authenticate(self, authorization: str | None) -> Actor:
        return (await self.session(bearer(authorization))).actor

    async def session(self, token: str | None, known: Session | None = None) -> Session:
        return Session(Actor(Role.HQ, "anonymous", 0), token=token)


Resolve = Callable[[Role, str], Awaitable[int | None]]


async def known_subject(role: Role, subject: str) -> int | None:
    await asyncio.sleep(0)
    return SUBJECTS.get((role, subject)) if names_a_row(role) else 0


@dataclass
class KnownTo:
    """Access by a function that finds a subject's key; no API keys."""

    resolve: Resolve

    async def admit(self, claims: Claims) -> int:
        found = await self.resolve(claims.role, claims.subject)
        if found is None:
            raise NotAdmitted("unknown subject")
        return found

    async def api_key(self, prefix: str, digest: bytes) -> Claims | None:
        return None


def authenticator_of(key: str, resolve: Resolve, **clocks) -> Authenticator:
    """One that takes development tokens of the key."""
    return Authenticator(KnownTo(resolve), DevelopmentTokens(key), **clocks)


def token(
    role: Role = Role.CUSTOMER,
    subject: str = "C1",
    *,
    seconds: float = 3600,
    at: float | None = None,
) -> str:
    now = datetime.fromtimestamp(time.time() if at is None else at, UTC)
    return sign(KEY, role, subject, hours=seconds / 3600, now=now)


def bearer_of(*args, **kwargs) -> dict[str, str]:
    return {"Authorization": f"Bearer {token(*args, **kwargs)}"}


@dataclass
class Served:
    app: Starlette
    engine: EchoEngine
    server: Server
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def socket(
        self, *, subprotocols: tuple[str, ...] = ("graphql-transport-ws",), **kwargs
    ) -> connect:
        return connect(
            f"ws://127.0.0.1:{self.port}/graphql",
            subprotocols=subprotocols or None,
            **{"compression": None, "max_size": None, "close_timeout": 1} | kwargs,
        )


async def all_is_well() -> dict[str, str]:
    return {"database": "ok"}


@asynccontextmanager
async def no_lifespan(app: Starlette) -> AsyncIterator[None]:
    yield


def port_of(server: uvicorn.Server) -> int:
    return server.servers[0].sockets[0].getsockname()[1]


@asynccontextmanager
async def listening(
    app: Starlette, settings: Settings, kind: type[uvicorn.Server] = Server, **uvicorn_options
) -> AsyncIterator[uvicorn.Server]:
    options = {
        "host": "127.0.0.1",
        "port": 0,
        "http": "httptools",
        "ws": "websockets-sansio",
        "ws_per_message_deflate": False,
        "ws_max_size": settings.max_frame_bytes * 2,
        "lifespan": "on",
        "log_config": None,
        "timeout_graceful_shutdown": 2,
    }
    server = kind(uvicorn.Config(app, **options | uvicorn_options))
    running = asyncio.create_task(server.serve())
    while not server.started:
        if running.done():
            running.result()
        await asyncio.sleep(0.005)
    try:
        yield server
    finally:
        server.should_exit = True
        await running


@asynccontextmanager
async def serve(
    *,
    settings: Settings | None = None,
    authenticator: Admission | None = None,
    readiness=all_is_well,
    lifespan=no_lifespan,
    limits: SocketLimits | None = None,
    scrape=None,
    **uvicorn_options,
) -> AsyncIterator[Served]:
    settings = settings or Settings(
        max_body_bytes=65_536, max_sockets={"customer": 100}, max_subscriptions={"customer": 100}
    )
    engine = EchoEngine()
    app = build(
        settings,
        engine,
        authenticator or authenticator_of(KEY, known_subject),
        readiness,
        lifespan=lifespan,
        limits=limits,
        scrape=scrape,
    )
    async with listening(app, settings, **uvicorn_options) as server:
        yield Served(app, engine, server, port_of(server))


async def say(socket: ClientConnection, **message: object) -> None:
    await socket.send(orjson.dumps(message).decode())


async def hear(socket: ClientConnection, seconds: float = 3) -> dict:
    async with asyncio.timeout(seconds):
        return orjson.loads(await socket.recv())


async def closing(socket: ClientConnection, seconds: float = 3) -> tuple[int, str]:
    """Read until the server closes; its code and reason."""
    async with asyncio.timeout(seconds):
        while True:
            try:
                await socket.recv()
            except ConnectionClosed as closed:
                # 1006 is what a client sees of a server that broke off without a close frame.
                return (closed.rcvd.code, closed.rcvd.reason) if closed.rcvd else (1006, "")


async def acknowledge(socket: ClientConnection, bearer_token: str | None = None) -> None:
    await say(socket, type="connection_init", payload={"token": bearer_token or token()})
    assert await hear(socket) == {"type": "connection_ack"}


async def until(condition, seconds: float = 3) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


def subscribe(query: str, identifier: str = "1", **payload: object) -> str:
    message = {"id": identifier, "type": "subscribe", "payload": {"query": query} | payload}
    return orjson.dumps(message).decode()


async def post(
    http: httpx.AsyncClient, content: object, accept: str | None = RESPONSE, **headers: str
) -> httpx.Response:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    given = {"Content-Type": JSON, "Accept": accept} | headers
    return await http.post(
        "/graphql", content=raw, headers={name: value for name, value in given.items() if value}
    )


def code_of(response: httpx.Response) -> str:
    body = response.json()
    assert "data" not in body
    return body["errors"][0]["extensions"]["code"]

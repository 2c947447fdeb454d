"""Many clients of sockets at once: they subscribe and stay, and some of them never read."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

_AT_ONCE = 100
_SUBSCRIBE = orjson.dumps(
    {
        "id": "1",
        "type": "subscribe",
        "payload": {"query": "subscription { tierChanged { cursor change { kind } } }"},
    }
).decode()
_PING = orjson.dumps({"type": "ping", "payload": {"filling": "x" * 60_000}}).decode()
_PINGS = 400


@dataclass
class Crowd:
    """Open sockets; `closed` counts those that were closed, by code (1006 is a broken off one)."""

    closed: Counter[int] = field(default_factory=Counter)
    waiting: set[asyncio.Task[None]] = field(default_factory=set)
    sockets: list[ClientConnection] = field(default_factory=list)

    async def all_closed(self) -> None:
        """Wait until every client that reads was told or broken off."""
        await asyncio.gather(*self.waiting)


@asynccontextmanager
async def crowd(port: int, token: str, reading: int, deaf: int = 0) -> AsyncIterator[Crowd]:
    """So many clients that subscribed; the deaf ones asked for 24 MB each and read none of it."""
    found = Crowd()
    try:
        for first in range(0, reading, _AT_ONCE):
            number = min(_AT_ONCE, reading - first)
            opened = await asyncio.gather(*[_open(port, token) for _ in range(number)])
            found.sockets += opened
            for socket in opened:
                await socket.send(_SUBSCRIBE)
                found.waiting.add(asyncio.create_task(_read(socket, found)))
        for _ in range(deaf):
            socket = await _open(port, token)
            found.sockets.append(socket)
            socket.transport.pause_reading()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.5):
                    for _ in range(_PINGS):
                        await socket.send(_PING)
        yield found
    finally:
        for waiting in found.waiting:
            waiting.cancel()
        for socket in found.sockets:
            socket.transport.abort()


async def _open(port: int, token: str) -> ClientConnection:
    socket = await connect(
        f"ws://127.0.0.1:{port}/graphql",
        subprotocols=["graphql-transport-ws"],  # type: ignore[list-item]
        compression=None,
        ping_interval=None,
        open_timeout=60,
        close_timeout=1,
    )
    await socket.send(
        orjson.dumps({"type": "connection_init", "payload": {"token": token}}).decode()
    )
    if orjson.loads(await socket.recv())["type"] != "connection_ack":
        raise RuntimeError("a socket was not admitted")
    return socket


async def _read(socket: ClientConnection, found: Crowd) -> None:
    try:
        while True:
            message = orjson.loads(await socket.recv())
            if message["type"] == "ping":
                await socket.send('{"type":"pong"}')
            elif message["type"] not in ("next", "complete"):
                raise RuntimeError(f"a subscription ended: {message}")
    except ConnectionClosed as closed:
        found.closed[closed.rcvd.code if closed.rcvd else 1006] += 1

"""Many subscribed sockets in a process of their own, as cheap as clients can be.

They speak just so much of WebSockets and of graphql-transport-ws as is needed to subscribe, to
answer pings, and to note when an event has come. Clocks are the machine's monotonic one, which all
processes share.
"""

import asyncio
import multiprocessing
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import cast

import orjson
import uvloop

_AT_ONCE = 100
_PATIENCE_SECONDS = 300
_UPGRADE = (
    b"GET /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: Upgrade\r\nupgrade: websocket\r\n"
    b"sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    b"sec-websocket-protocol: graphql-transport-ws\r\n\r\n"
)
_TEXT, _CLOSE, _PING, _PONG = 1, 8, 9, 10


@dataclass(frozen=True, slots=True)
class Arrived:
    """Events that came to all sockets since the last time: how many, and when the ends of them."""

    events: int
    first: float
    last: float


class Clients:
    """The sockets' process, as its parent sees it."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    async def open(self, port: int, callers: Sequence[tuple[str, str]]) -> None:
        """Open a socket for each token and document, and subscribe."""
        await self._asked(("open", port, callers))

    async def arrived(self, events: int, seconds: float = 60.0) -> Arrived:
        """What has come, once so many events have; raises RuntimeError if they do not in time."""
        found = cast("Arrived", await self._asked(("arrived", events, seconds)))
        if found.events != events:
            raise RuntimeError(f"{found.events} events came, {events} were expected")
        return found

    async def _asked(self, message: object) -> object:
        self._pipe.send(message)
        answer = await asyncio.get_running_loop().run_in_executor(None, self._pipe.recv)
        if isinstance(answer, Exception):
            raise answer
        return answer


@asynccontextmanager
async def clients() -> AsyncIterator[Clients]:
    """A process of clients for the block."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    theirs.close()
    try:
        yield Clients(ours)
    finally:
        ours.close()  # its end is the process's
        process.join(10)
        if process.is_alive():
            process.kill()


def _serve(pipe: Connection) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_answer(pipe))


async def _answer(pipe: Connection) -> None:
    loop, crowd = asyncio.get_running_loop(), _Crowd()
    with suppress(EOFError):
        while True:
            name, *given = await loop.run_in_executor(None, pipe.recv)
            try:
                async with asyncio.timeout(_PATIENCE_SECONDS):
                    answer = await getattr(crowd, name)(*given)
            except (RuntimeError, OSError, TimeoutError) as error:
                answer = RuntimeError(repr(error))
            pipe.send(answer)


class _Crowd:
    """All sockets, and the times at which events came to them."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.problem: Exception | None = None
        self._wanted = 0
        self._enough = asyncio.Event()

    async def open(self, port: int, callers: Sequence[tuple[str, str]]) -> None:
        """Open all of them, some at a time."""
        loop, turns = asyncio.get_running_loop(), asyncio.Semaphore(_AT_ONCE)

        async def one(token: str, document: str) -> None:
            async with turns:
                subscribed = loop.create_future()
                await loop.create_connection(
                    lambda: _Socket(self, token, document, subscribed), "127.0.0.1", port
                )
                await subscribed

        await asyncio.gather(*[one(*caller) for caller in callers])

    async def arrived(self, events: int, seconds: float) -> Arrived:
        """Wait until so many events came, and a little longer for one too many."""
        self._wanted = events
        self._enough.clear()
        self._look()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._enough.wait()
        await asyncio.sleep(0.1)
        if self.problem is not None:
            raise self.problem
        times, self.times = self.times, []
        return Arrived(len(times), min(times, default=0.0), max(times, default=0.0))

    def came(self) -> None:
        """An event came to a socket."""
        self.times.append(time.monotonic())
        self._look()

    def failed(self, problem: str) -> Exception:
        """A socket failed; the first failure is told."""
        self.problem = self.problem or RuntimeError(problem)
        self._enough.set()
        return self.problem

    def _look(self) -> None:
        if len(self.times) >= self._wanted or self.problem is not None:
            self._enough.set()


class _Socket(asyncio.Protocol):
    """One client."""

    def __init__(
        self, crowd: _Crowd, token: str, document: str, subscribed: "asyncio.Future[None]"
    ) -> None:
        self._crowd = crowd
        self._subscribed = subscribed
        self._token = token
        self._document = document
        self._buffer = b""
        self._upgraded = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the upgrade."""
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(_UPGRADE)

    def data_received(self, data: bytes) -> None:
        """Take whole frames."""
        self._buffer = self._buffer + data if self._buffer else data
        if not self._upgraded:
            head, found, rest = self._buffer.partition(b"\r\n\r\n")
            if not found:
                return
            if not head.startswith(b"HTTP/1.1 101"):
                self._fail(f"no upgrade: {head[:100]!r}")
                return
            self._upgraded, self._buffer = True, rest
            self._say({"type": "connection_init", "payload": {"token": self._token}})
        while (frame := self._frame()) is not None:
            self._take(*frame)

    def connection_lost(self, problem: Exception | None) -> None:
        """No socket may be closed before the end."""
        self._fail(f"a socket was closed: {problem!r}")

    def _frame(self) -> tuple[int, bytes] | None:
        buffer, start = self._buffer, 2
        if len(buffer) < start:
            return None
        length = buffer[1]
        if length >= 126:
            start += 2 if length == 126 else 8
            length = int.from_bytes(buffer[2:start])
        if len(buffer) < start + length:
            return None
        self._buffer = buffer[start + length :]
        return buffer[0] & 15, buffer[start : start + length]

    def _take(self, kind: int, payload: bytes) -> None:
        if kind == _PING:
            self._send(_PONG, payload)
        elif kind == _CLOSE:
            self._fail(f"a socket was closed: {payload!r}")
        elif b'"type":"next"' in payload and b'"errors"' not in payload:
            self._crowd.came()
        elif payload == b'{"type":"ping"}':
            self._say({"type": "pong"})
        elif payload == b'{"type":"connection_ack"}':
            self._say({"id": "1", "type": "subscribe", "payload": {"query": self._document}})
            self._subscribed.set_result(None)
        else:
            self._fail(f"not expected: {payload[:200]!r}")

    def _say(self, message: object) -> None:
        self._send(_TEXT, orjson.dumps(message))

    def _send(self, kind: int, payload: bytes) -> None:
        size = len(payload)
        length = bytes([128 | size]) if size < 126 else bytes([254]) + size.to_bytes(2)
        # The mask is all zeros: it is there, and changes nothing.
        self._transport.write(bytes([128 | kind]) + length + b"\0\0\0\0" + payload)

    def _fail(self, problem: str) -> None:
        told = self._crowd.failed(problem)
        if not self._subscribed.done():
            self._subscribed.set_exception(told)

"""GraphQL over WebSockets: who may open one, who may keep it, and how all of them are closed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Generic

from starlette.types import Receive, Scope, Send

from api.engine import Engine, P
from api.errors import Close
from api.identity import Admission
from api.socket_connection import Connection, SocketLimits
from api.socket_protocol import SUBPROTOCOL

__all__ = ["SocketEndpoint", "SocketLimits"]

_RECHECKED_AT_ONCE = 500


class SocketEndpoint(Generic[P]):
    """The ASGI application at `/graphql` for sockets of the subprotocol graphql-transport-ws."""

    def __init__(self, engine: Engine[P], admission: Admission, limits: SocketLimits) -> None:
        self._engine = engine
        self._admission = admission
        self._limits = limits
        self._open: dict[Connection[P], asyncio.Event] = {}
        self._shut: tuple[int, str] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one socket until it closes."""
        await receive()  # websocket.connect
        if SUBPROTOCOL not in scope.get("subprotocols", ()):
            # The protocol has a close code for this, and a close frame needs an open socket.
            await send({"type": "websocket.accept"})
            await _close(send, Close.SUBPROTOCOL_NOT_ACCEPTABLE, "Subprotocol not acceptable")
            return
        await send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL})
        if self._shut is not None:
            await _close(send, *self._shut)
            return
        connection = Connection(
            self._engine, self._admission, self._limits, receive, send, _authorization(scope)
        )
        closed = self._open[connection] = asyncio.Event()
        try:
            await connection.run()
        finally:
            del self._open[connection]
            closed.set()

    def __len__(self) -> int:
        """How many sockets are open."""
        return len(self._open)

    @asynccontextmanager
    async def rechecked(self) -> AsyncIterator[None]:
        """In the block every socket's admission is asked again now and then, also of silent ones.

        With what an authenticator remembers, a revoked caller is out within ten seconds.
        """
        watching = asyncio.create_task(self._recheck())
        try:
            yield
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    async def _recheck(self) -> None:
        while True:
            await asyncio.sleep(self._limits.recheck_seconds)
            connections = list(self._open)
            for first in range(0, len(connections), _RECHECKED_AT_ONCE):
                some = connections[first : first + _RECHECKED_AT_ONCE]
                await asyncio.gather(*(connection.recheck() for connection in some))

    async def close_all(
        self, code: int = Close.GOING_AWAY, reason: str = "Going away", *, seconds: float = 5.0
    ) -> None:
        """Close every socket and every one that is opened later; waits so many seconds at most.

        To be called before the server drops its connections, which it does with a code of its own.
        """
        self._shut = (code, reason)
        for connection in self._open:
            connection.stop(code, reason)
        waiting = [asyncio.ensure_future(closed.wait()) for closed in self._open.values()]
        if waiting:
            _, late = await asyncio.wait(waiting, timeout=seconds)
            for waiter in late:
                waiter.cancel()


def _authorization(scope: Scope) -> str | None:
    """The Authorization header of the upgrade request, which programs can send and browsers not."""
    headers: list[tuple[bytes, Any]] = scope["headers"]
    for name, value in headers:
        if name == b"authorization":
            return str(value, "latin-1")
    return None


async def _close(send: Send, code: int, reason: str) -> None:
    await send({"type": "websocket.close", "code": int(code), "reason": reason})

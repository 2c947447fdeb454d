"""GraphQL over WebSockets: who may open one, who may keep it, and how all of them are closed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Generic

from starlette.types import Receive, Scope, Send

from api.door import Door
from api.engine import Engine, P
from api.errors import Close
from api.identity import Admission
from api.origin import Proxies, by_name
from api.security import Origins
from api.socket_connection import Connection, SocketLimits
from api.socket_protocol import SUBPROTOCOL

__all__ = ["SocketEndpoint", "SocketLimits"]

_RECHECKED_AT_ONCE = 500


class SocketEndpoint(Generic[P]):
    """The ASGI application at `/graphql` for sockets of the subprotocol graphql-transport-ws."""

    def __init__(
        self,
        engine: Engine[P],
        admission: Admission,
        limits: SocketLimits,
        door: Door,
        *,
        proxies: Proxies,
        origins: Origins,
    ) -> None:
        self._engine = engine
        self._admission = admission
        self._door = door
        self._proxies = proxies
        self._origins = origins
        self._limits = limits
        self._open: dict[Connection[P], asyncio.Event] = {}
        self._shut: tuple[int, str] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one socket until it closes."""
        await receive()  # websocket.connect
        headers = by_name(scope)
        if not self._origins.admits(headers.get(b"origin")):
            # A page of a strange origin: a browser lets any page open a socket anywhere.
            await send({"type": "websocket.close"})  # before it is accepted: status 403
            return
        if SUBPROTOCOL not in scope.get("subprotocols", ()):
            # The protocol has a close code for this, and a close frame needs an open socket.
            await send({"type": "websocket.accept"})
            await _close(send, Close.SUBPROTOCOL_NOT_ACCEPTABLE, "Subprotocol not acceptable")
            return
        await send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL})
        if self._shut is not None:
            await _close(send, *self._shut)
            return
        authorization = headers.get(b"authorization")  # programs can send it, browsers cannot
        connection = Connection(
            self._engine,
            self._admission,
            self._limits,
            receive,
            send,
            None if authorization is None else authorization.decode("latin-1"),
            self._door,
            self._proxies.origin(scope, headers).address,
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


async def _close(send: Send, code: int, reason: str) -> None:
    await send({"type": "websocket.close", "code": int(code), "reason": reason})

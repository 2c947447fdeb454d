"""uvicorn's HTTP protocol with a response's head and body in one write.

uvicorn writes them one after the other, each a call to the kernel; for small answers these are a
good part of what a request costs.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_FIRST_WORDS_SECONDS = 2.0
"""What a client that has connected needs at most to send the head of its first request."""


class _Joined:
    """A transport that holds a write back until the next one, or the end of the loop's turn."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self.bare = transport
        self._loop = loop
        self._held: bytes | None = None

    def write(self, data: bytes) -> None:
        """Write now what was held with this, or hold this."""
        if self._held is not None:
            held, self._held = self._held, None
            self.bare.write(held + data)
        else:
            self._held = data
            self._loop.call_soon(self._flush)

    def close(self) -> None:
        """Close when everything is written."""
        self._flush()
        self.bare.close()

    def _flush(self) -> None:
        if self._held is not None:
            held, self._held = self._held, None
            if not self.bare.is_closing():  # reset by the other side meanwhile
                self.bare.write(held)

    def __getattr__(self, name: str) -> Any:
        """Everything else is the transport's own."""
        return getattr(self.bare, name)


class OneWriteProtocol(HttpToolsProtocol):
    """HTTP/1.1 as uvicorn speaks it, in fewer calls to the kernel."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection."""
        super().connection_made(_Joined(transport, self.loop))  # type: ignore[arg-type]
        self._opened = self.loop.time()

    def shutdown(self) -> None:
        """Finish the request and close. Who has just connected is let say what for, and served."""
        left = self._opened + _FIRST_WORDS_SECONDS - self.loop.time()
        if self.cycle is None and self.parser is not None and left > 0:
            self.loop.call_later(left, self._shutdown_now)
        else:
            self._shutdown_now()

    def _shutdown_now(self) -> None:
        if self.parser is not None:  # else it has become a socket's connection
            super().shutdown()

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection to a socket's protocol as it is."""
        joined: Any = self.transport
        self.transport = joined.bare
        super().handle_websocket_upgrade()
        self.parser = None  # type: ignore[assignment]  # it refers to this one: a cycle

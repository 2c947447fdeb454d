"""uvicorn's HTTP protocol with a response's head and body in one write.

uvicorn writes them one after the other, each a call to the kernel; for small answers these are a
good part of what a request costs.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


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

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection to a socket's protocol as it is."""
        joined: Any = self.transport
        self.transport = joined.bare
        super().handle_websocket_upgrade()
        self.parser = None  # type: ignore[assignment]  # it refers to this one: a cycle

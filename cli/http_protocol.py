"""uvicorn's HTTP protocol with a response's head and body in one write.

uvicorn writes them one after the other, each a call to the kernel; for small answers these are a
good part of what a request costs.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LONGEST_HEAD = 65_536
"""Bytes of all headers of a request. The parser itself takes whatever comes, and keeps it."""
MOST_HEADERS = 200
LONGEST_TARGET = 1_048_576
"""Bytes of what is asked for, its query string included; a query may be sent in it."""
_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-length: 0\r\nconnection: close\r\n\r\n"
)
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


class _TooLarge(Exception):
    """The head of a request is larger than any request needs."""


class OneWriteProtocol(HttpToolsProtocol):
    """HTTP/1.1 as uvicorn speaks it, in fewer calls to the kernel, with heads that end."""

    _in_head = False
    _head = 0  # bytes of the headers that have come whole
    _unfinished = 0  # bytes that came since the chunk that the head begins in
    _too_large = False
    _heads = 0  # that have begun
    _awaited: int | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection."""
        super().connection_made(_Joined(transport, self.loop))  # type: ignore[arg-type]
        self._opened = self.loop.time()

    def data_received(self, data: bytes) -> None:
        """Read what has come, and refuse a head that has no end before it has filled the memory."""
        was_in_head = self._in_head
        super().data_received(data)
        if was_in_head and self._in_head:
            self._unfinished += len(data)
            if self._unfinished > LONGEST_HEAD + len(self.url) and not self._too_large:
                self._too_large = True
                self.send_400_response("")

    def on_message_begin(self) -> None:
        """Begin to count."""
        super().on_message_begin()
        self._in_head = True
        self._heads += 1
        self._head = self._unfinished = 0

    def on_url(self, url: bytes) -> None:
        """Take a part of what is asked for."""
        super().on_url(url)
        self._no_more_than(len(self.url), LONGEST_TARGET)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        super().on_header(name, value)
        self._head += len(name) + len(value)
        self._no_more_than(self._head, LONGEST_HEAD)
        self._no_more_than(len(self.headers), MOST_HEADERS)

    def on_headers_complete(self) -> None:
        """Have the request answered."""
        self._in_head = False
        super().on_headers_complete()

    def _no_more_than(self, size: int, most: int) -> None:
        if size > most:
            self._too_large = True
            raise _TooLarge  # which the parser turns into an error of its own

    def dawdles(self) -> bool:
        """Whether it still waits for the head that it waited for when this was last asked.

        One that has never said anything is waited for as well, not one that is kept open after
        an answer: that has a time limit of its own.
        """
        awaits = self._heads if self._in_head or self.cycle is None else None
        before, self._awaited = self._awaited, awaits
        return awaits is not None and awaits == before

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no request of HTTP, or one with too large a head."""
        if self._too_large:
            self.transport.write(_TOO_LARGE)
            self.transport.close()
        else:
            super().send_400_response(msg)

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

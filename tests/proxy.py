"""A server between a client and a real one, which can fall silent or break off."""

import asyncio
import contextlib
from urllib.parse import urlsplit, urlunsplit


class Proxy:
    """Passes on what both sides say. Use as `async with`; `url` is where clients connect."""

    def __init__(self, url: str) -> None:
        """Describe it; `url` is the real server's."""
        self._parts = urlsplit(url)
        self._speaks, self._refuses = asyncio.Event(), False
        self._speaks.set()
        self._writers: list[asyncio.StreamWriter] = []
        self._pumps: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> "Proxy":
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        before, at, _ = self._parts.netloc.rpartition("@")
        self.url = urlunsplit(self._parts._replace(netloc=f"{before}{at}127.0.0.1:{port}"))
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Break everything off."""
        self._server.close()
        for pump in self._pumps:
            pump.cancel()
        self.go()

    def fall_silent(self) -> None:
        """Keep all connections open, take new ones, and pass nothing on any more."""
        self._speaks.clear()

    def lose_connections(self) -> None:
        """Pass nothing on any more over the connections there are; new ones work."""
        for pump in self._pumps:
            pump.cancel()
        self._pumps = []

    def go(self) -> None:
        """Break off all connections and take no new ones."""
        self._refuses = True
        for writer in self._writers:
            writer.transport.abort()
        self._writers = []

    def come_back(self) -> None:
        """Take new connections, and pass on what is said over them."""
        self._refuses = False
        self._speaks.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._refuses:
            writer.transport.abort()
            return
        behind = await asyncio.open_connection(self._parts.hostname, self._parts.port)
        self._writers += [writer, behind[1]]
        for source, target in ((reader, behind[1]), (behind[0], writer)):
            self._pumps.append(asyncio.create_task(self._pump(source, target)))

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65_536):
                await self._speaks.wait()
                writer.write(data)
        writer.close()

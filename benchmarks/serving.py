"""Servers to send load to: Terrace's own API process, and those of its peers."""

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson
import psutil

from benchmarks.place import KEY, Place, cpu_seconds
from cli.embedded.child import free_port
from cli.lifeline import VARIABLE
from settings import BY_ROLE

_ROOT = Path(__file__).resolve().parent.parent
_PYTHON = (sys.executable, "-m")
_START_SECONDS = 60
ROOMY = {
    f"TERRACE_{name.upper()}": orjson.dumps(dict.fromkeys(roles, 10**9)).decode()
    for name, roles in BY_ROLE.items()
    if name != "max_cost"
}
"""Limits by role that no load reaches: they are kept all the same."""
POSTGRAPHILE = Path(__file__).with_name("postgraphile")


@dataclass(frozen=True, slots=True)
class Serving:
    """A server process."""

    port: int
    process: psutil.Process
    started: "asyncio.subprocess.Process | None" = None

    async def ended(self) -> int:
        """Wait for its end; its exit status."""
        return -1 if self.started is None else await self.started.wait()

    def seconds(self) -> float:
        """Its processor time so far."""
        return cpu_seconds(self.process)

    def megabytes(self) -> float:
        """The memory it holds."""
        return float(self.process.memory_info().rss) / 1e6


@asynccontextmanager
async def terrace(place: Place, url: str) -> AsyncIterator[Serving]:
    """`terrace serve` on a database, with limits that a few callers' flood does not reach."""
    port = free_port()
    arguments = [*_PYTHON, "cli.main", "serve", "--port", str(port)]
    async with _process(arguments, _installation(place, url), port) as serving:
        yield serving


@asynccontextmanager
async def unlimited(place: Place, url: str) -> AsyncIterator[Serving]:
    """The same without any limits, which no setting allows."""
    port = free_port()
    arguments = [*_PYTHON, "benchmarks.unlimited", str(port)]
    async with _process(arguments, _installation(place, url), port) as serving:
        yield serving


@asynccontextmanager
async def worker(place: Place, url: str) -> AsyncIterator[Serving]:
    """`terrace work` on a database, with its default settings; it has no port."""
    arguments = [*_PYTHON, "cli.main", "work"]
    async with _process(arguments, _installation(place, url), 0) as serving:
        yield serving


def _installation(place: Place, url: str) -> dict[str, str]:
    return {
        "TERRACE_DATABASE_URL": url,
        "TERRACE_REDIS_URL": place.addresses.redis_url,
        "TERRACE_SECRET_KEY": KEY,
        **ROOMY,
    }


@asynccontextmanager
async def ceiling(url: str, statements: Mapping[str, str]) -> AsyncIterator[Serving]:
    """The limit: hand-written statements, by path, behind a bare ASGI application."""
    port = free_port()
    environment = {"CEILING_URL": url, "CEILING_STATEMENTS": orjson.dumps(statements).decode()}
    async with _process([*_PYTHON, "benchmarks.ceiling", str(port)], environment, port) as serving:
        yield serving


@asynccontextmanager
async def broadcast() -> AsyncIterator[Serving]:
    """The floor of a fan-out: sockets of the same server, without a database."""
    port = free_port()
    async with _process([*_PYTHON, "benchmarks.broadcast", str(port)], {}, port) as serving:
        yield serving


@asynccontextmanager
async def dataloaders(url: str) -> AsyncIterator[Serving]:
    """The usual way: strawberry's resolvers and DataLoaders."""
    port = free_port()
    arguments = [*_PYTHON, "benchmarks.dataloaders", str(port)]
    async with _process(arguments, {"LOADERS_URL": url}, port) as serving:
        yield serving


@asynccontextmanager
async def postgraphile(url: str, node: Path, *, scoped: bool) -> AsyncIterator[Serving]:
    """PostGraphile on the schema `peer`; `scoped` puts that schema's policies in force."""
    port = free_port()
    environment = {
        "PEER_URL": url,
        "PEER_SCOPED": "1" if scoped else "0",
        "NODE_ENV": "production",
        "GRAPHILE_ENV": "production",
    }
    arguments = [str(node), str(POSTGRAPHILE / "server.mjs"), str(port)]
    async with _process(arguments, environment, port) as serving:
        yield serving


@asynccontextmanager
async def _process(
    arguments: Sequence[str], environment: dict[str, str], port: int
) -> AsyncIterator[Serving]:
    """A process that listens on a port, if it has one; it ends with the block, or with this one."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("TERRACE_")}
    reader, writer = os.pipe()
    try:
        process = await asyncio.create_subprocess_exec(
            *arguments,
            cwd=_ROOT,
            env={**inherited, **environment, VARIABLE: str(reader)},
            pass_fds=(reader,),
            stdin=asyncio.subprocess.DEVNULL,
        )
        try:
            if port:
                await _wait(process, port)
            yield Serving(port, psutil.Process(process.pid), process)
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            await process.wait()
    finally:
        os.close(writer)
        os.close(reader)


async def _wait(process: asyncio.subprocess.Process, port: int) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            if process.returncode is not None or time.monotonic() > deadline:
                raise RuntimeError("a server that was started does not listen") from None
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return

"""SIGTERM to a server with thousands of open, subscribed sockets, beside the 20 s it may take."""

import asyncio
import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime

from api.tokens import sign
from benchmarks.crowd import crowd
from benchmarks.place import KEY, Place, Scale
from benchmarks.report import Report
from benchmarks.serving import terrace
from cli.listening import allow_many_files
from domain.actors import Role

ALLOWED_SECONDS = 20.0
_GOING_AWAY = 1001


@dataclass(frozen=True, slots=True)
class _Size:
    customers: int
    sockets: int
    deaf: int


_SIZES = {
    Scale.FULL: _Size(1_000, 4_000, 40),
    Scale.QUICK: _Size(1_000, 1_000, 10),
    Scale.TINY: _Size(100, 50, 1),
}


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the clients saw: closes by code, and seconds from the signal to the last one."""

    closed: dict[int, int]
    seconds: float


async def run(place: Place) -> Report:
    """Stop one server whose clients all read, and one where some read nothing."""
    size = _SIZES[place.scale]
    url = await place.populated(size.customers)
    rows: list[list[object]] = []
    figures: dict[str, object] = {}
    slowest = 0.0
    for name, deaf in (("all read", 0), ("some read nothing", size.deaf)):
        seconds, status, megabytes, seen = await _stopped(place, url, size.sockets, deaf)
        told = seen.closed.get(_GOING_AWAY, 0)
        if told != size.sockets or status != 0:
            raise RuntimeError(f"clients saw {seen.closed}, the server ended with {status}")
        rows.append([name, size.sockets, deaf, told, seen.seconds, seconds, megabytes])
        figures[name] = {"clients_told_seconds": seen.seconds, "ended_seconds": seconds}
        slowest = max(slowest, seconds)
    return Report(
        "shutdown",
        f"SIGTERM with {size.sockets:,} sockets, beside the {ALLOWED_SECONDS:.0f} s it may take",
        ("clients", "sockets", "deaf", "told 1001", "last one told s", "ended s", "server MB"),
        rows,
        {"shutdown_time": slowest / ALLOWED_SECONDS},
        figures,
        ["every socket has a subscription; deaf clients have 24 MB waiting that they do not read"],
    )


async def _stopped(
    place: Place, url: str, sockets: int, deaf: int
) -> tuple[float, int, float, _Seen]:
    token = sign(KEY, Role.HQ, "bench", hours=1, now=datetime.now(UTC))
    context = multiprocessing.get_context("spawn")
    with context.Manager() as manager, ProcessPoolExecutor(1, mp_context=context) as processes:
        opened, stopped = manager.Event(), manager.Event()
        async with terrace(place, url) as server:
            loop = asyncio.get_running_loop()
            given = (server.port, token, sockets, deaf, opened, stopped)
            watching = loop.run_in_executor(processes, _watch, given)
            while not await loop.run_in_executor(None, opened.wait, 1.0):
                if watching.done():
                    watching.result()
            megabytes = server.megabytes()
            stopped.set()
            began = time.monotonic()
            server.process.terminate()
            status = await server.ended()
            return time.monotonic() - began, status, megabytes, await watching


def _watch(given: tuple[int, str, int, int, object, object]) -> _Seen:
    allow_many_files()
    return asyncio.run(_clients(*given))


async def _clients(
    port: int, token: str, sockets: int, deaf: int, opened: object, stopped: object
) -> _Seen:
    loop = asyncio.get_running_loop()
    async with crowd(port, token, sockets, deaf) as clients:
        opened.set()  # type: ignore[attr-defined]
        told = asyncio.create_task(clients.all_closed())
        await loop.run_in_executor(None, stopped.wait)  # type: ignore[attr-defined]
        began = time.monotonic()
        await told
        return _Seen(dict(clients.closed), time.monotonic() - began)

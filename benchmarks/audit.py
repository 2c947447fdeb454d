"""The audit trail: lines sealed a second, and what seals cost recordBalances."""

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import asyncpg

from benchmarks import load
from benchmarks.place import KEY, Place, Scale, superuser
from benchmarks.record import BATCH, CLIENTS, Row, batches_of, request_of
from benchmarks.report import Report, median
from benchmarks.serving import terrace
from cli.session import OPERATOR
from repository.audit import audit
from repository.database import Database
from repository.sealing import seal_waiting
from repository.verification import verify
from settings import Settings


@dataclass(frozen=True, slots=True)
class _Size:
    customers: int
    rounds: int
    lines: int
    requests: dict[int, int]
    """Requests of a round, by the updates in each."""


_SIZES = {
    Scale.FULL: _Size(10_000, 5, 100_000, {BATCH: 160, 1: 6_000}),
    Scale.QUICK: _Size(4_000, 3, 40_000, {BATCH: 64, 1: 2_000}),
    Scale.TINY: _Size(400, 1, 2_000, {BATCH: 8, 1: 100}),
}
_BEFORE = """
drop trigger await_seal on terrace.audit;
drop index terrace.audit_by_subject, terrace.audit_by_principal, terrace.audit_by_action,
    terrace.audit_by_day, terrace.audit_by_instant;
"""
"""What makes a trail of one that has neither a chain nor indexes to search it by."""
_MANY = """
insert into terrace.audit (principal, role, channel, action, subject, before, after, reason)
select 'branch:B1', 'branch', 'web', 'customer.assign', 'C' || n,
    '{"manager": "M1"}', '{"manager": "M2"}', 'handover'
from generate_series(1, $1) n
"""
_SIDES = ("sealed", "without seals")


@dataclass(slots=True)
class _Rounds:
    """What came of each side, by the updates in a request; `cost` is PostgreSQL's processor time a
    request, of writers and sealer together, in microseconds."""

    outcomes: dict[tuple[str, int], list[load.Outcome]] = field(default_factory=dict)
    cost: dict[tuple[str, int], list[float]] = field(default_factory=dict)

    def rate(self, side: str, updates: int) -> float:
        return median([outcome.rate for outcome in self.outcomes[side, updates]])

    def cost_of(self, side: str, updates: int) -> float:
        return median(self.cost[side, updates])


async def run(place: Place) -> Report:
    """Sealing alone, then both sides in turn, each with the same requests."""
    size = _SIZES[place.scale]
    template = await place.populated(size.customers, points=False)
    written, sealed, verified = await _sealing(place, template, size.lines)
    found = _Rounds()
    urls = {side: await place.copy(template) for side in _SIDES}
    connection = await asyncpg.connect(superuser(urls["without seals"]))
    await connection.execute(_BEFORE)
    await connection.close()
    for number in range(size.rounds + 1):
        for updates, requests in size.requests.items():
            rows = _rows(size, number, updates, requests)
            order = _SIDES if number % 2 else _SIDES[::-1]
            for side in order:
                outcome, cost = await _round(place, urls[side], side, rows)
                if number:  # the first one warms up
                    found.outcomes.setdefault((side, updates), []).append(outcome)
                    found.cost.setdefault((side, updates), []).append(cost)
        print(f"audit {number}/{size.rounds}", file=sys.stderr)
    left = await _left_after_rounds(urls["sealed"])
    for url in urls.values():
        await place.drop(url)
    return _report(size, found, written, sealed, verified, left)


async def _sealing(place: Place, template: str, lines: int) -> tuple[float, float, float]:
    """Lines a second: written one by one from many connections, sealed, verified."""
    url = await place.copy(template)
    connection = await asyncpg.connect(superuser(url))
    async with Database(url, KEY, writer_connections=CLIENTS) as database:
        waiting = iter(range(lines // 10))

        async def client() -> None:
            for number in waiting:
                async with database.unit() as unit:
                    await audit(unit, OPERATOR, "customer.assign", f"C{number}", reason="handover")

        began = time.perf_counter()
        await asyncio.gather(*[client() for _ in range(CLIENTS)])
        written = lines // 10 / (time.perf_counter() - began)
        await connection.execute(_MANY, lines - lines // 10)
        await connection.close()
        await place.settle()
        began = time.perf_counter()
        sealed = await seal_waiting(database) / (time.perf_counter() - began)
        began = time.perf_counter()
        verified = (await verify(database)).seals / (time.perf_counter() - began)
    await place.drop(url)
    return written, sealed, verified


def _rows(size: _Size, number: int, updates: int, requests: int) -> list[list[Row]]:
    """Rows that no other round has, cut into requests."""
    places = list(size.requests).index(updates) + number * len(size.requests)
    most = max(updates * requests for updates, requests in size.requests.items())
    first = places * most
    rows = batches_of(size.customers, first, first + updates * requests)
    flat = [row for batch in rows for row in batch]
    return [flat[start : start + updates] for start in range(0, len(flat), updates)]


async def _round(
    place: Place, url: str, side: str, rows: Sequence[list[Row]]
) -> tuple[load.Outcome, float]:
    async with terrace(place, url) as server, _sealer(url, side):
        await place.settle()
        requests = [request_of(part) for part in rows]
        expected = b'"accepted":%d' % len(rows[0])
        job = load.Job(server.port, requests, expected, connections=CLIENTS)
        before = place.postgres_seconds()
        outcome = await load.in_another_process(job)
        return outcome, (place.postgres_seconds() - before) / len(requests) * 1e6


@asynccontextmanager
async def _sealer(url: str, side: str) -> AsyncIterator[None]:
    """A sealer that looks every second, as a worker does, on the side that has one."""

    async def work(database: Database) -> None:
        while True:
            await seal_waiting(database)
            await asyncio.sleep(Settings().poll_seconds)

    async with Database(url, KEY) as database:
        working = asyncio.create_task(work(database)) if side == "sealed" else None
        try:
            yield
        finally:
            if working is not None:
                working.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await working


async def _left_after_rounds(url: str) -> int:
    """How many lines wait when the rounds are over; what is sealed is what was written."""
    async with Database(url, KEY) as database:
        return (await verify(database)).waiting


def _report(
    size: _Size, found: _Rounds, written: float, sealed: float, verified: float, left: int
) -> Report:
    rows: list[tuple[object, ...]] = [
        ("lines written, each in a transaction", written),
        ("lines sealed", sealed),
        ("lines verified", verified),
    ]
    ratios = {"sealed_vs_written": sealed / written}
    for updates in size.requests:
        with_seals, without = (found.rate(side, updates) for side in _SIDES)
        rows += [
            (f"batches of {updates}, {_SIDES[0]}", with_seals),
            (f"batches of {updates}, {_SIDES[1]}", without),
        ]
        ratios[f"record_{updates}_with_vs_without"] = with_seals / without
        ratios[f"record_{updates}_postgres_time"] = found.cost_of(
            _SIDES[0], updates
        ) / found.cost_of(_SIDES[1], updates)
    return Report(
        "audit",
        f"the chain of the audit trail; recordBalances from {CLIENTS} clients with and without it",
        ("what", "a second"),
        rows,
        ratios,
        {
            "lines_left": left,
            "postgres_us_a_request": {
                f"batches of {updates}, {side}": costs
                for (side, updates), costs in found.cost.items()
            },
            "rounds": {
                f"batches of {updates}, {side}": [outcome.rate for outcome in outcomes]
                for (side, updates), outcomes in found.outcomes.items()
            },
        },
        (
            "without: no lines that wait, no seals, no indexes of the trail but its key",
            f"{left} lines waited for their seal when the rounds were over",
        ),
    )

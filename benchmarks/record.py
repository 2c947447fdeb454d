"""recordBalances from many clients beside inserting the same rows into a bare table."""

import asyncio
import multiprocessing
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import asyncpg
import orjson

from api.tokens import sign
from benchmarks import documents, load
from benchmarks.place import KEY, Place, Scale, superuser
from benchmarks.population import OPEN, account_number
from benchmarks.report import Report, median
from benchmarks.serving import Serving, terrace
from domain.actors import Role

CLIENTS = 16
BATCH = 500
PACE = 20_000
"""Updates a second in the paced rounds: what two cores are to accept at least."""


@dataclass(frozen=True, slots=True)
class _Size:
    customers: int
    rounds: int
    batches: int


_SIZES = {
    Scale.FULL: _Size(10_000, 5, 320),
    Scale.QUICK: _Size(4_000, 2, 96),
    Scale.TINY: _Size(400, 1, 16),
}

_BARE = """
create schema bench;
create table bench.balance_update (like terrace.balance_update including all);
"""
_INSERT = """
insert into bench.balance_update (customer_id, update_id, account_id, as_of, amount, entry)
select *, 0 from unnest($1::integer[], $2::text[], $3::integer[], $4::date[], $5::numeric[])
on conflict do nothing
"""

Row = tuple[int, str, int, date, Decimal]  # customer, update id, account, day, amount


@dataclass(slots=True)
class _Rounds:
    """Both sides of all rounds; costs are processor seconds of our server and of PostgreSQL."""

    ours: list[load.Outcome] = field(default_factory=list)
    paced: list[load.Outcome] = field(default_factory=list)
    bare: list[load.Outcome] = field(default_factory=list)
    server: list[float] = field(default_factory=list)
    postgres: list[float] = field(default_factory=list)


async def run(place: Place) -> Report:
    """Updates a second, each side with rows of its own rounds."""
    size = _SIZES[place.scale]
    url = await place.copy(await place.populated(size.customers, points=False))
    connection = await asyncpg.connect(superuser(url))
    await connection.execute(_BARE)
    await connection.close()
    found = _Rounds()
    async with terrace(place, url) as server:
        await _round(place, url, server, list(_batches(size, 0)), _Rounds())  # warms up
        for number in range(1, size.rounds + 1):
            await _round(place, url, server, list(_batches(size, 2 * number - 1)), found)
            await place.settle()
            found.paced.append(await _paced(server, list(_batches(size, 2 * number))))
            print(
                f"record {number}/{size.rounds} terrace {found.ours[-1].rate * BATCH:,.0f} "
                f"updates/s, bare {found.bare[-1].rate * BATCH:,.0f}",
                file=sys.stderr,
            )
    await place.drop(url)
    return _report(found)


async def _paced(server: Serving, batches: Sequence[list[Row]]) -> load.Outcome:
    """The same with so many batches a second as make up PACE updates."""
    requests = [request_of(rows) for rows in batches]
    expected = b'"accepted":%d' % BATCH
    rate = PACE / BATCH
    return await load.in_another_process(
        load.Job(server.port, requests, expected, connections=CLIENTS, rate=rate)
    )


async def _round(
    place: Place, url: str, server: Serving, batches: Sequence[list[Row]], found: _Rounds
) -> None:
    requests = [request_of(rows) for rows in batches]
    job = load.Job(server.port, requests, b'"accepted":%d' % BATCH, connections=CLIENTS)
    await place.settle()
    server_before, postgres_before = server.seconds(), place.postgres_seconds()
    found.ours.append(await load.in_another_process(job))
    updates = len(batches) * BATCH
    found.server.append((server.seconds() - server_before) / updates)
    found.postgres.append((place.postgres_seconds() - postgres_before) / updates)
    await place.settle()
    found.bare.append(await _in_another_process(superuser(url), batches))


def _report(found: _Rounds) -> Report:
    rows = [
        (
            side,
            median([one.rate * BATCH for one in outcomes]),
            median([one.p50 for one in outcomes]),
            median([one.p99 for one in outcomes]),
        )
        for side, outcomes in (
            ("terrace", found.ours),
            (f"terrace, {PACE:,} a second", found.paced),
            ("bare inserts", found.bare),
        )
    ]
    server_us, postgres_us = median(found.server) * 1e6, median(found.postgres) * 1e6
    return Report(
        "record",
        f"batches of {BATCH} end-of-day balances from {CLIENTS} clients",
        ("side", "updates/s", "p50 ms", "p99 ms"),
        rows,
        {"updates_per_second": rows[0][1] / rows[2][1]},
        {
            "server_us_an_update": server_us,
            "postgres_us_an_update": postgres_us,
            "rounds": {
                "terrace": [one.rate * BATCH for one in found.ours],
                "bare": [one.rate * BATCH for one in found.bare],
            },
        },
        (
            f"processor time an update: server {server_us:.1f} us, PostgreSQL {postgres_us:.1f} us",
            "bare inserts: arrays through unnest into a table like the ledger, with its keys",
        ),
    )


def _batches(size: _Size, number: int) -> Iterator[list[Row]]:
    """The batches of a round."""
    first = number * size.batches * BATCH
    return batches_of(size.customers, first, first + size.batches * BATCH)


def batches_of(customers: int, first: int, end: int) -> Iterator[list[Row]]:
    """Rows from one place to before another, as a feed sends them: by day, then by account."""
    accounts = customers * 3
    for start in range(first, end, BATCH):
        rows = []
        for place in range(start, min(start + BATCH, end)):
            day, account = divmod(place, accounts)
            as_of = OPEN.first_day + timedelta(days=day)
            amount = Decimal(place % 9_999_999) / 100 + 1000
            rows.append((account // 3 + 1, f"U{place:012d}", account + 1, as_of, amount))
        yield rows


def request_of(rows: Sequence[Row]) -> bytes:
    """A request of recordBalances."""
    updates = [
        {
            "updateId": update_id,
            "account": account_number(customer, (account - 1) % 3 + 1),
            "asOf": str(as_of),
            "balance": str(amount),
        }
        for customer, update_id, account, as_of, amount in rows
    ]
    variables = {"input": {"idempotencyKey": f"from {rows[0][1]}", "updates": updates}}
    body = orjson.dumps({"query": documents.RECORD, "variables": variables})
    token = sign(KEY, Role.INTEGRATOR, "feed", hours=24, now=datetime.now(UTC))
    return load.post("/graphql", body, token)


async def _in_another_process(url: str, batches: Sequence[list[Row]]) -> load.Outcome:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as processes:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(processes, _insert, url, batches)


def _insert(url: str, batches: Sequence[list[Row]]) -> load.Outcome:
    return asyncio.run(_insert_all(url, batches))


async def _insert_all(url: str, batches: Sequence[list[Row]]) -> load.Outcome:
    waiting = iter([list(zip(*rows, strict=True)) for rows in batches])
    took: list[float] = []

    async def client(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        for columns in waiting:
            began = time.perf_counter()
            await connection.execute(_INSERT, *columns)
            took.append(time.perf_counter() - began)

    connections = [await asyncpg.connect(url) for _ in range(CLIENTS)]
    began, processor = time.perf_counter(), time.process_time()
    await asyncio.gather(*[client(connection) for connection in connections])
    seconds = time.perf_counter() - began
    outcome = load.outcome(seconds, time.process_time() - processor, took)
    for connection in connections:
        await connection.close()
    return outcome

"""Closing a month beside the least that SQL can do for it: the same sums from signed deltas.

The peer reads a table in which every change point is the difference from the one before, in home
currency. A delta counts for the days that remain, so the sum of a month is one pass and one
aggregate, without a window and without a look at any neighbour. To keep such a table exact under
updates in any order is work that the peer is spared.
"""

import asyncio
import math
import multiprocessing
import resource
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from statistics import linear_regression

import asyncpg

from benchmarks.place import HOME, KEY, Place, Scale, superuser
from benchmarks.population import OPEN
from benchmarks.report import Report, median
from cli.session import OPERATOR
from repository.closing import close_state, request_close
from repository.database import Database, prepare_connection
from settings import Settings
from workers.close import carry_out

# customers and rounds, the smallest size first
_SIZES = {
    Scale.FULL: ((10_000, 3), (100_000, 3)),
    Scale.QUICK: ((1_000, 2), (10_000, 2)),
    Scale.TINY: ((200, 1), (400, 1)),
}
_MILLION = ((1_000_000, 1),)
_KIB = 1024 if sys.platform != "darwin" else 1

# The table of deltas is made before the time counts. Foreign balances change with every day's rate.
_DELTAS = """
create schema bench;
create table bench.delta (customer_id integer not null, account_id integer not null,
    as_of date not null, delta numeric not null, primary key (customer_id, account_id, as_of));
create table bench.month_sum (customer_id integer not null, month date not null,
    total numeric not null, primary key (customer_id, month));
insert into bench.delta
select customer_id, account_id, as_of, value - coalesce(lag(value) over (
    partition by customer_id, account_id order by as_of), 0)
from (
    select b.customer_id, b.account_id, b.as_of, b.amount as value
    from terrace.balance b join terrace.account a on a.id = b.account_id
    where a.currency = '{home}'
    union all
    select a.customer_id, a.id, d.day::date, b.amount * r.rate
    from terrace.account a
    cross join generate_series(date '{first}', date '{last}', interval '1 day') d(day)
    cross join lateral (
        select amount from terrace.balance where customer_id = a.customer_id
            and account_id = a.id and as_of <= d.day order by as_of desc limit 1) b
    cross join lateral (
        select rate from terrace.rate where currency = a.currency and as_of <= d.day
        order by as_of desc limit 1) r
    where a.currency <> '{home}'
) valued order by customer_id, account_id, as_of;
"""
_SUMS = """
insert into bench.month_sum
select customer_id, $1, sum(delta * ($2::date - greatest(as_of, $1) + 1))
from bench.delta where as_of <= $2 group by customer_id
"""


@dataclass(frozen=True, slots=True)
class Closed:
    """How a close went: seconds, those of its process, the most megabytes it had, the results."""

    seconds: float
    process_seconds: float
    memory: float
    total: Decimal
    changes: int


@dataclass(slots=True)
class _Rounds:
    """Both sides of all rounds with one number of customers; seconds."""

    closes: list[Closed] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)
    close_postgres: list[float] = field(default_factory=list)
    bare_postgres: list[float] = field(default_factory=list)

    def seconds(self) -> float:
        """Of a close."""
        return median([one.seconds for one in self.closes])

    def memory(self) -> float:
        """The most megabytes of a closing process."""
        return max(one.memory for one in self.closes)

    def row(self, customers: int) -> tuple[float, ...]:
        """One line of the table."""
        ours, peer = self.seconds(), median(self.bare)
        process = median([one.process_seconds for one in self.closes])
        postgres = median(self.close_postgres), median(self.bare_postgres)
        return (
            *(customers, ours, peer, ours / peer, customers / ours),
            *(process, *postgres, self.memory()),
        )

    def figures(self) -> dict[str, object]:
        """Everything, round by round."""
        return {
            "close_seconds": [one.seconds for one in self.closes],
            "bare_seconds": self.bare,
            "close_process_seconds": [one.process_seconds for one in self.closes],
            "close_postgres_seconds": self.close_postgres,
            "bare_postgres_seconds": self.bare_postgres,
            "memory_mb": self.memory(),
            "tier_changes": self.closes[0].changes,
        }


async def run(place: Place) -> Report:
    """Close the open month of institutions of different sizes."""
    found = {
        customers: await _measure(place, customers, rounds)
        for customers, rounds in (*_SIZES[place.scale], *(_MILLION if place.million else ()))
    }
    few, *_, many = found.values()
    return Report(
        "close",
        f"closing a month, 24 change points a customer, chunks of {_default('close_chunk'):,}",
        (
            *("customers", "close s", "bare SQL s", "times bare", "customers/s"),
            *("process s", "postgres s", "bare postgres s", "peak MB"),
        ),
        [rounds.row(customers) for customers, rounds in found.items()],
        {
            "close_time_small": few.seconds() / median(few.bare),
            "close_time": many.seconds() / median(many.bare),
            "growth_exponent": _exponent({n: r.seconds() for n, r in found.items()}),
            "bare_growth_exponent": _exponent({n: median(r.bare) for n, r in found.items()}),
        },
        {str(customers): rounds.figures() for customers, rounds in found.items()},
        (
            "bare SQL: one aggregate over ready-made signed deltas, into an empty table",
            "the close computes from balances as they arrived, sums again in another way, judges, "
            "stores decisions and events, and publishes",
            "process s, postgres s: processor time",
        ),
    )


def _exponent(seconds: Mapping[int, float]) -> float:
    """How seconds grow with customers: the slope of both logarithms over all sizes."""
    return linear_regression(
        [math.log(customers) for customers in seconds],
        [math.log(taken) for taken in seconds.values()],
    ).slope


async def _measure(place: Place, customers: int, rounds: int) -> _Rounds:
    populated = await place.populated(customers)
    found = _Rounds()
    for number in range(rounds):
        url = await place.copy(populated)
        await place.settle()
        start = place.postgres_seconds()
        seconds, total = await _bare(url)
        found.bare.append(seconds)
        await place.settle()
        between = place.postgres_seconds()
        closed = await _in_another_process(url)
        found.closes.append(closed)
        found.bare_postgres.append(between - start)
        found.close_postgres.append(place.postgres_seconds() - between)
        if closed.total != total:
            raise RuntimeError(f"the close computed {closed.total}, bare SQL {total}")
        await place.drop(url)
        print(
            f"close {customers:,} {number + 1}/{rounds}: {closed.seconds:.2f} s, "
            f"bare {seconds:.2f} s",
            file=sys.stderr,
        )
    return found


async def _bare(url: str) -> tuple[float, Decimal]:
    """Seconds of the peer, and the total of its sums."""
    connection = await asyncpg.connect(superuser(url))
    try:
        await prepare_connection(connection)
        names = {"home": HOME, "first": OPEN.first_day, "last": OPEN.last_day}
        await connection.execute(_DELTAS.format(**names))
        await connection.execute("vacuum (analyze) bench.delta")
        began = time.perf_counter()
        await connection.execute(_SUMS, OPEN.first_day, OPEN.last_day)
        seconds = time.perf_counter() - began
        return seconds, await connection.fetchval("select sum(total) from bench.month_sum")
    finally:
        await connection.close()


async def _in_another_process(url: str) -> Closed:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as processes:
        return await asyncio.get_running_loop().run_in_executor(processes, _close, url)


def _close(url: str) -> Closed:
    """Close the month in this process, which does nothing else."""
    return asyncio.run(_carry_out(url))


async def _carry_out(url: str) -> Closed:
    async with Database(url, KEY) as database:
        before = resource.getrusage(resource.RUSAGE_SELF)
        began = time.perf_counter()
        await request_close(database, OPEN, OPERATOR)
        await carry_out(database, chunk=_default("close_chunk"), batch=_default("recompute_batch"))
        seconds = time.perf_counter() - began
        async with database.writing() as connection:
            run = await close_state(connection, OPEN)
            total = await connection.fetchval("select sum(total) from terrace.close_chunk")
    if run.state != "CLOSED":
        raise RuntimeError(f"the close ended as {run.state}: {run.problem}")
    usage = resource.getrusage(resource.RUSAGE_SELF)
    process_seconds = usage.ru_utime + usage.ru_stime - before.ru_utime - before.ru_stime
    return Closed(seconds, process_seconds, usage.ru_maxrss * _KIB / 1e6, total, run.changes)


def _default(setting: str) -> int:
    return int(Settings.model_fields[setting].default)

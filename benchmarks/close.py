"""Closing a month beside the least that SQL can do for it: the same averages from signed deltas.

The peer reads a table in which every change point is the difference from the one before, in home
currency. A delta counts for the days that remain, so the averages of a month are one pass and one
aggregate, without a window and without a look at any neighbour: those of deposits, investments and
settlement funds, and of all together, rounded and written with their key. To keep such a table
exact under updates in any order is work that the peer is spared. What the totals' sums alone would
take is told as well. The peer runs before and after each close, its table in memory, and the mean
counts: the pace of a machine that is not alone changes within a minute.
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
from pathlib import Path
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

# The table of deltas is made before the time counts. Foreign balances change with every day's rate.
_DELTAS = """
create schema bench;
create table bench.delta (customer_id integer not null, account_id integer not null,
    as_of date not null, component smallint not null, delta numeric not null,
    primary key (customer_id, account_id, as_of));
create table bench.month_average (customer_id integer not null, month date not null,
    deposits numeric not null, investments numeric not null, settlement_funds numeric not null,
    total numeric not null, month_sum numeric not null, primary key (customer_id, month));
create table bench.month_sum (customer_id integer not null, month date not null,
    total numeric not null, primary key (customer_id, month));
insert into bench.delta
select customer_id, account_id, as_of,
    array_position(array['DEPOSITS', 'INVESTMENTS', 'SETTLEMENT_FUNDS'], component),
    value - coalesce(lag(value) over (
        partition by customer_id, account_id order by as_of), 0)
from (
    select b.customer_id, b.account_id, b.as_of, b.amount as value,
        terrace.component(a.product_class) as component
    from terrace.balance b join terrace.account a on a.id = b.account_id
    where a.currency = '{home}'
    union all
    select a.customer_id, a.id, d.day::date, b.amount * r.rate, terrace.component(a.product_class)
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
_AVERAGES = """
insert into bench.month_average
select customer_id, $1,
    round(coalesce(sum(held) filter (where component = 1), 0) / $3::integer, 2),
    round(coalesce(sum(held) filter (where component = 2), 0) / $3::integer, 2),
    round(coalesce(sum(held) filter (where component = 3), 0) / $3::integer, 2),
    round(sum(held) / $3::integer, 2), sum(held)
from (
    select customer_id, component, delta * ($2::date - greatest(as_of, $1) + 1) as held
    from bench.delta where as_of <= $2
) days group by customer_id
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


@dataclass(frozen=True, slots=True)
class Bare:
    """How the peer went: seconds, PostgreSQL's processor time, seconds of the sums alone, total.

    The mean of two times, but for the total and for `each` of those seconds.
    """

    each: tuple[float, ...]
    seconds: float
    postgres_seconds: float
    sums_alone: float
    total: Decimal


@dataclass(slots=True)
class _Rounds:
    """Both sides of all rounds with one number of customers; seconds."""

    closes: list[Closed] = field(default_factory=list)
    bare: list[Bare] = field(default_factory=list)
    close_postgres: list[float] = field(default_factory=list)

    def seconds(self) -> float:
        """Of a close."""
        return median([one.seconds for one in self.closes])

    def bare_seconds(self) -> float:
        """Of the peer."""
        return median([one.seconds for one in self.bare])

    def memory(self) -> float:
        """The most megabytes of a closing process."""
        return max(one.memory for one in self.closes)

    def row(self, customers: int) -> tuple[float, ...]:
        """One line of the table."""
        ours, peer = self.seconds(), self.bare_seconds()
        process = median([one.process_seconds for one in self.closes])
        bare_postgres = median([one.postgres_seconds for one in self.bare])
        postgres = median(self.close_postgres), bare_postgres
        return (
            *(customers, ours, peer, ours / peer, customers / ours),
            *(process, *postgres, self.memory()),
        )

    def figures(self) -> dict[str, object]:
        """Everything, round by round."""
        return {
            "close_seconds": [one.seconds for one in self.closes],
            "bare_seconds": [one.each for one in self.bare],
            "sums_alone_seconds": [one.sums_alone for one in self.bare],
            "close_process_seconds": [one.process_seconds for one in self.closes],
            "close_postgres_seconds": self.close_postgres,
            "bare_postgres_seconds": [one.postgres_seconds for one in self.bare],
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
            "close_time_small": few.seconds() / few.bare_seconds(),
            "close_time": many.seconds() / many.bare_seconds(),
            "growth_exponent": _exponent({n: r.seconds() for n, r in found.items()}),
            "bare_growth_exponent": _exponent({n: r.bare_seconds() for n, r in found.items()}),
        },
        {str(customers): rounds.figures() for customers, rounds in found.items()},
        (
            "bare SQL: the averages of all components by one aggregate over ready-made signed "
            "deltas, into an empty table, before and after each close; sums_alone_seconds in the "
            "figures: nothing but a total",
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
        await _make_deltas(url)
        before = await _bare(place, url)
        await place.settle()
        between = place.postgres_seconds()
        closed = await in_another_process(url)
        found.closes.append(closed)
        found.close_postgres.append(place.postgres_seconds() - between)
        bare = _mean(before, await _bare(place, url))
        found.bare.append(bare)
        if closed.total != bare.total:
            raise RuntimeError(f"the close computed {closed.total}, bare SQL {bare.total}")
        await place.drop(url)
        print(
            f"close {customers:,} {number + 1}/{rounds}: {closed.seconds:.2f} s, "
            f"bare {bare.seconds:.2f} s, sums alone {bare.sums_alone:.2f} s",
            file=sys.stderr,
        )
    return found


async def _make_deltas(url: str) -> None:
    """What the peer reads, before the time counts."""
    connection = await asyncpg.connect(superuser(url))
    try:
        await prepare_connection(connection)
        await connection.execute(
            _DELTAS.format(home=HOME, first=OPEN.first_day, last=OPEN.last_day)
        )
        await connection.execute("vacuum (analyze) bench.delta")
    finally:
        await connection.close()


async def _bare(place: Place, url: str) -> Bare:
    connection = await asyncpg.connect(superuser(url))
    first, last = OPEN.first_day, OPEN.last_day
    took = []
    try:
        await prepare_connection(connection)
        await connection.execute("truncate bench.month_average, bench.month_sum")
        await connection.execute("select count(delta) from bench.delta")  # into memory again
        for statement, values in ((_AVERAGES, (first, last, OPEN.days)), (_SUMS, (first, last))):
            await place.settle()
            began, before = time.perf_counter(), place.postgres_seconds()
            await connection.execute(statement, *values)
            took.append((time.perf_counter() - began, place.postgres_seconds() - before))
        total = await connection.fetchval("select sum(month_sum) from bench.month_average")
        return Bare((took[0][0],), *took[0], took[1][0], total)
    finally:
        await connection.close()


def _mean(before: Bare, after: Bare) -> Bare:
    if before.total != after.total:
        raise RuntimeError(f"bare SQL computed {before.total}, then {after.total}")
    return Bare(
        before.each + after.each,
        (before.seconds + after.seconds) / 2,
        (before.postgres_seconds + after.postgres_seconds) / 2,
        (before.sums_alone + after.sums_alone) / 2,
        before.total,
    )


async def in_another_process(url: str) -> Closed:
    """Close the month in a process that does nothing else."""
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
    return Closed(seconds, process_seconds, peak_megabytes(), total, run.changes)


def peak_megabytes() -> float:
    """The most memory that this process has had since its program began.

    `ru_maxrss` also counts what the process that started it had, and is in bytes on a Mac.
    """
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except FileNotFoundError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024 / 1e6


def _default(setting: str) -> int:
    return int(Settings.model_fields[setting].default)

"""`terrace import balances` from the file to the ledger, beside COPY."""

import asyncio
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

import asyncpg

from benchmarks.place import KEY, Place, Scale, superuser
from benchmarks.population import OPEN, account_number
from benchmarks.report import Report, median

_ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class _Size:
    customers: int
    rows: int
    rounds: int


_SIZES = {
    Scale.FULL: _Size(20_000, 1_000_000, 3),
    Scale.QUICK: _Size(10_000, 300_000, 1),
    Scale.TINY: _Size(400, 3_000, 1),
}

_NARROW = """(customer_id integer not null, account_id integer not null, as_of date not null,
    amount numeric(18, 2) not null"""
_PREPARE = f"""
create schema bench;
create table bench.copied {_NARROW}, primary key (customer_id, account_id, as_of));
create table bench.narrow {_NARROW}, primary key (customer_id, account_id, as_of));
create table bench.ledger (like terrace.balance_update including all);
create unlogged table bench.staging {_NARROW});
create unlogged table bench.other_staging {_NARROW});
"""
_INTO_LEDGER = """
insert into bench.ledger (customer_id, account_id, as_of, entry, amount)
select customer_id, account_id, as_of, 0, amount from bench.staging on conflict do nothing
"""
_INTO_NARROW = """
insert into bench.narrow select * from bench.other_staging on conflict do nothing
"""
_SIDES = ("terrace import", "staged COPY", "narrow staged COPY", "narrow plain COPY")


@dataclass(frozen=True, slots=True)
class _Took:
    """Seconds of one side, and of the processors: the loading process's and PostgreSQL's."""

    seconds: float
    process: float
    postgres: float


async def run(place: Place) -> Report:
    """Rows a second of one file, each round into a fresh copy of the same institution."""
    size = _SIZES[place.scale]
    populated = await place.populated(size.customers, points=False)
    took: dict[str, list[_Took]] = {side: [] for side in _SIDES}
    with tempfile.TemporaryDirectory(prefix="terrace-bench-") as name:
        feed, keyed = Path(name) / "balances.csv", Path(name) / "keyed.csv"
        _write(feed, keyed, size)
        for number in range(size.rounds):
            url = await place.copy(populated)
            took["terrace import"].append(await _import(place, url, feed, size.rows))
            await _copy(place, superuser(url), keyed, took)
            await place.drop(url)
            shown = ", ".join(f"{side} {all_[-1].seconds:.1f} s" for side, all_ in took.items())
            print(f"import {number + 1}/{size.rounds} {shown}", file=sys.stderr)
    rows = []
    for side, found in took.items():
        seconds = median([one.seconds for one in found])
        process = median([one.process for one in found])
        postgres = median([one.postgres for one in found])
        a_row = 1e6 / size.rows
        rows.append((side, seconds, size.rows / seconds, process * a_row, postgres * a_row))
    ours, staged, narrow, plain = (row[2] for row in rows)
    return Report(
        "import",
        f"a file of {size.rows:,} balances of {size.customers * 3:,} accounts, by day",
        ("side", "seconds", "rows/s", "process us", "postgres us"),
        rows,
        {
            "of_staged_copy": ours / staged,
            "of_narrow_staged_copy": ours / narrow,
            "of_narrow_plain_copy": ours / plain,
        },
        {"rounds": {side: [asdict(one) for one in found] for side, found in took.items()}},
        (
            "terrace import: the whole command, from the start of its process to its end",
            "staged COPY: COPY of ready keys into an unlogged table, then INSERT .. ON CONFLICT DO "
            "NOTHING into a table like the ledger, with its key",
            "narrow: the same into a table of nothing but account, day and amount; plain: COPY "
            "straight into such a table",
            "us: processor time a row",
        ),
    )


def _write(feed: Path, keyed: Path, size: _Size) -> None:
    """The feed's file, and the same balances with the database's own keys for the peers."""
    with feed.open("w", encoding="utf-8") as by_number, keyed.open("w", encoding="utf-8") as by_key:
        by_number.write("account_number,as_of,balance\n")
        for customer, account, as_of, amount in _rows(size):
            number = account_number(customer, (account - 1) % 3 + 1)
            by_number.write(f"{number},{as_of},{amount}\n")
            by_key.write(f"{customer},{account},{as_of},{amount}\n")


def _rows(size: _Size) -> Iterator[tuple[int, int, str, str]]:
    accounts = size.customers * 3
    for place in range(size.rows):
        day, account = divmod(place, accounts)
        as_of = str(OPEN.first_day + timedelta(days=day))
        amount = f"{1000 + place % 99_991}.{place % 100:02d}"
        yield account // 3 + 1, account + 1, as_of, amount


@contextmanager
def _timed(place: Place, who: int, took: list[_Took]) -> Iterator[None]:
    """Times the block; `who` is whose processor time counts as the loading process's."""
    before = resource.getrusage(who), place.postgres_seconds()
    began = time.perf_counter()
    yield
    seconds = time.perf_counter() - began
    after = resource.getrusage(who)
    process = after.ru_utime + after.ru_stime - before[0].ru_utime - before[0].ru_stime
    took.append(_Took(seconds, process, place.postgres_seconds() - before[1]))


async def _import(place: Place, url: str, feed: Path, rows: int) -> _Took:
    """The command's times; raises RuntimeError unless it recorded every row."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("TERRACE_")}
    environment = {
        **inherited,
        "TERRACE_DATABASE_URL": url,
        "TERRACE_REDIS_URL": place.addresses.redis_url,
        "TERRACE_SECRET_KEY": KEY,
    }
    command = [sys.executable, "-m", "cli.main", "import", "balances", str(feed)]
    connection = await asyncpg.connect(superuser(url))
    counted = "select count(*) from terrace.balance_update"
    try:
        recorded = -await connection.fetchval(counted)
        await place.settle()
        took: list[_Took] = []
        with _timed(place, resource.RUSAGE_CHILDREN, took):
            done = await asyncio.to_thread(
                subprocess.run, command, cwd=_ROOT, env=environment, capture_output=True, text=True
            )
        recorded += await connection.fetchval(counted)
    finally:
        await connection.close()
    if done.returncode or recorded != rows:
        raise RuntimeError(f"the import recorded {recorded:,} of {rows:,} rows: {done.stderr}")
    return took[0]


async def _copy(place: Place, url: str, keyed: Path, took: dict[str, list[_Took]]) -> None:
    connection = await asyncpg.connect(url)
    copy = partial(connection.copy_to_table, source=keyed, schema_name="bench", format="csv")
    try:
        await connection.execute(_PREPARE)
        await place.settle()
        with _timed(place, resource.RUSAGE_SELF, took["staged COPY"]):
            await copy("staging")
            await connection.execute(_INTO_LEDGER)
        await place.settle()
        with _timed(place, resource.RUSAGE_SELF, took["narrow staged COPY"]):
            await copy("other_staging")
            await connection.execute(_INTO_NARROW)
        await place.settle()
        with _timed(place, resource.RUSAGE_SELF, took["narrow plain COPY"]):
            await copy("copied")
    finally:
        await connection.close()

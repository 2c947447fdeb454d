"""`terrace import balances` from the file to the ledger, beside COPY."""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
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

_SHAPE = """(customer_id integer not null, account_id integer not null, as_of date not null,
    amount numeric(18, 2) not null"""
_PREPARE = f"""
create schema bench;
create table bench.copied {_SHAPE}, primary key (customer_id, account_id, as_of));
create table bench.balance {_SHAPE}, primary key (customer_id, account_id, as_of));
create unlogged table bench.staging {_SHAPE});
"""
_FROM_STAGING = """
insert into bench.balance select * from bench.staging on conflict do nothing
"""


async def run(place: Place) -> Report:
    """Rows a second of one file, each round into a fresh copy of the same institution."""
    size = _SIZES[place.scale]
    populated = await place.populated(size.customers, points=False)
    took: dict[str, list[float]] = {"terrace import": [], "staged COPY": [], "plain COPY": []}
    with tempfile.TemporaryDirectory(prefix="terrace-bench-") as name:
        feed, keyed = Path(name) / "balances.csv", Path(name) / "keyed.csv"
        _write(feed, keyed, size)
        for number in range(size.rounds):
            url = await place.copy(populated)
            await place.settle()
            took["terrace import"].append(await _import(place, url, feed, size.rows))
            for side, seconds in (await _copy(place, superuser(url), keyed)).items():
                took[side].append(seconds)
            await place.drop(url)
            shown = ", ".join(f"{side} {seconds[-1]:.1f} s" for side, seconds in took.items())
            print(f"import {number + 1}/{size.rounds} {shown}", file=sys.stderr)
    rates = {side: size.rows / median(seconds) for side, seconds in took.items()}
    ours = rates["terrace import"]
    return Report(
        "import",
        f"a file of {size.rows:,} balances of {size.customers * 3:,} accounts, by day",
        ("side", "seconds", "rows/s"),
        [(side, median(seconds), rates[side]) for side, seconds in took.items()],
        {
            "of_staged_copy": ours / rates["staged COPY"],
            "of_plain_copy": ours / rates["plain COPY"],
        },
        {"rounds_seconds": took},
        (
            "terrace import: the whole command, from the start of its process to its end",
            "staged COPY: COPY of ready keys, then INSERT .. ON CONFLICT DO NOTHING into a table "
            "of the balances' shape; plain COPY: straight into such a table",
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


async def _import(place: Place, url: str, feed: Path, rows: int) -> float:
    """Seconds of the command; raises RuntimeError unless it recorded every row."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("TERRACE_")}
    environment = {
        **inherited,
        "TERRACE_DATABASE_URL": url,
        "TERRACE_REDIS_URL": place.addresses.redis_url,
        "TERRACE_SECRET_KEY": KEY,
    }
    command = [sys.executable, "-m", "cli.main", "import", "balances", str(feed)]
    began = time.perf_counter()
    done = await asyncio.to_thread(
        subprocess.run, command, cwd=_ROOT, env=environment, capture_output=True, text=True
    )
    seconds = time.perf_counter() - began
    connection = await asyncpg.connect(superuser(url))
    try:
        recorded = await connection.fetchval("select count(*) from terrace.balance_update")
    finally:
        await connection.close()
    if done.returncode or recorded != rows:
        raise RuntimeError(f"the import recorded {recorded:,} of {rows:,} rows: {done.stderr}")
    return seconds


async def _copy(place: Place, url: str, keyed: Path) -> dict[str, float]:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(_PREPARE)
        await place.settle()
        began = time.perf_counter()
        await connection.copy_to_table("staging", source=keyed, schema_name="bench", format="csv")
        await connection.execute(_FROM_STAGING)
        staged = time.perf_counter() - began
        await place.settle()
        began = time.perf_counter()
        await connection.copy_to_table("copied", source=keyed, schema_name="bench", format="csv")
        return {"staged COPY": staged, "plain COPY": time.perf_counter() - began}
    finally:
        await connection.close()

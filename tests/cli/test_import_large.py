"""Large files: killed in the middle and completed, and read in a memory that does not grow."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path

import pytest

from cli.embedded import Addresses
from tests.cli.imported import HEADERS, Desk
from tests.cli.typed import ROOT, Shell
from tests.house import KEY, House, new_house

ROWS = 150_000
ACCOUNTS = [f"A{n},C{1 + n % 2},FUND,CNY,2024-01-01," for n in range(2_000)]


def many(path: Path, rows: int, accounts: int) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(HEADERS["balances"] + "\n")
        for row in range(rows):
            day = date(2025, 1, 1) + timedelta(days=row // accounts)
            file.write(f"A{row % accounts},{day},{row * 7919 % 1_000_000}.{row % 100:02}\n")


@pytest.fixture
async def large(house: House, tmp_path: Path) -> Shell:
    """An installation with 2,000 accounts."""
    desk = Desk(house, tmp_path)
    await desk.bank()
    await desk.takes("accounts", *ACCOUNTS)
    return Shell(house.url, tmp_path)


async def test_killed_in_the_middle_and_given_again(
    addresses: Addresses, large: Shell, house: House
) -> None:
    many(large.folder / "balances.csv", ROWS, 2_000)
    killed = await asyncio.to_thread(large.process, "balances", "balances.csv")
    deadline = time.monotonic() + 30
    while not await house.value("select exists (select from terrace.balance)"):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    part = await house.value("select count(*) from terrace.balance_update")
    assert 0 < part < ROWS
    again = await asyncio.to_thread(large.process, "balances", "balances.csv")
    said, _ = await asyncio.to_thread(again.communicate)
    counted = re.fullmatch(
        rf"balances: {ROWS} read, (\d+) recorded, (\d+) already there, 0 rejected\n", said
    )
    assert counted
    assert int(counted[1]) + int(counted[2]) == ROWS
    assert int(counted[2]) >= part
    async with new_house(addresses) as clean:
        desk = Desk(clean, large.folder)
        await desk.bank()
        await desk.takes("accounts", *ACCOUNTS)
        whole = await asyncio.to_thread(
            Shell(clean.url, large.folder).process, "balances", "balances.csv"
        )
        await asyncio.to_thread(whole.communicate)
        assert await Desk(house, large.folder).digest() == await desk.digest()


MEMORY = """
import asyncio, pathlib, re, resource, sys
from repository.database import Database
from cli.imports import import_file

def most_memory():
    status = pathlib.Path("/proc/self/status")
    if status.exists():
        return int(re.search("VmHWM:\\s+(\\d+)", status.read_text())[1]) // 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024**2

async def main():
    async with Database(sys.argv[1], sys.argv[2]) as database:
        for name in sys.argv[3:]:
            await import_file(database, "balances", name)
            print(most_memory(), flush=True)

asyncio.run(main())
"""


async def test_memory_does_not_grow_with_the_file(large: Shell) -> None:
    """After a file of some blocks, one five times as long takes no more megabytes."""
    many(large.folder / "one.csv", 60_000, 2_000)
    many(large.folder / "five.csv", 300_000, 2_000)
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", MEMORY, large.url, KEY, "one.csv", "one.csv", "five.csv"],
        cwd=large.folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    _, one, five = map(int, done.stdout.split())
    assert five < 250
    assert five - one < 80

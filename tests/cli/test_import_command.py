"""`terrace import` as it is typed: what it prints, what it leaves behind, how it ends."""

import asyncio
import csv
import gzip
import os
import pty
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path

import asyncpg
import pytest
from click.testing import CliRunner, Result

from cli.demo import write
from cli.embedded import Addresses
from cli.imports import KINDS
from cli.main import cli
from cli.session import OPERATOR
from domain.months import Month
from repository.closing import request_close
from tests.cli.imported import HEADERS, Desk, rejects_of
from tests.cli.typed import Shell, environment
from tests.house import House, new_database, new_house


@pytest.fixture
async def empty(addresses: Addresses, tmp_path: Path) -> AsyncIterator[Shell]:
    """A database without any data."""
    async with new_database(addresses) as url:
        yield Shell(url, tmp_path)


@pytest.fixture(scope="module")
async def office(
    addresses: Addresses, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Desk]:
    async with new_house(addresses) as house:
        desk = Desk(house, tmp_path_factory.mktemp("office"))
        await desk.bank()
        await desk.account()
        yield desk


@pytest.fixture
async def desk(office: Desk, tmp_path: Path) -> Desk:
    """An installation with account A1 of customer C1, no balances, and an empty folder."""
    await office.without_balances()
    return Desk(office.house, tmp_path)


@pytest.fixture
def shell(desk: Desk) -> Shell:
    return Shell(desk.house.url, desk.folder)


def one_line(result: Result, *said: str) -> None:
    """The import ended with status 2 and one line that says why."""
    assert result.exit_code == 2, result.output
    last = result.stderr.strip().splitlines()[-1]
    assert last.startswith("Error: ")
    assert all(part in last for part in said), last
    assert "Traceback" not in result.output


def test_a_good_file_and_the_same_again(shell: Shell) -> None:
    name = shell.file("balances.csv", "A1,2025-01-01,5.00", "A1,2025-01-02,6.00")
    first = shell.gives("balances", name)
    assert (first.exit_code, first.stderr) == (0, "")
    assert first.stdout == "balances: 2 read, 2 recorded, 0 already there, 0 rejected\n"
    again = shell.gives("balances", name)
    assert (again.exit_code, again.stderr) == (0, "")
    assert again.stdout == "balances: 2 read, 0 recorded, 2 already there, 0 rejected\n"


def test_rejected_rows_stand_beside_the_file(shell: Shell) -> None:
    name = shell.file("balances.csv.gz", "A1,2025-01-01,5.00", 'A9,2025-01-02,"6.00"', "A1,x,1")
    result = shell.gives("balances", name)
    assert result.exit_code == 1
    assert result.stdout == "balances: 3 read, 1 recorded, 0 already there, 2 rejected\n"
    assert result.stderr == "see balances.csv.gz.rejected.csv\n"
    rejected = (shell.folder / "balances.csv.gz.rejected.csv").read_text(encoding="utf-8")
    assert rejected.splitlines() == [
        "line,code,reason,row",
        '3,UNKNOWN_ACCOUNT,there is no account with this number,"A9,2025-01-02,""6.00"""',
        '4,INVALID_DATE,"as_of: expected a date written YYYY-MM-DD, got \'x\'","A1,x,1"',
    ]
    name = shell.file("balances.csv.gz", "A1,2025-01-01,5.00")
    assert shell.gives("balances", name).exit_code == 0
    assert not (shell.folder / "balances.csv.gz.rejected.csv").exists()


@pytest.mark.parametrize("packed", [False, True])
def test_standard_input(shell: Shell, packed: bool) -> None:
    text = b"\xef\xbb\xbfaccount_number,as_of,balance\r\nA1,2025-01-01,5\r\nA1,2025-01-02,\xff\r\n"
    result = shell.gives("balances", "-", given=gzip.compress(text) if packed else text)
    assert result.exit_code == 1
    assert result.stdout == "balances: 2 read, 1 recorded, 0 already there, 1 rejected\n"
    [row] = rejects_of(shell.folder / "stdin.rejected.csv")
    assert (row["line"], row["code"], row["row"]) == ("3", "MALFORMED_ROW", "A1,2025-01-02,\\xff")


def test_a_pipe_that_gives_a_little_at_a_time(shell: Shell) -> None:
    slow = (
        "import sys, time\n"
        "for piece in ['account_num', 'ber,as_of,balance\\nA1,20', '25-01-01,5.0', '0\\n']:\n"
        "    sys.stdout.write(piece); sys.stdout.flush(); time.sleep(0.05)\n"
    )
    with subprocess.Popen([sys.executable, "-c", slow], stdout=subprocess.PIPE) as source:
        done = subprocess.run(
            [sys.executable, "-m", "cli.main", "import", "balances", "-"],
            stdin=source.stdout,
            cwd=shell.folder,
            env={**os.environ, **environment(shell.url)},
            capture_output=True,
            text=True,
        )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "balances: 1 read, 1 recorded, 0 already there, 0 rejected\n"


def test_what_cannot_be_imported_is_said_in_one_line(shell: Shell) -> None:
    folder = shell.folder
    one_line(shell.gives("."), "nothing to import: expected are branches.csv, managers.csv")
    shell.file("balances.csv", "A1,2025-01-01,5.00")
    shell.file("balances.csv.gz", "A1,2025-01-01,5.00")
    one_line(shell.gives("."), "both balances.csv and balances.csv.gz")
    one_line(shell.gives("balances", "none.csv"), "there is no file none.csv")
    one_line(shell.gives("balances", "."), ". is a folder, not a file")
    one_line(shell.gives("balances"), "give a file as well")
    one_line(shell.gives("nowhere"), "'nowhere' is no folder")
    one_line(shell.gives("loans", "balances.csv"), "'loans' is none of branches, managers")
    one_line(shell.gives("rates", "balances.csv"), "not the header of a rates file")
    (folder / "x.csv").write_bytes(b"")
    one_line(shell.gives("balances", "x.csv"), "x.csv is empty")
    (folder / "x.csv").write_bytes(b"account_number,as_of,saldo\nA1,2025-01-01,5.00\n")
    one_line(shell.gives("balances", "x.csv"), "unknown column 'saldo'; no column balance")
    one_line(shell.gives("balances", "-", given=b""), "standard input is empty")


async def test_nothing_of_all_that_was_recorded(desk: Desk, shell: Shell) -> None:
    name = shell.file("accounts.csv", "A5,C1,FUND,CNY,2025-01-01")
    (shell.folder / name).write_text("number,customer,product_class\nA5,C1,FUND\n")
    before = await desk.content()
    result = await asyncio.to_thread(shell.gives, "accounts", name)
    one_line(result, "unknown column 'customer'; no column customer_number; no column currency")
    assert await desk.content() == before


def test_rejects_that_cannot_be_written_end_the_import(shell: Shell) -> None:
    name = shell.file("balances.csv", "A1,x,5.00")
    (shell.folder / "balances.csv.rejected.csv").mkdir()
    one_line(shell.gives("balances", name), "balances.csv.rejected.csv cannot be removed")


def test_a_database_that_does_not_answer(shell: Shell) -> None:
    name = shell.file("balances.csv", "A1,2025-01-01,5.00")
    gone = Shell("postgresql://terrace:secret@127.0.0.1:1/terrace", shell.folder)
    result = gone.gives("balances", name)
    one_line(result)
    assert "secret" not in result.output


async def test_while_a_month_is_being_closed(house: House, tmp_path: Path) -> None:
    desk = Desk(house, tmp_path)
    await desk.bank()
    await desk.account()
    await desk.takes("balances", "A1,2025-01-10,1.00")
    await request_close(house.database, Month(2025, 1), OPERATOR)
    shell = Shell(house.url, tmp_path)
    shell.file("customers.csv", "C9,Nine,INDIVIDUAL,B1,,,,,,")
    result = await asyncio.to_thread(shell.gives, ".")
    one_line(result, "2025-01 is being closed: customers cannot be imported now; try again")
    assert result.stdout.startswith("branches: 3 read, 0 recorded, 3 already there")


def test_interrupted_while_it_waits_for_rows(shell: Shell) -> None:
    """Status 1 would say that rows were rejected."""
    rows, end = os.pipe()
    with subprocess.Popen(
        [sys.executable, "-m", "cli.main", "import", "balances", "-"],
        cwd=shell.folder,
        env={**os.environ, **environment(shell.url)},
        stdin=rows,
        stderr=subprocess.PIPE,
        text=True,
    ) as waiting:
        os.write(end, b"account_number,")
        assert waiting.stderr is not None
        time.sleep(2.0)
        waiting.send_signal(signal.SIGINT)
        try:
            _, said = waiting.communicate(timeout=10)
        finally:
            waiting.kill()
    os.close(rows)
    os.close(end)
    assert waiting.returncode == 2
    assert said == ("Error: interrupted; what was recorded stays, import again to complete it\n")


def test_an_archive_that_is_cut_off_can_be_completed(shell: Shell) -> None:
    """The row that the cut goes through is not recorded with half of its amount."""
    dice = random.Random(1)
    rows = [
        f"A1,{date(2025, 1, 1) + timedelta(days)},{dice.randint(0, 10**9)}.00"
        for days in range(20_000 // 60)
    ]
    whole = gzip.compress("\n".join([HEADERS["balances"], *rows, ""]).encode())
    (shell.folder / "b.csv.gz").write_bytes(whole[: len(whole) * 3 // 4])
    result = shell.gives("balances", "b.csv.gz")
    one_line(result, "b.csv.gz, after line ", "cut off", "import the whole file")
    counted = re.fullmatch(
        r"balances: (\d+) read, \1 recorded, 0 already there, 0 rejected\n", result.stdout
    )
    assert counted
    known = int(counted[1])
    assert f"after line {known + 1}:" in result.stderr
    (shell.folder / "b.csv.gz").write_bytes(whole)
    result = shell.gives("balances", "b.csv.gz")
    assert result.stdout == (
        f"balances: {len(rows)} read, {len(rows) - known} recorded, {known} already there, "
        "0 rejected\n"
    )


def test_branches_of_an_archive_that_is_cut_off_are_stored(shell: Shell) -> None:
    """They are stored at the end of the file, which never comes."""
    name = shell.file("branches.csv.gz", "V,Other union,", *[f"V{n},No {n},V" for n in range(999)])
    path = shell.folder / name
    path.write_bytes(path.read_bytes()[:-20])
    result = shell.gives("branches", name)
    one_line(result, "branches.csv.gz, after line ", "cut off")
    counted = re.fullmatch(
        r"branches: (\d+) read, \1 recorded, 0 already there, 0 rejected\n", result.stdout
    )
    assert counted
    assert int(counted[1]) > 500


def test_help_is_a_manual() -> None:
    told = CliRunner().invoke(cli, ["import", "--help"]).stdout
    for kind in KINDS.values():
        assert re.search(rf"^  {kind.name}$", told, re.MULTILINE)
        for column in kind.columns:
            assert re.search(rf"^    \[?{column.name}\]? ", told, re.MULTILINE)
    for part in ("FILE.rejected.csv", "Exit status:", "terrace import balances", ".gz", "UTF-8"):
        assert part in told


def test_a_bar_on_a_terminal_and_the_summary_on_standard_output(shell: Shell) -> None:
    name = shell.file("balances.csv", "A1,2025-01-01,5.00")
    terminal, end = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", "import", "balances", name],
        cwd=shell.folder,
        env={**os.environ, **environment(shell.url)},
        stdout=subprocess.PIPE,
        stderr=end,
    )
    os.close(end)
    shown = os.read(terminal, 65_536).decode()
    os.close(terminal)
    assert done.returncode == 0
    assert done.stdout == b"balances: 1 read, 1 recorded, 0 already there, 0 rejected\n"
    assert "balances" in shown
    assert "100%" in shown


# Whole folders


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    write(folder)
    return folder


async def test_the_demo_data_twice(
    addresses: Addresses, demo: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whole and compressed, on a database that was never migrated."""
    folder = tmp_path_factory.mktemp("packed")
    for path in demo.glob("*.csv"):
        (folder / f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes(), 1))
    lines = {path.stem: len(path.read_text().splitlines()) - 1 for path in demo.glob("*.csv")}
    server = await asyncpg.connect(addresses.database_url)
    await server.execute("create database never_migrated")
    url = addresses.database_url.rpartition("/")[0] + "/never_migrated"
    try:
        shell = Shell(url, folder)
        first = await asyncio.to_thread(shell.gives, str(folder))
        assert (first.exit_code, first.stderr) == (0, "")
        assert first.stdout.splitlines() == [
            f"{kind}: {lines[kind]} read, {lines[kind]} recorded, 0 already there, 0 rejected"
            for kind in KINDS
        ]
        before = await _fingerprint(url)
        again = await asyncio.to_thread(shell.gives, str(demo))
        assert (again.exit_code, again.stderr) == (0, "")
        assert again.stdout.splitlines() == [
            f"{kind}: {lines[kind]} read, 0 recorded, {lines[kind]} already there, 0 rejected"
            for kind in KINDS
        ]
        assert await _fingerprint(url) == before
        with (demo / "balances.csv").open(encoding="utf-8", newline="") as file:
            latest = {row["account_number"]: row["balance"] for row in csv.DictReader(file)}
        connection = await asyncpg.connect(url.replace("//terrace:", "//postgres:"))
        stored = await connection.fetch(
            "select number, balance::text from terrace.account where balance_as_of is not null"
        )
        await connection.close()
        assert {row["number"]: row["balance"] for row in stored} == latest
    finally:
        # Without force, which may not end a superuser's session: who is leaving is waited for.
        await server.execute("drop database never_migrated")
        await server.close()


async def _fingerprint(url: str) -> list[tuple[object, ...]]:
    """Rows, last writing transactions and content of every table, as one figure a table."""
    connection = await asyncpg.connect(url.replace("//terrace:", "//postgres:"))
    try:
        tables = await connection.fetch(
            "select tablename from pg_tables where schemaname = 'terrace' order by 1"
        )
        return [
            tuple(
                await connection.fetchrow(
                    "select $1::text, count(*), sum(hashtextextended(xmin || t::text, 0)) "
                    f"from terrace.{row['tablename']} t",
                    row["tablename"],
                )
                or ()
            )
            for row in tables
            if row["tablename"] != "migration"
        ]
    finally:
        await connection.close()


def test_a_real_bank(empty: Shell, shared: Path) -> None:
    tool = shared / "tools" / "berka_import.py"
    if not tool.exists():
        pytest.skip("the real bank's files are not here")
    bank = empty.folder / "bank"
    subprocess.run(
        [sys.executable, str(tool), str(bank), "--accounts", "300"], check=True, capture_output=True
    )
    first = empty.gives(str(bank))
    assert first.exit_code == 0
    assert "accounts: 300 read, 300 recorded" in first.stdout
    again = empty.gives(str(bank))
    assert again.exit_code == 0
    assert re.findall(r"(\d+) recorded", again.stdout) == ["0"] * 5

"""Importing balances: recorded once, the last row wins, at the pace and in the plan intended."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from cli.embedded import Addresses
from cli.imports import sources
from cli.session import OPERATOR
from repository.ledger import Updates, record
from repository.load_balances import BalanceRecorder, Chunk
from repository.statements import sql
from tests.cli.imported import Desk, Imported
from tests.house import new_house

WITH_ID = "account_number,as_of,balance,update_id"


ACCOUNTS = [f"A{n},C{1 + n % 2},DEMAND_DEPOSIT,CNY,2025-01-01," for n in range(1, 10)]


@pytest.fixture(scope="module")
async def branch(
    addresses: Addresses, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Desk]:
    async with new_house(addresses) as house:
        desk = Desk(house, tmp_path_factory.mktemp("branch"))
        await desk.bank()
        await desk.takes("accounts", *ACCOUNTS)
        yield desk


@pytest.fixture
async def desk(branch: Desk) -> Desk:
    """An installation with accounts A1 to A9 and no balances."""
    await branch.without_balances()
    return branch


@pytest.fixture(params=[sources.BLOCK, 100], ids=["one block", "many blocks"])
def block(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """The size of a block: with the small one, every few rows are a transaction of their own."""
    monkeypatch.setattr(sources, "BLOCK", request.param)
    return int(request.param)


async def balance(desk: Desk, account: str, day: str) -> str:
    value = await desk.house.value(
        """
        select b.amount::text from terrace.balance b
        join terrace.account a on a.customer_id = b.customer_id and a.id = b.account_id
        where a.number = $1 and b.as_of = $2::text::date""",
        account,
        day,
    )
    return str(value)


@pytest.mark.usefixtures("block")
async def test_balances_and_what_follows_from_them(desk: Desk) -> None:
    rows = [f"A{a},2025-01-{d:02},{a}{d}.5" for d in range(1, 20) for a in (1, 2)]
    imported = await desk.takes("balances", *rows, "A1,2024-01-01,1.00")
    assert imported.counts == (39, 38, 0, 1)
    assert imported.codes == {40: "BEFORE_OPENING"}
    assert await balance(desk, "A2", "2025-01-07") == "27.50"
    latest = await desk.house.fetch(
        "select number, balance::text, balance_as_of::text from terrace.account "
        "where number in ('A1', 'A2') order by 1"
    )
    assert [tuple(row) for row in latest] == [
        ("A1", "119.50", "2025-01-19"),
        ("A2", "219.50", "2025-01-19"),
    ]
    assert await desk.dirty() == {"C1": "2025-01", "C2": "2025-01"}
    calendar = "select business_date || ' ' || first_month from terrace.calendar"
    assert await desk.house.value(calendar) == "2025-01-19 2025-01-01"


@pytest.mark.usefixtures("block")
async def test_the_same_file_again_changes_nothing(desk: Desk) -> None:
    rows = [f"A{a},2025-01-{d:02},{a}{d}.5" for d in range(1, 20) for a in range(1, 5)]
    await desk.takes("balances", *rows)
    before = await desk.content()
    imported = await desk.takes("balances", *rows)
    assert imported.counts == (76, 0, 76, 0)
    assert await desk.content() == before
    spelled = [row.replace(".5", ".50") for row in rows]
    assert (await desk.takes("balances", *spelled)).counts == (76, 0, 76, 0)


@pytest.mark.usefixtures("block")
async def test_a_later_row_for_the_same_account_and_day_wins(desk: Desk) -> None:
    others = [f"A2,2025-02-{d:02},1.00" for d in range(1, 20)]
    imported = await desk.takes(
        "balances", "A1,2025-01-05,1.00", *others, "A1,2025-01-05,2.00", "A1,2025-01-04,9.00"
    )
    assert imported.counts == (22, 22, 0, 0)
    assert await balance(desk, "A1", "2025-01-05") == "2.00"
    again = await desk.takes("balances", "A1,2025-01-05,3.00")
    assert again.counts == (1, 1, 0, 0)
    assert await balance(desk, "A1", "2025-01-05") == "3.00"
    assert (
        await desk.house.value("select balance::text from terrace.account where number = 'A1'")
        == "3.00"
    )


async def test_a_correction_that_is_taken_back_wins_as_well(desk: Desk) -> None:
    rows = [f"A1,2025-01-05,{amount}" for amount in ("1", "2", "1", "1.0", "2", "1")]
    assert (await desk.takes("balances", *rows)).counts == (6, 5, 1, 0)
    assert await balance(desk, "A1", "2025-01-05") == "1.00"
    before = await desk.content()
    assert (await desk.takes("balances", *rows)).counts == (6, 0, 6, 0)
    assert await desk.content() == before


async def test_a_correction_taken_back_in_a_later_file_ends_with_it_as_well(desk: Desk) -> None:
    await desk.takes("balances", "A1,2025-01-05,1")
    rows = [f"A1,2025-01-05,{amount}" for amount in ("1", "2", "1")]
    assert (await desk.takes("balances", *rows)).counts == (3, 2, 1, 0)
    assert await balance(desk, "A1", "2025-01-05") == "1.00"


async def test_rows_without_an_id_among_rows_with_one_are_known_by_their_content(
    desk: Desk,
) -> None:
    rows = ["A1,2025-01-05,1,", "A1,2025-01-05,1,u", "A1,2025-01-05,2,", "A1,2025-01-05,1,"]
    assert (await desk.takes("balances", *rows, header=WITH_ID)).counts == (4, 4, 0, 0)
    assert await balance(desk, "A1", "2025-01-05") == "1.00"
    before = await desk.content()
    assert (await desk.takes("balances", *rows, header=WITH_ID)).counts == (4, 0, 4, 0)
    assert await desk.content() == before


@pytest.mark.usefixtures("block")
async def test_update_ids_of_the_file_decide_what_is_known(desk: Desk) -> None:
    first = await desk.takes(
        "balances", "A1,2025-01-05,1.00,u1", "A1,2025-01-06,1.00,", header=WITH_ID
    )
    assert first.counts == (2, 2, 0, 0)
    again = await desk.takes(
        "balances",
        "A1,2025-01-05,7.00,u1",
        "A1,2025-01-05,8.00,u2",
        "A1,2025-01-05,9.00,u2",
        "A1,2025-01-06,1.00,",
        f"A1,2025-01-06,2.00,{'u' * 201}",
        header=WITH_ID,
    )
    assert again.counts == (5, 1, 3, 1)
    assert again.codes == {6: "TOO_LONG"}
    assert await balance(desk, "A1", "2025-01-05") == "8.00"


async def test_amounts_in_every_way_of_writing_them(desk: Desk) -> None:
    largest = "9999999999999999.99"
    given = ["0", "-0.00", "007.5", "-12", "12.3", largest, f"-{largest}", "1000000000000000"]
    rows = [f"A1,2025-01-{day + 1:02},{amount}" for day, amount in enumerate(given)]
    assert (await desk.takes("balances", *rows)).rejects == []
    stored = await desk.house.fetch("select amount::text from terrace.balance order by as_of")
    assert [row["amount"] for row in stored] == [
        *("0.00", "0.00", "7.50", "-12.00", "12.30", largest, f"-{largest}"),
        "1000000000000000.00",
    ]


@pytest.mark.usefixtures("block")
async def test_rejected_rows_come_in_the_order_of_their_lines(desk: Desk) -> None:
    rows = []
    for day in range(1, 25):
        rows += [f"A{1 + day % 9},2025-01-{day:02},1.00", f"A99,2025-01-{day:02},1.00", "A1,x,1.00"]
    imported = await desk.takes("balances", *rows)
    assert imported.counts == (72, 24, 0, 48)
    assert [int(row["line"]) for row in imported.rejects] == [
        line for line in range(2, 74) if line % 3 != 2
    ]
    for row in imported.rejects:
        assert row["row"] == rows[int(row["line"]) - 2]


async def test_rejects_of_an_earlier_import_do_not_stay(desk: Desk) -> None:
    bad = await desk.takes("balances", "A9,2025-01-01,x")
    assert bad.summary.rejected_file.name == "balances.csv.rejected.csv"
    assert bad.summary.rejected_file.exists()
    good = await desk.takes("balances", "A9,2025-01-01,1")
    assert good.rejects == []
    assert not good.summary.rejected_file.exists()


async def test_many_rows_of_which_half_are_known_are_all_recorded(desk: Desk) -> None:
    """As after an import that was killed: the known half comes first."""
    rows = [
        f"A{a},2025-{m:02}-{d:02},{a}.00" for m in (1, 2) for d in range(1, 29) for a in (1, 2, 3)
    ]
    await desk.takes("balances", *rows[:80])
    assert (await desk.takes("balances", *rows)).counts == (168, 88, 80, 0)


# The two statements that record a chunk mean the same as one for all kinds of rows


def _batches(seed: int) -> Iterator[list[tuple[str, str, str, str]]]:
    """Batches of account, day, amount and update id, with every kind of repetition."""
    dice = random.Random(seed)
    for _ in range(12):
        yield [
            (
                f"A{dice.randint(1, 11)}",
                f"2025-{dice.randint(0, 2) or 12:02}-{dice.randint(1, 9):02}",
                f"{dice.randint(0, 9)}.00",
                f"u{dice.randint(1, 150)}",
            )
            for _ in range(dice.choice([1, 15, 40]))
        ]


@pytest.mark.parametrize("seed", range(2))
async def test_an_import_means_the_same_as_recording_rows_of_a_request(
    addresses: Addresses, desk: Desk, tmp_path: Path, seed: int
) -> None:
    async with new_house(addresses) as other_house:
        other = Desk(other_house, tmp_path)
        await other.bank()
        await other.takes("accounts", *ACCOUNTS)
        for rows in _batches(seed):
            imported = await desk.takes("balances", *map(",".join, rows), header=WITH_ID)
            expected = await _recorded(other, rows)
            assert imported.counts == (len(rows), expected[0], expected[1], len(expected[2]))
            assert imported.codes == expected[2]
            assert await desk.meaning() == await other.meaning()


async def _recorded(desk: Desk, rows: list[tuple[str, str, str, str]]) -> tuple[int, int, Any]:
    updates = Updates(
        range(2, len(rows) + 2),
        [account for account, *_ in rows],
        [date.fromisoformat(day) for _, day, *_ in rows],
        [int(amount.replace(".", "")) for *_, amount, _ in rows],
        [update_id for *_, update_id in rows],
    )
    async with desk.house.database.unit() as connection:
        recorded = await record(connection, updates, 366)
    codes = {rejection.place: rejection.code for rejection in recorded.rejections}
    return recorded.accepted, recorded.duplicates, codes


@pytest.mark.parametrize("statement", ["record_fresh_rows", "record_rows"])
async def test_a_chunk_is_never_joined_row_by_row(desk: Desk, statement: str) -> None:
    """The plan is made for the chunk's real size: no loop over what has no index."""
    rows = 5_000
    frozen = () if statement == "record_fresh_rows" else (date(1, 1, 1),)
    async with desk.house.database.unit() as connection:
        await connection.execute(sql("recording_settings"))
        plan = await connection.fetch(
            f"explain {sql(statement)}",
            [f"u{i}" for i in range(rows)],
            [f"A{i}" for i in range(rows)],
            [date(2025, 1, 1)] * rows,
            [100] * rows,
            date(2025, 12, 31),
            *frozen,
        )
    lines = [row[0] for row in plan]
    assert not any("Seq Scan on account" in line for line in lines), "\n".join(lines)
    for number, line in enumerate(lines):
        if "Nested Loop" in line:
            depth = line.index("->") if "->" in line else 0
            inner = [
                later
                for later in lines[number + 1 :]
                if "->" in later and later.index("->") > depth
            ]
            assert any("Index" in part or "Tid Scan" in part for part in inner[:6]), "\n".join(
                lines
            )


# Chunks side by side

NEW_YEAR = date(2025, 1, 1)


def chunk(*rows: tuple[str, int, str], slow: bool = False, in_order: bool = False) -> Chunk:
    """Rows of account, hundredths and update id; a slow chunk has thousands of others before."""
    others = [(f"unknown {n}", 1, f"other {n}") for n in range(8_000 if slow else 0)]
    accounts, cents, ids = zip(*others, *rows, strict=True)
    return Chunk(range(len(ids)), accounts, [NEW_YEAR] * len(ids), cents, ids, in_order)


@pytest.fixture
def recorder(desk: Desk) -> BalanceRecorder:
    return BalanceRecorder(desk.house.database, OPERATOR, "test", 366)


async def test_a_sequel_waits_for_the_slower_chunk_before(
    desk: Desk, recorder: BalanceRecorder
) -> None:
    first = recorder.start(chunk(("A1", 100, "u1"), slow=True))
    second = recorder.start(chunk(("A1", 200, "u2")))
    await asyncio.gather(first, second)
    assert await balance(desk, "A1", "2025-01-01") == "2.00"


async def test_what_shares_no_account_does_not_wait(recorder: BalanceRecorder) -> None:
    first = recorder.start(chunk(("A1", 100, "u1"), slow=True))
    second = recorder.start(chunk(("A2", 200, "u2")))
    await second
    assert not first.done()
    await first


async def test_in_order_the_first_row_with_an_id_is_the_one_recorded(
    desk: Desk, recorder: BalanceRecorder
) -> None:
    first = recorder.start(chunk(("A1", 100, "u1"), slow=True, in_order=True))
    second = recorder.start(chunk(("A3", 200, "u1"), in_order=True))
    assert (await second).unchanged == 1
    assert (await first).recorded == 1


async def test_no_sequel_is_recorded_to_a_chunk_that_could_not_be(
    desk: Desk, recorder: BalanceRecorder
) -> None:
    """Recorded later, the rows before would win over it."""
    too_much = 10**18
    first = recorder.start(chunk(("A1", too_much, "u1"), slow=True))
    second = recorder.start(chunk(("A1", 200, "u2")))
    for task in (first, second):
        with pytest.raises(asyncpg.NumericValueOutOfRangeError):
            await task
    assert await desk.house.value("select count(*) from terrace.balance_update") == 0


async def test_two_imports_of_the_same_file_at_once(desk: Desk, tmp_path: Path) -> None:
    rows = [f"A{a},2025-01-{d:02},{a}{d}.5" for d in range(1, 29) for a in range(1, 10)]

    async def one(name: str) -> Imported:
        content = "\n".join(["account_number,as_of,balance", *rows]).encode()
        return await desk.takes_bytes("balances", content, name)

    first, second = await asyncio.gather(one("one.csv"), one("two.csv"))
    assert first.rejects == second.rejects == []
    assert first.summary.recorded + second.summary.recorded == len(rows)
    assert await desk.house.value("select count(*) from terrace.balance") == len(rows)

"""`terrace feed`, and what an import and a close do with feeds, as somebody types it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cli.main import cli
from domain.months import Month
from repository.closing import request_close
from schema import identifiers
from tests.cli.imported import Desk
from tests.cli.typed import Shell, environment
from tests.deciding import allowed
from tests.feeding import OPERATOR, is_complete
from tests.house import House

CORE = ("add", "core", "--name", "Core banking", "--classes", "DEMAND_DEPOSIT,TERM_DEPOSIT")
JANUARY = "2025-01-01..2025-01-31"


@pytest.fixture
async def desk(house: House, tmp_path: Path) -> AsyncIterator[Desk]:
    """An installation with account A1 of customer C1, whose deposits are expected."""
    built = Desk(house, tmp_path)
    await built.bank()
    await built.account()
    assert (await types(house, "feed", *CORE, "--since", "2025-01-01")).exit_code == 0
    yield built


async def types(house: House, *words: str) -> Result:
    """Run a command in a thread, where it has a loop of its own."""
    return await asyncio.to_thread(
        lambda: CliRunner().invoke(cli, words, env=environment(house.url))
    )


async def imports(desk: Desk, *words: str) -> Result:
    shell = Shell(desk.house.url, desk.folder)
    return await asyncio.to_thread(lambda: shell.gives("balances", *words))


async def days(house: House) -> list[tuple[Any, ...]]:
    rows = await house.fetch("select source, day::text, row_count from terrace.feed_day order by 2")
    return [tuple(row) for row in rows]


async def test_a_feed_is_added_shown_marked_and_reopened(desk: Desk) -> None:
    house = desk.house
    assert (await types(house, "feed", *CORE, "--since", "2025-01-01")).output == (
        "core: as it was\n"
    )
    await house.record(("A1", "2025-01-04", "1.00"))
    marked = await types(house, "feed", "complete", "core", "2025-01-01..2025-01-03", "--rows", "5")
    assert marked.output == "core: 3 days marked complete, 0 were so already\n"
    assert (await types(house, "feed", "list")).output == (
        "core  Core banking  DEMAND_DEPOSIT,TERM_DEPOSIT  2025-01-01 to (open end)\n"
        "    2025-01: 3 days complete, missing core 2025-01-04\n"
    )
    reopened = await types(house, "feed", "reopen", "core", "2025-01-02", "--reason", "sent again")
    assert reopened.output == "core: 1 days reopened\n"
    assert await days(house) == [("core", "2025-01-01", 5), ("core", "2025-01-03", 5)]
    assert "0 days complete, none missing" in (await types(house, "feed", "list", "2025-02")).output


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["add", "g", "--name", "G", "--classes", "SILVER", "--since", "2025-01-01"], 2, "SILVER"),
        (["add", "-", "--name", "G", "--classes", "GOLD", "--since", "2025-01-01"], 2, "a code"),
        (["add", "core", "--name", "G", "--classes", "GOLD", "--since", "2025-01-01"], 1, "other"),
        (["complete", "gold", "2025-01-01"], 1, "no source 'gold'"),
        (["complete", "core", "2025-01-32"], 2, "2025-01-32"),
        (["complete", "core", "2024-12-31"], 1, "expected from 2025-01-01"),
        (["complete", "core", "2025-01-01", "--rows", "-1"], 2, "-1"),
        (["reopen", "core", "2025-01-01", "--reason", " "], 2, "a reason"),
        (["reopen", "core", "2025-01-01"], 2, "--reason"),
        (["list", "January"], 2, "January"),
        (["list"], 1, "no month is open"),
    ],
)
async def test_what_cannot_be_is_said_in_a_line(
    desk: Desk, words: list[str], status: int, said: str
) -> None:
    result = await types(desk.house, "feed", *words)
    assert (result.exit_code, said in result.output) == (status, True), result.output


async def test_an_import_marks_its_days_when_every_row_was_taken(desk: Desk) -> None:
    shell = Shell(desk.house.url, desk.folder)
    given = ("--source", "core", "--complete")
    bad = shell.file("balances.csv", "A1,2025-01-10,5.00", "A9,2025-01-10,5.00")
    result = await imports(desk, bad, *given, "2025-01-10")
    assert result.exit_code == 1
    assert "core is not marked complete: rows were rejected" in result.output
    assert await days(desk.house) == []
    good = shell.file("balances.csv", "A1,2025-01-10,5.00")
    result = await imports(desk, good, *given, "2025-01-10")
    assert (result.exit_code, await days(desk.house)) == (0, [("core", "2025-01-10", 1)])
    empty = shell.file("balances.csv")  # a weekend without any balance
    result = await imports(desk, empty, *given, "2025-01-11..2025-01-12")
    assert result.exit_code == 0
    assert "core: 2 days marked complete, 0 were so already" in result.output
    assert [row_count for *_, row_count in await days(desk.house)] == [1, None, None]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--source", "core"], "are given together"),
        (["--complete", "2025-01-10"], "are given together"),
        (["--source", "core", "--complete", "10 January"], "10 January"),
        (["--source", "gold", "--complete", "2025-01-10"], "no source 'gold'"),
        (["--source", "core", "--complete", "2024-12-31"], "expected from 2025-01-01"),
    ],
)
async def test_days_that_cannot_be_marked_are_told_before_the_import(
    desk: Desk, words: list[str], said: str
) -> None:
    name = Shell(desk.house.url, desk.folder).file("balances.csv", "A1,2025-01-10,5.00")
    result = await imports(desk, name, *words)
    assert (result.exit_code, said in result.output) == (2, True), result.output
    assert await desk.house.value("select count(*) from terrace.balance_update") == 0


async def test_an_import_while_its_month_is_closed_is_recorded_and_not_marked(desk: Desk) -> None:
    house = desk.house
    await house.record(("A1", "2025-01-10", "1.00"))
    await request_close(house.database, Month(2025, 1), OPERATOR, "late")
    name = Shell(house.url, desk.folder).file("balances.csv", "A1,2025-01-11,5.00")
    result = await imports(desk, name, "--source", "core", "--complete", "2025-01-11")
    assert result.exit_code == 2
    assert "1 recorded" in result.output
    assert "the balances are in, but not marked complete: 2025-01 is being" in result.output
    assert await days(house) == []


async def test_a_close_is_refused_until_somebody_else_allows_it(desk: Desk) -> None:
    house = desk.house
    await house.record(("A1", "2025-01-10", "300000.00"))
    await types(house, "feed", "complete", "core", "2025-01-01..2025-01-30")
    for words in (["2025-01"], ["--through", "2025-01"]):
        result = await types(house, "close", *words)
        told = "2025-01 cannot be closed: not complete is core 2025-01-31\n"
        assert (result.exit_code, result.output) == (1, f"Error: {told}")
    blank = await types(house, "close", "2025-01", "--incomplete-because", " ")
    assert blank.exit_code == 2
    asked = await types(house, "close", "2025-01", "--incomplete-because", "a long night")
    assert (asked.exit_code, asked.output) == (
        1,
        "Error: 2025-01 cannot be closed yet: not complete is core 2025-01-31; "
        "approval 1 waits for somebody else to allow it\n",
    )
    request = {"approval": {"id": identifiers.encode("Approval", 1)}, "errors": []}
    assert (await allowed(house, request))["errors"] == []
    result = await types(house, "close", "2025-01")
    assert (result.exit_code, result.output) == (
        0,
        "2025-01 closed: 2 customers, 0 tier changes\n2025-01 was closed without core 2025-01-31\n",
    )
    assert not await is_complete(house, "C1", "2025-01")
    [line] = await house.trail("select * from terrace.audit where action = 'close.override'")
    assert line["principal"] == "hq:second"
    assert line["reason"] == "a long night"
    await types(house, "feed", "complete", "core", JANUARY)
    await house.work()
    assert await is_complete(house, "C1", "2025-01")

"""A month is reopened beside whoever records, closes, publishes, or reopens it as well."""

import asyncio
from typing import Any

import pytest

from cli.session import OPERATOR
from domain.months import Month
from repository.calendar import CalendarError, share_ledger
from repository.closing import request_close
from repository.reopening import reopen
from tests.flows.test_reopening import broken_chains, reopened
from tests.house import House
from tests.interleaving import waiting
from workers import close
from workers.close import carry_out

JANUARY = Month(2025, 1)


async def january_closed(house: House) -> None:
    """Closed, and none of its events has a position yet."""
    await house.people(4)
    await house.record(("A1", "2025-01-01", "300000.00"), ("A2", "2025-02-01", "1.00"))
    await request_close(house.database, JANUARY, OPERATOR)
    await carry_out(house.database, chunk=3, batch=100)


async def test_of_two_who_reopen_a_month_one_does(house: House) -> None:
    await january_closed(house)
    async with house.database.unit() as connection:
        await reopen(connection, JANUARY, "first", OPERATOR)
        second = asyncio.create_task(reopened(house, JANUARY))
        await waiting(house)
    with pytest.raises(CalendarError) as refused:
        await second
    assert refused.value.code == "NO_CLOSED_MONTH"
    await house.work()  # events that nobody had numbered are not lost, nor out of order
    assert await broken_chains(house) == []
    rules = await house.fetch("select rule from terrace.tier_change order by position")
    assert [row["rule"] for row in rules] == ["ENTERED", "REOPENED"]
    await house.close("2025-01")
    assert await broken_chains(house) == []
    assert await house.value("select count(*) from terrace.tier_change") == 3


async def test_a_recording_that_has_begun_is_in_the_month_that_opens(house: House) -> None:
    await january_closed(house)
    async with house.database.unit() as connection:
        await share_ledger(connection)  # a recording that is not committed yet
        reopening = asyncio.create_task(reopened(house, JANUARY))
        await waiting(house)
        await connection.execute("""
            insert into terrace.balance_update (customer_id, account_id, as_of, entry, amount)
            values (4, 4, '2025-01-01', 0, 600000.00)""")
        await connection.execute(
            "insert into terrace.dirty (customer_id, from_month) values (4, '2025-01-01')"
        )
    await reopening
    await house.work()
    assert await house.value("select count(*) from terrace.correction") == 0
    await house.close("2025-01")
    assert (await house.standing("C4"))["tier"] == {"code": "T2"}


async def test_a_closer_of_the_former_run_does_not_publish_the_new_one(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.people(4)
    await house.record(("A1", "2025-01-01", "300000.00"))
    await request_close(house.database, JANUARY, OPERATOR)
    verify, first = close._verify, True

    async def late(*arguments: Any) -> Any:
        nonlocal first
        await verify(*arguments)
        if first:
            first = False  # another closer publishes; the month is reopened and asked for again
            await carry_out(house.database, chunk=3, batch=100)
            await reopened(house, JANUARY)
            await house.record(("A1", "2025-01-01", "600000.00"))
            await request_close(house.database, JANUARY, OPERATOR)
            await close._prepare(house.database, JANUARY, 3, 100)
            while await close._judge_chunk(house.database, JANUARY, lambda run: None):
                pass

    monkeypatch.setattr(close, "_verify", late)
    await carry_out(house.database, chunk=3, batch=100)
    assert await house.value("select state from terrace.close_run") == "RUNNING"
    await house.work()
    assert await house.value("select state from terrace.close_run") == "CLOSED"
    assert (await house.standing("C1"))["tier"] == {"code": "T2"}

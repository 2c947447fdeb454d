"""Closers beside each other, and beside whoever records and corrects."""

import asyncio
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from cli.session import OPERATOR
from domain.months import Month
from repository.calendar import share_ledger
from repository.closing import close_state, request_close
from repository.figures import mark_changing
from repository.held import post_held
from tests.house import House
from tests.interleaving import load_rows, waiting
from workers import close, recompute
from workers.close import carry_out

JAN, FEB = Month(2025, 1), Month(2025, 2)
OPENED = date(2024, 1, 1)


def account(number: int, customer: int, closed_on: date | None = None) -> tuple[Any, ...]:
    return (f"A{number}", f"C{customer}", "DEMAND_DEPOSIT", "CNY", OPENED, closed_on)


async def january_closing(house: House, customers: int = 2) -> None:
    """A close is asked for, and nothing of it done yet."""
    await house.people(customers)
    await house.record(("A1", "2025-01-01", "100000.00"))
    await house.work()
    await request_close(house.database, JAN, OPERATOR)


async def test_what_a_close_held_back_is_posted_before_the_next_one_begins(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.people(2)
    await house.record(("A1", "2025-01-01", "0.00"))
    await house.work()
    await request_close(house.database, JAN, OPERATOR)
    await house.record(("A1", "2025-01-31", "900000.00"))  # held
    asked = False

    async def late(*arguments: Any) -> int:
        nonlocal asked
        state = await house.value("select state from terrace.close_run where month = '2025-01-01'")
        if state == "CLOSED" and not asked:
            asked = True  # whoever waits for CLOSED goes on at once
            await request_close(house.database, FEB, OPERATOR)
        return await post_held(*arguments)

    monkeypatch.setattr(close, "post_held", late)
    await house.work()
    assert asked
    assert (await house.aum("C1", "2025-02"))["total"] == "900000.00"  # type: ignore[index]
    assert (await house.standing("C1", "2025-03"))["tier"] == {"code": "T2"}


async def test_a_closer_that_comes_late_does_not_fail_a_published_close(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await january_closing(house)
    await house.record(("A1", "2025-01-01", "900000.00"))  # held
    verify, first = close._verify, True

    async def late(*arguments: Any) -> Any:
        nonlocal first
        if first:
            first = False  # another closer publishes, what was held is posted and caught up with
            await carry_out(house.database, chunk=3, batch=100)
            await recompute.recompute(house.database, 100)
        return await verify(*arguments)

    monkeypatch.setattr(close, "_verify", late)
    await carry_out(house.database, chunk=3, batch=100)
    assert await house.value("select last_closed::text from terrace.calendar") == "2025-01-01"
    async with house.database.writing() as connection:
        run = await close_state(connection, JAN)
    assert (run.state, run.problem) == ("CLOSED", None)


async def test_a_stale_closer_does_not_fail_a_run_begun_anew(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await january_closing(house)
    resum, fail, first = close.resum, close.fail, True

    async def wrong(*arguments: Any) -> Any:
        found = await resum(*arguments)
        return replace(found, again=found.again + 1)

    async def late(*arguments: Any) -> bool:
        nonlocal first
        if first:
            first = False  # another closer found the same, an operator mended it and asked again
            async with house.database.unit() as connection:
                await fail(connection, *arguments[1:])
            monkeypatch.setattr(close, "resum", resum)
            await request_close(house.database, JAN, OPERATOR)
            await carry_out(house.database, chunk=3, batch=100)
        return await fail(*arguments)

    monkeypatch.setattr(close, "resum", wrong)
    monkeypatch.setattr(close, "fail", late)
    await carry_out(house.database, chunk=3, batch=100)
    assert await house.value("select last_closed::text from terrace.calendar") == "2025-01-01"
    assert await house.value("select state from terrace.close_run") == "CLOSED"


async def test_closers_with_other_chunks_plan_once(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await january_closing(house, 12)
    plan, first = close.plan_chunks, True

    async def late(*arguments: Any) -> None:
        nonlocal first
        if first:
            first = False
            await close._prepare(house.database, JAN, 3, 100)  # one with another setting
        await plan(*arguments)

    monkeypatch.setattr(close, "plan_chunks", late)
    await carry_out(house.database, chunk=5, batch=100)
    async with house.database.writing() as connection:
        run = await close_state(connection, JAN)
    assert (run.state, run.problem) == ("CLOSED", None)


@pytest.mark.parametrize("today", ["2025-02-28", "2025-02-20"])
async def test_a_correction_is_not_made_for_a_close_that_has_judged_the_customer(
    house: House, monkeypatch: pytest.MonkeyPatch, today: str
) -> None:
    await house.people(2)
    await house.record(("A1", "2025-01-01", "100000.00"))
    await house.close("2025-01")
    await house.record(("A1", "2025-02-01", "250000.00"), ("A2", today, "1.00"))
    await house.work()
    await house.record(("A1", "2025-01-01", "900000.00"))  # a correction nobody has made yet
    await request_close(house.database, FEB, OPERATOR)
    original, one_by_one, first = recompute._bring_up_to_date, recompute._one_by_one, True
    other: list[asyncio.Task[None]] = []

    async def fails_once(*arguments: Any) -> None:
        nonlocal first
        if first:
            first = False  # this closer holds its batch; the other one finds nothing left to do
            other.append(asyncio.create_task(close._prepare(house.database, FEB, 3, 100)))
            await asyncio.wait(other, timeout=1.0)  # it is through, or waits for this one
            raise RuntimeError("some customer of the batch fails")
        await original(*arguments)

    async def alone(*arguments: Any) -> int:
        await asyncio.wait(other, timeout=5.0)
        while await close._judge_chunk(house.database, FEB, lambda run: None):
            pass
        return await one_by_one(*arguments)

    monkeypatch.setattr(recompute, "_bring_up_to_date", fails_once)
    monkeypatch.setattr(recompute, "_one_by_one", alone)
    await carry_out(house.database, chunk=3, batch=100)
    await house.work()
    corrections = await house.fetch("select state, posted_in::text from terrace.correction")
    assert [c["state"] for c in corrections] == ["APPLIED"]
    await house.close("2025-03")
    assert (await house.standing("C1", "2025-04"))["tier"] == {"code": "T2"}, corrections


async def test_who_is_marked_after_the_judgement_is_left_until_the_month_is_published(
    house: House,
) -> None:
    """A closer that comes late must not correct what the close has gone on from."""
    await house.people(2)
    await house.record(("A1", "2025-01-01", "100000.00"))
    await house.close("2025-01")
    await house.record(("A1", "2025-02-28", "250000.00"), ("A2", "2025-02-28", "1.00"))
    await house.work()
    await request_close(house.database, FEB, OPERATOR)
    await close._prepare(house.database, FEB, 3, 100)
    while await close._judge_chunk(house.database, FEB, lambda run: None):
        pass
    async with house.database.unit() as connection:
        await connection.execute(
            "insert into terrace.dirty (customer_id, from_month) values (1, '2025-01-01')"
        )
    assert await recompute.recompute(house.database, 100, FEB.previous()) == 0
    assert await house.value("select count(*) from terrace.dirty where customer_id = 1") == 1
    await carry_out(house.database, chunk=3, batch=100)
    await house.work()
    assert await house.value("select count(*) from terrace.dirty") == 0


class Killed(Exception):
    """The end of a process between two statements."""


async def test_a_mark_set_late_does_not_undo_what_a_close_has_computed(
    house: House,
) -> None:
    await house.people(4)
    await load_rows(house, "accounts", account(9, 1))
    await house.record(*[(f"A{n}", "2025-01-10", "310000.00") for n in (1, 2, 3, 9)])
    await load_rows(house, "accounts", *[account(n, n, date(2025, 1, 14)) for n in (1, 2)])
    await house.work()
    await request_close(house.database, JAN, OPERATOR)
    await close._prepare(house.database, JAN, 10, 100)
    await house.record(("A3", "2025-01-20", "5.00"))  # held, but moves the business date
    worker = None

    with pytest.raises(Killed):
        async with house.database.unit() as connection:
            await mark_changing(connection)  # a worker that is killed before it commits
            worker = asyncio.create_task(recompute.recompute(house.database, 100))
            await waiting(house)
            while await close._judge_chunk(house.database, JAN, lambda run: None):
                pass
            raise Killed
    assert worker is not None
    await worker
    await carry_out(house.database, chunk=10, batch=100)
    async with house.database.writing() as connection:
        run = await close_state(connection, JAN)
    assert (run.state, run.problem) == ("CLOSED", None)


async def test_a_change_of_level_is_not_forgotten_over_a_later_month(house: House) -> None:
    await house.people(2)
    await house.record(("A1", "2025-01-10", "310000.00"), ("A2", "2025-01-10", "1.00"))
    await load_rows(house, "accounts", account(1, 1, date(2025, 1, 14)), account(9, 1))
    await recompute.recompute(house.database, 100)
    await house.record(("A9", "2025-02-01", "7.00"))
    assert await recompute.recompute(house.database, 100) == 1
    assert await recompute.recompute(house.database, 100) == 0
    figure = await house.aum("C1", "2025-01")
    assert figure is not None
    assert (figure["asOf"], figure["total"]) == ("2025-01-31", "50000.00")  # 5 days of 31


async def test_a_recording_that_has_begun_falls_on_this_side_of_the_cutoff(house: House) -> None:
    await house.people(2)
    await house.record(("A1", "2025-01-01", "1.00"))
    await house.work()
    async with house.database.unit() as connection:
        await share_ledger(connection)  # a recording that is not committed yet
        asking = asyncio.create_task(request_close(house.database, JAN, OPERATOR))
        await waiting(house)
        late = asyncio.create_task(house.record(("A2", "2025-01-02", "3.00")))
        await waiting(house, 2)
        await connection.execute("""
            insert into terrace.balance_update (customer_id, account_id, as_of, entry, amount)
            values (1, 1, '2025-01-02', 0, 2.00)""")
        await connection.execute(
            "insert into terrace.dirty (customer_id, from_month) values (1, '2025-01-01')"
        )
    await asking
    assert (await late)["accepted"] == 1
    held = await house.fetch("select customer_id from terrace.balance_update where held")
    assert [row["customer_id"] for row in held] == [2]
    await house.work()
    assert (await house.aum("C1", "2025-01"))["total"] == "1.97"  # type: ignore[index]

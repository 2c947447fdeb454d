"""A session of somebody else that holds a row keeps only what needs that row from going on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from cli.session import OPERATOR
from domain.months import Month
from repository import calendar
from repository.closing import request_close
from repository.database import HELD_ELSEWHERE, persistently
from repository.statements import sql
from tests.house import House
from workers import close
from workers.recompute import recompute

JAN = Month(2025, 1)
LONG = 120
"""Seconds within which a test must get somewhere; what it waits for is never held as long."""


@asynccontextmanager
async def held(house: House, statement: str) -> AsyncIterator[None]:
    """Another session, idle in a transaction after a statement."""
    async with house.database.unit() as connection:
        await connection.execute(statement)
        yield


CUSTOMER = "select from terrace.customer where number = 'C1' for update"
ACCOUNT = "select from terrace.account where number = 'A1' for update"


async def dirty(house: House) -> list[int]:
    rows = await house.fetch("select customer_id from terrace.dirty order by 1")
    return [row["customer_id"] for row in rows]


async def test_a_held_customer_waits_and_the_others_are_caught_up_with(house: House) -> None:
    await house.people(3)
    await house.record(*[(f"A{n}", "2025-01-01", "300000.00") for n in (1, 2, 3)])
    async with asyncio.timeout(LONG), held(house, CUSTOMER):
        assert await recompute(house.database, 10) == 2
        assert await dirty(house) == [1]
    assert await recompute(house.database, 10) == 1
    assert await dirty(house) == []


async def test_balances_are_recorded_beside_a_close_that_waits_for_a_held_customer(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.people(3)
    await house.record(*[(f"A{n}", "2025-01-01", "300000.00") for n in (1, 2, 3)])
    looked, claim = asyncio.Semaphore(0), close.claim_chunk

    async def claimed(*arguments: Any) -> list[int] | None:
        looked.release()
        return await claim(*arguments)

    monkeypatch.setattr(close, "claim_chunk", claimed)
    async with asyncio.timeout(LONG), held(house, CUSTOMER):
        await request_close(house.database, JAN, OPERATOR)
        closing = asyncio.create_task(
            close.carry_out(house.database, chunk=10, batch=10, at_once=1)
        )
        for _ in range(2):  # at the second look, the first has found the customer held
            await looked.acquire()
        await house.record(("A2", "2025-02-03", "1.00"), ("A3", "2025-02-03", "2.00"))
        assert not closing.done()
    async with asyncio.timeout(LONG):
        assert await closing == JAN
    assert (await house.standing("C1"))["status"] == "ACTIVE"


async def test_nobody_waits_long_behind_one_who_waits_for_the_ledger(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Recorders share the ledger with a session that holds it for long; a close must own it."""
    monkeypatch.setattr(calendar, "_WAITS", (0.25, 0.25))
    await house.people(2)
    await house.record(("A1", "2025-01-01", "1.00"))
    async with asyncio.timeout(LONG), held(house, "select pg_advisory_xact_lock_shared(7000001)"):
        asking = asyncio.create_task(request_close(house.database, JAN, OPERATOR))
        await house.record(("A2", "2025-01-01", "1.00"))
        with pytest.raises(HELD_ELSEWHERE):
            await asking
    run = await request_close(house.database, JAN, OPERATOR)
    assert run.state == "CUTOFF"


async def test_a_balance_of_a_held_account_is_refused_and_may_be_sent_again(house: House) -> None:
    await house.people(2)
    async with asyncio.timeout(LONG), held(house, ACCOUNT):
        with pytest.raises(AssertionError, match=r"somebody else holds .*UNAVAILABLE"):
            await house.record(("A1", "2025-01-01", "1.00"), key="k", ids=["u"])
    await house.record(("A1", "2025-01-01", "1.00"), key="k", ids=["u"])
    assert await house.value("select count(*) from terrace.balance_update") == 1


async def test_an_import_waits_for_what_is_held_longer_than_a_request_would(house: House) -> None:
    await house.people(2)
    tries = 0
    let_go = asyncio.Event()

    async def once() -> None:
        nonlocal tries
        tries += 1
        if tries == 3:
            let_go.set()
        async with house.database.unit() as connection:
            await connection.execute(sql("wait_at_most"), "50ms")
            await connection.execute(ACCOUNT)

    async def hold(taken: asyncio.Event) -> None:
        async with held(house, ACCOUNT):
            taken.set()
            await let_go.wait()

    async with asyncio.timeout(LONG), asyncio.TaskGroup() as tasks:
        taken = asyncio.Event()
        tasks.create_task(hold(taken))
        await taken.wait()
        with pytest.raises(HELD_ELSEWHERE):
            await persistently(once)
        await persistently(once, patience=1000)
    assert tries >= 3

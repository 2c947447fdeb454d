"""Recorders, importers and mutations beside each other: nothing is lost, and the later one wins."""

import asyncio
from datetime import date
from typing import Any

import asyncpg
import pytest

from cli.session import OPERATOR
from domain.months import Month
from repository import ledger, relay
from repository.closing import request_close
from repository.held import post_held
from repository.load_balances import BalanceRecorder, Chunk
from schema import identifiers
from schema.mutations import assign_manager
from tests.house import House
from tests.interleaving import Watched, load_rows, waiting
from workers import close
from workers.close import carry_out

JAN = Month(2025, 1)
ASSIGN = """mutation ($c: ID!, $m: ID) { assignManager(input: {customer: $c, manager: $m}) {
    errors { code } } }"""


async def balance(house: House, account: str) -> str:
    return str(
        await house.value(
            """select b.amount from terrace.account a join terrace.balance b
           on b.customer_id = a.customer_id and b.account_id = a.id where a.number = $1
           order by b.as_of desc limit 1""",
            account,
        )
    )


async def test_a_held_update_never_overwrites_a_newer_one(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.people(2)
    await house.record(("A1", "2025-01-01", "1.00"), ("A2", "2025-01-01", "1.00"))
    await house.work()
    await request_close(house.database, JAN, OPERATOR)
    await house.record(("A1", "2025-01-31", "10.00"), ("A2", "2025-01-31", "20.00"))  # held
    monkeypatch.setattr(close, "post_held", lambda *_: asyncio.sleep(0, 0))  # killed just before
    await carry_out(house.database, chunk=3, batch=100)
    second: asyncio.Task[int] | None = None
    recorder: asyncio.Task[Any] | None = None
    go_on = asyncio.Event()

    async def before_first(text: str) -> None:
        nonlocal second
        if "update terrace.balance_update" in text:  # its accounts are locked
            second = asyncio.create_task(post_held(Watched(house.database, before_second), 1))  # type: ignore[arg-type]
            await waiting(house)

    async def before_second(text: str) -> None:
        nonlocal recorder
        if "update terrace.balance_update" in text:  # the first one has committed
            recorder = asyncio.create_task(house.record(("A2", "2025-01-31", "30.00")))
            await asyncio.wait(  # it has recorded, or waits for this one
                [asyncio.create_task(recorded.wait()), asyncio.create_task(waiting(house))],
                return_when=asyncio.FIRST_COMPLETED,
            )
            asyncio.get_running_loop().call_later(0.5, go_on.set)

    settle, recorded = ledger.settle, asyncio.Event()

    async def slow(*arguments: Any) -> Any:
        recorded.set()
        await go_on.wait()
        return await settle(*arguments)

    monkeypatch.setattr(ledger, "settle", slow)
    await post_held(Watched(house.database, before_first), 1)  # type: ignore[arg-type]
    assert second is not None
    await second
    assert recorder is not None
    await recorder
    while await post_held(house.database):
        pass
    assert await balance(house, "A2") == "30.00"


async def test_a_clock_that_is_set_back_makes_no_held_update_the_newer_one(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.people(1)
    await house.record(("A1", "2025-01-01", "1.00"))
    await house.work()
    await request_close(house.database, JAN, OPERATOR)
    await house.record(("A1", "2025-01-31", "10.00"))  # held
    owner = await asyncpg.connect(house.url)
    await owner.execute(
        "update terrace.balance_update set recorded_at = recorded_at + interval '1 hour' where held"
    )
    await owner.close()
    monkeypatch.setattr(close, "post_held", lambda *_: asyncio.sleep(0, 0))  # killed just before
    await carry_out(house.database, chunk=3, batch=100)
    await house.record(("A1", "2025-01-31", "20.00"))
    while await post_held(house.database):
        pass
    assert await balance(house, "A1") == "20.00"
    assert str(await house.value("select balance from terrace.account")) == "20.00"


async def test_held_updates_of_one_request_are_posted_in_its_order(house: House) -> None:
    await house.people(2)
    await house.record(("A1", "2025-01-01", "1.00"))
    await house.work()
    await house.record(("A1", "2025-01-30", "10.00"), ("A1", "2025-01-30", "20.00"), ids=["y", "x"])
    assert await balance(house, "A1") == "20.00"  # the later line wins
    await request_close(house.database, JAN, OPERATOR)
    await house.record(("A1", "2025-01-31", "10.00"), ("A1", "2025-01-31", "20.00"), ids=["b", "a"])
    await house.work()
    assert await balance(house, "A1") == "20.00"


@pytest.mark.parametrize("rows", ["fresh", "known"])
async def test_held_updates_of_one_file_are_posted_in_its_order(house: House, rows: str) -> None:
    await house.people(2)
    await house.record(("A1", "2025-01-01", "1.00"))
    await house.work()
    await request_close(house.database, JAN, OPERATOR)
    recorder = BalanceRecorder(house.database, await house.actor("hq"), "file", 366)
    recorder._fresh = rows == "fresh"
    day = date(2025, 1, 31)
    await recorder.start(Chunk([2, 3], ["A1", "A1"], [day, day], [9000, 2000], ["9", "2"]))
    await house.work()
    assert await balance(house, "A1") == "20.00"


async def test_a_fresh_chunk_sees_an_account_as_it_is_and_not_as_it_was(house: House) -> None:
    await house.people(2)
    recorder = BalanceRecorder(house.database, await house.actor("hq"), "file", 366)
    day = date(2025, 1, 31)
    async with house.database.unit() as connection:
        await connection.execute("""
            update terrace.account a
            set customer_id = 2, manager_id = c.manager_id, branch_id = c.branch_id
            from terrace.customer c where c.id = 2 and a.number = 'A1'""")
        moved = recorder.start(Chunk([2, 3], ["A1", "A2"], [day, day], [1000, 2000]))
        await waiting(house)
    assert (await moved).recorded == 2
    async with house.database.unit() as connection:
        await connection.execute(
            "update terrace.account set closed_on = '2025-01-31' where number = 'A2'"
        )
        late = date(2025, 2, 1)
        closed = recorder.start(Chunk([2], ["A2"], [late], [3000]))
        await waiting(house)
    assert [r.code for r in (await closed).rejections] == ["AFTER_CLOSING"]
    rows = await house.fetch("select customer_id, amount::text from terrace.balance order by 2")
    assert [tuple(row) for row in rows] == [(2, "10.00"), (2, "20.00")]


async def test_an_account_with_a_balance_is_not_moved_from_under_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.people(2)
    settle, loading = ledger.settle, None

    async def paused(*arguments: Any) -> Any:
        nonlocal loading
        row = ("A1", "C2", "DEMAND_DEPOSIT", "CNY", date(2024, 1, 1), None)
        loading = asyncio.create_task(load_rows(house, "accounts", row))
        await waiting(house)
        return await settle(*arguments)

    monkeypatch.setattr(ledger, "settle", paused)
    await house.record(("A1", "2025-01-01", "500000.00"))
    assert loading is not None
    loaded = await loading
    await house.work()
    assert [r.code for r in loaded.rejections] == ["ACCOUNT_FIXED"], loaded
    totals = [(await house.aum(c, "2025-01") or {}).get("total") for c in ("C1", "C2")]
    assert "500000.00" in totals


async def test_a_manager_is_not_moved_while_given_a_customer(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.people(2)
    audit, loading = assign_manager.audit, None

    async def between(*arguments: Any, **told: Any) -> None:
        nonlocal loading
        loading = asyncio.create_task(load_rows(house, "managers", ("M3", "Cid", "B2", True)))
        await asyncio.wait([loading], timeout=0.5)  # it is through, or waits for this one
        await audit(*arguments, **told)

    monkeypatch.setattr(assign_manager, "audit", between)
    customer, manager = identifiers.encode("Customer", 1), identifiers.encode("Manager", 3)
    answer = await house.data(ASSIGN, {"c": customer, "m": manager})
    assert answer["assignManager"]["errors"] == []
    assert loading is not None
    assert [r.code for r in (await loading).rejections] == ["MANAGER_HAS_CUSTOMERS"]


async def test_a_mutation_waits_for_an_import_of_customers(
    house: House,
) -> None:
    await house.people(4)
    rows = [
        (f"C{n}", f"Customer {n}", "INDIVIDUAL", "B1", "M3", None, None, None, None, None)
        for n in (1, 3)
    ]
    async with house.database.unit() as connection:
        await connection.execute("select from terrace.customer where number = 'C3' for update")
        loading = asyncio.create_task(load_rows(house, "customers", *rows))
        await waiting(house)  # the import holds C1
        asking = asyncio.create_task(house.ask(ASSIGN, {"c": identifiers.encode("Customer", 1)}))
        await waiting(house, 2)  # the mutation waits for it, holding nothing the import needs
    loaded, answer = await asyncio.gather(loading, asking)
    assert loaded.recorded == 2
    assert "errors" not in answer, answer


async def test_the_relay_passes_over_a_customer_who_is_being_handed_over(house: House) -> None:
    await house.people(2)
    await house.record(("A1", "2025-01-01", "300000.00"), ("A2", "2025-01-01", "300000.00"))
    await request_close(house.database, JAN, OPERATOR)
    await carry_out(house.database, chunk=10, batch=10)
    positions = "select customer_id, position from terrace.tier_change order by customer_id"
    async with house.database.unit() as connection:
        await connection.execute("update terrace.customer set manager_id = 3 where id = 1")
        async with asyncio.timeout(5):  # and waits for nobody
            assert await relay.relay(house.database) == 1
        assert [tuple(row) for row in await house.fetch(positions)] == [(1, None), (2, 1)]
    assert await relay.relay(house.database) == 1
    assert [tuple(row) for row in await house.fetch(positions)] == [(1, 2), (2, 1)]
    assert await house.value("select head from terrace.feed where topic = 'tier_change'") == 2


async def test_a_cutoff_waits_for_the_balances_under_way(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They were accepted by the calendar before it, so the close must judge them."""
    await house.people(2)
    await house.record(("A1", "2025-01-01", "1.00"))
    settle, closing, waited = ledger.settle, None, False

    async def paused(*arguments: Any) -> Any:
        nonlocal closing, waited
        closing = asyncio.create_task(request_close(house.database, JAN, OPERATOR))
        waits = asyncio.create_task(waiting(house))
        await asyncio.wait([closing, waits], return_when=asyncio.FIRST_COMPLETED)
        waited = not closing.done()
        waits.cancel()
        return await settle(*arguments)

    monkeypatch.setattr(ledger, "settle", paused)
    await house.record(("A1", "2025-01-20", "500000.00"))
    assert closing is not None
    await closing
    assert waited

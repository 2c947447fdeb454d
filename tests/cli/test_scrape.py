"""What /metrics says of the database: what waits, for how long, and how far a close has come."""

import asyncio

import pytest

from cli.telling import put_states, scraped
from repository.database import Database
from telemetry.figures import READERS, WRITERS, WRITERS_WAITING
from telemetry.meters import METERS
from tests.house import KEY, House
from tests.telemetry.test_meters import values

PEOPLE = ("Customer 1", "C1", "Ann", "M1", "1381234", "A1")


async def found(house: House) -> dict[str, float]:
    text = await scraped(house.database)
    for personal in PEOPLE:
        assert personal not in text
    return values(text)


async def test_an_installation_without_work_waits_for_nothing(house: House) -> None:
    told = await found(house)
    assert told["terrace_database_up"] == 1
    for name in ("terrace_dirty_customers", "terrace_dirty_oldest_seconds"):
        assert told[name] == 0
    assert told["terrace_quarantined_customers"] == 0
    assert told["terrace_events_waiting feed=tier_change"] == 0
    assert not any(name.startswith("terrace_close") for name in told)


async def test_what_waits_is_counted_with_the_age_of_the_oldest(house: House) -> None:
    await house.people(4)
    await house.fetch(
        """insert into terrace.dirty (customer_id, from_month, marked_at, quarantined)
        select i, '2025-01-01', now() - i * interval '100 seconds', i = 4
        from generate_series(1, 4) i"""
    )
    await house.fetch(
        """insert into terrace.risk_signal_event
            (customer_id, manager_id, branch_id, signal_id, state, recorded_at, position)
        select 1, 1, 2, 1, 'REPORTED', now() - i * interval '50 seconds', nullif(i, 3)
        from generate_series(1, 4) i"""
    )
    await house.fetch(
        """insert into terrace.balance_update
            (customer_id, update_id, account_id, as_of, entry, amount, held)
        values (1, 'u', 1, '2025-01-01', 0, 1, true), (1, 'v', 1, '2025-01-01', 1, 1, false)"""
    )
    told = await found(house)
    assert told["terrace_dirty_customers"] == 3
    assert told["terrace_dirty_oldest_seconds"] == pytest.approx(300, abs=30)
    assert told["terrace_quarantined_customers"] == 1
    assert told["terrace_held_updates"] == 1
    assert told["terrace_events_waiting feed=risk_signal"] == 1
    waits = told["terrace_events_waiting_oldest_seconds feed=risk_signal"]
    assert waits == pytest.approx(150, abs=30)


async def test_events_of_a_month_that_is_being_closed_wait_from_its_publication_on(
    house: House,
) -> None:
    await house.people(2)
    await house.record(("A1", "2025-01-01", "700000.00"), ("A2", "2025-01-01", "700000.00"))
    await house.close("2025-01")
    await house.fetch(
        """update terrace.tier_change set position = null, recorded_at = now() - interval '9 hours',
            closed_month = '2025-02-01' where customer_id = 1"""
    )
    assert (await found(house))["terrace_events_waiting feed=tier_change"] == 0
    await house.fetch("update terrace.tier_change set closed_month = '2025-01-01'")
    told = await found(house)
    assert told["terrace_events_waiting feed=tier_change"] == 1
    assert told["terrace_events_waiting_oldest_seconds feed=tier_change"] < 600


async def test_a_close_is_told_by_its_state_and_how_many_are_judged(house: House) -> None:
    await house.people(3)
    await house.fetch(
        """insert into terrace.close_run (month, state, requested_by, customers)
        values ('2025-01-01', 'CLOSED', 't', 9), ('2025-02-01', 'RUNNING', 't', 3)"""
    )
    await house.fetch(
        """insert into terrace.close_chunk (month, first_customer, last_customer, customers, done)
        values ('2025-02-01', 1, 2, 2, true), ('2025-02-01', 3, 3, 1, false),
            ('2025-01-01', 1, 9, 9, true)"""
    )
    told = await found(house)
    states = {
        state: told[f"terrace_close_state month=2025-02 state={state}"]
        for state in ("cutoff", "running", "closed", "failed", "reopened")
    }
    assert states == {"cutoff": 0, "running": 1, "closed": 0, "failed": 0, "reopened": 0}
    assert told["terrace_close_customers month=2025-02"] == 3
    assert told["terrace_close_judged month=2025-02"] == 2
    await house.fetch("update terrace.close_run set state = 'REOPENED' where month = '2025-02-01'")
    assert (await found(house))["terrace_close_state month=2025-02 state=reopened"] == 1
    await house.fetch("update terrace.close_run set state = 'CUTOFF' where month = '2025-01-01'")
    assert (await found(house))["terrace_close_state month=2025-01 state=cutoff"] == 1


async def test_connections_in_use_and_those_who_wait_for_one_are_told(house: House) -> None:
    async with Database(house.url, KEY, writer_connections=2, acquire_seconds=5) as database:
        held, told = asyncio.Event(), asyncio.Event()

        async def write() -> None:
            async with database.unit() as connection:
                await connection.execute("select 1")
                held.set()
                await told.wait()

        writing = [asyncio.create_task(write()) for _ in range(3)]
        await held.wait()
        while database.usage().writers.in_use < 2:
            await asyncio.sleep(0.01)
        put_states(database, 0)
        cells = METERS.cells
        assert [cells[WRITERS.at("open")], cells[WRITERS.at("in_use")]] == [2, 2]
        assert cells[WRITERS_WAITING.at()] == 1
        assert cells[READERS.at("all", "open")] == 0
        told.set()
        await asyncio.gather(*writing)
        put_states(database, 0)
        assert [cells[WRITERS.at("in_use")], cells[WRITERS_WAITING.at()]] == [0, 0]


async def test_a_database_that_is_away_costs_its_own_figures_alone(house: House) -> None:
    async with Database("postgresql://127.0.0.1:1/x", KEY, acquire_seconds=1) as away:
        told = values(await scraped(away))
    assert told["terrace_database_up"] == 0
    assert "terrace_dirty_customers" not in told
    assert "terrace_socket_operations_total kind=query outcome=completed" in told

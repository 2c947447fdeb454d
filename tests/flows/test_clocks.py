"""Clocks say when something was written, and decide nothing."""

import asyncpg

from cli.session import OPERATOR
from domain.months import Month
from repository.closing import request_close
from tests.house import House


async def set_back(house: House) -> None:
    """As if the clock had been an hour ahead until now; the writer itself may not change this."""
    owner = await asyncpg.connect(house.url)
    try:
        await owner.execute(
            "update terrace.balance_update set recorded_at = recorded_at + interval '1 hour'"
        )
    finally:
        await owner.close()


async def test_of_two_balances_of_a_day_the_later_one_wins_though_the_clock_was_set_back(
    house: House,
) -> None:
    await house.people(2)
    await house.record(("A1", "2025-01-01", "1.00"))
    await house.work()
    await request_close(house.database, Month(2025, 1), OPERATOR)
    await house.record(("A1", "2025-01-31", "10.00"))
    await set_back(house)
    await house.record(("A1", "2025-01-31", "20.00"))
    await house.work()
    shown = await house.value("select balance::text from terrace.account where number = 'A1'")
    assert shown == "20.00"


async def test_a_held_balance_does_not_overtake_one_recorded_after_the_close(house: House) -> None:
    """The later one is posted while the earlier one still waits for its poster."""
    await house.people(2)
    await house.record(("A1", "2025-01-01", "1.00"))
    await house.work()
    await request_close(house.database, Month(2025, 1), OPERATOR)
    await house.record(("A1", "2025-01-31", "10.00"))
    async with house.database.unit() as connection:
        await connection.execute(
            "update terrace.calendar set last_closed = closing, closing = null"
        )
        await connection.execute("update terrace.close_run set state = 'CLOSED'")
    await set_back(house)
    await house.record(("A1", "2025-01-31", "20.00"))
    await house.work()
    amount = "select amount::text from terrace.balance where as_of = '2025-01-31'"
    assert await house.value(amount) == "20.00"

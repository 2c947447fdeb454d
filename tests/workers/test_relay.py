"""The relay: one at a time, and nothing of a month before its close is published."""

import asyncio

from cli.session import OPERATOR
from domain.months import Month
from repository.closing import request_close
from repository.relay import relay
from tests.house import House
from tests.interleaving import Watched, waiting
from workers.close import _judge_chunk, _prepare, carry_out

JAN = Month(2025, 1)
PLACES = "select array_agg(position order by id) from terrace.tier_change"


async def about_to_close(house: House) -> None:
    await house.people(2)
    await house.record(("A1", "2025-01-01", "500000.00"), ("A2", "2025-01-01", "700000.00"))
    await request_close(house.database, JAN, OPERATOR)


async def test_events_wait_for_the_close_of_their_month(house: House) -> None:
    await about_to_close(house)
    await _prepare(house.database, JAN, 10, 10)
    assert await _judge_chunk(house.database, JAN, lambda run: None)
    assert await relay(house.database) == 0
    assert await house.value(PLACES) == [None, None]
    await carry_out(house.database, chunk=10, batch=10)
    assert await relay(house.database) == 2
    assert await house.value(PLACES) == [1, 2]


async def test_a_second_relay_leaves_the_events_to_the_first(house: House) -> None:
    await about_to_close(house)
    await carry_out(house.database, chunk=10, batch=10)
    second: asyncio.Task[int] | None = None

    async def before(text: str) -> None:
        nonlocal second
        if "pg_notify" in text:  # the first has placed the events and has not committed
            second = asyncio.create_task(relay(house.database))
            waits = asyncio.create_task(waiting(house))
            await asyncio.wait([second, waits], return_when=asyncio.FIRST_COMPLETED)
            waits.cancel()

    assert await relay(Watched(house.database, before)) == 2  # type: ignore[arg-type]
    assert second is not None
    assert await second == 0
    assert await house.value(PLACES) == [1, 2]
    assert await house.value("select head from terrace.feed where topic = 'tier_change'") == 2

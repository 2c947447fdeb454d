"""Cursors that are older than what a feed promises, and the way on from there."""

import asyncio
from typing import Any

import asyncpg
import orjson
import pytest

from domain.actors import Actor
from repository.relay import move_tails, relay
from schema.errors import RequestError
from schema.feeds import cursor_at
from tests.house import House
from tests.schema.listening import CHANGES, WRITE, next_events, refusal_of

TAIL = "select tail from terrace.feed where topic = 'tier_change'"


async def happens(house: House, *customers: int) -> None:
    """Tier changes of customers, published."""
    async with house.database.unit() as connection:
        await connection.execute(WRITE, customers)
    assert await relay(house.database) == len(customers)


async def days_pass(house: House, days: int) -> None:
    """Everything was marked so much earlier, and the worker looks at the tails."""
    owner = await asyncpg.connect(house.url)  # the writer cannot change what was marked
    await owner.execute(f"update terrace.feed_mark set marked_at = marked_at - interval '{days} d'")
    await owner.close()
    await move_tails(house.database, 90)


async def aged(house: House) -> Actor:
    """Three events of long ago and two of lately; who may see all of them."""
    await house.people(5)
    await happens(house, 1, 2, 3)
    await move_tails(house.database, 90)
    await days_pass(house, 91)
    await happens(house, 4, 5)
    return await house.actor("hq")


async def known_tail(house: House, tail: int) -> None:
    async with asyncio.timeout(10):
        while house.feeds.arrivals("tier_change").tail != tail:
            await asyncio.sleep(0.01)


async def test_a_cursor_at_the_tail_is_good_and_one_below_it_is_not(house: House) -> None:
    hq = await aged(house)
    assert await house.value(TAIL) == 3
    told = await next_events(house.engine, hq, cursor_at("tier_change", 3), 2)
    assert [event["cursor"] for event in told] == [cursor_at("tier_change", n) for n in (4, 5)]
    for position in (0, 2):
        error = await refusal_of(house.engine, hq, cursor_at("tier_change", position))
        assert error["path"] == ["tierChanged"]
        assert error["extensions"] == {
            "code": "CURSOR_EXPIRED",
            "resumeAfter": cursor_at("tier_change", 5),
        }


async def test_nothing_is_missed_between_the_refusal_and_the_new_subscription(
    house: House,
) -> None:
    hq = await aged(house)
    error = await refusal_of(house.engine, hq, cursor_at("tier_change", 0))
    await happens(house, 1)  # while the state is being read
    resumed: Any = error["extensions"]["resumeAfter"]
    told = await next_events(house.engine, hq, resumed, 1)
    assert [event["cursor"] for event in told] == [cursor_at("tier_change", 6)]


async def test_the_history_and_its_positions_stay(house: House) -> None:
    await aged(house)
    changes = await house.data("{ tierChanges(first: 10) { totalCount } }")
    assert changes["tierChanges"]["totalCount"] == 5
    rows = await house.fetch("select position from terrace.tier_change order by id")
    assert [row["position"] for row in rows] == [1, 2, 3, 4, 5]


async def test_an_age_is_counted_from_the_position_and_not_from_the_writing(house: House) -> None:
    await house.people(2)
    async with house.database.unit() as connection:
        await connection.execute(WRITE, [1])
        await connection.execute(
            "update terrace.tier_change set recorded_at = recorded_at - interval '1 year'"
        )
    await move_tails(house.database, 90)
    await days_pass(house, 91)
    assert await relay(house.database) == 1
    await move_tails(house.database, 90)
    assert await house.value(TAIL) == 0


@pytest.mark.parametrize(("days", "tail"), [(89, 0), (91, 3)])
async def test_a_tail_waits_for_its_day_and_never_goes_back(
    house: House, days: int, tail: int
) -> None:
    await house.people(3)
    await happens(house, 1, 2, 3)
    await move_tails(house.database, 90)
    await days_pass(house, days)
    assert await house.value(TAIL) == tail
    await happens(house, 1)
    await move_tails(house.database, 36_600)
    assert await house.value(TAIL) == tail


async def test_a_connected_subscriber_that_falls_behind_the_tail_is_told(house: House) -> None:
    await house.people(100)
    hq = await house.actor("hq")
    await happens(house, *range(1, 101))
    await happens(house, 1, 2)
    slow = house.engine.subscribe(
        house.engine.prepare(CHANGES, None), {"a": cursor_at("tier_change", 0)}, hq
    )
    cursors = [orjson.loads(await anext(slow))["data"]["tierChanged"]["cursor"]]
    await move_tails(house.database, 90)
    await days_pass(house, 91)
    await known_tail(house, 102)
    with pytest.raises(RequestError) as refused:
        async with asyncio.timeout(10):
            async for event in slow:
                cursors.append(orjson.loads(event)["data"]["tierChanged"]["cursor"])
    assert cursors == [cursor_at("tier_change", n) for n in range(1, 101)]  # were read together
    [error] = refused.value.errors
    assert error["extensions"] == {
        "code": "CURSOR_EXPIRED",
        "resumeAfter": cursor_at("tier_change", 102),
    }


async def test_an_idle_subscriber_does_not_fall_behind(house: House) -> None:
    await house.people(4)
    m2 = await house.actor("manager", "M2")
    waiting = asyncio.create_task(next_events(house.engine, m2, None, 1))
    await asyncio.sleep(0.3)
    await happens(house, 1, 3)  # of the other manager
    await move_tails(house.database, 90)
    await days_pass(house, 91)
    await known_tail(house, 2)
    await happens(house, 2)
    assert [event["cursor"] for event in await waiting] == [cursor_at("tier_change", 3)]


async def test_the_cursor_is_read_with_the_state_it_belongs_to(house: House) -> None:
    await aged(house)
    for role, subject in (("hq", "x"), ("manager", "M1"), ("customer", "C1"), ("integrator", "i")):
        told = await house.data(
            "{ eventCursor(feed: TIER_CHANGES) s: eventCursor(feed: RISK_SIGNALS) }",
            role=role,
            subject=subject,
        )
        assert told == {
            "eventCursor": cursor_at("tier_change", 5),
            "s": cursor_at("risk_signal", 0),
        }

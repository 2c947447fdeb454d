"""Reads that are shared: by whom, and what happens when whoever began one goes."""

import asyncio

import pytest

from repository.relay import relay
from schema.feeds import cursor_at
from schema.flights import Flights
from tests.house import House
from tests.schema.listening import WRITE, next_events


async def test_the_same_read_is_done_once_for_all_who_want_it_at_once() -> None:
    flights: Flights[int] = Flights()
    reads = 0

    async def read() -> int:
        nonlocal reads
        reads += 1
        mine = reads
        await asyncio.sleep(0.01)
        return mine

    assert await asyncio.gather(*[flights.share("a", read) for _ in range(50)]) == [1] * 50
    assert await asyncio.gather(flights.share("a", read), flights.share("b", read)) == [2, 3]
    assert len(flights) == 0


async def test_a_read_whose_beginner_goes_is_begun_anew_by_another() -> None:
    flights: Flights[str] = Flights()

    async def read() -> str:
        await asyncio.sleep(0.01)
        return "read"

    first, second = [asyncio.create_task(flights.share("a", read)) for _ in range(2)]
    await asyncio.sleep(0)
    first.cancel()
    assert await second == "read"
    assert first.cancelled()


async def test_who_shares_a_read_may_go_without_ending_it() -> None:
    flights: Flights[str] = Flights()

    async def read() -> str:
        await asyncio.sleep(0.01)
        return "read"

    first, second = [asyncio.create_task(flights.share("a", read)) for _ in range(2)]
    await asyncio.sleep(0)
    second.cancel()
    assert await first == "read"


async def test_a_failure_is_everybodys() -> None:
    flights: Flights[None] = Flights()

    async def read() -> None:
        await asyncio.sleep(0.01)
        raise ValueError("broken")

    sharing = [flights.share("a", read) for _ in range(2)]
    ended = await asyncio.gather(*sharing, return_exceptions=True)
    assert [str(error) for error in ended] == ["broken", "broken"]
    assert len(flights) == 0


async def test_subscribers_with_the_same_eyes_share_one_statement_and_others_do_not(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.people(2)
    asked: list[object] = []
    answer = house.database.answer

    async def counted(scope: object, *rest: object) -> str:
        asked.append(scope)
        return await answer(scope, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(house.database, "answer", counted)
    callers = [await house.actor("hq", f"h{n}") for n in range(20)]
    callers += [await house.actor("manager", name) for name in ("M1", "M2", "M3")]
    told = [asyncio.create_task(next_events(house.engine, one, None, 1, 3)) for one in callers]
    await asyncio.sleep(0.5)
    async with house.database.unit() as connection:
        await connection.execute(WRITE, [1, 2])
    await relay(house.database)
    found = [[event["cursor"] for event in await one] for one in told]
    first, second = cursor_at("tier_change", 1), cursor_at("tier_change", 2)
    assert found == [[first]] * 21 + [[second]] + [[]]
    assert sorted(asked) == ["all", "manager", "manager"]  # M3 had nothing to look for


async def test_a_read_that_began_before_a_newer_head_was_known_is_not_shared(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.people(2)
    hq, start = await house.actor("hq"), cursor_at("tier_change", 0)
    answer, held = house.database.answer, asyncio.Event()
    begun = asyncio.Event()

    async def slow(*given: object) -> str:
        read = await answer(*given)  # type: ignore[arg-type]
        if not begun.is_set():
            begun.set()
            await held.wait()
        return read

    async with house.database.unit() as connection:
        await connection.execute(WRITE, [1])
    await relay(house.database)
    arrivals = house.feeds.arrivals("tier_change")
    async with asyncio.timeout(5):
        while arrivals.head != 1:
            await asyncio.sleep(0.01)
    monkeypatch.setattr(house.database, "answer", slow)
    early = asyncio.create_task(next_events(house.engine, hq, start, 2, 5))
    await begun.wait()  # it has read one event
    async with house.database.unit() as connection:
        await connection.execute(WRITE, [2])
    await relay(house.database)
    async with asyncio.timeout(5):
        while arrivals.head != 2:
            await asyncio.sleep(0.01)
    late = asyncio.create_task(next_events(house.engine, hq, start, 2, 5))
    await asyncio.sleep(0.1)
    held.set()
    both = [cursor_at("tier_change", n) for n in (1, 2)]
    assert [event["cursor"] for event in await late] == both
    assert [event["cursor"] for event in await early] == both


async def test_an_event_that_a_filter_leaves_out_is_looked_for_once(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.people(2)
    reads, answer = 0, house.database.answer

    async def counted(*given: object) -> str:
        nonlocal reads
        reads += 1
        return await answer(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(house.database, "answer", counted)
    document = "subscription { tierChanged(where: {kind: {eq: EXITED}}) { cursor } }"
    events = house.engine.subscribe(
        house.engine.prepare(document, None), None, await house.actor("hq")
    )
    listening = asyncio.ensure_future(anext(events))
    await asyncio.sleep(0.5)
    async with house.database.unit() as connection:
        await connection.execute(WRITE, [1])
    await relay(house.database)
    await asyncio.sleep(0.5)
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    assert reads == 1

"""Marking days beside a close, beside each other, and cut off in the middle."""

import asyncio
from typing import Any

import pytest

from domain.months import Month
from repository import feeds
from repository.calendar import CalendarError
from repository.closing import request_close
from repository.statements import sql
from tests.feeding import (
    DEPOSITS,
    GOLD,
    OPERATOR,
    complete,
    gold_account,
    is_complete,
    source,
    take_back,
)
from tests.house import House
from tests.interleaving import Watched, waiting
from workers.close import carry_out

JANUARY, DAYS = Month(2025, 1), "2025-01-01..2025-01-31"


async def january(house: House, *marked: str) -> None:
    """C1 holds deposits and gold; January can be closed as far as these feeds go."""
    await house.people(4)
    await gold_account(house)
    await source(house, "core", DEPOSITS)
    await source(house, "gold", GOLD)
    await house.record(("A1", "2025-01-31", "7750000.00"))
    await house.work()
    for code in marked:
        await complete(house, code, DAYS)


async def meeting(house: House, change: Any, override: str | None = None) -> Any:
    """A close is asked for, and the change is begun between its check and its freeze."""
    task: asyncio.Task[Any] | None = None

    async def begin(text: str) -> None:
        nonlocal task
        if text == sql("begin_close") and task is None:
            task = asyncio.create_task(change)
            await waiting(house)

    run = await request_close(Watched(house.database, begin), JANUARY, OPERATOR, override)  # type: ignore[arg-type]
    assert task is not None
    return run, (await asyncio.gather(task, return_exceptions=True))[0]


async def test_a_day_cannot_be_reopened_between_the_check_of_a_close_and_its_freeze(
    house: House,
) -> None:
    await january(house, "core", "gold")
    run, outcome = await meeting(house, take_back(house, "gold", "2025-01-15"))
    assert run.state == "CUTOFF"
    assert isinstance(outcome, CalendarError)
    assert outcome.code == "MONTH_CLOSING"
    await house.work()
    assert await is_complete(house, "C1", "2025-01")


async def test_no_source_is_added_to_a_month_that_is_being_closed(house: House) -> None:
    await january(house, "core", "gold")
    _, outcome = await meeting(house, source(house, "new", GOLD))
    assert isinstance(outcome, CalendarError)
    assert outcome.code == "MONTH_CLOSING"


async def test_a_close_judges_everybody_by_the_days_that_were_marked_when_it_began(
    house: House,
) -> None:
    await january(house, "core")
    why = "the gold desk is down"
    _, outcome = await meeting(house, complete(house, "gold", DAYS), why)
    assert isinstance(outcome, CalendarError)
    assert outcome.code == "MONTH_CLOSING"
    while await carry_out(house.database, chunk=1, batch=10):
        pass
    assert not await is_complete(house, "C1", "2025-01")
    assert (await house.standing("C1"))["decision"]["rule"] == "HELD"


async def test_a_close_asked_for_while_a_day_is_marked_sees_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await january(house, "core")
    own, asked = feeds.audit, []

    async def late(*arguments: Any, **told: Any) -> None:
        asked.append(asyncio.create_task(request_close(house.database, JANUARY, OPERATOR)))
        await waiting(house)
        await own(*arguments, **told)

    monkeypatch.setattr(feeds, "audit", late)
    await complete(house, "gold", DAYS)
    assert (await asked[0]).state == "CUTOFF"


async def test_days_marked_by_many_at_once_are_marked_once(house: House) -> None:
    await january(house)
    found = await asyncio.gather(*[complete(house, "gold", DAYS) for _ in range(6)])
    assert sorted(mark.marked for mark in found) == [0, 0, 0, 0, 0, 31]
    assert {mark.marked + mark.already for mark in found} == {31}
    lines = await house.trail("select from terrace.audit where action = 'feed.complete'")
    assert len(lines) == 1


async def test_a_mark_that_was_cut_off_is_none(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await january(house, "core")

    async def killed(*arguments: Any, **told: Any) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(feeds, "audit", killed)
        with pytest.raises(RuntimeError, match="killed"):
            await complete(house, "gold", DAYS)
    assert await house.value("select count(*) from terrace.feed_day where source = 'gold'") == 0
    assert not await is_complete(house, "C1")
    assert (await complete(house, "gold", DAYS)).marked == 31

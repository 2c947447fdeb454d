"""A day of a closed month that is marked complete late has the waiting figures judged anew."""

import pytest

from domain.months import Month
from repository.calendar import CalendarError
from repository.closing import close_state, fail, request_close
from tests.feeding import (
    DEPOSITS,
    GOLD,
    OPERATOR,
    close_without,
    complete,
    gold_account,
    is_complete,
    source,
)
from tests.house import House
from workers import close
from workers.recompute import recompute

YEAR = "2025-01-01..2025-12-31"


async def without_gold(house: House, *months: str) -> None:
    """C1 holds deposits and gold, C2 deposits; these months are closed without the gold feed."""
    await house.people(2)
    await gold_account(house)
    await source(house, "core", DEPOSITS)
    await source(house, "gold", GOLD)
    await complete(house, "core", YEAR)
    await house.record(("A1", "2025-01-01", "250000.00"), ("A2", "2025-01-01", "250000.00"))
    for month in months:
        await close_without(house, month)


async def corrections(house: House) -> list[str]:
    rows = await house.fetch("select state from terrace.correction order by id")
    return [row["state"] for row in rows]


async def test_an_upward_result_takes_effect_from_the_next_close_on(house: House) -> None:
    await without_gold(house, "2025-01")
    await house.record(("G1", "2025-01-01", "400000.00"))
    await house.work()
    figure = await house.aum("C1", "2025-01")
    assert figure is not None
    assert (figure["total"], figure["complete"]) == ("650000.00", False)
    await complete(house, "gold", "2025-01-01..2025-01-31")
    await house.work()
    assert await is_complete(house, "C1", "2025-01")
    assert (await house.standing("C1"))["status"] == "NON_MEMBER"  # as it was published
    await complete(house, "gold", "2025-02-01..2025-02-28")
    await house.close("2025-02")
    standing = await house.standing("C1")
    assert (standing["status"], standing["tier"]) == ("ACTIVE", {"code": "T2"})
    changes = await house.fetch("select kind from terrace.tier_change where customer_id = 1")
    assert [change["kind"] for change in changes] == ["CORRECTED"]
    states = await corrections(house)  # a later one of the month may take up an earlier one
    assert (states[-1], "PENDING_REVIEW" in states) == ("APPLIED", False)


async def test_delivered_but_empty_is_judged_as_what_else_there_is(house: House) -> None:
    await without_gold(house, "2025-01")
    await complete(house, "gold", YEAR)
    await house.work()
    await house.close("2025-02")
    assert (await house.standing("C1"))["tier"] == {"code": "T1"}


async def test_a_downward_result_waits_for_review(house: House) -> None:
    await without_gold(house)
    await complete(house, "gold", "2025-01-01..2025-01-31")
    await house.record(("G1", "2025-01-01", "400000.00"))
    await house.close("2025-01")
    await house.record(("A1", "2025-02-01", "0.00"), ("G1", "2025-02-01", "250000.00"))
    await close_without(house, "2025-02")
    held = await house.standing("C1")
    assert (held["status"], held["tier"]) == ("ACTIVE", {"code": "T2"})
    await complete(house, "gold", "2025-02-01..2025-02-28")
    await house.work()
    assert await corrections(house) == ["PENDING_REVIEW"]
    assert await house.standing("C1") == held
    assert not await is_complete(house, "C1", "2025-02")  # until somebody has reviewed it


async def test_nothing_happens_before_the_last_day_is_in(house: House) -> None:
    await without_gold(house, "2025-01")
    await house.work()
    await complete(house, "gold", "2025-01-01..2025-01-30")
    assert await house.value("select count(*) from terrace.dirty") == 0
    await complete(house, "gold", "2025-01-31")
    dirty = await house.fetch("select customer_id, from_month::text from terrace.dirty")
    assert [tuple(row) for row in dirty] == [(1, "2025-01-01")]  # not C2, who was judged
    await house.work()
    assert await is_complete(house, "C1", "2025-01")


async def test_several_months_at_once(house: House) -> None:
    await without_gold(house, "2025-01", "2025-02", "2025-03")
    await complete(house, "gold", YEAR)
    await house.work()
    for month in ("2025-01", "2025-02", "2025-03"):
        assert await is_complete(house, "C1", month)
    await house.close("2025-04")
    assert (await house.standing("C1"))["tier"] == {"code": "T1"}


async def test_while_a_month_is_being_closed_its_days_and_earlier_ones_wait(house: House) -> None:
    await without_gold(house, "2025-01")
    await complete(house, "gold", "2025-02-01..2025-02-28")
    await request_close(house.database, Month(2025, 2), OPERATOR)
    for days in ("2025-01-01..2025-01-31", "2025-02-28"):
        with pytest.raises(CalendarError) as refused:
            await complete(house, "gold", days)
        assert refused.value.code == "MONTH_CLOSING"
    assert (await complete(house, "gold", "2025-03-01")).marked == 1
    await house.work()
    await complete(house, "gold", "2025-01-01..2025-01-31")
    await house.work()
    assert await is_complete(house, "C1", "2025-01")


async def test_what_a_close_held_back_belongs_to_the_day_marked_after_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await without_gold(house)
    await close_request_without_gold(house)
    await house.record(("G1", "2025-01-01", "400000.00"))  # held: January is being closed

    async def another_time(*arguments: object) -> int:
        return 0

    monkeypatch.setattr(close, "post_held", another_time)  # the closer was killed right then
    while await close.carry_out(house.database, chunk=3, batch=100):
        pass
    await complete(house, "gold", "2025-01-01..2025-01-31")
    assert await house.value("select count(*) from terrace.balance_update where held") == 0
    await recompute(house.database, 100)
    assert (await house.aum("C1", "2025-01"))["total"] == "650000.00"  # type: ignore[index]
    assert await corrections(house) == ["APPLIED"]


async def close_request_without_gold(house: House) -> None:
    """Ask for January's close without the gold feed; nothing of it is done yet."""
    override = "the gold desk is down"
    await request_close(house.database, Month(2025, 1), OPERATOR, override)


async def test_a_close_that_failed_leaves_no_figure_incomplete(house: House) -> None:
    await without_gold(house)
    january = Month(2025, 1)
    await close_request_without_gold(house)
    await close._prepare(house.database, january, 10, 10)
    while await close._judge_chunk(house.database, january, lambda run: None):
        pass
    async with house.database.unit() as connection:
        run = await close_state(connection, january)
        assert await fail(connection, january, run.epoch, "tried")
    await complete(house, "gold", "2025-01-01..2025-01-31")
    await recompute(house.database, 100)
    assert await is_complete(house, "C1")
    run = await house.close("2025-01")  # and nothing is overridden any more
    assert (run.state, run.override_reason, list(run.lacking)) == ("CLOSED", None, [])
    assert (await house.standing("C1"))["tier"] == {"code": "T1"}

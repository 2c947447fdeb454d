"""A close publishes what is right, once, and nothing else."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from cli.session import OPERATOR
from domain.months import Month
from repository.closing import (
    claim_chunk,
    close_state,
    fail,
    plan_chunks,
    publish,
    request_close,
)
from repository.judging import Resummed, resum
from tests.house import House
from workers import close

JANUARY = Month(2025, 1)


async def judging(house: House) -> None:
    """A close that may judge, in chunks of two customers."""
    await house.people()
    await house.record(("A1", "2025-01-01", "250000.00"))
    await request_close(house.database, JANUARY, OPERATOR)
    await close._prepare(house.database, JANUARY, 2, 10)


async def test_a_close_whose_sums_disagree_publishes_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.people()
    await house.record(("A1", "2025-01-01", "250000.00"))

    async def another(*given: Any) -> Resummed:
        return replace(await resum(*given), again=Decimal("1.00"))

    monkeypatch.setattr(close, "resum", another)
    run = await house.close("2025-01")
    assert (run.state, "summed again" in (run.problem or "")) == ("FAILED", True)
    calendar = (await house.data("{ calendar { openMonth lastClosedMonth } }"))["calendar"]
    assert calendar == {"openMonth": "2025-01", "lastClosedMonth": None}
    monkeypatch.undo()
    assert (await house.close("2025-01")).state == "CLOSED"
    lines = await house.trail("select * from terrace.audit where action like 'close.%' order by id")
    assert [(line["action"], line["subject"], line["detail"]["run"]) for line in lines] == [
        ("close.request", "2025-01", 1),
        ("close.fail", "2025-01", 1),
        ("close.request", "2025-01", 2),
        ("close.publish", "2025-01", 2),
    ]
    assert "summed again 1.00" in lines[1]["reason"]
    assert [(line["before"]["state"], line["after"]["state"]) for line in lines] == [
        (None, "CUTOFF"),
        ("RUNNING", "FAILED"),
        ("FAILED", "CUTOFF"),
        ("RUNNING", "CLOSED"),
    ]
    assert lines[3]["detail"]["changes"] == 1


async def test_a_close_that_lost_a_standing_is_not_published(house: House) -> None:
    await house.people()
    await house.record(("A1", "2025-01-01", "250000.00"))
    await request_close(house.database, JANUARY, OPERATOR)
    await close._prepare(house.database, JANUARY, 10, 10)
    while await close._judge_chunk(house.database, JANUARY, lambda run: None):
        pass
    await house.fetch("delete from terrace.standing where customer_id = 4")
    with pytest.raises(close.VerificationFailed, match="figures 4, standings 3 of 4"):
        await close._publish(house.database, JANUARY, 2)


async def test_a_closer_of_a_failed_run_can_write_nothing_any_more(house: House) -> None:
    await judging(house)
    async with house.database.unit() as connection:
        await fail(connection, JANUARY, 1, "a test said so")
    await request_close(house.database, JANUARY, OPERATOR)
    await close._prepare(house.database, JANUARY, 2, 10)
    async with house.database.unit() as connection:
        assert await claim_chunk(connection, JANUARY, 1) is None
        assert await claim_chunk(connection, JANUARY, 2) is not None


async def test_a_close_does_not_take_the_business_date_back(house: House) -> None:
    await house.people()
    await house.record(("A1", "2025-01-01", "1.00"))
    await house.record(("A1", "2025-03-15", "1.00"))
    await house.close("2025-01")
    found = await house.data("{ calendar { businessDate } }")
    assert found["calendar"]["businessDate"] == "2025-03-15"


async def test_asking_for_a_running_close_again_does_not_begin_it_anew(house: House) -> None:
    await judging(house)
    assert await close._judge_chunk(house.database, JANUARY, lambda run: None)
    run = await request_close(house.database, JANUARY, OPERATOR)
    assert (run.state, run.epoch, run.judged) == ("RUNNING", 1, 2)


async def test_a_closer_that_is_done_leaves_publishing_to_the_last(house: House) -> None:
    await judging(house)
    assert await close._judge_chunk(house.database, JANUARY, lambda run: None)
    await close._publish(house.database, JANUARY, 2)
    calendar = (await house.data("{ calendar { openMonth lastClosedMonth } }"))["calendar"]
    assert calendar == {"openMonth": "2025-01", "lastClosedMonth": None}


async def test_a_month_is_published_by_one_closer_alone(house: House) -> None:
    await house.people()
    await house.record(("A1", "2025-01-01", "250000.00"))
    await house.close("2025-01")
    async with house.database.unit() as connection:
        assert not await publish(connection, JANUARY, anew=True)
    assert await house.value("select count(*) from terrace.dirty") == 0


async def test_chunks_do_not_revive_a_close_that_has_failed(house: House) -> None:
    await house.people()
    await house.record(("A1", "2025-01-01", "250000.00"))
    await request_close(house.database, JANUARY, OPERATOR)
    async with house.database.unit() as connection:
        await fail(connection, JANUARY, 1, "a test said so")
        await plan_chunks(connection, JANUARY, 1, 2)
        assert (await close_state(connection, JANUARY)).state == "FAILED"

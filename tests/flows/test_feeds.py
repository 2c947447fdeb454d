"""Feeds that are missing: a close is refused, or goes on without them and holds who needs them."""

from typing import Any

import pytest

from domain.months import Month
from repository.calendar import CalendarError, publish_policy
from repository.closing import request_close
from tests.deciding import allowed
from tests.feeding import (
    DEPOSITS,
    GOLD,
    INSURANCE,
    MARK,
    OPERATOR,
    SAVINGS_BONDS,
    close_without,
    complete,
    gold_account,
    is_complete,
    source,
    take_back,
)
from tests.house import House

CLOSE = """mutation ($i: CloseMonthInput!) { closeMonth(input: $i) { close { state
    override { reason missing { source firstDay lastDay } } } approval { id }
    errors { code message field } } }"""
FEEDS = """query ($m: Month) { feeds(month: $m) { code name productClasses expectedSince
    expectedUntil month expectedDays completeDays missingDays } }"""
JANUARY = "2025-01-01..2025-01-31"


async def two_feeds(house: House, customers: int = 2) -> None:
    """Deposits and gold are expected from January on; C1 holds both, the others deposits."""
    await house.people(customers)
    await gold_account(house)
    await source(house, "core", DEPOSITS)
    await source(house, "gold", GOLD)


async def test_a_month_with_a_missing_day_is_not_closed(house: House) -> None:
    await two_feeds(house)
    await house.record(("A1", "2025-01-31", "300000.00"))
    await complete(house, "core", JANUARY)
    await complete(house, "gold", "2025-01-03..2025-01-30")
    answer = await house.data(CLOSE, {"i": {"month": "2025-01"}})
    told = "not complete is gold 2025-01-01 to 2025-01-02, gold 2025-01-31"
    [error] = answer["closeMonth"]["errors"]
    assert (error["code"], error["field"]) == ("FEED_INCOMPLETE", ["input", "month"])
    assert told in error["message"]
    assert answer["closeMonth"]["close"] is None
    assert await house.value("select closing from terrace.calendar") is None  # nothing is frozen
    assert await house.value("select count(*) from terrace.close_run") == 0
    await complete(house, "gold", JANUARY)
    assert (await house.close("2025-01")).state == "CLOSED"


async def test_a_refusal_names_so_many_days_and_no_more(house: House) -> None:
    await two_feeds(house)
    await house.record(("A1", "2025-01-31", "1.00"))
    for day in range(1, 30, 2):
        await complete(house, "core", f"2025-01-{day:02}")
    with pytest.raises(CalendarError, match=r"core 2025-01-20, and 6 more$"):
        await request_close(house.database, Month(2025, 1), OPERATOR)


async def test_an_override_is_shown_kept_and_audited_with_what_was_missing(house: House) -> None:
    await two_feeds(house)
    await house.record(("A1", "2025-01-31", "300000.00"))
    await complete(house, "core", JANUARY)
    await complete(house, "gold", "2025-01-01..2025-01-29")
    blank = await house.data(CLOSE, {"i": {"month": "2025-01", "override": {"reason": " "}}})
    assert [(e["code"], e["field"]) for e in blank["closeMonth"]["errors"]] == [
        ("INVALID_TEXT", ["input", "override", "reason"])
    ]
    given = {"month": "2025-01", "override": {"reason": "the gold desk is down"}}
    asked = await house.data(CLOSE, {"i": given})
    assert (await allowed(house, asked["closeMonth"]))["errors"] == []
    answer = await house.data(CLOSE, {"i": {"month": "2025-01"}})  # which runs: it is told of
    shown = {
        "reason": "the gold desk is down",
        "missing": [{"source": "gold", "firstDay": "2025-01-30", "lastDay": "2025-01-31"}],
    }
    assert answer["closeMonth"]["close"]["override"] == shown
    [line] = await house.trail("select * from terrace.audit where action = 'close.override'")
    assert (line["principal"], line["subject"]) == ("hq:second", "2025-01")
    missing = [{"source": "gold", "first": "2025-01-30", "last": "2025-01-31"}]
    assert (line["reason"], line["detail"]) == ("the gold desk is down", {"missing": missing})
    again = await house.data(CLOSE, {"i": {"month": "2025-01"}})  # while it runs: no harm
    assert again["closeMonth"]["close"]["override"] == shown
    await house.work()
    [run] = await house.fetch("select * from terrace.close_run")
    assert (run["state"], run["override_reason"]) == ("CLOSED", "the gold desk is down")
    assert run["override_missing"] == missing


async def test_an_override_of_nothing_leaves_no_trace(house: House) -> None:
    await two_feeds(house)
    await house.record(("A1", "2025-01-31", "300000.00"))
    await complete(house, "core", JANUARY)
    await complete(house, "gold", JANUARY)
    given = {"month": "2025-01", "override": {"reason": "to be sure"}}
    answer = await house.data(CLOSE, {"i": given})
    assert answer["closeMonth"]["close"]["override"] is None
    assert not await house.trail("select from terrace.audit where action = 'close.override'")


async def test_only_holders_of_the_class_are_held_all_others_are_judged(house: House) -> None:
    await two_feeds(house, 3)
    await gold_account(house, "C3", "G3")
    await house.fetch("update terrace.account set closed_on = '2024-12-31' where number = 'G3'")
    days = [(f"A{n}", "2025-01-01", "300000.00") for n in (1, 2, 3)]
    await house.record(*days, ("A1", "2025-01-31", "300000.00"))
    await complete(house, "core", JANUARY)
    await close_without(house, "2025-01")
    found = [await house.standing(number) for number in ("C1", "C2", "C3")]
    assert [s["status"] for s in found] == ["NON_MEMBER", "ACTIVE", "ACTIVE"]
    assert found[0]["decision"]["rule"] == "HELD"
    complete_ones = [await is_complete(house, n, "2025-01") for n in ("C1", "C2", "C3")]
    assert complete_ones == [False, True, True]


async def test_tier_and_counters_are_held_and_nothing_is_broken_or_extended(house: House) -> None:
    await two_feeds(house)
    await house.record(("A1", "2025-01-01", "1000000.00"))
    await complete(house, "core", "2025-01-01..2025-12-31")
    await complete(house, "gold", "2025-01-01..2025-02-28")
    await house.close("2025-01")
    await house.record(("A1", "2025-02-01", "600000.00"))
    await house.close("2025-02")
    seen = []
    await close_without(house, "2025-03")  # March: no gold feed
    seen.append(await house.standing("C1"))
    await complete(house, "gold", "2025-04-01..2025-12-31")
    for month in ("2025-04", "2025-05"):
        await house.close(month)
        seen.append(await house.standing("C1"))
    assert [(s["status"], s["tier"]["code"], s["shortfallMonths"]) for s in seen] == [
        ("WATCH", "T3", 1),  # as it stood after February
        ("WATCH", "T3", 2),
        ("ACTIVE", "T2", 0),  # judged by February, April and May
    ]


async def test_retention_is_postponed(house: House) -> None:
    document = {
        "effective": "2025-01",
        "tiers": [{"code": "T1", "name": "Gold", "threshold": "200000.00"}],
        "exit_months": 1,
        "retention_months": 2,
    }
    await publish_policy(house.database, document, OPERATOR)
    await two_feeds(house)
    await house.record(("A1", "2025-01-01", "300000.00"))
    await complete(house, "core", "2025-01-01..2025-12-31")
    await complete(house, "gold", "2025-01-01..2025-02-28")
    await house.close("2025-01")
    await house.record(("A1", "2025-02-01", "0.00"))
    await house.close("2025-02")
    seen = []
    for month in ("2025-03", "2025-04"):
        await close_without(house, month)
        seen.append(await house.standing("C1"))
    await complete(house, "gold", "2025-05-01..2025-12-31")
    for month in ("2025-05", "2025-06"):
        await house.close(month)
        seen.append(await house.standing("C1"))
    assert [(s["status"], s["retentionCloses"]) for s in seen] == [
        ("EXITED_UNRATED", 0),
        ("EXITED_UNRATED", 0),
        ("EXITED_UNRATED", 1),
        ("REMOVED", 0),
    ]


async def test_the_open_month_is_complete_as_soon_as_its_days_are_marked(house: House) -> None:
    await two_feeds(house)
    await house.record(("A1", "2025-01-10", "300000.00"), ("A2", "2025-01-10", "1.00"))
    await house.work()
    assert (await is_complete(house, "C1"), await is_complete(house, "C2")) == (False, False)
    await complete(house, "core", "2025-01-01..2025-01-10")
    assert (await is_complete(house, "C1"), await is_complete(house, "C2")) == (False, True)
    await complete(house, "gold", "2025-01-01..2025-01-10")
    assert await is_complete(house, "C1")
    assert await take_back(house, "gold", "2025-01-05") == 1
    assert (await is_complete(house, "C1"), await is_complete(house, "C2")) == (False, True)
    assert await complete(house, "gold", "2025-01-05")
    await house.record(("A2", "2025-01-11", "2.00"))  # a new day, on which nothing is marked yet
    assert (await is_complete(house, "C1"), await is_complete(house, "C2")) == (False, False)
    [line] = await house.trail("select * from terrace.audit where action = 'feed.reopen'")
    assert line["reason"] == "sent again"
    assert line["before"] == {"marks": [{"day": "2025-01-05", "by": "hq:operator"}]}
    assert line["after"] == {"marks": []}


async def test_what_the_last_month_lacked_the_open_one_has(house: House) -> None:
    await two_feeds(house)
    await house.record(("A1", "2025-01-01", "300000.00"))
    await house.work()  # so that nobody is dirty when January is closed
    await complete(house, "core", "2025-01-01..2025-02-28")
    await complete(house, "gold", "2025-02-01..2025-02-28")
    await close_without(house, "2025-01")
    assert not await is_complete(house, "C1", "2025-01")
    assert await is_complete(house, "C1")  # carried on from January, without any update
    through = await house.value("select feeds_through::text from terrace.calendar")
    assert through == "2025-02-28"  # what January lacks is no matter of the open month
    assert (await house.close("2025-02")).state == "CLOSED"
    assert await is_complete(house, "C1", "2025-02")


async def test_a_class_that_counts_later_is_needed_from_then_on(house: House) -> None:
    await house.people(1)
    await house.fetch("update terrace.account set product_class = 'INSURANCE'")
    await source(house, "cover", INSURANCE)
    policy: dict[str, Any] = {
        "effective": "2025-02",
        "tiers": [{"code": "T1", "name": "Gold", "threshold": "200000.00"}],
        "counted_classes": ["INSURANCE"],
    }
    await publish_policy(house.database, policy, OPERATOR)
    await house.record(("A1", "2025-01-10", "1.00"))
    await house.work()
    assert await is_complete(house, "C1")
    await close_without(house, "2025-01", "nobody needs it")
    assert await is_complete(house, "C1", "2025-01")
    assert not await is_complete(house, "C1")


async def test_feeds_are_shown_with_their_missing_days_to_whom_they_concern(house: House) -> None:
    await two_feeds(house)
    await source(house, "bonds", SAVINGS_BONDS, since="2025-01-09", until="2025-01-12")
    await house.record(("A1", "2025-01-10", "1.00"))
    await complete(house, "core", "2025-01-01..2025-01-09")
    for role, subject in (("hq", "x"), ("branch", "B1"), ("integrator", "i"), ("risk", "r")):
        shown = (await house.data(FEEDS, role=role, subject=subject))["feeds"]
        counts = [(f["code"], f["expectedDays"], f["completeDays"]) for f in shown]
        assert counts == [("bonds", 4, 0), ("core", 31, 9), ("gold", 31, 0)]
        assert [f["missingDays"] for f in shown[:2]] == [
            ["2025-01-09", "2025-01-10"],
            ["2025-01-10"],
        ]
    assert shown[0] | {"missingDays": []} == {
        "code": "bonds", "name": "Bonds", "productClasses": ["SAVINGS_BOND"],
        "expectedSince": "2025-01-09", "expectedUntil": "2025-01-12", "month": "2025-01",
        "expectedDays": 4, "completeDays": 0, "missingDays": [],
    }  # fmt: skip
    later = (await house.data(FEEDS, {"m": "2025-02"}))["feeds"]
    assert [(f["expectedDays"], f["missingDays"]) for f in later] == [(0, []), (28, []), (28, [])]
    for role, subject in (("manager", "M1"), ("customer", "C1")):
        assert (await house.data(FEEDS, role=role, subject=subject))["feeds"] == []


async def test_a_sender_marks_days_once_and_gets_told_what_cannot_be(house: House) -> None:
    await two_feeds(house)
    await house.record(("A1", "2025-01-10", "1.00"))

    async def mark(subject: str = "test", **given: Any) -> tuple[Any, ...]:
        who = {"role": "integrator", "subject": subject}
        answer = await house.data(MARK, {"input": {"source": "gold", **given}}, **who)
        result = answer["markFeedComplete"]
        codes = [error["code"] for error in result["errors"]]
        return (result["marked"], result["alreadyComplete"], *codes)

    house.woken.clear()
    assert await mark(day="2025-01-04", through="2025-01-05", rows=0) == (2, 0)
    assert house.woken == ["recompute"]
    assert await mark("desk", day="2025-01-05", through="2025-01-06", rows=7) == (1, 1)
    assert await mark(day="2025-01-05") == (0, 1)
    marks = await house.fetch("select day::text, row_count, marked_by from terrace.feed_day")
    assert sorted(map(tuple, marks)) == [
        ("2025-01-04", 0, "integrator:test"),
        ("2025-01-05", 0, "integrator:test"),  # who marked it first stays with it
        ("2025-01-06", 7, "integrator:desk"),
    ]
    lines = await house.trail("select * from terrace.audit where action = 'feed.complete'")
    assert [line["subject"] for line in lines] == [
        "gold 2025-01-04..2025-01-05",
        "gold 2025-01-05..2025-01-06",
    ]
    nothing = (0, 0)
    assert await mark(source="silver", day="2025-01-05") == (*nothing, "UNKNOWN_SOURCE")
    assert await mark(day="2024-12-31") == (*nothing, "NOT_EXPECTED")
    assert await mark(day="2025-01-05", through="2025-01-04") == (*nothing, "INVALID_DAYS")
    assert await mark(day="2025-01-01", through="2026-01-02") == (*nothing, "INVALID_DAYS")
    assert await mark(day="2026-01-12") == (*nothing, "FUTURE_DATE")
    assert await mark(day="2025-01-05", rows=-1) == (*nothing, "INVALID_COUNT")
    people = (("manager", "M1"), ("branch", "B1"), ("auditor", "a"), ("risk", "r"), ("hq", "x"))
    for role, subject in people:  # nor head office, which would close without feeds all alone
        given = {"input": {"source": "gold", "day": "2025-01-20"}}
        answer = await house.ask(MARK, given, role=role, subject=subject)
        assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert await house.value("select count(*) from terrace.feed_day") == 3


async def test_what_was_expected_in_a_closed_month_stays_as_it_was(house: House) -> None:
    await two_feeds(house)
    await source(house, "old", GOLD, until="2025-01-15")
    await house.record(("A1", "2025-01-31", "1.00"))
    for code in ("core", "gold"):
        await complete(house, code, JANUARY)
    await complete(house, "old", "2025-01-01..2025-01-15")
    await house.close("2025-01")
    for change in (
        source(house, "new", GOLD, since="2025-01-31"),
        source(house, "gold", GOLD, until="2025-01-30"),
        source(house, "old", GOLD),  # it would have been expected on the 16th
        take_back(house, "gold", "2025-01-31..2025-02-01"),
    ):
        with pytest.raises(CalendarError) as refused:
            await change
        assert refused.value.code == "MONTH_CLOSED"
    for other in (source(house, "gold", DEPOSITS), source(house, "gold", GOLD, since="2025-02-01")):
        with pytest.raises(CalendarError) as refused:
            await other
        assert refused.value.code == "SOURCE_FIXED"
    await source(house, "gold", GOLD, until="2025-01-31")
    await source(house, "gold", GOLD)
    await source(house, "new", GOLD, since="2025-02-01")
    assert await house.value("select feeds_through::text from terrace.calendar") == "2025-01-31"

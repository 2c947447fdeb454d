"""A month is opened again by two people of head office, as the second one saw it."""

from typing import Any

from tests.deciding import allowed, give, granted, shown
from tests.flows.test_reopening import broken_chains
from tests.flows.test_special_vip import identifier
from tests.house import House

REOPEN = """mutation ($m: Month!, $r: String!) { reopenMonth(input: {month: $m, reason: $r}) {
    approval { id } errors { code field message } } }"""
CLOSE = """mutation ($m: Month!) { closeMonth(input: {month: $m}) {
    close { state customers } errors { code } } }"""
CALENDAR = "{ calendar { openMonth lastClosedMonth } }"


async def asked(house: House, month: str, reason: str = "wrong rates") -> dict[str, Any]:
    found = await house.data(REOPEN, {"m": month, "r": reason}, subject="first")
    return found["reopenMonth"]


async def refused(house: House, month: str, reason: str = "wrong rates") -> tuple[str, list[str]]:
    [error] = (await asked(house, month, reason))["errors"]
    return error["code"], error["field"]


def codes(payload: dict[str, Any]) -> list[str]:
    return [error["code"] for error in payload["errors"]]


async def test_a_month_is_opened_again_as_the_second_person_saw_it(house: House) -> None:
    await house.people(4)
    assert await refused(house, "2025-01") == ("NO_CLOSED_MONTH", ["input", "month"])
    await house.record(("A1", "2025-01-01", "600000.00"), ("A2", "2025-01-01", "250000.00"))
    await house.close("2025-01")
    await house.record(("A1", "2025-02-02", "600000.00"))
    assert await refused(house, "2025-02") == ("NOT_CLOSED", ["input", "month"])
    assert await refused(house, "2025-01", " ") == ("INVALID_TEXT", ["input", "reason"])
    for role in ("branch", "manager", "risk"):
        subject = {"branch": "B1", "manager": "M1", "risk": "r"}[role]
        who = {"role": role, "subject": subject}
        answer = await house.ask(REOPEN, {"m": "2025-01", "r": "mine"}, **who)
        assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN", answer

    first = await asked(house, "2025-01")
    request = await shown(house, first["approval"]["id"])
    assert (request["kind"], request["subject"]) == ("REOPEN_MONTH", "2025-01")
    effect = request["effect"]
    assert (effect["customers"], effect["leaving"], effect["aum"]) == (2, 2, "850000.00")
    assert effect["managers"] == [
        {"number": "M1", "customers": 1},
        {"number": "M2", "customers": 1},
    ]
    assert codes(await give(house, request, subject="first")) == ["SAME_PERSON"]
    assert codes(await give(house, request, "branch", "B1")) == ["NOT_FOUND"]
    assert await granted(house, await identifier(house, "C3")) == []  # one more to take back
    assert codes(await give(house, request)) == ["STALE_EFFECT"]
    done = await allowed(house, first)
    assert codes(done) == []
    assert done["approval"]["effect"]["customers"] == 3
    assert done["approval"]["result"] == {
        "openMonth": "2025-01",
        "changes": 3,
        "corrections": 0,
        "returned": 0,
    }
    assert house.woken[-2:] == ["recompute", "relay"]
    assert (await house.data(CALENDAR))["calendar"] == {
        "openMonth": "2025-01",
        "lastClosedMonth": None,
    }
    line = (await house.trail("select * from terrace.audit where action = 'close.reopen'"))[0]
    assert (line["principal"], line["reason"]) == ("hq:second", "wrong rates")
    assert codes(await give(house, await shown(house, request["id"]))) == ["ALREADY_DECIDED"]
    await house.record(("A1", "2025-01-01", "1.00"), ("A2", "2025-01-01", "2000000.00"))
    await house.work()
    assert await broken_chains(house) == []
    closed = (await house.data(CLOSE, {"m": "2025-01"}))["closeMonth"]
    assert (closed["close"]["state"], codes(closed)) == ("CUTOFF", [])
    await house.work()
    assert await broken_chains(house) == []
    shows = [await house.standing(number) for number in ("C1", "C2", "C3")]
    assert [(s["status"], s["tier"]) for s in shows] == [
        ("NON_MEMBER", None),
        ("ACTIVE", {"code": "T3"}),
        ("SPECIAL", None),
    ]

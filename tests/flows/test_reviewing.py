"""Corrections that leave a customer worse off: seen, allowed, in force, and looked at again."""

import asyncio
from typing import Any

import pytest

from cli.session import OPERATOR
from domain.actors import Role
from domain.approvals import DecisionRefused, Payload
from domain.effect import Effect
from domain.months import Month
from domain.preview import Movement
from repository.acts.act import Act
from repository.acts.correction import CORRECTION
from repository.audit import Facts
from repository.calendar import CalendarError
from repository.closing import request_close
from repository.reviewing import asked
from schema import identifiers
from tests.deciding import give, shown
from tests.flows.test_corrections import lasting
from tests.house import House

SEEN = """{ corrections(first: 9) { nodes { customer { number } month postedIn state approvedBy
    figures { month old new complete } fromStatus fromTier { code name }
    toStatus toTier { code } } } }"""
WHOSE = "{ corrections(first: 9) { totalCount } customers(first: 9) { nodes { number corrections("
WHOSE += "first: 9, where: {state: {eq: PENDING_REVIEW}}) { totalCount } } } }"


ASK = """mutation ($c: ID!, $r: String!) { applyCorrection(input: {correction: $c, reason: $r}) {
    approval { id } customer { number } errors { code field message } } }"""
NUMBERED = "{ corrections(first: 9, where: {state: {eq: PENDING_REVIEW}}) { nodes { id } } }"


async def waiting(house: House, number: str = "C1") -> Payload:
    """What is asked for of a customer's correction that waits for review."""
    found = await house.value(
        """select x.id from terrace.correction x join terrace.customer c on c.id = x.customer_id
        where c.number = $1 and x.state = 'PENDING_REVIEW'""",
        number,
    )
    async with house.database.unit() as connection:
        return await asked(connection, number, found)


async def looked_at(house: House, act: Act, payload: Payload) -> Effect:
    """What a decision would do; nothing is done."""
    assert act.effect is not None
    async with house.database.unit() as connection:
        await act.lock(connection, payload)
        return await act.effect(connection, payload)


async def decided(house: House, act: Act, payload: Payload, who: str = "B1") -> Facts:
    """The decision is carried out, as its approval does it."""
    checker = await house.actor(Role.BRANCH, who)
    async with house.database.unit() as connection:
        await act.lock(connection, payload)
        return await act.carry_out(connection, payload, "looked at twice", checker)


async def refused(house: House, act: Act, payload: Payload) -> str:
    """The code with which a decision is refused, when it is looked at and when it is made."""
    with pytest.raises((DecisionRefused, CalendarError)) as looking:
        await looked_at(house, act, payload)
    with pytest.raises((DecisionRefused, CalendarError)) as deciding:
        await decided(house, act, payload)
    assert deciding.value.code == looking.value.code
    return str(deciding.value.code)


async def seen(house: House) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await house.data(SEEN))["corrections"]["nodes"]
    return found


async def states(house: House) -> list[tuple[str, str | None]]:
    return [(one["state"], one["approvedBy"]) for one in await seen(house)]


async def too_much_published(house: House) -> None:
    """C1 was published as a member of the second tier, and has had a hundred."""
    await house.people(2)
    await house.record(("A1", "2025-01-01", "600000.00"))
    await house.close("2025-01")
    await house.record(("A1", "2025-01-01", "100.00"), ("A1", "2025-02-01", "600000.00"))
    await house.work()


async def test_a_worse_correction_is_seen_by_whom_it_concerns_and_governs_once_it_is_allowed(
    house: House,
) -> None:
    await too_much_published(house)
    one = {
        "customer": {"number": "C1"},
        "month": "2025-01",
        "postedIn": "2025-02",
        "state": "PENDING_REVIEW",
        "approvedBy": None,
        "figures": [{"month": "2025-01", "old": "600000.00", "new": "100.00", "complete": True}],
        "fromStatus": "ACTIVE",
        "fromTier": {"code": "T2", "name": "Platinum"},
        "toStatus": "NON_MEMBER",
        "toTier": None,
    }
    assert await seen(house) == [one]
    for role, subject, count in (
        *(("manager", "M1", 1), ("branch", "B1", 1), ("risk", "r", 1), ("auditor", "a", 1)),
        *(("manager", "M2", 0), ("manager", "M3", 0), ("branch", "B2", 0), ("customer", "C1", 0)),
    ):
        told = await house.data(WHOSE, role=role, subject=subject)
        assert told["corrections"]["totalCount"] == count, (role, subject)
        own = [c["corrections"]["totalCount"] for c in told["customers"]["nodes"]]
        assert sum(own) == count, (role, subject)

    payload = await waiting(house)
    before = await lasting(house)
    effect = await looked_at(house, CORRECTION, payload)
    assert await lasting(house) == before
    assert (effect.customers, str(effect.aum), effect.managers) == (1, "600000.00", {"M1": 1})
    assert effect.movements == {Movement.LEAVES: 1}
    assert effect.detail["figures"] == one["figures"]
    assert [effect.detail[at]["tier"] for at in ("before", "after")] == ["T2", None]

    assert (await decided(house, CORRECTION, payload))["governs"] == "2025-02"
    assert await seen(house) == [one | {"state": "APPLIED", "approvedBy": "branch:B1"}]
    assert (await house.aum("C1", "2025-01"))["total"] == "100.00"  # type: ignore[index]
    assert (await house.standing("C1"))["tier"] == {"code": "T2"}  # what was published stands
    [line] = await house.trail("select * from terrace.audit where action = 'correction.apply'")
    assert (line["subject"], line["principal"], line["reason"]) == (
        *("C1", "branch:B1"),
        "looked at twice",
    )
    assert (line["before"]["tier"], line["after"]["tier"]) == ("T2", None)
    await house.record(("A1", "2025-02-01", "50.00"))
    await house.close("2025-02")
    [event] = await house.fetch("select * from terrace.tier_change where kind = 'CORRECTED'")
    assert (event["from_tier"], event["to_status"], event["effective_from"].month) == (
        *("T2", "NON_MEMBER"),
        3,
    )


async def test_what_was_allowed_stands_as_long_as_late_balances_come_to_the_very_same(
    house: House,
) -> None:
    await too_much_published(house)
    published = await lasting(house)
    await decided(house, CORRECTION, await waiting(house))
    allowed = await lasting(house)
    assert allowed["aum"] != published["aum"]
    for amount in ("101.00", "100.00"):  # a slip, and mended before anybody looked
        await house.record(("A1", "2025-01-01", amount))
    await house.work()
    assert await lasting(house) == allowed

    await house.record(("A1", "2025-01-11", "210000.00"))  # worse than published all the same
    await house.work()
    assert await states(house) == [("SUPERSEDED", "branch:B1"), ("PENDING_REVIEW", None)]
    taken_back = await lasting(house)
    assert (taken_back["aum"], taken_back["replayed"]) == (published["aum"], published["replayed"])
    await decided(house, CORRECTION, await waiting(house))
    await house.close("2025-02")
    assert (await house.aum("C1", "2025-01"))["total"] == "142290.32"  # type: ignore[index]

    # What a close has published is what later corrections are measured against.
    await house.record(("A1", "2025-02-01", "20.00"), ("A1", "2025-03-01", "20.00"))
    await house.work()
    assert await states(house) == [
        ("SUPERSEDED", "branch:B1"),
        ("APPLIED", "branch:B1"),
        ("PENDING_REVIEW", None),
    ]
    [*_, last] = await seen(house)
    assert [(f["month"], f["old"], f["new"]) for f in last["figures"]] == [
        ("2025-02", "600000.00", "20.00")
    ]
    payload = await waiting(house)
    await house.record(("A1", "2025-01-30", "9.00"))  # before all that it corrects, and unseen
    assert await refused(house, CORRECTION, payload) == "CORRECTION_CHANGED"


async def test_one_that_waited_beyond_its_month_is_made_anew_against_the_open_one(
    house: House,
) -> None:
    await too_much_published(house)
    stale = await waiting(house)
    await house.close("2025-02")
    await house.close("2025-03")
    assert await states(house) == [("PENDING_REVIEW", None)]
    assert await refused(house, CORRECTION, stale) == "CORRECTION_CHANGED"
    payload = await waiting(house)
    assert payload["after"]["since"] == "2025-03"  # a member from February's figure on
    assert (await looked_at(house, CORRECTION, payload)).movements == {Movement.OTHERWISE: 1}
    await decided(house, CORRECTION, payload)
    first, second = await seen(house)
    assert (first["state"], second["state"]) == ("SUPERSEDED", "APPLIED")
    assert (second["month"], second["postedIn"]) == ("2025-01", "2025-04")
    await house.record(("A1", "2025-01-01", "100.00"))
    await house.work()
    assert len(await seen(house)) == 2
    await house.close("2025-04")
    assert (await house.standing("C1"))["since"] == "2025-03"


async def test_what_has_changed_meanwhile_is_refused_and_two_at_once_are_one(house: House) -> None:
    await too_much_published(house)
    payload = await waiting(house)
    nobody = payload | {"customer": "C2"}
    assert await refused(house, CORRECTION, nobody) == "NOT_FOUND"

    await house.record(("A1", "2025-01-20", "7.00"))  # no worker has seen it yet
    assert await refused(house, CORRECTION, payload) == "CORRECTION_CHANGED"
    await house.work()
    assert await refused(house, CORRECTION, payload) == "CORRECTION_NOT_PENDING"
    payload = await waiting(house)
    assert await refused(house, CORRECTION, payload | {"after": {}}) == "CORRECTION_CHANGED"

    await house.record(("A1", "2025-02-02", "1.00"))  # of the open month: it says nothing of these
    ends = await asyncio.gather(
        *(decided(house, CORRECTION, payload) for _ in range(2)), return_exceptions=True
    )
    [fault] = [end for end in ends if isinstance(end, BaseException)]
    assert isinstance(fault, DecisionRefused)
    assert fault.code == "CORRECTION_NOT_PENDING"
    allowed = await states(house)
    await house.work()
    assert await states(house) == allowed == [("SUPERSEDED", None), ("APPLIED", "branch:B1")]

    await house.record(("A1", "2025-01-20", "8.00"))
    await house.work()
    payload = await waiting(house)
    await request_close(house.database, Month(2025, 2), OPERATOR)
    assert await refused(house, CORRECTION, payload) == "MONTH_CLOSING"


async def test_one_person_asks_for_a_correction_and_another_one_allows_what_was_seen(
    house: House,
) -> None:
    await too_much_published(house)
    [waits] = (await house.data(NUMBERED))["corrections"]["nodes"]

    async def ask(subject: str = "first", role: str = "hq", **given: str) -> dict[str, Any]:
        variables = {"c": waits["id"], "r": "a slip of the core", **given}
        answer = await house.data(ASK, variables, role=role, subject=subject)
        return dict(answer["applyCorrection"])

    def faults(payload: dict[str, Any]) -> list[tuple[str, list[str]]]:
        return [(error["code"], error["field"]) for error in payload["errors"]]

    about = ["input", "correction"]
    assert faults(await ask("B2", "branch")) == [("NOT_FOUND", about)]
    for wrong in ("Q3VzdG9tZXI6MQ==", identifiers.encode("Correction", 1, 99)):
        assert faults(await ask(c=wrong)) == [("NOT_FOUND", about)]
    assert faults(await ask(c="x")) == [("INVALID_ID", about)]
    assert faults(await ask(r=" ")) == [("INVALID_TEXT", ["input", "reason"])]

    asked_for = await ask()
    assert (asked_for["customer"], asked_for["errors"]) == ({"number": "C1"}, [])
    assert (await ask("another"))["approval"] == asked_for["approval"]  # the same waits already
    seen_by_branch = await shown(house, asked_for["approval"]["id"], role="branch", subject="B1")
    assert (seen_by_branch["kind"], seen_by_branch["subject"]) == ("CORRECTION", "C1")
    assert (seen_by_branch["effect"]["leaving"], seen_by_branch["effect"]["aum"]) == (
        *(1, "600000.00"),
    )
    own = await give(house, seen_by_branch, subject="first")
    assert [error["code"] for error in own["errors"]] == ["SAME_PERSON"]

    await house.record(("A1", "2025-01-15", "90.00"))  # what was asked for is no more what it is
    outdated = await give(house, seen_by_branch, role="branch", subject="B1")
    assert faults(outdated) == [("CORRECTION_CHANGED", about)]
    assert outdated["approval"]["state"] == "PENDING"
    await house.record(("A1", "2025-01-15", "100.00"))
    given = await give(house, seen_by_branch, role="branch", subject="B1")
    assert given["errors"] == []
    assert given["approval"]["result"] == {"correction": "1", "governs": "2025-02"}
    await house.work()
    assert await states(house) == [("APPLIED", "branch:B1")]
    assert faults(await ask()) == [("CORRECTION_NOT_PENDING", about)]

"""Decisions that need two people and concern everybody: policies, and closes without feeds."""

from typing import Any

import pytest

from tests.deciding import allowed, give, shown
from tests.feeding import DEPOSITS, GOLD, complete, gold_account, source
from tests.house import House
from workers import approvals
from workers.approvals import see_to_approvals

PUBLISH = """mutation ($m: Month!, $t: [TierInput!]!) { publishTierPolicy(input: {
    policy: {tiers: $t}, effectiveFrom: $m, reason: "a wider door"}) {
    approval { id } errors { code message field } } }"""
CLOSE = """mutation ($m: Month!) { closeMonth(input: {month: $m, override: {reason: "down"}}) {
    close { state } approval { id } errors { code field } } }"""
REFRESH = """mutation ($id: ID!) { refreshApproval(input: {approval: $id}) {
    errors { code } } }"""
TIERS = [{"code": "T1", "name": "Gold", "threshold": "100000.00"}]
TIERS += [{"code": "T2", "name": "Platinum", "threshold": "500000.00"}]


def codes(payload: dict[str, Any]) -> list[str]:
    return [error["code"] for error in payload["errors"]]


async def test_a_policy_is_published_when_its_effect_was_seen(house: House) -> None:
    await house.people(4)
    await house.record(
        ("A1", "2025-01-01", "150000.00"),
        ("A2", "2025-01-01", "250000.00"),
        ("A3", "2025-01-01", "600000.00"),
    )
    await house.close("2025-01")
    bad = await house.data(PUBLISH, {"m": "2025-02", "t": [TIERS[1], TIERS[0]]})
    assert codes(bad["publishTierPolicy"]) == ["INVALID_POLICY"]
    closed = await house.data(PUBLISH, {"m": "2025-01", "t": TIERS})
    assert codes(closed["publishTierPolicy"]) == ["MONTH_CLOSED"]
    asked = (await house.data(PUBLISH, {"m": "2025-02", "t": TIERS}))["publishTierPolicy"]
    request = await shown(house, asked["approval"]["id"])
    assert (request["effect"], request["problem"]) == (None, None)
    assert codes(await give(house, request)) == ["STALE_EFFECT"]  # nobody has seen what it does
    await see_to_approvals(house.database)
    request = await shown(house, request["id"])
    effect = request["effect"]
    assert (effect["customers"], effect["entering"], effect["managers"]) == (
        1,
        1,
        [{"number": "M1", "customers": 1}],
    )
    assert effect["detail"]["judged"] == "2025-01"
    await house.close("2025-02")
    assert codes(await give(house, request)) == ["MONTH_CLOSED"]
    later = (await house.data(PUBLISH, {"m": "2025-03", "t": TIERS}))["publishTierPolicy"]
    await see_to_approvals(house.database)
    request = await shown(house, later["approval"]["id"])
    await house.record(("A4", "2025-01-01", "999999.00"))  # a correction: others would enter
    await house.work()
    assert codes(await give(house, request)) == ["STALE_EFFECT"]
    assert codes(await allowed(house, later)) == []  # computed anew, and looked at again
    assert await house.value("select max(version) from terrace.tier_policy") == 2
    same = await house.data(PUBLISH, {"m": "2025-03", "t": TIERS})
    assert codes(same["publishTierPolicy"]) == ["ALREADY_PUBLISHED"]
    await house.close("2025-03")
    assert (await house.standing("C1"))["status"] == "ACTIVE"


async def test_a_close_without_feeds_does_what_was_seen(house: House) -> None:
    await house.people(4)
    await gold_account(house)
    await source(house, "core", DEPOSITS)
    await source(house, "gold", GOLD)
    await house.record(*[(f"A{n}", "2025-01-31", f"{n}0000000.00") for n in (1, 2, 3)])
    await house.work()
    asked = (await house.data(CLOSE, {"m": "2025-01"}))["closeMonth"]
    assert (codes(asked), asked["close"]) == ([], None)
    await complete(house, "core", "2025-01-01..2025-01-31")
    await see_to_approvals(house.database)
    first = await shown(house, asked["approval"]["id"])
    assert "not what was asked about" in first["problem"]
    assert codes(await give(house, first)) == ["OTHERS_MISSING"]
    asked = (await house.data(CLOSE, {"m": "2025-01"}))["closeMonth"]
    await see_to_approvals(house.database)
    request = await shown(house, asked["approval"]["id"])
    effect = request["effect"]
    assert effect["detail"]["held"]["customers"] == 1  # C1 has gold as well
    assert effect["entering"] == 2
    assert codes(await allowed(house, asked)) == []
    await house.work()
    assert await house.value("select state from terrace.close_run") == "CLOSED"
    changes = await house.fetch("select kind, count(*) from terrace.tier_change group by kind")
    assert [tuple(change) for change in changes] == [("ENTERED", 2)]
    assert (await house.standing("C1"))["status"] == "NON_MEMBER"


async def test_what_lacks_nothing_is_closed_at_once(house: House) -> None:
    await house.people(2)
    await house.record(("A1", "2025-01-31", "300000.00"))
    closed = (await house.data(CLOSE, {"m": "2025-01"}))["closeMonth"]
    assert (closed["approval"], closed["close"]["state"], codes(closed)) == (None, "CUTOFF", [])
    again = (await house.data(CLOSE, {"m": "2025-01"}))["closeMonth"]  # while it runs
    assert (again["approval"], again["close"]["state"]) == (None, "CUTOFF")
    wrong = (await house.data(CLOSE, {"m": "2025-03"}))["closeMonth"]
    assert codes(wrong) == ["OUT_OF_ORDER"]


async def test_an_effect_is_computed_once_however_many_workers_and_looks(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.people(2)
    await house.record(("A1", "2025-01-01", "150000.00"))
    await house.close("2025-01")
    asked = (await house.data(PUBLISH, {"m": "2025-02", "t": TIERS}))["publishTierPolicy"]
    request = asked["approval"]["id"]
    begun, surveyed = 0, approvals.survey

    async def looked_at_meanwhile(*given: Any) -> Any:
        nonlocal begun
        begun += 1
        assert codes((await house.data(REFRESH, {"id": request}))["refreshApproval"]) == []
        assert await approvals.see_to_approvals(house.database) == 0  # another worker
        assert (await shown(house, request))["effect"] is None
        return await surveyed(*given)

    monkeypatch.setattr(approvals, "survey", looked_at_meanwhile)
    assert await approvals.see_to_approvals(house.database) == 1
    assert begun == 1
    assert (await shown(house, request))["effect"]["customers"] == 1

    async def broken(*given: Any) -> Any:
        raise ArithmeticError("postgresql://somebody:secret@server")

    monkeypatch.setattr(approvals, "survey", broken)
    await house.data(REFRESH, {"id": request})
    assert await approvals.see_to_approvals(house.database) == 3  # tries, and no more of them
    assert await approvals.see_to_approvals(house.database) == 0
    found = await shown(house, request)
    assert (found["effect"], found["problem"]) == (
        None,
        "a fault of the program: the log of the workers tells more",
    )

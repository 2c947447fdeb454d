"""A portfolio goes to another manager: all who were named, or nobody."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import orjson
import pytest

from cli.session import OPERATOR
from domain.approvals import DecisionRefused
from repository import handover
from repository.acts.handover import HANDOVER
from repository.relay import relay
from repository.special import end_relation
from repository.statements import sql
from schema import identifiers
from schema.feeds import cursor_at
from tests.deciding import give, shown
from tests.flows.test_reviewing import decided, looked_at, refused
from tests.flows.test_special_vip import ASSIGN, identifier
from tests.house import House
from tests.schema.listening import CHANGES, WRITE

WHOSE = """{ customers(first: 9) { nodes { number manager { number } accounts { number }
    aum(month: "2025-01") { total } corrections(first: 1) { totalCount } } } }"""
ASK = """mutation ($f: ID!, $t: ID!, $c: [ID!], $r: String!) { handOverPortfolio(
    input: {from: $f, to: $t, customers: $c, reason: $r}) {
    approval { id } errors { code field message } } }"""
ALL = {"from": "M1", "to": "M3", "customers": ["C1", "C3", "C5"]}


async def portfolio(house: House, manager: str) -> list[str]:
    """The customers whom a manager sees with all that is theirs."""
    found = await house.data(WHOSE, role="manager", subject=manager)
    for customer in found["customers"]["nodes"]:
        assert customer["manager"] == {"number": manager}
        assert customer["accounts"]
        assert customer["aum"]["total"] == "300000.00"
        assert customer["corrections"]["totalCount"] == (1 if customer["number"] == "C1" else 0)
    return [customer["number"] for customer in found["customers"]["nodes"]]


async def north(house: House) -> None:
    """M1 has C1, C3, C5 and C7 of the north, M3 of the same branch nobody; C1 has a correction."""
    await house.people(8)
    await house.record(*[(f"A{n}", "2025-01-01", "300000.00") for n in range(1, 9)])
    await house.close("2025-01")
    await house.record(("A1", "2025-01-01", "10.00"), ("A3", "2025-02-01", "700000.00"))
    await house.work()


async def happened(house: House, customer: int) -> None:
    """A tier change of a customer is published."""
    async with house.database.unit() as connection:
        await connection.execute(WRITE, [customer])
    await relay(house.database)


async def cursor_of(events: AsyncIterator[bytes]) -> str:
    """The cursor of the next event of a live subscription."""
    cursor: str = orjson.loads(await anext(events))["data"]["tierChanged"]["cursor"]
    return cursor


async def test_all_who_were_named_go_at_once_and_live_subscriptions_follow(house: House) -> None:
    await north(house)
    effect = await looked_at(house, HANDOVER, ALL)
    assert (effect.customers, effect.managers) == (3, {"M1": 3})
    assert effect.aum == Decimal("900000.00")
    await house.record(("A5", "2025-02-02", "1.00"))
    await house.work()
    assert await looked_at(house, HANDOVER, ALL) == effect  # a balance is no reason to look again
    assert [(t["status"], t["tier"], t["customers"]) for t in effect.detail["tiers"]] == [
        ("ACTIVE", "T1", 3)
    ]
    assert await portfolio(house, "M1") == ["C1", "C3", "C5", "C7"]

    m1, m3 = await house.actor("manager", "M1"), await house.actor("manager", "M3")
    head = await house.value("select head from terrace.feed where topic = 'tier_change'")
    start = {"a": cursor_at("tier_change", head)}
    changes = house.engine.prepare(CHANGES, None)
    former, new = (house.engine.subscribe(changes, start, actor) for actor in (m1, m3))
    coming = asyncio.create_task(cursor_of(new))  # listens before there is anything for M3
    async with asyncio.timeout(30):
        await happened(house, 3)
        assert await cursor_of(former) == cursor_at("tier_change", head + 1)
        assert await decided(house, HANDOVER, ALL) == {"from": "M1", "to": "M3", "customers": 3}
        seen = await portfolio(house, "M1"), await portfolio(house, "M3")
        assert seen == (["C7"], ["C1", "C3", "C5"])
        await happened(house, 5)
        await happened(house, 7)
        assert await cursor_of(former) == cursor_at("tier_change", head + 3)  # not that of C5
        told = await coming
        while told != cursor_at("tier_change", head + 2):
            told = await cursor_of(new)
    for listening in (former, new):
        await listening.aclose()  # type: ignore[attr-defined]

    lines = await house.trail(
        "select * from terrace.audit where action = 'customer.assign' order by id"
    )
    assert [line["subject"] for line in lines] == ["C1", "C3", "C5"]
    for line in lines:
        assert (line["before"], line["after"]) == ({"manager": "M1"}, {"manager": "M3"})
        assert (line["principal"], line["reason"]) == ("branch:B1", "looked at twice")


async def test_who_has_gone_elsewhere_keeps_all_of_them_and_two_at_once_are_one(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await north(house)
    for payload, code in (
        (ALL | {"to": "M2"}, "NOT_FOUND"),  # of the south
        (ALL | {"from": "M9"}, "NOT_FOUND"),
        (ALL | {"to": "M1"}, "SAME_MANAGER"),
        (ALL | {"from": "M3", "to": "M1", "customers": None}, "EMPTY_PORTFOLIO"),
        (ALL | {"customers": ["C1", "C2", "C9"]}, "CUSTOMERS_MOVED"),
    ):
        assert await refused(house, HANDOVER, payload) == code
    await house.fetch("update terrace.manager set active = false where number = 'M3'")
    assert await refused(house, HANDOVER, ALL) == "MANAGER_INACTIVE"
    await house.fetch("update terrace.manager set active = true where number = 'M3'")
    monkeypatch.setattr(handover, "MOST", 2)
    for customers in (ALL["customers"], None):
        assert await refused(house, HANDOVER, ALL | {"customers": customers}) == (
            "TOO_MANY_CUSTOMERS"
        )
    monkeypatch.undo()

    ends = await asyncio.gather(
        *(decided(house, HANDOVER, ALL) for _ in range(2)), return_exceptions=True
    )
    [fault] = [end for end in ends if isinstance(end, BaseException)]
    assert isinstance(fault, DecisionRefused)
    assert fault.code == "CUSTOMERS_MOVED"
    assert await house.trail(
        "select count(*) from terrace.audit where action = 'customer.assign'"
    ) == [(3,)]

    back = {"from": "M3", "to": "M1", "customers": ["C1", "C3", "C5"]}
    await house.data(ASSIGN, {"c": await identifier(house, "C3")})
    async with house.database.unit() as connection:
        customer = await connection.fetchrow(sql("customer_by_number"), "C5")
        await end_relation(connection, customer, "deceased", OPERATOR)
    with pytest.raises(DecisionRefused, match=r"of M3 any more: C3 \(with nobody\), C5 \(term"):
        await decided(house, HANDOVER, back)
    whole = back | {"customers": None}
    assert (await decided(house, HANDOVER, whole))["customers"] == 1
    seen = await portfolio(house, "M1"), await portfolio(house, "M3")
    assert seen == (["C1", "C7"], [])


async def test_one_person_asks_for_a_handover_and_another_one_allows_it(house: House) -> None:
    await north(house)
    managers = {"f": identifiers.encode("Manager", 1), "t": identifiers.encode("Manager", 3)}
    south = identifiers.encode("Manager", 2)

    async def ask(*keys: int, role: str = "branch", **given: Any) -> tuple[Any, list[Any]]:
        customers = [identifiers.encode("Customer", key) for key in keys]
        variables = {**managers, "c": customers, "r": "she retires", **given}
        subject = "B1" if role == "branch" else "first"
        answer = await house.data(ASK, variables, role=role, subject=subject)
        payload = answer["handOverPortfolio"]
        return payload["approval"], [(e["code"], e["field"][-1]) for e in payload["errors"]]

    for keys, given, fault in (
        ((1, 2), {}, ("NOT_FOUND", "customers")),  # C2 is of the south: as good as none
        ((1, 999), {}, ("NOT_FOUND", "customers")),
        ((1,), {"t": south}, ("NOT_FOUND", "to")),
        ((1,), {"f": south}, ("NOT_FOUND", "from")),
        ((1,), {"role": "hq", "t": south}, ("NOT_FOUND", "to")),
        ((1, 2), {"role": "hq"}, ("CUSTOMERS_MOVED", "customers")),
        ((), {}, ("EMPTY_PORTFOLIO", "customers")),
        ((1,), {"f": identifiers.encode("Customer", 1)}, ("NOT_FOUND", "from")),
        ((1,), {"c": ["x"]}, ("INVALID_ID", "customers")),
        ((1,), {"r": ""}, ("INVALID_TEXT", "reason")),
    ):
        assert await ask(*keys, **given) == (None, [fault]), (keys, given)

    approval, faults = await ask(3, 1, 3, role="hq")
    assert faults == []
    assert (await ask(1, 3, role="hq"))[0] == approval  # the same, however they are listed
    found = await shown(house, approval["id"], role="branch", subject="B1")
    assert found["payload"] == {"from": "M1", "to": "M3", "customers": ["C1", "C3"]}
    assert (found["branch"], found["customer"]) == ({"code": "B1"}, None)
    assert found["effect"]["managers"] == [{"number": "M1", "customers": 2}]
    for role, subject in (("branch", "B2"), ("manager", "M1"), ("manager", "M3")):
        assert await shown(house, approval["id"], role=role, subject=subject) is None

    whole, _ = await ask(c=None)
    seen_whole = await shown(house, whole["id"])
    given = await give(house, found, role="branch", subject="B1")
    assert given["errors"] == []
    assert given["approval"]["result"] == {"from": "M1", "to": "M3", "customers": 2}
    assert await portfolio(house, "M3") == ["C1", "C3"]

    stale = await give(house, seen_whole)  # there are fewer now than were looked at
    assert [error["code"] for error in stale["errors"]] == ["STALE_EFFECT"]
    given = await give(house, await shown(house, whole["id"]))
    assert given["approval"]["result"] == {"from": "M1", "to": "M3", "customers": 2}
    assert await portfolio(house, "M3") == ["C1", "C3", "C5", "C7"]


async def test_nobody_comes_into_a_portfolio_that_is_about_to_go(house: House) -> None:
    await north(house)
    await house.data(ASSIGN, {"c": await identifier(house, "C5")})  # to nobody
    payload = {"from": "M1", "to": "M3", "customers": None}
    coming = {"c": await identifier(house, "C5"), "m": identifiers.encode("Manager", 1)}
    async with house.database.unit() as connection:
        await HANDOVER.lock(connection, payload)
        newcomer = asyncio.create_task(house.data(ASSIGN, coming))
        done, _ = await asyncio.wait([newcomer], timeout=0.3)
        assert not done
        result = await HANDOVER.carry_out(connection, payload, "leave", OPERATOR)
        assert result["customers"] == 3
    assert (await newcomer)["assignManager"]["errors"] == []
    assert await portfolio(house, "M1") == ["C5"]

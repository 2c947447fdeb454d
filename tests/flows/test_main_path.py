"""From a balance to a manager's notification, with everything real in between."""

import asyncio
import base64
import contextlib

import orjson
import pytest

from schema.errors import RequestError
from tests.house import House

EVENTS = """subscription ($after: String) { tierChanged(after: $after) {
    cursor change { kind customer { number } toTier { code } manager { number } } } }"""


async def events(house: House, role: str, subject: str, after: str | None, count: int) -> list:
    """The next events a subscriber receives; fewer if no more come within a second."""
    actor = await house.actor(role, subject)
    prepared = house.engine.prepare(EVENTS, None)
    received = []

    async def read() -> None:
        async for event in house.engine.subscribe(prepared, {"after": after}, actor):
            received.append(orjson.loads(event)["data"]["tierChanged"])
            if len(received) == count:
                return

    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(read(), 1.0)
    return received


START = "dGllcl9jaGFuZ2U6MA=="


async def test_a_balance_becomes_aum_a_tier_and_a_notification_to_its_manager_alone(
    house: House,
) -> None:
    await house.people()
    recorded = await house.record(("A1", "2025-01-11", "620000.00"))
    assert recorded == {"accepted": 1, "duplicates": 0, "rejected": [], "errors": []}
    assert house.woken == ["recompute"]
    await house.work()

    provisional = await house.aum("C1")
    assert provisional == {
        "month": "2025-01",
        "deposits": "56363.64",
        "investments": "0.00",
        "settlementFunds": "0.00",
        "total": "56363.64",
        "days": 11,
        "asOf": "2025-01-11",
        "final": False,
        "complete": True,
    }

    run = await house.close("2025-01")
    assert (run.state, run.customers, run.judged, run.changes) == ("CLOSED", 4, 4, 1)
    final = await house.aum("C1", "2025-01")
    assert final is not None
    assert (final["total"], final["days"], final["final"]) == ("420000.00", 31, True)
    standing = await house.standing("C1")
    assert (standing["month"], standing["status"], standing["tier"]) == (
        "2025-02",
        "ACTIVE",
        {"code": "T1"},
    )
    assert "420,000.00" in standing["decision"]["explanation"]

    mine = await events(house, "manager", "M1", START, 2)
    assert [event["change"] for event in mine] == [
        {
            "kind": "ENTERED",
            "customer": {"number": "C1"},
            "toTier": {"code": "T1"},
            "manager": {"number": "M1"},
        }
    ]
    for role, subject in (("manager", "M2"), ("branch", "B2"), ("customer", "C2")):
        assert await events(house, role, subject, START, 1) == []
    for role, subject in (("branch", "B1"), ("customer", "C1"), ("hq", "x")):
        assert len(await events(house, role, subject, START, 1)) == 1


async def test_a_subscriber_that_comes_back_with_its_cursor_misses_nothing_and_repeats_nothing(
    house: House,
) -> None:
    await house.people(6)
    await house.record(*[(f"A{n}", "2025-01-01", "250000.00") for n in (1, 3, 5)])
    await house.close("2025-01")
    first = await events(house, "manager", "M1", START, 2)
    rest = await events(house, "manager", "M1", first[-1]["cursor"], 5)
    assert [e["change"]["customer"]["number"] for e in first + rest] == ["C1", "C3", "C5"]
    await house.record(*[(f"A{n}", "2025-02-01", "600000.00") for n in (1, 3)])
    await house.close("2025-02")
    later = await events(house, "manager", "M1", rest[-1]["cursor"], 5)
    assert [(e["change"]["kind"], e["change"]["customer"]["number"]) for e in later] == [
        ("UPGRADED", "C1"),
        ("UPGRADED", "C3"),
    ]


async def test_a_live_subscriber_is_told_within_a_moment(house: House) -> None:
    await house.people()
    waiting = asyncio.create_task(events(house, "manager", "M1", None, 1))
    await asyncio.sleep(0.3)
    await house.record(("A1", "2025-01-01", "250000.00"))
    await house.close("2025-01")
    assert [e["change"]["kind"] for e in await waiting] == ["ENTERED"]


NO_CURSORS = [
    *("", "x", "🦊", "tier_change:"),
    "risk_signal:0",  # of another feed
    "tier_change:1",  # beyond the end
]


@pytest.mark.parametrize("cursor", NO_CURSORS)
async def test_a_cursor_that_is_none_is_refused(house: House, cursor: str) -> None:
    given = base64.b64encode(cursor.encode()).decode() if ":" in cursor else cursor
    actor = await house.actor("hq")
    prepared = house.engine.prepare(EVENTS, None)
    with pytest.raises(RequestError) as refused:
        async with asyncio.timeout(5):
            async for _ in house.engine.subscribe(prepared, {"after": given}, actor):
                pass
    assert refused.value.errors[0]["extensions"] == {"code": "INVALID_CURSOR"}


async def test_a_signal_reaches_risk_control_and_its_manager_with_a_cursor_of_its_own(
    house: House,
) -> None:
    await house.people()
    found = await house.data('{ customer(by: {number: "C1"}) { id } }')
    raised = await house.data(
        """mutation ($c: ID!) { raiseRiskSignal(input: {customer: $c, code: "BALANCE_OUTFLOW",
            severity: ORANGE, facts: " half of it left in a week "}) {
            signal { code severity state facts reportedBy { number } customer { number } }
            errors { code } } }""",
        {"c": found["customer"]["id"]},
        role="manager",
        subject="M1",
    )
    assert raised["raiseRiskSignal"] == {
        "signal": {
            "code": "BALANCE_OUTFLOW",
            "severity": "ORANGE",
            "state": "REPORTED",
            "facts": "half of it left in a week",
            "reportedBy": {"number": "M1"},
            "customer": {"number": "C1"},
        },
        "errors": [],
    }
    assert house.woken == ["relay"]
    await house.work()
    document = """subscription ($after: String, $where: RiskSignalFilter) {
        riskSignalChanged(after: $after, where: $where) { cursor signal { code } } }"""
    prepared = house.engine.prepare(document, None)
    first = "cmlza19zaWduYWw6MA=="
    for role, subject, where, expected in [
        ("risk", "x", None, 1),
        ("manager", "M1", {"severity": {"eq": "ORANGE"}}, 1),
        ("manager", "M1", {"severity": {"eq": "RED"}}, 0),
        ("manager", "M2", None, 0),
    ]:
        actor = await house.actor(role, subject)
        seen = []
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.7):
                async for event in house.engine.subscribe(
                    prepared, {"after": first, "where": where}, actor
                ):
                    seen.append(event)
        assert len(seen) == expected, (role, subject, where)


async def test_a_closing_account_changes_the_figure_on_its_day_without_any_update(
    house: House,
) -> None:
    await house.people(2)
    async with house.database.unit() as connection:
        await connection.execute(
            "update terrace.account set closed_on = '2025-01-10' where number = 'A1'"
        )
    await house.record(("A1", "2025-01-01", "310.00"))
    await house.work()
    assert (await house.aum("C1"))["total"] == "310.00"  # type: ignore[index]
    await house.record(("A2", "2025-01-20", "1.00"))
    await house.work()
    figure = await house.aum("C1")
    assert figure is not None
    assert (figure["asOf"], figure["total"]) == ("2025-01-20", "155.00")
    await house.close("2025-01")
    assert (await house.aum("C1", "2025-01"))["total"] == "100.00"  # type: ignore[index]


async def test_a_rate_known_beforehand_counts_from_its_day_on_without_any_update(
    house: House,
) -> None:
    await house.people(2)
    async with house.database.unit() as connection:
        await connection.execute("""
            insert into terrace.rate values ('USD', '2025-01-01', 7), ('USD', '2025-01-06', 8);
            insert into terrace.account (customer_id, manager_id, branch_id, number, product_class,
                currency, opened_on)
            select id, manager_id, branch_id, 'X', 'FUND', 'USD', '2024-01-01'
            from terrace.customer where number = 'C1'""")
    await house.record(("X", "2025-01-01", "100.00"))
    await house.work()
    assert (await house.aum("C1"))["total"] == "700.00"  # type: ignore[index]
    await house.record(("A2", "2025-01-10", "1.00"))
    await house.work()
    assert (await house.aum("C1"))["total"] == "750.00"  # type: ignore[index]

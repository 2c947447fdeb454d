"""Tiers by hand on a real installation: at once, no lock, and never lost by a correction."""

from typing import Any

import pytest

from cli.session import OPERATOR
from domain.approvals import DecisionRefused
from domain.months import Month
from domain.policy import DEFAULT_POLICY
from repository.calendar import CalendarError
from repository.closing import request_close
from repository.manual_tier import set_tier
from repository.preview_scope import scope_of
from repository.previewing import Previewed, preview_span
from repository.special import end_relation
from tests.house import House
from tests.repository.lived_in import customer

LATE = "select state, after->>'status', after->>'tier' from terrace.correction order by id"
OUTLOOK = """query ($n: String!) { customer(by: {number: $n}) {
    outlook { projectedStatus projectedTier { code } } } }"""


async def given(house: House, number: str, tier: str) -> None:
    async with house.database.unit() as connection:
        row = await customer(connection, number)
        await set_tier(connection, row, tier, "her family's wealth", OPERATOR)


async def refused(house: House, number: str, tier: str) -> str:
    with pytest.raises(DecisionRefused) as refusal:
        await given(house, number, tier)
    return refusal.value.code


async def seen(house: House, number: str, month: str | None = None) -> tuple[Any, ...]:
    found = await house.standing(number, month)
    tier = found["tier"] and found["tier"]["code"]
    counters = found["shortfallMonths"], found["belowEntryMonths"]
    return found["status"], tier, found["since"], *counters, found["decision"]["rule"]


async def kinds(house: House, number: str) -> list[str]:
    rows = await house.fetch(
        """select t.kind from terrace.tier_change t join terrace.customer c on c.id = t.customer_id
        where c.number = $1 order by t.position""",
        number,
    )
    return [row["kind"] for row in rows]


async def preview(house: House, first: str, last: str) -> Previewed:
    """The closed months judged again under the policy in force: by SQL and rules, and by rules."""
    async with house.database.unit(one_moment=True) as connection:
        scope = await scope_of(connection, DEFAULT_POLICY, Month.parse(first), Month.parse(last))
        found = await preview_span(connection, scope, 1, 3)
        assert found == await preview_span(connection, scope, 1, 3, one_by_one=True)
    return found


async def test_a_tier_by_hand_is_held_at_once_watched_and_ends_in_a_demotion(house: House) -> None:
    await house.people(3)
    await house.record(*((f"A{n}", "2024-12-01", "50000.00") for n in (1, 2)))
    await house.record(("A3", "2024-12-01", "300000.00"))
    await house.close("2024-12")
    await house.record(("A1", "2025-01-10", "50000.00"))
    await given(house, "C1", "T3")
    assert await seen(house, "C1") == ("ACTIVE", "T3", "2025-01", 0, 0, "MANUAL")
    explanation = (await house.standing("C1"))["decision"]["explanation"]
    assert explanation.startswith("Diamond (T3) from 2025-01 instead of Not a member: set by a")
    day, line = (
        await house.value("select day from terrace.manual_tier"),
        await house.trail(
            "select subject, reason, after->>'day' from terrace.audit where action = 'tier.set'"
        ),
    )
    assert str(day) == "2025-01-10"
    assert line == [("C1", "her family's wealth", "2025-01-10")]
    for number, tier, code in (("C1", "T3", "TIER_HELD"), ("C1", "T9", "UNKNOWN_TIER")):
        assert await refused(house, number, tier) == code

    # What came late before it: the close goes on from the replay, in which it is set as well.
    await house.record(("A2", "2024-12-01", "700000.00"), ("A2", "2025-01-01", "50000.00"))
    await house.work()
    assert await seen(house, "C2") == ("NON_MEMBER", None, None, 0, 0, "NOT_ENTERED")
    await given(house, "C2", "T4")
    outlook = (await house.data(OUTLOOK, {"n": "C2"}))["customer"]["outlook"]
    assert outlook == {"projectedStatus": "WATCH", "projectedTier": {"code": "T4"}}
    assert await refused(house, "C2", "T4") == "TIER_HELD"
    # The tier that is shown, which a replay would raise with the close.
    await house.record(("A3", "2024-12-01", "700000.00"), ("A3", "2025-01-01", "300000.00"))
    await house.work()
    await given(house, "C3", "T1")
    assert await refused(house, "C3", "T1") == "TIER_HELD"

    await house.close("2025-01")
    assert await seen(house, "C1") == ("WATCH", "T3", "2025-01", 1, 1, "BELOW_TIER")
    assert await seen(house, "C2") == ("WATCH", "T4", "2025-01", 1, 1, "BELOW_TIER")
    assert await seen(house, "C3") == ("ACTIVE", "T1", "2025-01", 0, 0, "KEPT")
    # What comes late after it: the month of the tier is lived through again, the tier with it.
    await house.record(("A1", "2024-12-01", "250000.00"), ("A1", "2025-01-01", "40000.00"))
    await house.work()
    assert [tuple(row) for row in await house.fetch(LATE)][-1] == ("APPLIED", "WATCH", "T3")
    await house.record(("A1", "2025-02-01", "600000.00"))
    await house.close("2025-02")
    assert await seen(house, "C1") == ("WATCH", "T3", "2025-01", 2, 0, "BELOW_TIER")
    await house.close("2025-03")
    assert await seen(house, "C1") == ("ACTIVE", "T2", "2025-04", 0, 0, "DEMOTED")
    assert await kinds(house, "C1") == ["ENTERED", "WATCH_STARTED", "DOWNGRADED"]
    assert await seen(house, "C1", "2025-01") == ("ACTIVE", "T3", "2025-01", 0, 0, "MANUAL")

    await given(house, "C1", "T1")  # a wrong one is set right
    assert await seen(house, "C1") == ("ACTIVE", "T1", "2025-04", 0, 0, "MANUAL")
    for first, last in (("2024-12", "2025-03"), ("2025-01", "2025-03"), ("2025-03", "2025-03")):
        found = await preview(house, first, last)
        assert (found.otherwise, found.tally.customers) == ([], 3), (first, last)

    async with house.database.unit() as connection:
        await end_relation(connection, await customer(connection, "C2"), "deceased", OPERATOR)
    assert await refused(house, "C2", "T1") == "TERMINATED"
    await request_close(house.database, Month(2025, 4), OPERATOR)
    with pytest.raises(CalendarError, match="is being closed"):
        await given(house, "C1", "T2")

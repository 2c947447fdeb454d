"""Tiers by hand on a real installation: at once, no lock, and never lost by a correction."""

from typing import Any

from cli.session import OPERATOR
from domain.months import Month
from domain.policy import DEFAULT_POLICY
from repository.closing import request_close
from repository.preview_scope import scope_of
from repository.previewing import Previewed, preview_span
from repository.special import end_relation
from schema import identifiers
from tests.deciding import allowed
from tests.house import House
from tests.repository.lived_in import customer

LATE = "select state, after->>'status', after->>'tier' from terrace.correction order by id"
OUTLOOK = """query ($n: String!) { customer(by: {number: $n}) {
    outlook { projectedStatus projectedTier { code } } } }"""
SET = """mutation ($c: ID!, $t: String!, $r: String!) {
    setTier(input: {customer: $c, tier: $t, reason: $r}) {
        approval { id } customer { number } errors { code field } } }"""
MANAGER = {"role": "manager", "subject": "M1"}
HQ = {"role": "hq", "subject": "first"}


async def asked(
    house: House, key: int, tier: str, reason: str = "family", **who: str
) -> dict[str, Any]:
    """What comes of asking for a tier for the customer of a key."""
    customer_id = identifiers.encode("Customer", key)
    variables = {"c": customer_id, "t": tier, "r": reason}
    return (await house.data(SET, variables, **(who or HQ)))["setTier"]


async def given(house: House, key: int, tier: str) -> dict[str, Any]:
    """A tier that one has asked for and another has allowed: what the other was shown."""
    done = await allowed(house, await asked(house, key, tier))
    assert done["errors"] == []
    return dict(done["approval"]["effect"]["detail"])


async def refused(house: House, key: int, tier: str, **who: str) -> tuple[str, list[str]]:
    """The code of the refusal of a tier, and what it is about."""
    [error] = (await asked(house, key, tier, **who))["errors"]
    return error["code"], error["field"]


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
    request = await asked(house, 1, "T3", "her family's wealth", **MANAGER)
    assert await house.value("select count(*) from terrace.manual_tier") == 0
    approval = (await allowed(house, request, "branch", "B1"))["approval"]
    assert approval["effect"]["detail"] == {
        "before": {"status": "NON_MEMBER", "tier": None},
        "after": {"status": "ACTIVE", "tier": "T3"},
        "policyVersion": 1,
        "day": "2025-01-10",
        "tier": "T3",
    }
    effect = {name: approval["effect"][name] for name in ("customers", "entering", "aum")}
    assert effect == {"customers": 1, "entering": 1, "aum": "50000.00"}
    assert approval["payload"] == {"customer": "C1", "tier": "T3"}
    assert (approval["state"], approval["result"]) == (
        "APPROVED",
        {"day": "2025-01-10", "tier": "T3"},
    )
    assert await seen(house, "C1") == ("ACTIVE", "T3", "2025-01", 0, 0, "MANUAL")
    explanation = (await house.standing("C1"))["decision"]["explanation"]
    assert explanation.startswith("Diamond (T3) from 2025-01 instead of Not a member: set by a")
    [line] = await house.trail(
        "select principal, subject, reason, after from terrace.audit where action = 'tier.set'"
    )
    assert tuple(line)[:3] == ("branch:B1", "C1", "her family's wealth")
    assert line["after"] == {"status": "ACTIVE", "tier": "T3", "day": "2025-01-10"}
    assert await refused(house, 1, "T3") == ("TIER_HELD", ["input", "tier"])
    for code in ("T9", "", "T\0", "t3"):
        assert await refused(house, 1, code) == ("UNKNOWN_TIER", ["input", "tier"])
    assert await refused(house, 2, "T3", **MANAGER) == ("NOT_FOUND", ["input", "customer"])

    # What came late before it: the close goes on from the replay, in which it is set as well.
    await house.record(("A2", "2024-12-01", "700000.00"), ("A2", "2025-01-01", "50000.00"))
    await house.work()
    assert await seen(house, "C2") == ("NON_MEMBER", None, None, 0, 0, "NOT_ENTERED")
    await given(house, 2, "T4")
    outlook = (await house.data(OUTLOOK, {"n": "C2"}))["customer"]["outlook"]
    assert outlook == {"projectedStatus": "WATCH", "projectedTier": {"code": "T4"}}
    assert await refused(house, 2, "T4") == ("TIER_HELD", ["input", "tier"])
    # The tier that is shown, which a replay would raise with the close.
    await house.record(("A3", "2024-12-01", "700000.00"), ("A3", "2025-01-01", "300000.00"))
    await house.work()
    told = await given(house, 3, "T1")
    assert told["before"] == told["after"] == {"status": "ACTIVE", "tier": "T1"}
    assert told["closeGoesOnFrom"] == {"status": "ACTIVE", "tier": "T2"}
    assert await refused(house, 3, "T1") == ("TIER_HELD", ["input", "tier"])

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

    await given(house, 1, "T1")  # a wrong one is set right
    assert await seen(house, "C1") == ("ACTIVE", "T1", "2025-04", 0, 0, "MANUAL")
    for first, last in (("2024-12", "2025-03"), ("2025-01", "2025-03"), ("2025-03", "2025-03")):
        found = await preview(house, first, last)
        assert (found.otherwise, found.tally.customers) == ([], 3), (first, last)

    async with house.database.unit() as connection:
        await end_relation(connection, await customer(connection, "C2"), "deceased", OPERATOR)
    assert await refused(house, 2, "T1") == ("TERMINATED", ["input", "customer"])
    waiting = await asked(house, 1, "T3")
    await request_close(house.database, Month(2025, 4), OPERATOR)
    assert (await refused(house, 1, "T5"))[0] == "MONTH_CLOSING"
    await house.work()
    found = await allowed(house, waiting)  # of another month by now, so it is looked at once more
    assert [error["code"] for error in found["errors"]] == ["STALE_EFFECT"]
    assert (await allowed(house, waiting))["approval"]["result"]["day"] == "2025-05-01"
    assert await seen(house, "C1") == ("ACTIVE", "T3", "2025-05", 0, 0, "MANUAL")

"""A policy drops a tier: who still holds it is shown with it, and counted."""

from domain.actors import Actor, Role
from repository.calendar import publish_policy
from tests.house import House

OPERATOR = Actor(Role.HQ, "operator", 0, "test")
TIERS = [
    {"code": "T1", "name": "Gold", "threshold": "200000.00"},
    {"code": "T3", "name": "Diamond", "threshold": "1000000.00"},
]


async def statistics(house: House) -> dict[str, int]:
    found = (
        await house.data("{ vipStatistics { assessed byTier { tier { code } customers aum } } }")
    )["vipStatistics"]
    by_tier = {row["tier"]["code"]: row["customers"] for row in found["byTier"]}
    assert sum(by_tier.values()) == found["assessed"]
    return by_tier


async def test_members_of_a_tier_that_is_gone_are_shown_with_it_until_they_are_judged(
    house: House,
) -> None:
    await house.people(2)
    await house.record(("A1", "2025-01-01", "600000.00"), ("A2", "2025-01-01", "300000.00"))
    await house.close("2025-01")
    await publish_policy(house.database, {"effective": "2025-02", "tiers": TIERS}, OPERATOR)
    assert (await house.standing("C1"))["tier"] == {"code": "T2"}
    assert await statistics(house) == {"T1": 1, "T2": 1, "T3": 0}
    await house.close("2025-02")
    assert (await house.standing("C1"))["tier"] == {"code": "T1"}
    assert await statistics(house) == {"T1": 2, "T3": 0}


async def test_a_held_month_keeps_and_shows_the_tier_that_is_gone(house: House) -> None:
    await house.people(2)
    await house.record(("A1", "2025-01-01", "600000.00"))
    await house.close("2025-01")
    await publish_policy(house.database, {"effective": "2025-02", "tiers": TIERS}, OPERATOR)
    await house.fetch("update terrace.account set currency = 'XAU' where number = 'A1'")
    await house.close("2025-02")
    standing = await house.standing("C1")
    assert (standing["decision"]["rule"], standing["tier"]) == ("HELD", {"code": "T2"})
    assert await statistics(house) == {"T1": 0, "T2": 1, "T3": 0}


async def test_no_list_of_a_policys_tiers_has_one_of_another_version(house: House) -> None:
    await house.people(2)
    await house.record(("A1", "2025-01-01", "600000.00"))
    await publish_policy(house.database, {"effective": "2025-01", "tiers": TIERS}, OPERATOR)
    found = await house.data("{ tiers { code } tierPolicies { tiers { code } } }")
    assert [tier["code"] for tier in found["tiers"]] == ["T1", "T3"]
    listed = [[tier["code"] for tier in policy["tiers"]] for policy in found["tierPolicies"]]
    assert listed == [["T1", "T2", "T3", "T4", "T5"], ["T1", "T3"]]

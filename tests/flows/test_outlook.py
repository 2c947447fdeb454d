"""The outlook promises what the close then does."""

from typing import Any

from tests.house import House


async def outlook(house: House) -> dict[str, Any]:
    found = await house.data("""{ customer(by: {number: "C1"}) { outlook {
        projectedStatus projectedTier { code } effectiveFrom } } }""")
    return found["customer"]["outlook"]


async def test_it_goes_on_from_an_applied_correction_as_the_close_will(house: House) -> None:
    await house.three_months_below_their_tier()
    await house.record(("A1", "2025-02-01", "1050000.00"), ("A1", "2025-03-01", "600000.00"))
    await house.work()
    promised = await outlook(house)
    assert promised == {
        "projectedStatus": "WATCH",
        "projectedTier": {"code": "T3"},
        "effectiveFrom": "2025-05",
    }
    await house.close("2025-04")
    standing = await house.standing("C1")
    assert (standing["status"], standing["tier"]) == ("WATCH", {"code": "T3"})


async def test_a_month_that_would_be_held_promises_no_change(house: House) -> None:
    await house.people(2)
    await house.record(("A1", "2025-01-01", "600000.00"))
    await house.close("2025-01")
    await house.fetch("update terrace.account set currency = 'XAU' where number = 'A1'")
    await house.record(("A1", "2025-02-01", "1.00"))
    await house.work()
    promised = await outlook(house)
    assert (promised["projectedStatus"], promised["projectedTier"]) == ("ACTIVE", {"code": "T2"})
    await house.close("2025-02")
    assert (await house.standing("C1"))["decision"]["rule"] == "HELD"

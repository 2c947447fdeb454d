"""`terrace policy`: at once in a new installation, later by two people."""

import json
from pathlib import Path

from cli.session import OPERATOR
from domain.months import Month
from repository.reopening import reopen
from schema import identifiers
from tests.cli.test_feed_command import types
from tests.deciding import allowed, shown
from tests.house import House


async def test_the_operator_sets_up_the_policy_and_later_asks_for_one(
    house: House, tmp_path: Path
) -> None:
    def policy(effective: str, threshold: str) -> str:
        tier = {"code": "T1", "name": "Gold", "threshold": threshold}
        file = tmp_path / f"{effective}-{threshold}.json"
        file.write_text(json.dumps({"effective": effective, "tiers": [tier]}), encoding="utf-8")
        return str(file)

    first = await types(house, "policy", policy("2025-01", "100000.00"))
    assert (first.exit_code, first.output) == (
        0,
        "policy version 2 published, effective 2025-01\n",
    )
    again = await types(house, "policy", policy("2025-01", "100000.00"))
    assert again.output == "policy version 2 is this policy already, effective 2025-01\n"
    await house.people(2)
    await house.record(("A1", "2025-01-01", "300000.00"))
    await house.close("2025-01")
    asked = await types(house, "policy", policy("2025-02", "900000.00"))
    assert (asked.exit_code, asked.output) == (
        0,
        "approval 1 waits for somebody else to allow the policy, effective 2025-02\n",
    )
    assert await house.value("select max(version) from terrace.tier_policy") == 2
    request = identifiers.encode("Approval", 1)
    assert (await allowed(house, {"approval": {"id": request}, "errors": []}))["errors"] == []
    found = await shown(house, request)
    assert (found["result"], found["effect"]["customers"]) == (
        {"version": 3, "effective": "2025-02"},
        1,
    )
    async with house.database.unit() as connection:  # the first month, open once more
        await reopen(connection, Month(2025, 1), "wrong rates", OPERATOR)
    again = await types(house, "policy", policy("2025-01", "800000.00"))
    assert "waits for somebody else" in again.output
    await house.close("2025-01")
    late = await types(house, "policy", policy("2025-01", "900000.00"))
    assert (late.exit_code, "2025-01 is closed" in late.output) == (1, True)

"""A real bank's balances, from files to averages and tiers, against two independent references."""

import csv
import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.flows.installation import Installation

PAGE = """query ($after: String) { customers(first: 100, after: $after) {
    nodes { number accounts { number } aumHistory(last: 15) { month total final complete } }
    pageInfo { hasNextPage endCursor } } }"""
STANDINGS = "query ($after: String) { customers(first: 100, after: $after) { nodes { number "
MONTHS = [f"1993-{m:02d}" for m in range(1, 13)] + ["1994-01", "1994-02", "1994-03"]


def every_customer(installation: Installation, query: str, token: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after = None
    while True:
        answer = installation.ask(query, token, {"after": after})
        page = answer["data"]["customers"]
        found += page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            return found
        after = page["pageInfo"]["endCursor"]


def test_all_averages_and_tiers_of_a_real_bank(installation: Installation, shared: Path) -> None:
    tool = shared / "tools" / "berka_import.py"
    reference = shared / "data" / "berka_monthly_daily_average.csv.gz"
    if not tool.exists() or not reference.exists():
        pytest.skip("the real bank's files are not here")
    bank = installation.folder / "bank"
    subprocess.run([sys.executable, str(tool), str(bank)], check=True, capture_output=True)
    installation.environment["TERRACE_HOME_CURRENCY"] = "CZK"
    installation.start("--empty")
    installation.run("import", str(bank))
    installation.run("policy", str(bank / "policy.json"))
    assert installation.run("close", "--through", "1994-02").count("closed:") == 14
    token = installation.token("hq")

    expected = {}
    with gzip.open(reference, "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            expected["A" + row["account_id"], row["month"]] = row["average"]
    found = {}
    owner = {}
    for customer in every_customer(installation, PAGE, token):
        (account,) = customer["accounts"]
        owner[account["number"]] = customer["number"]
        for figure in customer["aumHistory"]:
            if figure["month"] != "1994-03":
                assert figure["final"]
                assert figure["complete"]
                found[account["number"], figure["month"]] = figure["total"]
    assert len(expected) == 16758
    assert found == expected

    # The tiers, against a run of the scenarios over the reference's own averages.
    policy = json.loads((bank / "policy.json").read_text())
    scenarios = [
        {
            "name": owner[account],
            "policies": [policy],
            "months": [{"month": m, "aum": expected[account, m]} for m in MONTHS[:-1]],
        }
        for account in sorted(owner)
    ]
    (installation.folder / "scenarios.json").write_text(json.dumps(scenarios))
    simulated = {
        outcome["name"]: {row["month"]: row for row in outcome["months"]}
        for outcome in json.loads(installation.run("simulate", "scenarios.json"))
    }
    fields = "status tier { code } shortfallMonths belowEntryMonths retentionCloses"
    aliases = " ".join(
        f'm{place}: standing(month: "{month}") {{ {fields} }}' for place, month in enumerate(MONTHS)
    )
    query = STANDINGS + aliases + " } pageInfo { hasNextPage endCursor } } }"
    states = set()
    for customer in every_customer(installation, query, token):
        for place, month in enumerate(MONTHS):
            standing = customer[f"m{place}"]
            row = simulated[customer["number"]][month]
            assert (
                standing["status"],
                standing["tier"] and standing["tier"]["code"],
                standing["shortfallMonths"],
                standing["belowEntryMonths"],
                standing["retentionCloses"],
            ) == (
                row["status"],
                row["tier"],
                row["shortfall_months"],
                row["below_entry_months"],
                row["retention_closes"],
            ), (customer["number"], month)
            states.add(standing["status"])
    assert {"NON_MEMBER", "ACTIVE", "WATCH"} <= states

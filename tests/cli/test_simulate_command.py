"""`terrace simulate --policy`: the closed months of an installation under another policy."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest
from click.testing import CliRunner, Result

from cli.main import cli
from tests.cli.conftest import wait_for
from tests.cli.typed import ROOT, environment
from tests.house import House

POLICY = {
    "effective": "2030-01",
    "tiers": [{"code": "T1", "name": "Gold", "threshold": "100000.00"}],
}


@pytest.fixture
def policy(tmp_path: Path) -> str:
    file = tmp_path / "policy.json"
    file.write_text(json.dumps(POLICY), encoding="utf-8")
    return str(file)


async def lived(house: House) -> None:
    """A closed month with 150,000 and 600,000."""
    await house.people(2)
    await house.record(("A1", "2025-01-01", "150000.00"), ("A2", "2025-01-01", "600000.00"))
    await house.close("2025-01")


def simulate(house: House, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["simulate", *arguments], env=environment(house.url))


def typed(house: House, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "cli.main", "simulate", *arguments],
        env={**os.environ, **environment(house.url)},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


async def run(house: House, *arguments: str) -> Result:
    """The command, beside this loop."""
    return await asyncio.to_thread(simulate, house, *arguments)


async def test_what_would_be_otherwise_is_printed_and_nothing_written(
    house: House, policy: str
) -> None:
    await lived(house)
    months = "--from", "2025-01", "--to", "2025-01"
    table = await run(house, "--policy", policy, *months)
    assert table.exit_code == 0, table.output
    assert table.stdout.splitlines()[:3] == [
        "2025-01 to 2025-01: 2 customers, 2 would stand otherwise, 2 of them with another tier "
        "or status",
        "  enters     1",
        "  falls      1",
    ]
    rows = [line.split() for line in table.stdout.splitlines()]
    assert ["ACTIVE", "T1", "0", "2", "0.00", "750000.00"] in rows
    assert ["NON_MEMBER", "ACTIVE", "T1", "1", "150000.00", "150000.00"] in rows
    assert ["M1", "Ann", "1"] in rows

    answer = await run(house, "--policy", policy, *months, "--json")
    found = json.loads(answer.stdout)
    assert (found["customers"], found["differing"], found["moved"]) == (2, 2, 2)
    assert found["movements"] == {"ENTERS": 1, "FALLS": 1}
    assert found["managers"][1] == {"number": "M2", "name": "Bob", "customers": 1}
    assert not found["from_ledger"]
    for name in ("policy_preview", "policy_preview_customer"):
        assert await house.value(f"select count(*) from terrace.{name}") == 0


async def test_what_cannot_be_judged_again_is_told_in_one_line(house: House, policy: str) -> None:
    await lived(house)
    open_month = await run(house, "--policy", policy, "--from", "2025-01", "--to", "2025-02")
    assert open_month.exit_code == 1
    assert open_month.output == ("Error: 2025-02 is not closed: the last closed month is 2025-01\n")
    Path(policy).write_text('{"effective": "2025-01", "tiers": []}', encoding="utf-8")
    no_policy = await run(house, "--policy", policy, "--from", "2025-01", "--to", "2025-01")
    assert no_policy.exit_code == 1
    assert no_policy.output == "Error: tiers: must have at least one tier\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "give a FILE of scenarios, or --policy"),
        (("x.json", "--policy", "y.json"), "give either a FILE of scenarios, or --policy"),
        (("--policy", "x.json"), "--policy needs --from MONTH and --to MONTH"),
        (("x.json", "--json"), "--from, --to and --json go with --policy"),
        (("--policy", "x", "--from", "2025", "--to", "2025-01"), "--from: expected a month"),
    ],
)
def test_wrong_usage_is_told(arguments: tuple[str, ...], said: str) -> None:
    answer = CliRunner().invoke(cli, ["simulate", *arguments])
    assert answer.exit_code == 2
    assert said in answer.output


async def test_ctrl_c_stops_it_and_the_server_with_it(house: House, policy: str) -> None:
    """While the server reads a span of customers, which somebody else keeps from it."""
    await lived(house)
    blocker = await asyncpg.connect(house.url)
    await blocker.execute("begin; lock table terrace.aum")
    process = typed(house, "--policy", policy, "--from", "2025-01", "--to", "2025-01")
    try:
        waiting = "select count(*) from pg_locks where not granted"
        async with asyncpg.create_pool(house.url, min_size=1, max_size=1) as looking:
            while not await looking.fetchval(waiting):
                assert process.poll() is None
            process.send_signal(signal.SIGINT)
            assert wait_for(lambda: process.poll() is not None, 20)
            assert await looking.fetchval(waiting) == 0
    finally:
        process.kill()
        await blocker.close()
    assert process.returncode == 130
    assert process.communicate()[1].splitlines()[-1] == "stopped; nothing was written"

"""`terrace up` as its user sees it: started, asked, killed, started again."""

import contextlib
import json
import os
import signal
import time
import urllib.error
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.sync.client import connect

from cli.embedded import Addresses
from tests.flows.installation import Installation, installed

PEOPLE = {
    "branches.csv": "code,name,parent_code\nU,Union,\nB1,North,U\nB2,South,U\n",
    "managers.csv": "number,name,branch_code,active\nM1,Ann,B1,true\nM2,Bob,B2,true\n",
    "customers.csv": "number,name,kind,branch_code,manager_number,phone,email,id_document,"
    "birth_date,address\nC1,One,INDIVIDUAL,B1,M1,,,,,\nC2,Two,INDIVIDUAL,B2,M2,,,,,\n",
    "accounts.csv": "number,customer_number,product_class,currency,opened_on,closed_on\n"
    "A1,C1,DEMAND_DEPOSIT,CNY,2024-01-01,\nA2,C2,FUND,CNY,2024-01-01,\n",
    "balances.csv": "account_number,as_of,balance\nA1,2025-01-01,100000.00\nA2,2025-01-01,1.00\n",
}


def socket_events(
    installation: Installation, token: str, after: str | None, count: int, seconds: float = 20
) -> list[dict[str, Any]]:
    """Tier changes over graphql-transport-ws; fewer than `count` when none comes in time."""
    events: list[dict[str, Any]] = []
    address = installation.address.replace("http", "ws")
    with connect(address, subprotocols=["graphql-transport-ws"], compression=None) as socket:  # type: ignore[list-item]
        socket.send(json.dumps({"type": "connection_init", "payload": {"token": token}}))
        assert json.loads(socket.recv(timeout=10))["type"] == "connection_ack"
        query = """subscription ($a: String) { tierChanged(after: $a) { cursor change {
            kind effectiveFrom customer { number } toTier { code } } } }"""
        message = {"id": "1", "type": "subscribe"}
        socket.send(json.dumps({**message, "payload": {"query": query, "variables": {"a": after}}}))
        deadline = time.monotonic() + seconds
        while len(events) < count:
            try:
                received = json.loads(socket.recv(timeout=max(deadline - time.monotonic(), 0.01)))
            except TimeoutError:
                break
            if received["type"] == "next":
                events.append(received["payload"]["data"]["tierChanged"])
    return events


START = "dGllcl9jaGFuZ2U6MA=="
RECORD = """mutation ($i: RecordBalancesInput!) { recordBalances(input: $i) { accepted duplicates
    rejected { index code } errors { code } } }"""


def balance(key: str, account: str, day: str, amount: str) -> dict[str, Any]:
    update = {"updateId": key, "account": account, "asOf": day, "balance": amount}
    return {"i": {"idempotencyKey": key, "updates": [update]}}


def test_from_an_empty_folder_to_a_notification_through_kills_and_restarts(
    installation: Installation,
) -> None:
    installation.start("--empty")
    files = installation.folder / "bank"
    files.mkdir()
    for name, text in PEOPLE.items():
        (files / name).write_text(text)
    assert "2 recorded" in installation.run("import", str(files))
    hq, m1, m2 = (
        installation.token("hq"),
        installation.token("manager", "M1"),
        installation.token("manager", "M2"),
    )
    feed = installation.token("integrator")

    recorded = installation.ask(RECORD, feed, balance("k1", "A1", "2025-01-02", "700000.00"))
    assert recorded["data"]["recordBalances"]["accepted"] == 1
    aum = '{ customer(by: {number: "C1"}) { aum { total days } } }'
    deadline = time.monotonic() + 10
    while True:
        found = installation.ask(aum, m1)["data"]["customer"]["aum"]
        if found == {"total": "400000.00", "days": 2} or time.monotonic() > deadline:
            break
        time.sleep(0.05)
    assert found == {"total": "400000.00", "days": 2}
    assert installation.ask(aum, m2)["data"]["customer"] is None

    closed = installation.ask(
        'mutation { closeMonth(input: {month: "2025-01"}) { close { state } errors { code } } }', hq
    )
    assert closed["data"]["closeMonth"] == {"close": {"state": "CLOSED"}, "errors": []}
    first = socket_events(installation, m1, START, 1)
    assert [e["change"]["customer"]["number"] for e in first] == ["C1"]
    assert first[0]["change"]["toTier"] == {"code": "T2"}
    assert socket_events(installation, m2, START, 1, seconds=2) == []

    # The worker and the API are killed; both come back, and what was acknowledged is there.
    for name in ("work", "serve"):
        before = installation.children()
        os.kill(before[name], signal.SIGKILL)
        deadline = time.monotonic() + 20
        while installation.children().get(name) in (None, before[name]):
            assert time.monotonic() < deadline, name
            time.sleep(0.1)
    deadline = time.monotonic() + 20
    while True:
        with contextlib.suppress(urllib.error.URLError, ConnectionError):
            installation.ask(aum, hq)
            break
        assert time.monotonic() < deadline
        time.sleep(0.1)
    accepted = installation.ask(RECORD, feed, balance("k2", "A1", "2025-02-01", "1200000.00"))
    assert accepted["data"]["recordBalances"]["accepted"] == 1

    # Everything is killed at once, right after an acknowledgement.
    assert installation.up is not None
    installation.up.kill()
    installation.up.wait()
    deadline = time.monotonic() + 20
    while installation.processes():
        assert time.monotonic() < deadline, installation.processes()
        time.sleep(0.1)
    assert installation.start("--empty") < 15
    again = installation.ask(RECORD, feed, balance("k2", "A1", "2025-02-01", "1200000.00"))
    assert again == accepted
    assert "2025-02 closed" in installation.run("close", "2025-02")
    later = socket_events(installation, m1, first[0]["cursor"], 2, seconds=5)
    assert [(e["change"]["kind"], e["change"]["effectiveFrom"]) for e in later] == [
        ("UPGRADED", "2025-03")
    ]
    assert installation.stop() == 0
    deadline = time.monotonic() + 10
    while installation.processes() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert installation.processes() == []

    # Without a running `up`, a command starts what it needs by itself.
    assert "last closed month  2025-02" in installation.run("calendar")


def await_another(installation: Installation, name: str, pid: int) -> int:
    """Until a server runs with another pid, which is returned."""
    deadline = time.monotonic() + 40
    while (found := installation.server_pids().get(name, pid)) == pid:
        assert time.monotonic() < deadline, name
        time.sleep(0.01)
    return found


def await_answer(installation: Installation, token: str) -> None:
    deadline = time.monotonic() + 40
    while True:
        with contextlib.suppress(OSError, ValueError):
            if installation.ask("{ viewer { role } }", token, seconds=5).get("data"):
                return
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_server_killed_beneath_it_is_started_again(installation: Installation) -> None:
    installation.start("--empty")
    token = installation.token("hq")
    for name in ("valkey", "postgres"):
        pid = installation.server_pids()[name]
        os.kill(pid, signal.SIGKILL)
        await_another(installation, name, pid)
        await_answer(installation, token)
    # And again before all is ready: before migrating, while the API comes up, and just when it is
    # there.
    for name, seconds in (("postgres", 0.0), ("postgres", 0.4), ("valkey", 0.8), ("postgres", 1.2)):
        pid = installation.server_pids()[name]
        os.kill(pid, signal.SIGKILL)
        again = await_another(installation, name, pid)
        time.sleep(seconds)
        os.kill(again, signal.SIGKILL)
        await_another(installation, name, again)
        await_answer(installation, token)
    assert installation.stop() == 0


def test_servers_of_the_users_own_are_used_and_left_alone(
    installation: Installation, addresses: Addresses
) -> None:
    installation.environment["TERRACE_DATABASE_URL"] = addresses.database_url
    installation.environment["TERRACE_REDIS_URL"] = addresses.redis_url
    installation.start("--empty")
    assert installation.ask("{ viewer { role } }", installation.token("hq"))["data"]
    assert not (installation.folder / "data" / "postgres").exists()
    time.sleep(0.6)  # two looks at what is embedded, which is nothing
    assert installation.stop() == 0
    assert addresses.answer()


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """One that nothing runs of, for commands that change nothing."""
    with installed(tmp_path_factory.mktemp("quiet")) as built:
        yield built


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["close", "2025-13"], 2, "there is no month 13"),
        (["close", "2025-1"], 2, "expected a month written YYYY-MM"),
        (["close"], 2, "give a month"),
        (["close", "2025-01"], 1, "nothing to close"),
        (["close", "--through", "2025-01"], 1, "nothing to close"),
        (["calendar", "2025-02-30"], 2, "there is no day 2025-02-30"),
        (["policy", "missing.json"], 2, "missing.json"),
        (["policy", "bad.json"], 1, "tiers"),
        (["simulate", "bad.json"], 2, "expected a list"),
        (["simulate", "text.json"], 2, "is not JSON"),
        (["token", "--role", "manager"], 2, "needs --subject"),
        (["token", "--role", "king"], 2, "king"),
        (["unknown"], 2, "No such command"),
    ],
)
def test_a_mistake_ends_in_one_clear_line(
    quiet: Installation, arguments: list[str], status: int, said: str
) -> None:
    (quiet.folder / "bad.json").write_text('{"effective": "2025-01", "tiers": []}')
    (quiet.folder / "text.json").write_text("tiers")
    output = quiet.run(*arguments, status=status)
    assert said in output
    assert output.strip().splitlines()[-1].startswith("Error: ")


def test_a_setting_that_cannot_be_used_is_named(installation: Installation) -> None:
    installation.environment["TERRACE_PORT"] = "many"
    assert "TERRACE_PORT: " in installation.run("calendar", status=2)

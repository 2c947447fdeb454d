"""A subscriber that keeps its cursor, while what serves it is killed and started again."""

import contextlib
import os
import signal
import time
import urllib.error
from typing import Any

from tests.flows.installation import Installation
from tests.flows.test_whole_installation import (
    PEOPLE,
    RECORD,
    START,
    await_another,
    await_answer,
    balance,
    socket_events,
)

# What M1's customer holds in each month: up, down to a watch, and up again.
AMOUNTS = ["300000.00", "600000.00", "100000.00", "1200000.00"]
CHANGES = """{ tierChanges(first: 100) { nodes { kind effectiveFrom customer { number }
    toTier { code } } } }"""


def kill(installation: Installation, name: str, token: str) -> None:
    """Kill a server or a process of ours, and wait until all is back."""
    if name == "postgres":
        pid = installation.server_pids()[name]
        os.kill(pid, signal.SIGKILL)
        await_another(installation, name, pid)
    else:
        pid = installation.children()[name]
        os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + 40
        while installation.children().get(name) in (None, pid):
            assert time.monotonic() < deadline, name
            time.sleep(0.1)
    await_answer(installation, token)


def following(installation: Installation, token: str, after: str, count: int) -> list[Any]:
    """So many events after a cursor, coming back after whatever broke the connection."""
    told: list[Any] = []
    deadline = time.monotonic() + 60
    while len(told) < count and time.monotonic() < deadline:
        with contextlib.suppress(OSError, urllib.error.URLError):
            last = told[-1]["cursor"] if told else after
            told += socket_events(installation, token, last, count - len(told), seconds=5)
    return told


def test_no_event_is_missed_or_told_twice_over_kills(installation: Installation) -> None:
    installation.start("--empty")
    files = installation.folder / "bank"
    files.mkdir()
    for name, text in PEOPLE.items():
        (files / name).write_text(text)
    installation.run("import", str(files))
    m1, hq = installation.token("manager", "M1"), installation.token("hq")
    feed = installation.token("integrator")
    cursor, told = START, []
    for month, (amount, killed) in enumerate(
        zip(AMOUNTS, ("serve", "postgres", "work", "postgres"), strict=True), 1
    ):
        given = balance(f"k{month}", "A1", f"2025-{month:02}-01", amount)
        installation.ask(RECORD, feed, given)
        assert f"2025-{month:02} closed" in installation.run("close", f"2025-{month:02}")
        kill(installation, killed, hq)  # as the event is on its way, or has just come
        told += following(installation, m1, cursor, 1)
        cursor = told[-1]["cursor"]
    published = installation.ask(CHANGES, m1)["data"]["tierChanges"]["nodes"]
    assert [event["change"] for event in told] == published
    assert len(published) == len(AMOUNTS)
    again = following(installation, m1, START, len(AMOUNTS))
    assert again == told
    assert installation.stop() == 0

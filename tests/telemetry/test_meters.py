"""Figures: counted in shared memory, added up, and still there after a kill."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from domain.actors import Scope
from telemetry import figures, meters
from telemetry.meters import METERS, Meters, Slots
from workers.wakeups import TOPICS

ROOT = Path(__file__).parents[2]
CHILD = """
import os, sys
from telemetry import figures
from telemetry.meters import METERS, VARIABLE
METERS.join(os.environ[VARIABLE])
figures.count(figures.REQUESTS.at("query", "200"), 3)
figures.REQUEST_SECONDS.took(figures.REQUEST_SECONDS.place("query"), 0.003)
figures.put(figures.SOCKETS.at(), 5)
print("counted", flush=True)
sys.stdin.read()
"""


def values(text: str) -> dict[str, float]:
    """Every sample by its name and labels, as a scraper reads them."""
    return {
        sample.name + "".join(f" {k}={v}" for k, v in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def child(slots: Slots, slot: int) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", CHILD],
        env={**os.environ, "PYTHONPATH": str(ROOT), meters.VARIABLE: slots.given(slot)},
        pass_fds=[slots.descriptor],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "counted\n"
    return process


def end(process: "subprocess.Popen[str]") -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()


def added_up(slots: Slots) -> dict[str, float]:
    """What a process of the group says."""
    reading = Meters()
    reading._metrics = METERS._metrics
    reading._slots = slots.cells
    return values(reading.told())


def test_what_was_counted_outlives_a_kill_and_states_do_not() -> None:
    slots = Slots.new(2)
    requests = "terrace_requests_total kind=query status=200"
    first, second = child(slots, 0), child(slots, 1)
    try:
        found = added_up(slots)
        assert (found[requests], found["terrace_sockets_open"]) == (6, 10)
        end(first)
        slots.vacate(0)
        found = added_up(slots)
        assert (found[requests], found["terrace_sockets_open"]) == (6, 5)
        first = child(slots, 0)  # its successor goes on with what it counted
        found = added_up(slots)
        assert (found[requests], found["terrace_sockets_open"]) == (9, 10)
        assert found["terrace_request_seconds_count kind=query"] == 3
        assert found["terrace_request_seconds_sum kind=query"] == pytest.approx(0.009)
        assert found["terrace_request_seconds_bucket kind=query le=0.0025"] == 0
        assert found["terrace_request_seconds_bucket kind=query le=0.005"] == 3
        assert found["terrace_request_seconds_bucket kind=query le=+Inf"] == 3
    finally:
        end(first)
        end(second)
        os.close(slots.descriptor)


def test_a_value_that_is_not_foreseen_counts_as_other() -> None:
    assert figures.REQUESTS.at("query", "418") == figures.REQUESTS.at("query", "other")


def test_labels_are_those_of_the_program() -> None:
    assert tuple(scope.value for scope in Scope) == figures.SCOPES
    assert figures.TOPICS == TOPICS


def test_a_scraper_can_read_all_of_it() -> None:
    found = values(METERS.told())
    assert len(found) > 200
    for metric in METERS._metrics:
        assert metric.name.startswith("terrace_")
        assert (metric.kind == "counter") == metric.name.endswith("_total")

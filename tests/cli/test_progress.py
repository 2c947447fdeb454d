"""The progress bar tells how far work is and how long it will take from here."""

import io
import re

import pytest

from cli import progress
from cli.progress import Progress, time_left


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("seconds", "done", "left", "told"),
    [
        (10.0, 100, 900, "1:30 left"),
        (0.4, 1_000, 999_000, "6:40 left"),
        (5.0, 10, 1, "0:00 left"),
        (5.0, 0, 10, ""),
        (5.0, 10, 0, ""),
    ],
)
def test_the_time_that_is_left_follows_from_the_pace(
    seconds: float, done: int, left: int, told: str
) -> None:
    assert time_left(seconds, done, left) == told


def test_work_taken_up_again_starts_where_it_is_and_counts_its_own_pace(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal, clock = Terminal(), [100.0]
    monkeypatch.setattr(progress.sys, "stderr", terminal)
    monkeypatch.setattr(progress.time, "monotonic", lambda: clock[0])
    with Progress("2025-01", 1_000) as bar:
        bar.show(600, 1_000)
        clock[0] += 10
        bar.show(700, 1_000)
    shown = re.findall(r"(\d+)/1000(?: +(\S+ left))?", terminal.getvalue())
    assert shown[-1] == ("700", "0:30 left")
    assert ("600", "") in shown

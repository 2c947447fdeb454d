"""What is started again and again is given up when it ends too often in a short time."""

import signal
import subprocess

import pytest

from cli import children
from cli.children import Child, Children, DoesNotStayUp, Restarts
from cli.embedded import Addresses


def test_starts_are_counted_within_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(children.time, "monotonic", lambda: now)
    seldom = Restarts("the seldom one")
    for _ in range(100):
        seldom.count()
        now += 3.1
    often = Restarts("the frequent one")
    for _ in range(20):
        often.count()
        now += 2.9
    with pytest.raises(DoesNotStayUp, match=r"the frequent one ended 20 times within 58 s"):
        often.count()


def test_a_process_that_does_not_end_is_ended_by_force(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "_STOP_SECONDS", 0.3)
    deaf = subprocess.Popen(
        ["/bin/sh", "-c", "trap '' TERM; echo up; while :; do sleep 0.1; done"],
        stdout=subprocess.PIPE,
    )
    try:
        assert deaf.stdout is not None
        assert deaf.stdout.readline() == b"up\n"
        with Children(Addresses("", ""), "key", "production") as started:
            started._children.append(Child("deaf", [], Restarts("deaf"), deaf))
        assert deaf.poll() == -signal.SIGKILL
    finally:
        deaf.kill()
        deaf.wait()
        deaf.stdout.close()  # type: ignore[union-attr]

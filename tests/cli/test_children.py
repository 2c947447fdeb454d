"""What is started again and again is given up when it ends too often in a short time."""

import pytest

from cli import children
from cli.children import DoesNotStayUp, Restarts


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

"""A failure that lasts is told once, and once when it is over."""

import logging

import pytest

from repository.outage import Outage


def test_an_outage_is_told_when_it_begins_and_when_it_ends(
    caplog: pytest.LogCaptureFixture,
) -> None:
    outage = Outage(logging.getLogger("place"), "reading")
    outage.is_over()
    assert caplog.messages == []
    for _ in range(2):
        caplog.clear()
        for _ in range(3):
            outage.lasts(TimeoutError())
        assert caplog.messages == ["reading: not possible for now, tried again: TimeoutError"]
        assert not caplog.records[0].exc_info
        for _ in range(3):
            outage.is_over()
        assert caplog.messages[1:] == ["reading: possible again after 0 s"]

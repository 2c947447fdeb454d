"""Installations that are started, killed and cleaned up."""

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.installation import Installation


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    built = Installation(tmp_path)
    try:
        yield built
    finally:
        if built.up is not None:
            built.up.kill()
            built.up.wait()
        deadline = time.monotonic() + 15
        while built.processes() and time.monotonic() < deadline:
            time.sleep(0.1)
        for pid in built.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

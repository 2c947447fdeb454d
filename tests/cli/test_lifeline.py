"""A child process ends with its parent, if need be by force."""

import os
import signal
import subprocess
import sys

import pytest

from cli.lifeline import VARIABLE

CHILD = """
import signal, sys, time
from cli import lifeline
lifeline._GRACE_SECONDS = 0.3
if sys.argv[1] == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
lifeline.end_with_parent()
print("up", flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize(("how", "status"), [("obedient", -signal.SIGTERM), ("deaf", 1)])
def test_a_child_ends_when_the_pipe_is_closed(how: str, status: int) -> None:
    reader, writer = os.pipe()
    with subprocess.Popen(
        [sys.executable, "-c", CHILD, how],
        env={**os.environ, VARIABLE: str(reader)},
        pass_fds=(reader,),
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        os.close(reader)
        assert child.stdout is not None
        assert child.stdout.readline() == "up\n"
        assert child.poll() is None
        os.close(writer)
        assert child.wait(10) == status

"""Ending with the parent: a child process of `terrace up` stops when that is gone, however it went.

The parent keeps one end of a pipe open and never writes; the child reads the other end. Even after
a kill -9 the kernel closes the parent's end, and the read returns.
"""

import os
import signal
import threading

VARIABLE = "TERRACE_LIFELINE"


def end_with_parent() -> None:
    """Watch the pipe that the environment names, if it names one."""
    given = os.environ.pop(VARIABLE, None)
    if given is None:
        return
    descriptor = int(given)

    def watch() -> None:
        os.read(descriptor, 1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="lifeline", daemon=True).start()

"""Ending with the parent: a child process of `terrace up` stops when that is gone, however it went.

The parent keeps one end of a pipe open and never writes; the child reads the other end. Even after
a kill -9 the kernel closes the parent's end, and the read returns. A child that does not end in an
orderly way is ended by force.
"""

import os
import signal
import threading
import time

VARIABLE = "TERRACE_LIFELINE"
_GRACE_SECONDS = 30.0


def end_with_parent() -> None:
    """Watch the pipe that the environment names, if it names one."""
    given = os.environ.pop(VARIABLE, None)
    if given is None:
        return
    descriptor = int(given)

    def watch() -> None:
        os.read(descriptor, 1)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(_GRACE_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, name="lifeline", daemon=True).start()

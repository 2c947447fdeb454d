"""The processes that `terrace up` runs: started, watched, started again, ended together."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections import deque
from dataclasses import dataclass

import click

from cli.embedded import Addresses
from cli.lifeline import VARIABLE

_STOP_SECONDS = 20.0
_MOST_STARTS = 20
_WITHIN_SECONDS = 60.0


class DoesNotStayUp(click.ClickException):
    """A process that ends soon, however often it is started."""


class Restarts:
    """The starts of something that is started again when it ends, but not for ever."""

    def __init__(self, name: str) -> None:
        """Describe what is started, for the message."""
        self._name = name
        self._starts: deque[float] = deque(maxlen=_MOST_STARTS)

    def count(self) -> None:
        """Before each start; raises DoesNotStayUp when there were too many in a short time."""
        now = time.monotonic()
        if len(self._starts) == _MOST_STARTS and now - self._starts[0] < _WITHIN_SECONDS:
            raise DoesNotStayUp(
                f"{self._name} ended {_MOST_STARTS} times within {now - self._starts[0]:.0f} s"
            )
        self._starts.append(now)


@dataclass(slots=True)
class Child:
    """One process, and how often it was started."""

    name: str
    arguments: list[str]
    starts: Restarts
    process: "subprocess.Popen[bytes] | None" = None


class Children:
    """All processes of an installation besides its servers. Use as `with`."""

    def __init__(self, addresses: Addresses, key: str) -> None:
        """Describe what they are told: where the servers are, and the signing key."""
        self._reader, self._writer = os.pipe()
        self._environment = {
            **os.environ,
            "TERRACE_DATABASE_URL": addresses.database_url,
            "TERRACE_REDIS_URL": addresses.redis_url,
            "TERRACE_SECRET_KEY": key,
            VARIABLE: str(self._reader),
        }
        self._children: list[Child] = []

    def __enter__(self) -> "Children":
        """Nothing is started yet."""
        return self

    def __exit__(self, *exc: object) -> None:
        """End them all: politely, then by force."""
        for child in self._children:
            if child.process is not None and child.process.poll() is None:
                child.process.terminate()
        deadline = time.monotonic() + _STOP_SECONDS
        for child in self._children:
            if child.process is None:
                continue
            try:
                child.process.wait(max(deadline - time.monotonic(), 0.1))
            except subprocess.TimeoutExpired:
                child.process.kill()
                child.process.wait()
        with contextlib.suppress(OSError):
            os.close(self._writer)
            os.close(self._reader)

    def start(self, name: str, *arguments: str) -> None:
        """Run `terrace` with these arguments and keep it running."""
        child = Child(name, list(arguments), Restarts(f"the {name} process"))
        self._children.append(child)
        self._start(child)

    def look(self) -> None:
        """Start again what has ended; raises DoesNotStayUp."""
        for child in self._children:
            status = None if child.process is None else child.process.poll()
            if status is None:
                continue
            click.echo(f"the {child.name} process {_ended(status)}; starting it again", err=True)
            self._start(child)

    def _start(self, child: Child) -> None:
        child.starts.count()
        child.process = subprocess.Popen(
            # -P: what lies in the current folder is not ours, whatever it is called.
            [sys.executable, "-P", "-m", "cli.main", *child.arguments],
            env=self._environment,
            pass_fds=(self._reader,),
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # a Ctrl-C is for the parent, which ends them in order
        )


def _ended(status: int) -> str:
    if status < 0:
        return f"was ended by {signal.Signals(-status).name}"
    return f"ended with status {status}"

"""The processes that one command runs: started, watched, started again, ended together."""

import contextlib
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import click

from cli import listening
from cli.embedded import Addresses
from cli.lifeline import VARIABLE
from telemetry import meters
from telemetry.figures import PROCESSES

log = logging.getLogger(__name__)
_STOP_SECONDS = 25.0  # a server needs up to 20 for thousands of sockets
_READY_SECONDS = 60.0
_LOOK_SECONDS = 0.05
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
    slot: int = 0
    listens: bool = True


class Children:
    """All processes of an installation besides its servers. Use as `with`."""

    def __init__(
        self,
        addresses: Addresses,
        key: str,
        mode: str,
        *,
        most: int = 2,
        port: socket.socket | None = None,
    ) -> None:
        """Describe what they are told: where the servers are, the key, the mode, where to listen.

        `most` is how many there will be; they count into one memory, each in a slot of its own.
        """
        self._reader, self._writer = os.pipe()
        self._slots = meters.Slots.new(most)
        self._passed = [self._reader, self._slots.descriptor]
        self._environment = {
            **os.environ,
            "TERRACE_DATABASE_URL": addresses.database_url,
            "TERRACE_REDIS_URL": addresses.redis_url,
            "TERRACE_SECRET_KEY": key,
            "TERRACE_MODE": mode,
            "TERRACE_PROCESSES": "1",
            "TERRACE_WORKERS": "1",
            VARIABLE: str(self._reader),
        }
        self._listening = {}
        if port is not None:
            self._passed.append(port.fileno())
            self._listening[listening.VARIABLE] = str(port.fileno())
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
        for descriptor in (self._writer, self._reader, self._slots.descriptor):
            with contextlib.suppress(OSError):
                os.close(descriptor)

    def start(self, name: str, *arguments: str, listens: bool = True) -> None:
        """Run `terrace` with these arguments and keep it running; `listens` on the port, or not."""
        starts = Restarts(f"the {name} process")
        child = Child(name, list(arguments), starts, None, len(self._children), listens)
        self._children.append(child)
        self._start(child)

    def look(self, but: Child | None = None) -> None:
        """Start again what has ended; raises DoesNotStayUp. `but` is left to who ends it."""
        for child in self._children:
            if child is but:
                continue
            status = None if child.process is None else child.process.poll()
            if status is None:
                continue
            self._slots.vacate(child.slot)
            log.warning("the %s process %s; starting it again", child.name, _ended(status))
            self._start(child)

    def are_up(self) -> bool:
        """Whether all of them have started and work."""
        return all(self._is_up(child) for child in self._children)

    def renew(self, check: Callable[[], None] = lambda: None) -> None:
        """Start each one anew, the next only when the last one works; raises DoesNotStayUp.

        `check` is called meanwhile, again and again.
        """
        for child in self._children:
            log.info("the %s process is started anew", child.name)
            self._await(lambda: self._is_up(child), check)  # noqa: B023 - called here and now
            process = child.process
            if process is None:
                continue
            process.terminate()
            if not self._await(lambda: process.poll() is not None, check, others=child):  # noqa: B023
                process.kill()
                process.wait()
            self._slots.vacate(child.slot)
            self._start(child)
            self._await(lambda: self._is_up(child), check)  # noqa: B023

    def _await(
        self, condition: Callable[[], bool], check: Callable[[], None], others: Child | None = None
    ) -> bool:
        deadline = time.monotonic() + (_READY_SECONDS if others is None else _STOP_SECONDS)
        while not condition():
            if time.monotonic() > deadline:
                return False
            time.sleep(_LOOK_SECONDS)
            check()
            self.look(but=others)
        return True

    def _is_up(self, child: Child) -> bool:
        cells = self._slots.cells[child.slot]
        return any(cells[PROCESSES.at(role)] for role in PROCESSES.labels["role"])

    def _start(self, child: Child) -> None:
        child.starts.count()
        child.process = subprocess.Popen(
            # -P: what lies in the current folder is not ours, whatever it is called.
            [sys.executable, "-P", "-m", "cli.main", *child.arguments],
            env={
                **self._environment,
                meters.VARIABLE: self._slots.given(child.slot),
                **(self._listening if child.listens else {"TERRACE_WORKER_PORT": ""}),
            },
            pass_fds=self._passed,
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # a Ctrl-C is for the parent, which ends them in order
        )


def _ended(status: int) -> str:
    if status < 0:
        return f"was ended by {signal.Signals(-status).name}"
    return f"ended with status {status}"

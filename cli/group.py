"""Several processes of one kind under one parent, which listens to signals and to nothing else."""

import signal
import time
from types import FrameType
from typing import NoReturn

from cli.children import Children
from cli.embedded import Addresses, signing_key
from cli.listening import held
from settings import Settings

_LOOK_SECONDS = 0.25


class _Stop(BaseException):
    """A signal asked for the end."""


class Renewal:
    """Whether SIGHUP has asked for the processes to be started anew, one after the other."""

    def __init__(self) -> None:
        """Nobody has; from here on the signal is heard."""
        self._wanted = False
        signal.signal(signal.SIGHUP, self._want)

    def _want(self, number: int, frame: FrameType | None) -> None:
        self._wanted = True

    def due(self) -> bool:
        """Whether somebody asked since the last time."""
        wanted, self._wanted = self._wanted, False
        return wanted


def run_group(
    settings: Settings,
    addresses: Addresses,
    name: str,
    command: str,
    number: int,
    address: tuple[str, int] | None,
) -> None:
    """Run so many processes of `terrace COMMAND` until told to stop; they share an address."""
    renewal = Renewal()
    for sign in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sign, _stop)
    port = None if address is None else held(*address)
    try:
        key = signing_key(settings)
        with Children(addresses, key, settings.in_mode, most=number, port=port) as children:
            for one in range(number):
                children.start(f"{name} {one + 1}", command)
            while True:
                time.sleep(_LOOK_SECONDS)
                children.look()
                if renewal.due():
                    children.renew()
    except _Stop:
        return
    finally:
        if port is not None:
            port.close()


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, signal.SIG_IGN)
    raise _Stop

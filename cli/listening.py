"""The address the API listens on, taken before anything else is started.

A parent holds the address for its children without listening itself. On Linux each child binds a
socket of its own to it (SO_REUSEPORT) and the kernel spreads the connections over those that
listen; elsewhere, where that would not spread them, they all accept from the parent's.
"""

import os
import resource
import socket
import sys

import click

from settings import Settings

VARIABLE = "TERRACE_LISTENING"
"""Tells a child which descriptor is its parent's socket."""

_SPREADS = sys.platform == "linux"
_MOST_FILES = 1_048_576


def bound(settings: Settings) -> socket.socket:
    """A socket on the address that is set, or on a parent's; port 0 takes a free one.

    Raises click.ClickException when the address is taken or is none of this machine.
    """
    given = os.environ.pop(VARIABLE, None)
    if given is not None:
        held = socket.socket(fileno=int(given))
        return _bound(held.family, held.getsockname(), shared=True) if _SPREADS else held
    return _taken(settings.host, settings.port)


def held(host: str, port: int) -> socket.socket:
    """The address for children to listen on; raises as `bound`."""
    probe = _taken(host, port)  # one that shares with nobody sees whether others listen
    if not _SPREADS:
        return probe
    address = probe.getsockname()
    probe.close()
    return _bound(probe.family, address, shared=True)


def allow_many_files() -> None:
    """Raise this process's limit of open files, as far as it may: each socket is one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _MOST_FILES if hard == resource.RLIM_INFINITY else hard
    if soft != resource.RLIM_INFINITY and soft < most:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        except (OSError, ValueError):
            return  # macOS has a lower limit of its own; what there is must do


def _taken(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return _bound(family, (host, port), shared=False)


def _bound(family: int, address: tuple[str, int], *, shared: bool) -> socket.socket:
    found = socket.socket(family)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        found.bind(address)
    except OSError as error:
        found.close()
        raise click.ClickException(
            f"cannot listen on {address[0]} port {address[1]} ({error.strerror}); "
            "choose another with --port or TERRACE_PORT"
        ) from None
    return found

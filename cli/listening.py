"""The address the API listens on, taken before anything else is started."""

import socket

import click

from settings import Settings


def bound(settings: Settings) -> socket.socket:
    """A socket on the address that is set; port 0 takes a free one.

    Raises click.ClickException when the address is taken or is none of this machine.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    found = socket.socket(family)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((settings.host, settings.port))
    except OSError as error:
        found.close()
        raise click.ClickException(
            f"cannot listen on {settings.host} port {settings.port} ({error.strerror}); "
            "choose another with --port or TERRACE_PORT"
        ) from None
    return found

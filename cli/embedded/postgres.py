"""PostgreSQL 18 in a folder of its own.

The folder holds `data` (PostgreSQL's own), `password` (of the roles `postgres` and `terrace`),
`server.log`, and the server's socket while it runs; `cluster` makes it on the first start.
"""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from cli.embedded.child import Child, free_port
from cli.embedded.cluster import check_cluster, find_binaries, make_cluster
from cli.embedded.errors import ServerFailed
from cli.embedded.orphan import end_orphan
from cli.embedded.privileges import Privileges, find_privileges

PORT_TAKEN = "Address already in use"
STILL_ENDING = "pre-existing shared memory block"
SOCKET_PATH_BYTES = 100
"""Linux allows a socket's path 107 bytes, macOS 103."""


class Postgres:
    """The server of one folder; whoever starts it must hold a lock on what contains the folder."""

    def __init__(
        self,
        folder: Path,
        *,
        choose_port: Callable[[], int] = free_port,
        start_seconds: float = 180.0,
        stop_seconds: float = 60.0,
    ) -> None:
        self.folder = folder
        self._choose_port = choose_port
        self._start_seconds = start_seconds
        self._stop_seconds = stop_seconds
        self._child: Child | None = None
        self._port = 0

    @property
    def data(self) -> Path:
        """PostgreSQL's own data folder."""
        return self.folder / "data"

    @property
    def pid(self) -> int:
        """Process id of the running server."""
        return self._running().pid

    @property
    def address(self) -> str:
        """URL of the database `terrace`, as its owner, the password included."""
        self._running()
        password = (self.folder / "password").read_text(encoding="utf-8").strip()
        return f"postgresql://terrace:{password}@127.0.0.1:{self._port}/terrace"

    def start(self) -> str:
        """Make the folder if need be, start the server, and return its address.

        Raises:
            EmbeddedError: with the reason, and the server's last words where it had any.
        """
        binaries = find_binaries()
        privileges = find_privileges(binaries / "postgres", self.folder.parent)
        if not self.data.exists():
            make_cluster(self.folder, binaries, privileges)
        check_cluster(self.folder, privileges.version)
        end_orphan("PostgreSQL", self.data / "postmaster.pid", f"-D {self.data} ", signal.SIGINT)
        privileges.own(self.folder)
        for left in self.folder.glob(".s.PGSQL.*"):
            left.unlink(missing_ok=True)
        deadline = time.monotonic() + self._start_seconds
        ports_tried = 0
        while True:
            try:
                self._launch(binaries, privileges, deadline - time.monotonic())
            except ServerFailed as failure:
                ports_tried += PORT_TAKEN in failure.log
                again = (PORT_TAKEN in failure.log and ports_tried < 10) or (
                    STILL_ENDING in failure.log and time.monotonic() < deadline
                )
                if not again:
                    raise
                time.sleep(0.1)
            else:
                return self.address

    def stop(self) -> None:
        """End the server: open transactions are rolled back, everything committed is on disk."""
        if self._child is not None:
            self._child.stop((signal.SIGINT, self._stop_seconds), (signal.SIGQUIT, 10.0))
            self._child = None

    def check(self) -> None:
        """Raise ServerFailed when the server has ended by itself."""
        self._running().check()

    def _running(self) -> Child:
        if self._child is None:
            raise ServerFailed("PostgreSQL has not been started.")
        return self._child

    def _launch(self, binaries: Path, privileges: Privileges, seconds: float) -> None:
        self._port = self._choose_port()
        socket_path = self.folder / f".s.PGSQL.{self._port}"
        short = len(os.fsencode(socket_path)) < SOCKET_PATH_BYTES
        sockets = '"{}"'.format(str(self.folder).replace('"', '""')) if short else ""
        child = Child(
            "PostgreSQL",
            [
                *(str(binaries / "postgres"), "-D", str(self.data)),
                *("-c", "listen_addresses=127.0.0.1", "-c", f"port={self._port}"),
                *("-c", f"unix_socket_directories={sockets}"),
            ],
            self.folder / "server.log",
            prefix=privileges.prefix,
            death=signal.SIGINT,
        )
        child.wait_until(lambda: self._is_ready(child.pid), seconds)
        self._child = child

    def _is_ready(self, pid: int) -> bool:
        """Line 8 of postmaster.pid tells the state; lines 1 and 4 that it is of this run.

        The process id alone would not do: in a container that was killed and starts again, the
        server may get the very id it had before.
        """
        try:
            text = (self.data / "postmaster.pid").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return False
        lines = text.split("\n")
        return len(lines) > 7 and (lines[0], lines[3], lines[7].strip()) == (
            str(pid),
            str(self._port),
            "ready",
        )

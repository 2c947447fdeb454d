"""A server process that ends with the process that started it."""

import functools
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO

from cli.embedded.errors import ServerFailed

LOG_BYTES = 8 * 1024 * 1024
"""A log longer than this is set aside at the next start, over the one set aside before."""


class Child:
    """One run of a server: started at once, watched until ready, stopped with patience.

    It has a session of its own, so Ctrl-C in a terminal reaches only Terrace, which stops its
    servers last. `death` is the signal the server gets when Terrace dies without stopping it.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        log: Path,
        *,
        prefix: Sequence[str] = (),
        death: signal.Signals = signal.SIGTERM,
        standard_input: str = "",
    ) -> None:
        self.name = name
        self._log = log
        kernel_watches = threading.current_thread() is threading.main_thread() and can_pdeathsig()
        try:
            with _open_log(log) as output:
                self._log_start = output.tell()
                self._process = subprocess.Popen(
                    [*prefix, *(pdeathsig(death) if kernel_watches else ()), *command],
                    stdin=subprocess.PIPE,
                    stdout=output,
                    stderr=output,
                    cwd="/",
                    env=clean_environment(),
                    umask=0o077,
                    start_new_session=True,
                )
        except OSError as error:
            raise ServerFailed(f"{name} cannot be started: {error}") from error
        self._leash = None if kernel_watches else _leash(self._process.pid, death)
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(standard_input.encode())
            self._process.stdin.close()
        except BrokenPipeError:
            pass  # It has died already, which wait_until tells with the reason.

    @property
    def pid(self) -> int:
        """The server's process id, which it keeps through the commands in front of it."""
        return self._process.pid

    def wait_until(self, ready: Callable[[], bool], seconds: float) -> None:
        """Wait until the server is ready.

        Raises:
            ServerFailed: it ended by itself, or was not ready in time and has been killed.
        """
        deadline = time.monotonic() + seconds
        try:
            while not ready():
                self.check()
                if time.monotonic() > deadline:
                    raise ServerFailed(f"{self.name} was not ready in {seconds:g} s.", self.log())
                time.sleep(0.01)
        except BaseException:
            self.stop((signal.SIGQUIT, 5.0))
            raise

    def check(self) -> None:
        """Raise ServerFailed when the server has ended by itself."""
        code = self._process.poll()
        if code is not None:
            how = f"by signal {-code}" if code < 0 else f"with code {code}"
            raise ServerFailed(f"{self.name} ended {how} (log: {self._log}).", self.log())

    def stop(self, *steps: tuple[signal.Signals, float]) -> None:
        """Send each signal and wait so many seconds for the end; SIGKILL when none helped."""
        if self._process.poll() is None:
            for number, seconds in (*steps, (signal.SIGKILL, 10.0)):
                self._process.send_signal(number)
                try:
                    self._process.wait(seconds)
                    break
                except subprocess.TimeoutExpired:
                    continue
        if self._leash is not None:
            self._leash.kill()
            self._leash.wait()
            self._leash = None

    def log(self) -> str:
        """What the server has written since it was started, its last 16 KiB at the most."""
        with self._log.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(self._log_start, size - 16_384))
            return file.read().decode("utf-8", "replace").strip()


def _open_log(path: Path) -> BinaryIO:
    """The log, to be appended to; a long one is set aside before."""
    if path.exists() and path.stat().st_size > LOG_BYTES:
        path.replace(path.with_name(path.name + ".old"))
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")


def clean_environment() -> dict[str, str]:
    """This process's environment without what PostgreSQL would read from it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return {**kept, "LC_ALL": "C"}


def free_port() -> int:
    """A port of 127.0.0.1 that is free now; another process may take it before it is used."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@functools.cache
def can_pdeathsig() -> bool:
    """Whether `setpriv` is here and can have the kernel send a signal when the parent dies."""
    if shutil.which("setpriv") is None:
        return False
    probe = ["setpriv", "--pdeathsig", "keep", "--", "true"]
    return subprocess.run(probe, capture_output=True, check=False).returncode == 0


def pdeathsig(death: signal.Signals) -> tuple[str, ...]:
    """The command in front that has the kernel send the signal when the parent dies.

    The kernel means the thread that started the child, so only the main thread may use this.
    """
    return ("setpriv", "--pdeathsig", death.name.removeprefix("SIG"), "--")


def _leash(pid: int, death: signal.Signals) -> subprocess.Popen[bytes]:
    """Where the kernel cannot watch: a shell that waits for our end of its pipe to close."""
    script = 'read -r _; kill -s "$1" "$2"'
    return subprocess.Popen(
        ["/bin/sh", "-c", script, "leash", death.name.removeprefix("SIG"), str(pid)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        start_new_session=True,
    )

"""A server whose launcher was killed and that runs on, or is just ending."""

import os
import signal
import subprocess
import time
from pathlib import Path

from cli.embedded.errors import ServerFailed


def command_line(pid: int) -> str:
    """The command line of a process, its arguments parted by blanks; empty when there is none."""
    process = Path(f"/proc/{pid}")
    if Path("/proc/self").exists():
        try:
            return os.fsdecode((process / "cmdline").read_bytes().replace(b"\0", b" "))
        except OSError:
            return ""
    listed = subprocess.run(
        ["ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return listed.stdout.strip()


def read_pid(path: Path) -> int | None:
    """The process id in the first line of a server's pid file; None when it holds none."""
    try:
        pid = int(path.read_text(encoding="utf-8", errors="replace").split("\n", 1)[0])
    except (OSError, ValueError):
        return None
    return pid if pid > 1 else None


def end_orphan(name: str, pid_file: Path, marker: str, first: signal.Signals) -> None:
    """End the server of the pid file if it still runs.

    Only a process whose command line holds `marker`, which names the data folder, is touched:
    the id may long belong to another program, and then the file is removed, for the server would
    take that program for itself. The caller must hold the folder's lock.

    Raises:
        ServerFailed: it does not end.
    """
    pid = read_pid(pid_file)
    if pid is not None:
        for number, seconds in ((first, 60.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 10.0)):
            if not _running(pid, marker):
                break
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                break
            except PermissionError as error:
                raise ServerFailed(
                    f"{name} still runs as process {pid} of another user. Stop it first."
                ) from error
            deadline = time.monotonic() + seconds
            while _running(pid, marker) and time.monotonic() < deadline:
                time.sleep(0.02)
        if _running(pid, marker):
            raise ServerFailed(f"{name} still runs as process {pid} and cannot be ended.")
    if pid is None or _exists(pid):
        pid_file.unlink(missing_ok=True)


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _running(pid: int, marker: str) -> bool:
    return marker in command_line(pid)

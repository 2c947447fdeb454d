"""`terrace` as its user has it: a data folder of its own, commands, an address."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


class Installation:
    """A data folder and the commands given on it."""

    def __init__(self, folder: Path, environment: dict[str, str] | None = None) -> None:
        self.folder = folder
        self.environment = environment or {
            **{k: v for k, v in os.environ.items() if not k.startswith("TERRACE_")},
            "TERRACE_DATA_DIR": str(folder / "data"),
            "PYTHONPATH": str(ROOT),
        }
        self.address = ""
        self.up: subprocess.Popen[str] | None = None
        self.said: list[str] = []

    def run(self, *arguments: str, status: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "cli.main", *arguments],
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == status, (done.stdout, done.stderr)
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr

    def start(self, *arguments: str) -> float:
        """Start and wait until it says it is ready; seconds it took."""
        began = time.monotonic()
        self.up = subprocess.Popen(
            [sys.executable, "-m", "cli.main", "up", "--port", "0", *arguments],
            env=self.environment,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self.up.stdout is not None
        self.said = []
        for line in self.up.stdout:
            self.said.append(line)
            if found := re.search(r"ready after .*?(http://\S+)", line):
                self.address = found[1]
                return time.monotonic() - began
        raise AssertionError("".join(self.said))

    def stop(self, number: int = signal.SIGTERM) -> int:
        assert self.up is not None
        self.up.send_signal(number)
        status = self.up.wait(timeout=40)
        if self.up.stdout:
            self.up.stdout.close()
        self.up = None
        return status

    def token(self, role: str, subject: str | None = None) -> str:
        named = ["--subject", subject] if subject else []
        return self.run("token", "--role", role, *named).strip()

    def ask(
        self, query: str, token: str | None, variables: Any = None, seconds: float = 60
    ) -> dict[str, Any]:
        request = urllib.request.Request(
            self.address,
            json.dumps({"query": query, "variables": variables}).encode(),
            {"Content-Type": "application/json"}
            | ({"Authorization": f"Bearer {token}"} if token else {}),
        )
        try:
            with urllib.request.urlopen(request, timeout=seconds) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            return json.load(error)

    def processes(self) -> list[int]:
        listed = subprocess.run(
            ["ps", "-eww", "-o", "pid=,stat=,args="], capture_output=True, text=True, check=True
        )
        rows = [row.split(None, 2) for row in listed.stdout.splitlines()]
        return [
            int(row[0]) for row in rows if str(self.folder) in row[2] and not row[1].startswith("Z")
        ]

    def server_pids(self) -> dict[str, int]:
        """Of the embedded servers that run now; none while they are being started."""
        with contextlib.suppress(OSError, ValueError):
            return dict(json.loads((self.folder / "data" / "running.json").read_text())["pids"])
        return {}

    def children(self) -> dict[str, int]:
        """Pids of the API and the worker."""
        assert self.up is not None
        listed = subprocess.run(
            ["ps", "-ww", "--ppid", str(self.up.pid), "-o", "pid=,args="],
            capture_output=True,
            text=True,
            check=True,
        )
        found = {}
        for row in listed.stdout.splitlines():
            for name in ("serve", "work"):
                if f"cli.main {name}" in row:
                    found[name] = int(row.split()[0])
        return found


@contextlib.contextmanager
def installed(folder: Path) -> Iterator[Installation]:
    """An installation of which nothing is left running."""
    built = Installation(folder)
    try:
        yield built
    finally:
        if built.up is not None:
            built.up.kill()
            built.up.wait()
        deadline = time.monotonic() + 15
        while built.processes() and time.monotonic() < deadline:
            time.sleep(0.1)
        for pid in built.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

"""`terrace serve` and `terrace work` as an operator starts them, on a database of a test."""

import asyncio
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
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.embedded.child import free_port
from tests.house import KEY, House

ROOT = Path(__file__).parents[2]
_START_SECONDS = 60.0


@dataclass
class Command:
    """A running command, what it logs, and the port it answers on."""

    process: "asyncio.subprocess.Process"
    port: int
    log: Path

    def get(self, path: str, headers: dict[str, str] | None = None) -> tuple[int, str]:
        """Status and text of an answer, on a connection of its own; status 0 for none."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            headers={**(headers or {}), "Connection": "close"},
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, refused.read().decode()
        except (OSError, ValueError):
            return 0, ""

    def figure(self, name: str) -> float:
        """A figure of /metrics by its name and labels as they are written there."""
        found = re.search(rf"^{re.escape(name)} (\S+)$", self.get("/metrics")[1], re.MULTILINE)
        return float(found[1]) if found else 0.0

    def children(self) -> list[int]:
        """Pids of the processes it has started, in the order of their starts."""
        listed = subprocess.run(
            ["ps", "-ww", "--ppid", str(self.process.pid), "-o", "pid=,args="],
            capture_output=True,
            text=True,
            check=False,
        )
        return sorted(
            int(row.split()[0]) for row in listed.stdout.splitlines() if "cli.main" in row
        )

    def lines(self) -> list[dict[str, Any]]:
        """What was logged; a line that is no JSON fails."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    async def until(self, condition: Callable[[], bool], seconds: float = 40.0) -> None:
        deadline = time.monotonic() + seconds
        while not await asyncio.to_thread(condition):
            assert time.monotonic() < deadline, self.log.read_text()[-3000:]
            await asyncio.sleep(0.05)

    async def stop(self, seconds: float = 20.0) -> int:
        """Told to stop, it has so long; its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return await asyncio.wait_for(self.process.wait(), seconds)


@asynccontextmanager
async def running(
    house: House, folder: Path, *arguments: str, ready: str = "/readyz", **settings: str
) -> AsyncIterator[Command]:
    """Run `terrace ARGUMENTS` with a free port until the block ends."""
    port = free_port()
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("TERRACE_", "OTEL_"))}
    log = folder / f"{arguments[0]}-{port}.log"
    environment = {
        **inherited,
        "PYTHONPATH": str(ROOT),
        "TERRACE_DATABASE_URL": house.url,
        "TERRACE_REDIS_URL": house.redis_url,
        "TERRACE_SECRET_KEY": KEY,
        "TERRACE_MODE": "development",
        "TERRACE_PORT": str(port),
        **{name: value.format(port=port) for name, value in settings.items()},
    }
    with log.open("wb") as into:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "cli.main", *arguments),
            env=environment,
            cwd=folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=into,
        )
    command = Command(process, port, log)
    try:
        await command.until(lambda: command.get(ready)[0] == 200, _START_SECONDS)
        yield command
    finally:
        if process.returncode is None:
            process.terminate()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), 30)
        if process.returncode is None:
            process.kill()
            await process.wait()

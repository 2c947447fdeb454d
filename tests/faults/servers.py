"""An installation of real processes that may be killed: PostgreSQL, Valkey, `serve` and `work`.

Everything is the harness's own child, on loopback, in a temporary folder, and ends with it. The
addresses stay the same over every restart, as they do on an operator's servers.
"""

import asyncio
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import redis as redis_client

from api.tokens import sign
from cli.embedded.child import free_port
from cli.embedded.data_folder import prepare
from cli.embedded.postgres import Postgres
from cli.embedded.valkey import Valkey
from cli.lifeline import VARIABLE
from domain.actors import Role
from repository.database import UNREACHABLE
from settings import BY_ROLE

ROOT = Path(__file__).parents[2]
ROOMY = {
    f"TERRACE_{name.upper()}": json.dumps(dict.fromkeys(roles, 10**9))
    for name, roles in BY_ROLE.items()
    if name != "max_cost"
}
"""Limits by role that no flood reaches: what is tried out is behind them."""
KEY = "a signing key of the fault harness, 32 bytes or more"


class Process:
    """One `terrace` process that can be killed and started again."""

    def __init__(self, world: "World", name: str, *arguments: str, port: int = 0) -> None:
        self.name, self.port = name, port
        self._world, self._arguments = world, arguments
        self.more: dict[str, str] = {}
        self.popen: subprocess.Popen[bytes] | None = None

    @property
    def alive(self) -> bool:
        return self.popen is not None and self.popen.poll() is None

    @property
    def log(self) -> Path:
        return self._world.folder / f"{self.name}.log"

    def start(self) -> None:
        with self.log.open("ab") as output:
            self.popen = subprocess.Popen(
                [sys.executable, "-P", "-m", "cli.main", *self._arguments],
                env={**self._world.environment, **self.more},
                cwd=self._world.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=(self._world.lifeline,),
                start_new_session=True,
            )

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send a signal; after SIGKILL the process is gone when this returns."""
        if self.popen is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self.popen.send_signal(number)
        if number == signal.SIGKILL:
            self.popen.wait()

    async def end(self, seconds: float = 30.0) -> int:
        """SIGTERM, and its status."""
        assert self.popen is not None
        self.kill(signal.SIGTERM)
        await until(lambda: not self.alive, seconds, f"{self.name} does not end")
        return self.popen.returncode


class World:
    """The servers and processes of one scenario. Use `running`."""

    def __init__(self, folder: Path, *, apis: int, workers: int, settings: dict[str, str]) -> None:
        self.folder = folder
        ports: dict[str, int] = {"postgres": free_port(), "valkey": free_port()}
        self.postgres = Postgres(folder / "pg", choose_port=lambda: ports["postgres"])
        self.valkey = Valkey(prepare(folder / "valkey"), choose_port=lambda: ports["valkey"])
        self.lifeline, self._held_open = os.pipe()
        self.environment: dict[str, str] = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("TERRACE_", "PG"))},
            "PYTHONPATH": str(ROOT),
            "TERRACE_SECRET_KEY": KEY,
            "TERRACE_DATA_DIR": str(folder / "unused"),
            "TERRACE_LOG_LEVEL": "warning",
            "TERRACE_POLL_SECONDS": "0.2",
            "TERRACE_CLOSE_CHUNK": "40",
            "TERRACE_RECOMPUTE_BATCH": "40",
            **ROOMY,
            **settings,
            VARIABLE: str(self.lifeline),
        }
        self.apis = []
        for number in range(apis):
            port = free_port()
            arguments = ("serve", "--port", str(port))
            self.apis.append(Process(self, f"serve{number}", *arguments, port=port))
        self.workers = [Process(self, f"work{number}", "work") for number in range(workers)]
        self.http = httpx.AsyncClient(
            timeout=20.0, limits=httpx.Limits(max_connections=400, max_keepalive_connections=50)
        )
        self.internal: list[Process] = []
        self.skipped = 0
        """Customers with too many late updates for the model to think through."""
        self.refusals: Counter[str] = Counter()
        """What kept requests from being answered at once, by code or kind of exception."""
        self._looking: asyncpg.Connection[Any] | None = None
        self._lock = asyncio.Lock()

    def start_servers(self) -> None:
        self.environment["TERRACE_DATABASE_URL"] = self.postgres.start()
        self.environment["TERRACE_REDIS_URL"] = self.valkey.start()

    @property
    def database_url(self) -> str:
        return self.environment["TERRACE_DATABASE_URL"]

    async def start_processes(self) -> None:
        for process in (*self.apis, *self.workers):
            process.start()
        for api in self.apis:
            await self.answering(api)

    async def answering(self, api: Process, seconds: float = 60.0) -> None:
        """Wait until an API process answers that it is ready."""

        async def ready() -> bool:
            with contextlib.suppress(httpx.HTTPError):
                url = f"http://127.0.0.1:{api.port}/readyz"
                return (await self.http.get(url, timeout=2.0)).status_code == 200
            return False

        await until(ready, seconds, f"{api.name} is not ready: {_tail(api.log)}")

    async def command(self, *arguments: str, status: int | None = 0) -> str:
        """Run a `terrace` command to its end."""
        process = self.spawn(*arguments)
        output, _ = await process.communicate()
        text = output.decode(errors="replace")
        if status is not None and process.returncode != status:
            raise AssertionError(f"terrace {arguments}: {process.returncode}\n{text[-2000:]}")
        return text

    def spawn(self, *arguments: str) -> Any:
        return _Command(self, arguments)

    async def connect(self, user: str = "postgres", database: str = "terrace") -> Any:
        """A connection of its own; as superuser it sees every row."""
        password = (self.folder / "pg" / "password").read_text().strip()
        port = self.database_url.rpartition(":")[2].split("/")[0]
        return await asyncpg.connect(
            host="127.0.0.1", port=int(port), user=user, password=password, database=database
        )

    async def fetch(self, query: str, *values: Any) -> list[Any]:
        """Rows as the superuser sees them; over a restart it connects again."""
        async with self._lock:
            for _ in range(200):
                try:
                    if self._looking is None or self._looking.is_closed():
                        self._looking = await self.connect()
                    return await self._looking.fetch(query, *values)
                except UNREACHABLE:
                    self._looking = None
                await asyncio.sleep(0.1)
        raise AssertionError("the database does not answer")

    async def value(self, query: str, *values: Any) -> Any:
        return (await self.fetch(query, *values))[0][0]

    def token(self, role: str, subject: str = "harness") -> str:
        return sign(KEY, Role(role), subject, hours=48, now=datetime.now(UTC))

    def redis(self) -> Any:
        return redis_client.Redis.from_url(self.environment["TERRACE_REDIS_URL"])

    async def restart_postgres(self) -> None:
        """Kill the postmaster without warning and start it again on the same port."""
        os.kill(self.postgres.pid, signal.SIGKILL)
        await asyncio.to_thread(self.postgres.start)

    def faults(self) -> list[str]:
        """Answers that said INTERNAL, with what the logs have of them."""
        if not self.internal:
            return []
        told: Counter[str] = Counter()
        for api in self.apis:
            for entry in re.split(r"^(?=\d{4}-\d\d-\d\d )", api.log.read_text(), flags=re.M):
                if " ERROR " in entry[:60]:
                    told[entry.strip().splitlines()[-1][:200]] += 1
        return [f"{len(self.internal)} answers were INTERNAL: {dict(told)}"]

    def end(self) -> None:
        """Nothing is left running."""
        for process in (*self.apis, *self.workers):
            process.kill()
        self.postgres.stop()
        self.valkey.stop()
        os.close(self._held_open)
        os.close(self.lifeline)


class _Command:
    """A `terrace` command under way."""

    def __init__(self, world: World, arguments: tuple[str, ...]) -> None:
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 (closed when it has been read)
        self.popen = subprocess.Popen(
            [sys.executable, "-P", "-m", "cli.main", *arguments],
            env={k: v for k, v in world.environment.items() if k != VARIABLE},
            cwd=world.folder,
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    @property
    def returncode(self) -> int | None:
        return self.popen.poll()

    def kill(self) -> None:
        self.popen.kill()
        self.popen.wait()

    async def communicate(self, seconds: float = 600.0) -> tuple[bytes, None]:
        """Wait for its end and give back all it said."""
        try:
            await until(lambda: self.popen.poll() is not None, seconds, "a command does not end")
        finally:
            if self.popen.poll() is None:
                self.kill()
        self._output.seek(0)
        with self._output:
            return self._output.read(), None


async def until(condition: Callable[[], Any], seconds: float, problem: str) -> None:
    """Wait for a condition, awaiting it if it has to be."""
    deadline = time.monotonic() + seconds
    while True:
        met = condition()
        if asyncio.iscoroutine(met):
            met = await met
        if met:
            return
        if time.monotonic() > deadline:
            raise AssertionError(problem)
        await asyncio.sleep(0.02)


@asynccontextmanager
async def running(
    *, apis: int = 1, workers: int = 2, settings: dict[str, str] | None = None
) -> AsyncIterator[World]:
    """Servers of their own in a temporary folder; processes are started by the caller."""
    folder = Path(tempfile.mkdtemp(prefix="terrace-faults-"))
    world = World(folder, apis=apis, workers=workers, settings=settings or {})
    try:
        world.start_servers()
        yield world
    finally:
        await world.http.aclose()
        if world._looking is not None:
            world._looking.terminate()
        world.end()
        if os.environ.get("TERRACE_FAULTS_KEEP"):
            print("kept", folder, flush=True)
        else:
            shutil.rmtree(folder, ignore_errors=True)


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-1500:] if log.exists() else ""

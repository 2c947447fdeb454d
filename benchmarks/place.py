"""Where benchmarks run: embedded servers in a temporary folder, and databases on them."""

import contextlib
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg
import psutil

from benchmarks.population import HOME, populate
from cli.embedded import Addresses, servers
from domain.actors import Scope
from repository.calendar import ensure_default_policy
from repository.database import Database
from repository.migrate import migrate
from repository.roles import login_name, login_password
from settings import Settings

KEY = "a signing key of the benchmarks, 32 bytes or more"


class Scale(StrEnum):
    """How large a run is; only FULL gives figures worth quoting."""

    FULL = "full"
    QUICK = "quick"
    TINY = "tiny"


@dataclass
class Place:
    """The servers of one run. Databases live as long as they do."""

    addresses: Addresses
    scale: Scale
    postgres_pid: int
    million: bool = False
    """Whether the close is also measured with a million customers."""
    _populated: dict[tuple[int, bool], str] = field(default_factory=dict)
    _databases: int = 0

    async def populated(self, customers: int, *, points: bool = True) -> str:
        """The address of a database with so many customers, made once a run; do not write to it.

        `points` tells whether balances change within the open month.
        """
        key = (customers, points)
        if key not in self._populated:
            url = await self._new("template0")
            async with Database(url, KEY) as database:
                await ensure_default_policy(database)
                await populate(superuser(url), database, customers, points=points)
            self._populated[key] = url
        return self._populated[key]

    async def copy(self, url: str) -> str:
        """A copy of a database nobody is connected to, free to be written to."""
        return await self._new(_name(url))

    async def drop(self, url: str) -> None:
        """Remove a copy that is not needed any more."""
        await self._command(f'drop database "{_name(url)}" with (force)')

    async def settle(self) -> None:
        """Write out what earlier steps left, so that a measurement does not pay for it."""
        await self._command("checkpoint")

    async def version(self) -> str:
        """PostgreSQL's version."""
        server = await asyncpg.connect(self.addresses.database_url)
        try:
            version: str = await server.fetchval("show server_version")
            return version
        finally:
            await server.close()

    def postgres_seconds(self) -> float:
        """Processor time of all of PostgreSQL's processes so far, ended ones included."""
        postmaster = psutil.Process(self.postgres_pid)
        running = 0.0
        for process in postmaster.children():
            with contextlib.suppress(psutil.NoSuchProcess):
                running += cpu_seconds(process)
        ended = postmaster.cpu_times()
        return float(running + ended.children_user + ended.children_system)

    async def _new(self, template: str) -> str:
        self._databases += 1
        name = f"bench_{self._databases}"
        await self._command(f'create database "{name}" owner terrace template "{template}"')
        url = _with(self.addresses.database_url, path=f"/{name}")
        await migrate(url, KEY, home_currency=HOME)
        return url

    async def _command(self, statement: str) -> None:
        server = await asyncpg.connect(_with(superuser(self.addresses.database_url), "/postgres"))
        try:
            await server.execute(statement)
        finally:
            await server.close()


@contextmanager
def place(scale: Scale, *, million: bool = False) -> Iterator[Place]:
    """Servers in a temporary folder for the block; the environment's own are left alone."""
    with tempfile.TemporaryDirectory(prefix="terrace-bench-") as name:
        settings = Settings(data_dir=Path(name) / "data", database_url=None, redis_url=None)
        with servers(settings) as addresses:
            running = json.loads((settings.data_dir / "running.json").read_text(encoding="utf-8"))
            yield Place(addresses, scale, running["pids"]["postgres"], million)


def cpu_seconds(process: psutil.Process) -> float:
    """Processor time of a process so far, in its own code and in the kernel's."""
    times = process.cpu_times()
    return float(times.user + times.system)


def superuser(url: str) -> str:
    """The address as `postgres`, whom no policy and no trigger stands in the way of."""
    password = urlsplit(url).password
    return _as(url, "postgres", password or "")


def as_manager(url: str) -> str:
    """The address as the role that reads for managers."""
    kind, name = Scope.MANAGER.value, _name(url)
    return _as(url, login_name(kind, name), login_password(KEY, kind, name))


def _as(url: str, user: str, password: str) -> str:
    parts = urlsplit(url)
    who = f"{quote(user, safe='')}:{quote(password, safe='')}"
    return urlunsplit(parts._replace(netloc=f"{who}@{parts.hostname}:{parts.port}"))


def _with(url: str, path: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=path))


def _name(url: str) -> str:
    return urlsplit(url).path.lstrip("/")

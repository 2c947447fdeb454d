"""Databases on the run's servers: copies of one that was migrated once, at the price of files.

What a copy costs is most of what most tests cost, so nothing is done for it twice. It is a copy of
files (`strategy file_copy`), before and after which the server writes out all it holds: the servers
of a run, which nobody kills, do not wait for the disk. And a database that is gone leaves its name
to the next one, with the login roles of that name and their passwords.
"""

import asyncio
import itertools
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from cli.embedded import Addresses
from repository.calendar import ensure_default_policy
from repository.database import Database
from repository.migrate import FOLDER, migrate
from repository.roles import GROUPS, login_name

KEY = "a signing key of the tests, 32 bytes or more"
_numbers = itertools.count(1)


@dataclass
class _Server:
    """What this process has on a server."""

    templates: dict[tuple[str, bool], str] = field(default_factory=dict)
    """Migrated databases nobody is connected to, by home currency and whether with a policy."""
    names: dict[str, list[str]] = field(default_factory=dict)
    """Of databases that are gone, with the login roles that are there."""


_servers: dict[str, _Server] = {}


def database_at(addresses: Addresses, name: str) -> str:
    """The address of a database of the run's server."""
    return urlunsplit(urlsplit(addresses.database_url)._replace(path=f"/{name}"))


@asynccontextmanager
async def new_database(
    addresses: Addresses,
    home_currency: str = "CNY",
    folder: Path = FOLDER,
    *,
    policy: bool = False,
    own_name: bool = False,
) -> AsyncIterator[str]:
    """The address of a new database, migrated with a folder's files, with a policy if asked.

    `own_name` is for a test that gives its login roles another key, which nobody can see.
    """
    known = _servers.setdefault(addresses.database_url, _Server())
    own_name = own_name or folder != FOLDER
    new = f"house_{os.getpid()}_{next(_numbers)}"  # also among the runs within a test
    name, roles = known.names.popitem() if known.names and not own_name else (new, [])
    url = database_at(addresses, name)
    server = await asyncpg.connect(addresses.database_url)
    try:
        if folder == FOLDER:
            template = await _template(server, addresses, home_currency, policy)
            await _copy(server, name, template)
        else:
            await server.execute(f'create database "{name}"')
        if not roles:
            await migrate(url, KEY, home_currency=home_currency, folder=folder)
            roles = await _roles(server, name)
        yield url
    finally:
        await server.execute(f'drop database if exists "{name}"')
        if roles and not own_name and await _roles(server, name) == roles:
            known.names[name] = roles
        await server.close()


async def _roles(server: "asyncpg.Connection[asyncpg.Record]", name: str) -> list[str]:
    """The login roles of a database, with all that can be seen of them and their groups."""
    rows = await server.fetch(
        """select r::text || array(select roleid from pg_auth_members where member = r.oid)::text
        from pg_roles r where rolname = any($1) order by rolname""",
        [login_name(kind, name) for kind in GROUPS],
    )
    return [row[0] for row in rows]


async def _copy(server: "asyncpg.Connection[asyncpg.Record]", name: str, template: str) -> None:
    await server.execute(f'create database "{name}" template "{template}" strategy file_copy')
    # The rights to a database itself are no part of a copy.
    await server.execute(f'revoke temporary on database "{name}" from public')


async def _template(
    server: "asyncpg.Connection[asyncpg.Record]",
    addresses: Addresses,
    home_currency: str,
    policy: bool,
) -> str:
    """The name of a migrated database that nobody is connected to."""
    templates = _servers[addresses.database_url].templates
    if (home_currency, policy) not in templates:
        bare = await _template(server, addresses, home_currency, False) if policy else None
        name = f"template_{os.getpid()}_{len(templates)}"
        url = database_at(addresses, name)
        if bare is not None:
            await _copy(server, name, bare)
        else:
            await server.execute(f'create database "{name}"')
        await migrate(url, KEY, home_currency=home_currency)
        if policy:
            async with Database(url, KEY) as database:
                await ensure_default_policy(database)
        templates[home_currency, policy] = name
    return templates[home_currency, policy]


async def drop_templates(addresses: Addresses) -> None:
    """At the end of a run: its server may be one that is used again."""
    known = _servers.pop(addresses.database_url, _Server())
    server = await asyncpg.connect(addresses.database_url)
    try:
        for name in known.templates.values():
            await server.execute(f'drop database "{name}"')
    finally:
        await server.close()


async def wait_for_disk(addresses: Addresses, state: str) -> None:
    """Whether the server's commits wait for the disk, `on` or `off`, from now on."""
    server = await asyncpg.connect(addresses.database_url.replace("//terrace:", "//postgres:"))
    try:
        for name in ("fsync", "full_page_writes"):
            await server.execute(f"alter system set {name} = {state}")
        await server.execute("select pg_reload_conf()")
        async with asyncio.timeout(10):
            while await server.fetchval("show full_page_writes") != state:
                await asyncio.sleep(0.01)
    finally:
        await server.close()

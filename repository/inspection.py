"""What `terrace doctor` looks at in the database: facts alone, without a judgement."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import asyncpg

from domain.actors import SEES_ALL, Scope
from repository.backlog import COUNTED_AT_MOST, Backlog, backlog_of
from repository.database import database_name
from repository.migrate import MigrationError, pending
from repository.roles import GROUPS, SEALER, WRITER, key_digest, login_name, login_password
from repository.statements import sql

_CONNECT_SECONDS = 5.0
_BETWEEN_SECONDS = 3.0
SHOWN = 10
"""Customers set aside that are shown."""
_CONFIGURE = (GROUPS[Scope.CONFIGURATION.value],)
_SEE_ALL = (*(GROUPS[scope.value] for scope in SEES_ALL), GROUPS[WRITER], GROUPS[SEALER])


class Unreachable(Exception):
    """The database does not answer, or not to this role; the message says why."""


@dataclass(frozen=True, slots=True)
class Role:
    """A login role and what it may."""

    name: str
    group: str
    exists: bool
    can_login: bool = False
    super: bool = False
    bypass: bool = False
    creates_roles: bool = False
    groups: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What the database's owner sees.

    `migrations` is how many are missing, or what is wrong with those that are applied; `ahead` the
    seconds that the server's clock is ahead of ours; `walls` and `policies` what is open, by table;
    `guards` the triggers of the audit trail that do not hold, by table.
    """

    settings: Mapping[str, str]
    ahead: float
    migrations: int | str
    key_is_ours: bool
    roles: Sequence[Role]
    groups: Sequence[str]
    walls: Sequence[tuple[str, str]]
    policies: Sequence[tuple[str, str]]
    guards: Sequence[tuple[str, str]]
    indexes: Mapping[str, bool]


@dataclass(frozen=True, slots=True)
class Close:
    """A close that is not over."""

    month: str
    state: str
    problem: str | None
    customers: int
    judged: int
    moves: bool


@dataclass(frozen=True, slots=True)
class Work:
    """What the writer sees: its own settings, what waits, who was set aside, the close."""

    settings: Mapping[str, str]
    backlog: Backlog
    quarantined: Sequence[tuple[int, int, str]]
    close: Close | None


async def look_as_owner(url: str, key: str) -> Catalogue:
    """What the owner sees; raises Unreachable."""
    async with _connected(url) as connection:
        name = await connection.fetchval("select current_database()")
        began = datetime.now(UTC)
        theirs = await connection.fetchval(sql("doctor_clock"))
        ours = began + (datetime.now(UTC) - began) / 2
        try:
            missing: int | str = await pending(url)
        except MigrationError as error:
            missing = str(error)
        groups = list(GROUPS.values())
        readers = [group for kind, group in GROUPS.items() if kind != WRITER]
        stored = None
        if await connection.fetchval("select to_regclass('terrace.signing_key')") is not None:
            stored = await connection.fetchval("select digest from terrace.signing_key")
        return Catalogue(
            settings=await _pairs(connection, "doctor_settings"),
            ahead=(theirs - ours).total_seconds(),
            migrations=missing,
            key_is_ours=stored in (None, key_digest(key)),
            roles=await _roles(connection, name),
            groups=[
                row["name"] for row in await connection.fetch(sql("doctor_group_roles"), groups)
            ],
            walls=[
                (row["name"], row["fault"])
                for row in await connection.fetch(sql("doctor_walls"), readers)
            ],
            policies=[
                (row["name"], row["policy"])
                for row in await connection.fetch(sql("doctor_open_policies"), _SEE_ALL, _CONFIGURE)
            ],
            guards=[
                (row["name"], row["guard"])
                for row in await connection.fetch(sql("doctor_audit_guards"))
            ],
            indexes=await _pairs(connection, "doctor_indexes"),
        )


async def look_as_writer(url: str, key: str) -> Work:
    """What the writer sees; raises Unreachable. A close that runs is watched for three seconds."""
    name = database_name(url)
    user, password = login_name(WRITER, name), login_password(key, WRITER, name)
    async with _connected(url, user, password) as connection:
        row = await connection.fetchrow(sql("backlog"), COUNTED_AT_MOST)
        set_aside = await connection.fetch(sql("doctor_quarantined"), SHOWN)
        return Work(
            settings=await _pairs(connection, "doctor_settings"),
            backlog=backlog_of(row or {}),
            quarantined=[(r["customer_id"], r["tries"], r["last_error"] or "") for r in set_aside],
            close=await _close(connection),
        )


async def _pairs(connection: "asyncpg.Connection[asyncpg.Record]", name: str) -> dict[str, Any]:
    return {row[0]: row[1] for row in await connection.fetch(sql(name))}


async def _close(connection: "asyncpg.Connection[asyncpg.Record]") -> Close | None:
    row = await connection.fetchrow(sql("doctor_close"))
    if row is None:
        return None
    moves = row["at_work"]
    if row["state"] != "FAILED" and not moves:
        await asyncio.sleep(_BETWEEN_SECONDS)
        later = await connection.fetchrow(sql("doctor_close"))
        if later is None:
            return None  # it is over by now
        moves = (
            later["at_work"] or later["judged"] != row["judged"] or later["state"] != row["state"]
        )
        row = later
    return Close(row["month"], row["state"], row["problem"], row["customers"], row["judged"], moves)


async def _roles(connection: "asyncpg.Connection[asyncpg.Record]", database: str) -> list[Role]:
    names = {login_name(kind, database): group for kind, group in GROUPS.items()}
    rows = {r["name"]: r for r in await connection.fetch(sql("doctor_roles"), list(names))}
    return [
        Role(group=group, exists=True, **dict(rows[name]))
        if name in rows
        else Role(name, group, exists=False)
        for name, group in names.items()
    ]


@asynccontextmanager
async def _connected(
    url: str, user: str | None = None, password: str | None = None
) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    try:
        connection = await asyncpg.connect(
            url, user=user, password=password, timeout=_CONNECT_SECONDS
        )
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise Unreachable(str(error) or type(error).__name__) from error
    try:
        yield connection
    finally:
        await connection.close(timeout=_CONNECT_SECONDS)

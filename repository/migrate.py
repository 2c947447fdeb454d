"""Bring a database up to the version of this program.

Migrations are the numbered SQL files beside this module, each applied once in a transaction of
its own, in order, under an advisory lock: two starters at once both end with the same database.
A file that was applied must not change afterwards; its checksum is kept and compared.
"""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from repository.roles import GROUPS, key_digest, login_name, login_password, scram_verifier

FOLDER = Path(__file__).parent / "migrations"
MINIMUM_SERVER = 160000
_LOCK = 0x7E22ACE  # any constant: all migrators of one database take the same


class MigrationError(Exception):
    """The database cannot be brought up to date; the message says what stands in the way."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered file."""

    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the file's text."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def migrations(folder: Path = FOLDER) -> list[Migration]:
    """All files in order; numbers start at 1 and leave no gap."""
    found = [
        Migration(int(path.name[:4]), path.stem, path.read_text(encoding="utf-8"))
        for path in sorted(folder.glob("[0-9][0-9][0-9][0-9]_*.sql"))
    ]
    if [m.number for m in found] != list(range(1, len(found) + 1)):
        raise MigrationError(f"the migrations in {folder.name} are not numbered 1, 2, 3, ...")
    return found


async def migrate(
    url: str,
    key: str,
    *,
    home_currency: str,
    insist: bool = True,
    rekey: bool = False,
    report: Callable[[str], None] = lambda line: None,
    folder: Path = FOLDER,
) -> int:
    """Apply what is missing, make the login roles, and return how many files were applied.

    `url` is the address of the database's owner. A new installation is set up with the home
    currency; for an old one it must be the same, unless the caller does not `insist`. So must the
    `key`, unless the caller asks to `rekey`: then the roles' passwords follow from the new one.
    Raises MigrationError for a server that is too old, a changed or unknown migration, or an
    installation set up with another home currency or key.
    """
    connection = await asyncpg.connect(url)
    try:
        if connection.get_server_version().major * 10000 < MINIMUM_SERVER:
            version = connection.get_server_version()
            raise MigrationError(
                f"PostgreSQL {version.major}.{version.minor} is too old: 16 or newer is needed"
            )
        if not await connection.fetchval("select pg_try_advisory_lock($1)", _LOCK):
            report("waiting for another process that is migrating this database")
            await connection.execute("select pg_advisory_lock($1)", _LOCK)
        await _keep_books(connection)
        await _settle_key(connection, key, rekey=rekey)
        applied = await _apply_missing(connection, migrations(folder), report)
        await _settle_currency(connection, home_currency, insist=insist)
        await _make_logins(connection, key)
        return applied
    finally:
        await connection.close()


async def pending(url: str, folder: Path = FOLDER) -> int:
    """How many files a database still lacks; raises as `migrate` for changed or unknown ones."""
    connection = await asyncpg.connect(url)
    try:
        return len(_missing(migrations(folder), await _applied(connection)))
    finally:
        await connection.close()


async def _applied(connection: "asyncpg.Connection[asyncpg.Record]") -> dict[int, tuple[str, str]]:
    if await connection.fetchval("select to_regclass('terrace.migration')") is None:
        return {}
    rows = await connection.fetch("select number, name, checksum from terrace.migration")
    return {row["number"]: (row["name"], row["checksum"]) for row in rows}


def _missing(files: list[Migration], applied: dict[int, tuple[str, str]]) -> list[Migration]:
    known = {m.number: m for m in files}
    for number, (name, checksum) in sorted(applied.items()):
        if number not in known:
            raise MigrationError(f"the database has migration {name}, which this program lacks")
        if known[number].checksum != checksum:
            raise MigrationError(f"migration {name} was changed after it had been applied")
    return [m for m in files if m.number not in applied]


async def _keep_books(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    await connection.execute("""
        create schema if not exists terrace;
        create table if not exists terrace.migration (
            number integer primary key,
            name text not null,
            checksum text not null,
            applied_at timestamptz not null default clock_timestamp()
        );
        create table if not exists terrace.signing_key (
            one boolean primary key default true check (one),
            digest text not null -- of the key that the login roles' passwords follow from
        )""")


async def _apply_missing(
    connection: "asyncpg.Connection[asyncpg.Record]",
    files: list[Migration],
    report: Callable[[str], None],
) -> int:
    missing = _missing(files, await _applied(connection))
    for migration in missing:
        report(f"applying {migration.name}")
        async with connection.transaction():
            try:
                await connection.execute(migration.sql)
            except asyncpg.PostgresError as error:
                raise MigrationError(f"migration {migration.name} failed: {error}") from error
            await connection.execute(
                "insert into terrace.migration (number, name, checksum) values ($1, $2, $3)",
                migration.number,
                migration.name,
                migration.checksum,
            )
    return len(missing)


async def _settle_currency(
    connection: "asyncpg.Connection[asyncpg.Record]", home_currency: str, *, insist: bool
) -> None:
    """The first start fixes the home currency; every stored figure is in it from then on."""
    await connection.execute(
        "insert into terrace.calendar (home_currency) values ($1) on conflict do nothing",
        home_currency,
    )
    stored = await connection.fetchval("select home_currency from terrace.calendar")
    if insist and stored != home_currency:
        raise MigrationError(
            f"this installation keeps its figures in {stored}, "
            f"but TERRACE_HOME_CURRENCY is {home_currency}"
        )


async def _settle_key(
    connection: "asyncpg.Connection[asyncpg.Record]", key: str, *, rekey: bool
) -> None:
    digest = key_digest(key)
    stored = await connection.fetchval("select digest from terrace.signing_key")
    if stored == digest:
        return
    if stored is not None and not rekey:
        raise MigrationError(
            "this installation was set up with another signing key: use its TERRACE_DATA_DIR or "
            "TERRACE_SECRET_KEY, or give it this key with `terrace migrate`"
        )
    await connection.execute(
        """insert into terrace.signing_key (digest) values ($1)
        on conflict (one) do update set digest = excluded.digest""",
        digest,
    )


async def _make_logins(connection: "asyncpg.Connection[asyncpg.Record]", key: str) -> None:
    database = await connection.fetchval("select current_database()")
    for kind, group in GROUPS.items():
        if not await connection.fetchval("select true from pg_roles where rolname = $1", group):
            continue  # of a migration that this folder does not have
        name = login_name(kind, database)
        verifier = scram_verifier(login_password(key, kind, database), os.urandom(16))
        exists = await connection.fetchval("select true from pg_roles where rolname = $1", name)
        # Names are made of fixed groups and the database's own name; quoting is PostgreSQL's.
        statement = await connection.fetchval(
            "select format($1, $2::text, $3::text, $4::text)",
            (
                "alter role %1$I login password %2$L"
                if exists
                else "create role %1$I login password %2$L"
            )
            + "; grant %3$I to %1$I",
            name,
            verifier,
            group,
        )
        await connection.execute(statement)

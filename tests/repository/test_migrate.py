"""Migrations: numbered, applied once, the same for everyone."""

import asyncio
import shutil
from pathlib import Path

import asyncpg
import pytest

from cli.embedded import Addresses
from domain.actors import Scope
from repository import migrate as module
from repository.database import Database
from repository.migrate import FOLDER, MigrationError, migrate, migrations, pending
from tests.house import KEY, House, new_database

SCHEMA = """
select 'column', table_name, column_name, data_type || coalesce(column_default, '') || is_nullable
from information_schema.columns where table_schema = 'terrace'
union all
select 'index', tablename, indexname, indexdef from pg_indexes where schemaname = 'terrace'
union all
select 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid)
from pg_constraint where connamespace = 'terrace'::regnamespace
union all
select 'policy', tablename, policyname, roles::text || coalesce(qual, '') || cmd
from pg_policies where schemaname = 'terrace'
union all
select 'grant', table_name, grantee, string_agg(privilege_type, ',' order by privilege_type)
from information_schema.role_table_grants where table_schema = 'terrace'
    and grantee like 'terrace\\_%' group by table_name, grantee
union all
select 'view', viewname, '', definition from pg_views where schemaname = 'terrace'
union all
select 'function', proname, '', pg_get_functiondef(oid)
from pg_proc where pronamespace = 'terrace'::regnamespace
order by 1, 2, 3, 4
"""


async def described(url: str) -> list[tuple[str, ...]]:
    connection = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(SCHEMA)]
    finally:
        await connection.close()


async def bare(addresses: Addresses, name: str) -> str:
    server = await asyncpg.connect(addresses.database_url)
    try:
        await server.execute(f'drop database if exists "{name}"')
        await server.execute(f'create database "{name}"')
    finally:
        await server.close()
    return addresses.database_url.rsplit("/", 1)[0] + "/" + name


async def test_two_starters_at_once_both_end_with_the_whole_schema(addresses: Addresses) -> None:
    url = await bare(addresses, "race")
    applied = await asyncio.gather(*[migrate(url, KEY, home_currency="CNY") for _ in range(4)])
    assert sorted(applied) == [0, 0, 0, len(migrations())]
    assert await pending(url) == 0


async def test_a_database_migrated_step_by_step_equals_a_fresh_one(
    addresses: Addresses, tmp_path: Path
) -> None:
    url = await bare(addresses, "stepwise")
    files = sorted(FOLDER.glob("*.sql"))
    for count in range(
        2, len(files) + 1
    ):  # the calendar, which every start reads, is in the second
        for path in files[:count]:
            shutil.copy(path, tmp_path)
        await migrate(url, KEY, home_currency="CNY", folder=tmp_path)
    async with new_database(addresses) as fresh:
        assert await described(url) == await described(fresh)


async def test_a_changed_migration_is_refused(addresses: Addresses, tmp_path: Path) -> None:
    url = await bare(addresses, "changed")
    for path in FOLDER.glob("*.sql"):
        shutil.copy(path, tmp_path)
    await migrate(url, KEY, home_currency="CNY", folder=tmp_path)
    first = next(iter(sorted(tmp_path.glob("0003*.sql"))))
    first.write_text(first.read_text() + "\n-- a remark\n")
    with pytest.raises(MigrationError, match="0003_customers was changed"):
        await migrate(url, KEY, home_currency="CNY", folder=tmp_path)


async def test_a_newer_database_is_refused(addresses: Addresses, tmp_path: Path) -> None:
    url = await bare(addresses, "newer")
    await migrate(url, KEY, home_currency="CNY")
    for path in sorted(FOLDER.glob("*.sql"))[:-1]:
        shutil.copy(path, tmp_path)
    with pytest.raises(MigrationError, match="which this program lacks"):
        await migrate(url, KEY, home_currency="CNY", folder=tmp_path)


async def test_a_failing_migration_leaves_nothing_of_itself(
    addresses: Addresses, tmp_path: Path
) -> None:
    url = await bare(addresses, "failing")
    files = sorted(FOLDER.glob("*.sql"))
    for path in files:
        shutil.copy(path, tmp_path)
    broken = tmp_path / f"{len(files) + 1:04d}_broken.sql"
    broken.write_text("create table terrace.half (id integer); select 1 / 0;")
    with pytest.raises(MigrationError, match="broken failed: division by zero"):
        await migrate(url, KEY, home_currency="CNY", folder=tmp_path)
    connection = await asyncpg.connect(url)
    assert await connection.fetchval("select to_regclass('terrace.half')") is None
    await connection.close()
    broken.write_text("create table terrace.whole (id integer)")
    assert await migrate(url, KEY, home_currency="CNY", folder=tmp_path) == 1


async def test_the_home_currency_is_settled_by_the_first_start(house: House) -> None:
    with pytest.raises(MigrationError, match="keeps its figures in CNY"):
        await migrate(house.url, KEY, home_currency="CZK")


def test_a_gap_in_the_numbers_is_refused(tmp_path: Path) -> None:
    for number in (1, 3):
        (tmp_path / f"{number:04d}_x.sql").write_text("select 1")
    with pytest.raises(MigrationError, match="not numbered"):
        migrations(tmp_path)


FLAGS = ("rolsuper", "rolbypassrls", "rolcreaterole", "rolcreatedb")


async def test_no_login_role_is_an_owner_or_bypasses_the_walls(house: House) -> None:
    rows = await house.fetch(
        """select rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb from pg_roles
        where rolname like 'terrace\\_%'"""
    )
    assert len(rows) >= 12
    for row in rows:
        assert not any(row[flag] for flag in FLAGS), row["rolname"]
    owners = await house.fetch(
        "select distinct tableowner from pg_tables where schemaname = 'terrace'"
    )
    assert not {row["tableowner"] for row in owners} & {row["rolname"] for row in rows}


async def test_another_signing_key_changes_the_roles_passwords_only_when_asked_to(
    addresses: Addresses,
) -> None:
    other = "another signing key, of 32 bytes or more"
    async with new_database(addresses, own_name=True) as url:
        with pytest.raises(MigrationError, match="another signing key"):
            await migrate(url, other, home_currency="CNY")
        await migrate(url, KEY, home_currency="CNY")
        await migrate(url, other, home_currency="CNY", rekey=True)
        async with Database(url, other) as database, database.reading(Scope.ALL) as connection:
            assert await connection.fetchval("select 1") == 1
        with pytest.raises(MigrationError, match="another signing key"):
            await migrate(url, KEY, home_currency="CNY")


async def test_what_later_migrations_add_to_rows_is_filled_in_where_there_is_data(
    addresses: Addresses, tmp_path: Path
) -> None:
    for file in sorted(FOLDER.glob("000*.sql")):
        shutil.copy(file, tmp_path)
    async with new_database(addresses, folder=tmp_path) as url:
        async with Database(url, KEY) as database, database.unit() as connection:
            await connection.execute("""
                insert into terrace.branch (code, name) values ('B1', 'North');
                insert into terrace.manager (number, name, branch_id) values ('M1', 'Ann', 1);
                insert into terrace.customer (number, name, kind, branch_id, manager_id)
                    values ('C1', 'Li', 'INDIVIDUAL', 1, 1);
                insert into terrace.replayed_standing values (1, '2026-01-01', '{}');
                insert into terrace.correction (customer_id, month, posted_in, state, figures,
                        before, after)
                    values (1, '2025-12-01', '2026-01-01', 'APPLIED', '[]',
                        '{"status": "NON_MEMBER"}', '{"status": "WATCH", "tier": "T1",
                        "shortfall_months": 2, "since": "2025-11"}');
                insert into terrace.tier_policy values
                    (1, '1900-01-01', 3, 6, 2, '{}', 'x'), (2, '2026-01-01', 3, 6, 2, '{}', 'x');
                insert into terrace.tier values
                    (1, 'T1', 'Gold', 1, 1), (1, 'T2', 'Platinum', 2, 2), (2, 'T1', 'Gold', 1, 3);
            """)
        assert await migrate(url, KEY, home_currency="CNY") > 0
        async with Database(url, KEY) as database, database.writing() as connection:
            replayed = await connection.fetchrow("select * from terrace.replayed_standing")
            assert (replayed["manager_id"], replayed["branch_id"]) == (1, 1)
            corrected = await connection.fetchrow("select * from terrace.correction")
            assert (corrected["manager_id"], corrected["branch_id"]) == (1, 1)
            told = ("from_status", "to_status", "to_tier", "to_since", "to_shortfall_months")
            assert [corrected[name] for name in told] == [
                *("NON_MEMBER", "WATCH", "T1", "2025-11", 2)
            ]
            tiers = await connection.fetch(
                "select policy_version, code from terrace.tier where dropped"
            )
            assert [tuple(tier) for tier in tiers] == [(2, "T2")]
            forced = "select bool_and(relforcerowsecurity) from pg_class where oid in ($1, $2)"
            names = ("terrace.customer", "terrace.correction")
            oids = [await connection.fetchval("select $1::regclass::oid", name) for name in names]
            assert await connection.fetchval(forced, *oids)


async def test_a_refused_signing_key_leaves_the_roles_as_they_are(addresses: Addresses) -> None:
    async with new_database(addresses) as url:
        with pytest.raises(MigrationError, match="another signing key"):
            await migrate(url, "another signing key, of 32 bytes or more", home_currency="CNY")
        async with Database(url, KEY) as database, database.reading(Scope.ALL) as connection:
            assert await connection.fetchval("select 1") == 1


async def test_who_waits_for_another_migrator_says_so(house: House) -> None:
    said: list[str] = []
    other = await asyncpg.connect(house.url)
    try:
        await other.execute("select pg_advisory_lock($1)", module._LOCK)
        migrating = asyncio.create_task(
            migrate(house.url, KEY, home_currency="CNY", report=said.append)
        )
        async with asyncio.timeout(10):
            while not said:
                await asyncio.sleep(0.01)
        assert not migrating.done()
    finally:
        await other.close()
    assert await migrating == 0
    assert said == ["waiting for another process that is migrating this database"]

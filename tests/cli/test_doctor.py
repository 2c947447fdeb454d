"""`terrace doctor` sees what is really broken, and says nothing where nothing is."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest

from benchmarks.place import superuser
from cli.commands.doctor import look
from cli.doctor import Check, State, of_catalogue, of_redis, of_work
from cli.embedded import Addresses
from repository import inspection
from repository.expected import expected_indexes
from repository.inspection import look_as_owner, look_as_writer
from repository.roles import WRITER, login_name
from settings import Settings
from tests.databases import wait_for_disk
from tests.house import KEY, House

ROOT = Path(__file__).parents[2]
NOBODY = "redis://127.0.0.1:1/0"


@pytest.fixture
def settings(house: House) -> Settings:
    return Settings(database_url=house.url, secret_key=KEY)  # type: ignore[arg-type]


@pytest.fixture
async def durable(
    house: House, addresses: Addresses, brought: dict[str, str]
) -> AsyncIterator[None]:
    """Have the server wait for the disk, as it should."""
    if "database_url" in brought:
        yield
        return
    await wait_for_disk(addresses, "on")
    yield
    await wait_for_disk(addresses, "off")


async def looked(house: House, settings: Settings, redis: str | None = None) -> list[Check]:
    return await look(settings, Addresses(house.url, redis or house.redis_url), KEY)


def bad(checks: list[Check]) -> dict[str, str]:
    """What is not well: what is said of each thing and what to do."""
    return {c.name: f"{c.told} -> {c.todo}" for c in checks if c.state is not State.OK}


@asynccontextmanager
async def owner(house: House) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    connection = await asyncpg.connect(house.url)
    try:
        yield connection
    finally:
        await connection.close()


@pytest.mark.usefixtures("durable")
async def test_a_sound_installation_has_nothing_wrong(house: House, settings: Settings) -> None:
    checks = await looked(house, settings)
    assert bad(checks) == {}
    assert {check.name for check in checks} == {
        *("python", "redis", "postgresql", "migrations", "signing key", "clock", "roles"),
        *("row walls", "indexes", "connections", "durability", "recompute", "relay"),
        *("quarantine", "close", "audit trail", "audit seals", "approvals"),
    }


async def test_the_migrations_say_which_indexes_there_are(house: House) -> None:
    async with owner(house) as connection:
        rows = await connection.fetch(
            """select i.relname from pg_index x join pg_class i on i.oid = x.indexrelid
            where i.relnamespace = 'terrace'::regnamespace"""
        )
    assert {row[0] for row in rows} == expected_indexes().keys()


BREAKS = [
    ("drop index terrace.standing_by_month", "indexes", "create index standing_by_month on"),
    (
        "alter table terrace.close_chunk drop constraint close_chunk_pkey",
        "indexes",
        "close_chunk_pkey on terrace.close_chunk is missing",
    ),
    (
        "alter table terrace.aum no force row level security",
        "row walls",
        "terrace.aum: row-level security is not forced",
    ),
    (
        "alter table terrace.manager disable row level security",
        "row walls",
        "terrace.manager: row-level security is off",
    ),
    (
        "alter policy manager_sees_portfolio on terrace.account using (true)",
        "row walls",
        "terrace.account: policy manager_sees_portfolio lets every row pass",
    ),
    (
        "alter view terrace.aum_figure set (security_invoker = false)",
        "row walls",
        "terrace.aum_figure: runs with the rights of its owner",
    ),
    ("delete from terrace.migration where number = 13", "migrations", "1 not applied"),
    (
        "update terrace.migration set checksum = 'x' where number = 2",
        "migrations",
        "was changed after it had been applied",
    ),
    (
        "alter table terrace.audit disable trigger refuse_change",
        "audit trail",
        "terrace.audit: the trigger refuse_change is missing or does not hold",
    ),
    (
        "alter table terrace.audit_seal enable trigger refuse_change",
        "audit trail",
        "terrace.audit_seal: the trigger refuse_change is missing or does not hold",
    ),
    ("drop trigger await_seal on terrace.audit", "audit trail", "trigger await_seal is missing"),
    ("update terrace.signing_key set digest = 'x'", "signing key", "another one than this"),
]


@pytest.mark.parametrize(("breaks", "name", "said"), BREAKS, ids=[b[0][:50] for b in BREAKS])
async def test_what_is_broken_in_the_database_is_told(
    house: House, settings: Settings, breaks: str, name: str, said: str
) -> None:
    async with owner(house) as connection:
        await connection.execute(breaks)
    checks = await looked(house, settings)
    assert said in bad(checks)[name]
    assert any(check.state is State.PROBLEM for check in checks if check.name == name)


async def test_an_index_that_was_left_half_built_is_told(house: House, settings: Settings) -> None:
    await house.people(2)
    async with owner(house) as connection:
        await connection.execute("drop index terrace.customer_by_name")
        await house.fetch("update terrace.customer set name = 'Same'")
        with pytest.raises(asyncpg.UniqueViolationError):
            await connection.execute(
                "create unique index concurrently customer_by_name on terrace.customer (name)"
            )
    told = bad(await looked(house, settings))["indexes"]
    assert "customer_by_name on terrace.customer is not valid" in told
    assert "reindex index concurrently terrace.customer_by_name" in told


async def test_roles_that_may_too_much_are_told(house: House, settings: Settings) -> None:
    name = house.database.name
    role = {kind: login_name(kind, name) for kind in (WRITER, "manager", "customer")}
    async with owner(house) as connection:
        await connection.execute(f'alter role "{role["manager"]}" createrole')
        await connection.execute(f'grant terrace_all to "{role["customer"]}"')
        await connection.execute(f'revoke terrace_writer from "{role[WRITER]}"')
        catalogue = await look_as_owner(house.url, KEY)
        # Roles belong to the whole server, and other tests look at all of them.
        await connection.execute(f'alter role "{role["manager"]}" nocreaterole')
        await connection.execute(f'revoke terrace_all from "{role["customer"]}"')
        await connection.execute(f'grant terrace_writer to "{role[WRITER]}"')
    told = [c.told for c in of_catalogue(catalogue, settings) if c.name == "roles"]
    assert told == [
        f"{role['customer']} is also in terrace_all",
        f"{role['manager']} may create roles",
        f"{role[WRITER]} is missing or cannot log in",
    ]


@pytest.mark.usefixtures("durable")
async def test_a_role_that_bypasses_the_walls_is_told(house: House, settings: Settings) -> None:
    name = login_name("manager", house.database.name)
    try:
        connection = await asyncpg.connect(superuser(house.url))
    except asyncpg.PostgresError:
        pytest.skip("only a superuser may give this right: the servers are not the embedded ones")
    try:
        for right in ("bypassrls", "superuser"):
            await connection.execute(f'alter role "{name}" {right}')
            told = bad(await looked(house, settings))["roles"]
            assert f"{name} may bypass row-level security" in told
            await connection.execute(f'alter role "{name}" no{right}')
        assert bad(await looked(house, settings)) == {}
    finally:
        await connection.execute(f'alter role "{name}" nobypassrls nosuperuser')
        await connection.close()


async def test_a_right_to_bypass_is_a_problem_whoever_gave_it(
    house: House, settings: Settings
) -> None:
    catalogue = await look_as_owner(house.url, KEY)
    roles = [replace(role, bypass=role.group == "terrace_branch") for role in catalogue.roles]
    for found in (replace(catalogue, roles=roles), replace(catalogue, groups=["terrace_all"])):
        [check] = [c for c in of_catalogue(found, settings) if c.name == "roles"]
        assert check.state is State.PROBLEM
        assert "may bypass row-level security" in check.told


async def test_who_was_set_aside_is_told_by_key_with_the_last_error(
    house: House, settings: Settings
) -> None:
    await house.people(1)
    await house.fetch(
        """insert into terrace.dirty (customer_id, from_month, tries, last_error, quarantined)
        values (1, '2025-01-01', 5, 'DivisionByZero: in a test', true)"""
    )
    told = bad(await looked(house, settings))["quarantine"]
    assert "the customer with key 1 was set aside after 5 tries: DivisionByZero: in a test" in told
    assert "Customer 1" not in told


async def test_what_waits_too_long_is_told(house: House, settings: Settings) -> None:
    await house.people(1)
    await house.fetch(
        """insert into terrace.dirty (customer_id, from_month, marked_at)
        values (1, '2025-01-01', now() - interval '90 seconds')"""
    )
    await house.fetch(
        """insert into terrace.risk_signal_event
            (customer_id, manager_id, branch_id, signal_id, state, recorded_at)
        values (1, 1, 2, 1, 'REPORTED', now() - interval '1 hour')"""
    )
    connection = await asyncpg.connect(house.url)
    try:
        await connection.execute(
            "insert into terrace.audit_unsealed values (1, now() - interval '40 seconds')"
        )
    finally:
        await connection.close()
    checks = {check.name: check for check in await looked(house, settings)}
    assert checks["audit seals"].state is State.WARNING
    assert "1 lines of the audit trail wait for their seal, the longest for 4" in (
        checks["audit seals"].told
    )
    assert checks["recompute"].state is State.WARNING
    assert checks["relay"].state is State.PROBLEM
    assert "1 events wait for their place in a feed, the longest for 3,6" in checks["relay"].told


async def test_a_close_that_stands_still_or_failed_is_told(
    house: House, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspection, "_BETWEEN_SECONDS", 0.2)
    await house.fetch(
        "insert into terrace.close_run (month, state, requested_by) values ('2025-01-01', $1, 't')",
        "RUNNING",
    )
    assert "has judged 0 of 0 and stands still" in bad(await looked(house, settings))["close"]
    async with house.database.unit() as connection:  # somebody is at it
        await connection.execute("select pg_sleep(0.6)")
        assert "close" not in bad(await looked(house, settings))
    await house.fetch("update terrace.close_run set state = 'FAILED', problem = 'sums differ'")
    told = bad(await looked(house, settings))["close"]
    assert "the close of 2025-01 failed: sums differ -> " in told
    assert "terrace close 2025-01" in told
    await house.fetch("update terrace.close_run set state = 'REOPENED'")
    assert "close" not in bad(await looked(house, settings))


@pytest.mark.usefixtures("durable")
async def test_commits_that_do_not_wait_for_the_disk_are_told(
    house: House, settings: Settings
) -> None:
    role = login_name(WRITER, house.database.name)
    async with owner(house) as connection:
        await connection.execute(f'alter role "{role}" set synchronous_commit = off')
    assert "synchronous_commit is off" in bad(await looked(house, settings))["durability"]
    work = await look_as_writer(house.url, KEY)
    for name in ("fsync", "full_page_writes"):
        [check] = [
            c
            for c in of_work(replace(work, settings={**work.settings, name: "off"}))
            if c.name == "durability"
        ]
        assert check.state is State.PROBLEM
        assert f"{name} is off" in check.told


async def test_too_few_connections_are_told(house: House, settings: Settings) -> None:
    many = settings.model_copy(update={"processes": 60})
    assert "raise max_connections" in bad(await looked(house, many))["connections"]


@pytest.mark.parametrize(("seconds", "state"), [(-1.0, "ok"), (5.0, "warning"), (-60.0, "problem")])
async def test_clocks_that_differ_are_told(
    house: House, settings: Settings, seconds: float, state: str
) -> None:
    catalogue = replace(await look_as_owner(house.url, KEY), ahead=seconds)
    [check] = [c for c in of_catalogue(catalogue, settings) if c.name == "clock"]
    assert check.state == state


@pytest.mark.parametrize(
    ("found", "state"),
    [(("Redis", "6.2.1"), "warning"), (("Redis", "7.0.0"), "ok"), (("Valkey", "8.1.0"), "ok")],
)
def test_a_server_of_wake_ups_that_is_too_old_is_told(found: tuple[str, str], state: str) -> None:
    assert of_redis(found).state == state


@pytest.mark.usefixtures("durable")
async def test_redis_that_is_gone_is_no_problem_but_told(house: House, settings: Settings) -> None:
    checks = await looked(house, settings, redis=NOBODY)
    assert "does not answer" in bad(checks)["redis"]
    assert not any(check.state is State.PROBLEM for check in checks)


async def test_a_database_that_is_gone_is_told(house: House, settings: Settings) -> None:
    checks = await look(settings, Addresses("postgresql://127.0.0.1:1/x", NOBODY), KEY)
    assert "does not answer" in bad(checks)["postgresql"]


@pytest.mark.usefixtures("durable")
async def test_the_command_ends_with_1_for_a_problem_and_speaks_json(house: House) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        given = {"TERRACE_DATABASE_URL": house.url, "TERRACE_REDIS_URL": house.redis_url}
        return subprocess.run(
            [sys.executable, "-m", "cli.main", "doctor", *arguments],
            cwd=ROOT,
            env={**os.environ, **given, "TERRACE_SECRET_KEY": KEY},
            capture_output=True,
            text=True,
            timeout=60,
        )

    well = await asyncio.to_thread(run)
    assert (well.returncode, well.stderr) == (0, "")
    assert {line.split()[0] for line in well.stdout.splitlines()} == {"ok"}
    async with owner(house) as connection:
        await connection.execute("drop index terrace.customer_by_name")
    ill = await asyncio.to_thread(run, "--json")
    assert ill.returncode == 1
    problems = [check for check in json.loads(ill.stdout) if check["state"] == "problem"]
    assert [check["name"] for check in problems] == ["indexes"]
    assert problems[0]["todo"].startswith("create index customer_by_name on terrace.customer")

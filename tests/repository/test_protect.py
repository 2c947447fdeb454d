"""`terrace.protect` builds for a new table the wall that the first tables have, or refuses to."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from cli.embedded import Addresses
from repository.roles import GROUPS
from tests.house import new_database

TABLE = "create table terrace.meeting (%s)"
OWNED = """
    customer_id integer not null, id integer generated always as identity,
    manager_id integer not null, branch_id integer not null,
    primary key (customer_id, id),
    foreign key (customer_id, manager_id, branch_id)
        references terrace.customer (id, manager_id, branch_id) on update cascade"""
REFERENCE = "code text primary key, name text not null"

WALL = """
select 'security', relrowsecurity::text, relforcerowsecurity::text, '', ''
from pg_class where oid = ('terrace.' || $1)::regclass
union all
select 'policy', policyname, roles::text || cmd || permissive, qual, with_check
from pg_policies where schemaname = 'terrace' and tablename = $1
union all
select 'grant', r.rolname, a.privilege_type, a.is_grantable::text, ''
from pg_class c cross join aclexplode(c.relacl) a left join pg_roles r on r.oid = a.grantee
where c.oid = ('terrace.' || $1)::regclass
order by 1, 2, 3
"""

Owner = asyncpg.Connection


@pytest.fixture(scope="module")
async def database(addresses: Addresses) -> AsyncIterator[str]:
    async with new_database(addresses) as url:
        yield url


@pytest.fixture
async def owner(database: str) -> AsyncIterator[Owner]:
    """The migrating owner, in a transaction that comes to nothing."""
    connection = await asyncpg.connect(database)
    transaction = connection.transaction()
    await transaction.start()
    try:
        yield connection
    finally:
        await transaction.rollback()
        await connection.close()


async def wall(owner: Owner, table: str) -> list[tuple[str, ...]]:
    return [tuple(row) for row in await owner.fetch(WALL, table)]


@pytest.mark.parametrize(
    ("kind", "columns", "like"),
    [
        ("OWNED", OWNED, "account"),
        ("INTERNAL", OWNED, "risk_signal"),
        ("REFERENCE", REFERENCE, "tier"),
        ("UNION", OWNED, "policy_preview_customer"),
        ("UNION", REFERENCE, "policy_preview"),
    ],
)
async def test_a_new_table_has_the_wall_of_one_of_its_kind(
    owner: Owner, kind: str, columns: str, like: str
) -> None:
    await owner.execute(TABLE % columns)
    await owner.execute(f"call terrace.protect('meeting', '{kind}')")
    assert await wall(owner, "meeting") == await wall(owner, like)


@pytest.mark.parametrize(
    ("kind", "columns", "reason"),
    [
        ("REFERENCE", OWNED, "has rows of somebody"),
        ("REFERENCE", "id integer primary key, branch_id integer", "has rows of somebody"),
        ("OWNED", REFERENCE, "needs customer_id first"),
        ("UNION", OWNED.replace("on update cascade", ""), "with on update cascade"),
        ("UNION", "id integer primary key, branch_id integer", "needs customer_id first"),
        ("OWNED", OWNED.replace("key (customer_id, id)", "key (id, customer_id)"), "first in its"),
        ("INTERNAL", OWNED.replace("on update cascade", ""), "with on update cascade"),
        ("OWNED", OWNED.partition("id),")[0] + "id)", "with on update cascade"),
        (
            "OWNED",
            OWNED.replace("foreign key (customer_id,", "note integer, foreign key (note,"),
            "with on update cascade",
        ),
        ("OWNED", OWNED.replace("manager_id integer not null", "manager_id integer"), "of nobody"),
        ("owned", OWNED, "owned is no kind of table: OWNED, INTERNAL, STAFF, UNION, REFERENCE"),
        ("CUSTOMER", OWNED, "CUSTOMER is no kind"),
    ],
)
async def test_a_table_that_is_not_built_for_its_kind_is_refused(
    owner: Owner, kind: str, columns: str, reason: str
) -> None:
    await owner.execute(TABLE % columns)
    with pytest.raises(asyncpg.RaiseError, match=reason):
        await owner.execute(f"call terrace.protect('meeting', '{kind}')")


@pytest.mark.parametrize("name", ["nothing", "aum_figure", "customer; drop table terrace.audit"])
async def test_only_a_table_of_ours_is_protected(owner: Owner, name: str) -> None:
    with pytest.raises(asyncpg.RaiseError, match="is no table"):
        await owner.execute(f"call terrace.protect('{name}', 'OWNED')")


@pytest.mark.parametrize("group", sorted(GROUPS.values()))
async def test_no_role_of_the_program_may_call_it(owner: Owner, group: str) -> None:
    may = "select has_function_privilege($1, 'terrace.protect(text, text)', 'execute')"
    assert not await owner.fetchval(may, group)

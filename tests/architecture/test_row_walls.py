"""The second wall as PostgreSQL's catalogue has it: no table a reader may see is without it.

What the walls let through is tested where they are built (tests/schema/test_walls.py). This file
holds for tables to come: whoever adds one that a reader may read must declare it as a Table and
give it the policies of its kind (`call terrace.protect`), or grant nothing to readers.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from importlib import import_module
from pkgutil import iter_modules

import pytest

from cli.embedded import Addresses
from domain.actors import SEES_ALL, Scope
from repository.reading import tables
from repository.reading.tables import Table, Visibility
from repository.roles import GROUPS, SEALER, WRITER
from schema import types
from tests.house import House, new_house

PLACES = types.__path__
READERS = {GROUPS[scope.value] for scope in Scope}
WRITERS = {GROUPS[WRITER], GROUPS[SEALER]}
ACTOR = "( SELECT (NULLIF(current_setting('app.id'::text, true), ''::text))::integer AS \"nullif\")"
OWN_MANAGER = f"( SELECT c.manager_id FROM terrace.customer c WHERE (c.id = {ACTOR}))"
POLICIES: dict[Visibility, dict[str, str]] = {
    Visibility.CUSTOMER: {
        "terrace_customer": f"(id = {ACTOR})",
        "terrace_manager": f"(manager_id = {ACTOR})",
        "terrace_branch": f"(branch_id = {ACTOR})",
    },
    Visibility.OWNED: {
        "terrace_customer": f"(customer_id = {ACTOR})",
        "terrace_manager": f"(manager_id = {ACTOR})",
        "terrace_branch": f"(branch_id = {ACTOR})",
    },
    Visibility.INTERNAL: {
        "terrace_manager": f"(manager_id = {ACTOR})",
        "terrace_branch": f"(branch_id = {ACTOR})",
    },
    Visibility.STAFF: {
        "terrace_manager": f"(manager_id = {ACTOR})",
        "terrace_branch": f"(branch_id = {ACTOR})",
    },
    Visibility.UNION: {},
    Visibility.DIRECTORY: {
        "terrace_customer": f"(id = {OWN_MANAGER})",
        "terrace_manager": f"(id = {ACTOR})",
        "terrace_branch": f"(branch_id = {ACTOR})",
    },
    Visibility.CONFIGURATION: {"terrace_configuration": "true", "terrace_audit": "true"},
    Visibility.AUDIT: {"terrace_audit": "true"},
}
"""Whom a table's policies name besides those who see all of it, and the rows they let through."""

OWNERLESS = {Visibility.REFERENCE, Visibility.CONFIGURATION, Visibility.AUDIT}
"""The kinds of table whose rows belong to no customer, manager or branch."""

_LINE = "business_date principal role channel origin action subject before after reason detail"
_SEAL = "position audit_id hash sealed_at"
APPEND_ONLY: dict[str, tuple[set[tuple[str, str]], set[tuple[str, str, str]]]] = {
    "balance_update": (
        {("terrace_writer", "SELECT"), ("terrace_writer", "INSERT")},
        {("terrace_writer", "held", "UPDATE")},
    ),
    "audit": (
        {("terrace_sealer", "SELECT")},
        {("terrace_writer", column, "INSERT") for column in _LINE.split()},
    ),
    "audit_seal": (
        {("terrace_sealer", "SELECT")},
        {("terrace_sealer", column, "INSERT") for column in _SEAL.split()},
    ),
}
"""What may only be added to: all that those who write may do with it, and with which columns."""


WITH_OWNERS_RIGHTS = {"await_seal"}
"""A trigger that says a line waits for its seal, which the writer may not say by itself."""


@dataclass(frozen=True)
class Relation:
    """A table or view as the catalogue has it."""

    kind: str
    columns: frozenset[str]
    row_security: bool
    forced: bool
    options: tuple[str, ...]
    owner: str
    grants: frozenset[tuple[str, str]]
    column_grants: frozenset[tuple[str, str, str]]

    @property
    def has_rows_of_someone(self) -> bool:
        return bool(self.columns & {"customer_id", "manager_id", "branch_id"})

    @property
    def readers(self) -> set[str]:
        """Whoever beside owner and writer may do anything with it."""
        granted = {role for role, _ in self.grants} | {role for role, *_ in self.column_grants}
        return granted - WRITERS - {self.owner}


Catalogue = dict[str, Relation]


@pytest.fixture(scope="module")
async def installation(addresses: Addresses) -> AsyncIterator[House]:
    async with new_house(addresses) as house:
        yield house


@pytest.fixture(scope="module")
async def catalogue(installation: House) -> Catalogue:
    rows = await installation.fetch("""
        select c.relname, c.relkind::text, c.relrowsecurity, c.relforcerowsecurity,
            coalesce(c.reloptions, '{}') as options, pg_get_userbyid(c.relowner) as owner,
            array(
                select attname::text from pg_attribute
                where attrelid = c.oid and attnum > 0 and not attisdropped) as columns,
            array(
                select array[coalesce(r.rolname, 'PUBLIC')::text, a.privilege_type]
                from aclexplode(c.relacl) a left join pg_roles r on r.oid = a.grantee) as grants,
            array(
                select array[coalesce(r.rolname, 'PUBLIC')::text, t.attname::text, a.privilege_type]
                from pg_attribute t cross join aclexplode(t.attacl) a
                left join pg_roles r on r.oid = a.grantee
                where t.attrelid = c.oid) as column_grants
        from pg_class c
        where c.relnamespace = 'terrace'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f')
    """)
    return {
        row["relname"]: Relation(
            row["relkind"],
            frozenset(row["columns"]),
            row["relrowsecurity"],
            row["relforcerowsecurity"],
            tuple(row["options"]),
            row["owner"],
            frozenset(map(tuple, row["grants"])),
            frozenset(map(tuple, row["column_grants"])),
        )
        for row in rows
    }


@pytest.fixture(scope="module")
async def policies(installation: House) -> dict[str, dict[str, tuple[str, str, str | None]]]:
    """By table and role: command, condition, check."""
    found: dict[str, dict[str, tuple[str, str, str | None]]] = {}
    for row in await installation.fetch("""
        select tablename, roles::text[] as roles, permissive, cmd,
            regexp_replace(qual, '\\s+', ' ', 'g') as condition, with_check
        from pg_policies where schemaname = 'terrace'"""):
        [role] = row["roles"]
        assert row["permissive"] == "PERMISSIVE"
        policy = (row["cmd"], row["condition"], row["with_check"])
        assert found.setdefault(row["tablename"], {}).setdefault(role, policy) == policy
    return found


@pytest.fixture(scope="module")
async def below_views(installation: House) -> dict[str, set[str]]:
    """The views that read a table directly, by the table."""
    found: dict[str, set[str]] = {}
    for row in await installation.fetch("""
        select distinct t.relname as below, v.relname as view
        from pg_rewrite r join pg_class v on v.oid = r.ev_class
        join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid
            and d.refclassid = 'pg_class'::regclass and d.refobjid <> v.oid
        join pg_class t on t.oid = d.refobjid
        where v.relnamespace = 'terrace'::regnamespace"""):
        found.setdefault(row["below"], set()).add(row["view"])
    return found


def declared_tables() -> list[Table]:
    """What plans may read: the tables of the house, and those that a type's file declares."""
    places = [tables, *(import_module(f"schema.types.{f.name}") for f in iter_modules(PLACES))]
    found = {
        table.name: table for p in places for table in vars(p).values() if type(table) is Table
    }
    return sorted(found.values(), key=lambda table: table.name)


READ_BY_PLANS = declared_tables()
DECLARED = {table.name.removeprefix("terrace."): table.visibility for table in READ_BY_PLANS}


def visibility_of(name: str, below_views: dict[str, set[str]]) -> Visibility | None:
    """As its Table says, or that of the view for which alone readers are granted it."""
    if name in DECLARED:
        return DECLARED[name]
    through = {DECLARED[view] for view in below_views.get(name, ()) if view in DECLARED}
    return through.pop() if len(through) == 1 else None


def expected_policies(visibility: Visibility) -> dict[str, tuple[str, str, str | None]]:
    """By role: command, condition, check."""
    told: dict[str, tuple[str, str, str | None]] = {
        role: ("SELECT", condition, None) for role, condition in POLICIES[visibility].items()
    }
    if visibility not in OWNERLESS:
        own = (Visibility.UNION, Visibility.STAFF)
        unseen = {Scope.READING} if visibility in own else set()
        for scope in SEES_ALL - unseen:
            told[GROUPS[scope.value]] = ("SELECT", "true", None)
    told["terrace_writer"] = ("ALL", "true", "true")
    if visibility is Visibility.AUDIT:  # the grants say what each of the two may do
        told["terrace_sealer"] = ("ALL", "true", "true")
    return told


def test_what_a_reader_may_read_is_declared_and_has_the_wall_of_its_kind(
    catalogue: Catalogue,
    policies: dict[str, dict[str, tuple[str, str, str | None]]],
    below_views: dict[str, set[str]],
) -> None:
    read = {name: relation for name, relation in catalogue.items() if relation.readers}
    assert len(read) > 10
    for name, relation in read.items():
        visibility = visibility_of(name, below_views)
        assert visibility is not None, f"{name} is open to readers, but no Table says to whom"
        assert relation.readers == READERS, name
        if relation.kind == "v":
            continue  # has no policies of its own: it reads with its reader's rights
        if visibility in OWNERLESS:
            assert not relation.has_rows_of_someone, f"{name} has rows of somebody"
        if visibility is Visibility.REFERENCE:
            assert policies.get(name) is None, name
            continue
        assert relation.row_security, f"{name}: row-level security is off"
        assert relation.forced, f"{name}: its owner walks through the wall"
        assert policies[name] == expected_policies(visibility), name


def test_a_view_runs_with_its_readers_own_rights(catalogue: Catalogue) -> None:
    views = {n: r for n, r in catalogue.items() if r.kind in ("v", "m")}
    assert views
    for name, relation in views.items():
        assert relation.kind == "v", f"{name}: no policy can guard a materialized view"
        assert "security_invoker=true" in relation.options, name


def test_readers_only_read(catalogue: Catalogue) -> None:
    for name, relation in catalogue.items():
        assert relation.readers <= READERS, f"{name} is open to {relation.readers - READERS}"
        for role, privilege in relation.grants:
            if role in READERS:
                assert privilege == "SELECT", f"{role} may {privilege} {name}"
        assert {role for role, *_ in relation.column_grants} <= WRITERS, name


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_the_journal_and_the_audit_trail_can_only_grow(catalogue: Catalogue, table: str) -> None:
    grants, columns = APPEND_ONLY[table]
    relation = catalogue[table]
    assert {grant for grant in relation.grants if grant[0] in WRITERS} == grants
    assert relation.column_grants == columns


def test_what_only_auditors_read_can_only_grow(catalogue: Catalogue) -> None:
    """A table of the trail that could be changed would be none."""
    trail = {name for name, visibility in DECLARED.items() if visibility is Visibility.AUDIT}
    assert trail
    assert trail <= APPEND_ONLY.keys()


async def test_no_role_of_ours_is_above_the_walls(installation: House) -> None:
    roles = await installation.fetch("""
        select rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication,
            array(select m.roleid::regrole::text from pg_auth_members m where m.member = r.oid)
                as member_of,
            exists (select from pg_class c where c.relowner = r.oid) as owns
        from pg_roles r where rolname like 'terrace\\_%'""")
    names = {role["rolname"] for role in roles}
    assert names >= READERS | WRITERS
    for role in roles:
        above = ("rolsuper", "rolbypassrls", "rolcreaterole", "rolcreatedb", "rolreplication")
        assert not any(role[right] for right in above), role
        assert not role["owns"], role
        if role["rolname"] in READERS | WRITERS:
            assert role["member_of"] == [], "a group that is in another has its rows as well"
        else:
            assert len(role["member_of"]) == 1, role


async def test_nothing_runs_with_its_owners_rights_or_hides_the_setting(
    installation: House,
) -> None:
    functions = await installation.fetch("""
        select proname, prosecdef, provolatile::text as volatility,
            pg_get_functiondef(oid) as definition
        from pg_proc where pronamespace = 'terrace'::regnamespace""")
    assert functions
    for function in functions:
        own = function["proname"] in WITH_OWNERS_RIGHTS
        assert function["prosecdef"] == own, f"{function['proname']} runs as its owner"
        assert not own or "SET search_path" in function["definition"]
        if "current_setting" in function["definition"]:
            assert function["volatility"] != "i", "a plan would keep the first actor's answer"


async def test_nobody_makes_temporary_tables_or_objects_in_public(installation: House) -> None:
    assert not await installation.value(
        "select has_database_privilege('terrace_all', current_database(), 'TEMP')"
    )
    for role in sorted(READERS | WRITERS):
        assert not await installation.value(
            "select has_schema_privilege($1, 'public', 'CREATE')", role
        )
        assert not await installation.value(
            "select has_schema_privilege($1, 'terrace', 'CREATE')", role
        )


@pytest.mark.parametrize("table", READ_BY_PLANS, ids=lambda table: table.name)
def test_the_first_wall_repeats_the_second(table: Table, catalogue: Catalogue) -> None:
    name = table.name.removeprefix("terrace.")
    relation = catalogue[name]
    assert relation.readers == READERS, f"{name} is read by plans, so every reader is granted it"
    if table.visibility is not Visibility.UNION:  # may be about customers, or about nobody
        assert (table.visibility in OWNERLESS) != relation.has_rows_of_someone
    for scope in Scope:
        predicate = table.predicate("t", scope, "$1")
        if table.visibility is Visibility.REFERENCE:
            assert predicate is None
            continue
        policy = expected_policies(table.visibility).get(GROUPS[scope.value])
        if policy is None:
            assert predicate == "false"
        elif policy[1] == "true":
            assert predicate is None
        elif not (table.visibility is Visibility.DIRECTORY and scope is Scope.CUSTOMER):
            assert policy[1] == f"({predicate.removeprefix('t.')})".replace("$1", ACTOR)

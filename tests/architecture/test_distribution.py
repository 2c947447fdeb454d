"""The data could be spread over many servers by customer: no table, key or join stands against it.

A server of such an installation holds some customers and all that is theirs. So what belongs to a
customer carries the customer's key first in its primary key, is unique only together with it,
refers only to rows of the same customer or to small tables that every server has a copy of, and is
joined on it. docs/operating/scaling.md says what follows, and what the exceptions here would cost.
"""

import re
from collections.abc import AsyncIterator

import asyncpg
import pytest
from graphql import GraphQLField, GraphQLObjectType

from cli.embedded import Addresses
from repository.reading.tables import CUSTOMER, Visibility
from repository.statements import statements
from schema.fields import PLANNED, Paged, ToMany, ToOne
from schema.published import graphql_schema
from tests.house import House, new_house

ROOT = "customer"
COPIED = {
    "branch",
    "calendar",
    "feed_day",
    "feed_source",
    "manager",
    "rate",
    "tier",
    "tier_policy",
}
"""Small tables that every server has a copy of."""
CENTRAL = {
    "api_key",
    "api_key_digest",
    "approval",
    "approval_event",
    "audit",
    "audit_seal",
    "audit_unsealed",
    "close_chunk",
    "close_run",
    "feed",
    "feed_mark",
    "migration",
    "policy_preview",
    "policy_preview_chunk",
    "request",
    "revocation",
    "signing_key",
}
"""Tables of the installation as a whole: on one server, joined to no customer's rows in bulk."""
FOLLOWING = {"approval", "approval_event"}
"""Central all the same: few rows, about a customer or a branch or the union, in one list. They
follow their customer by a foreign key, which many servers would have to do by themselves."""
DIRECTORIES = {"customer_number_key", "account_number_key"}
"""Unique without the customer's key: each would become a table of its own, from number to keys."""
PASSES = {
    "backlog": "counts for whoever watches over the house",
    "forget_events": "when a failed close begins anew",
    "has_customers": "once a start",
    "has_demo": "once a start",
    "hold_customers_of_risk_signals": "the relay: a feed has one order for the whole house",
    "hold_customers_of_tier_changes": "the relay",
    "keys_of_portfolio": "whom a manager has, once a handover",
    "load_managers": "whether a manager who moves still has customers",
    "lock_removed_accounts": "once a close",
    "position_risk_signals": "the relay",
    "position_tier_changes": "the relay",
    "preview_managers": "once a preview",
    "preview_rows_to_forget": "what is left of previews, one at a time",
    "release_removed": "once a close",
    "run_preview": "counts customers, once a preview",
    "routes_of_risk_signal": "who must look at new events of a feed",
    "routes_of_tier_change": "who must look at new events of a feed",
    "run_close": "counts customers, once a close",
    "waiting_risk_signals": "the relay",
    "waiting_tier_changes": "the relay",
}
"""Statements that ask every server, and why that is all right."""

ALIAS = r"(?!where|on|set|cross|join|left|inner|order|group|for|using|limit|values|union|select)"
MENTION = re.compile(
    rf"(?:from|join|update|into|,|only)\s+terrace\.(\w+)(?:\s+(?:as\s+)?{ALIAS}([a-z]\w*))?", re.I
)


@pytest.fixture(scope="module")
async def installation(addresses: Addresses) -> AsyncIterator[House]:
    async with new_house(addresses) as house:
        yield house


@pytest.fixture(scope="module")
async def owned(installation: House) -> set[str]:
    """The tables of what belongs to customers."""
    rows = await rows_of(
        installation,
        """select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid
        where c.relnamespace = 'terrace'::regnamespace and c.relkind in ('r', 'p')
            and a.attname = 'customer_id' and not a.attisdropped""",
    )
    return {row["relname"] for row in rows} - FOLLOWING | {ROOT}


OWNED = (Visibility.CUSTOMER, Visibility.OWNED, Visibility.INTERNAL)
UPPER = {"Manager", "Branch"}
"""Types of copied tables: their customers are spread over all servers."""


def declared(field: GraphQLField) -> object:
    """What a field of the schema was declared with, if it is one of a row."""
    definition = field.extensions.get("strawberry-definition")
    return (
        definition.metadata[PLANNED].spec
        if PLANNED in getattr(definition, "metadata", {})
        else None
    )


def test_relations_of_the_schema_join_on_the_customer() -> None:
    relations = [
        (f"{named.name}.{name}", spec)
        for named in graphql_schema().type_map.values()
        if isinstance(named, GraphQLObjectType)
        for name, field in named.fields.items()
        if isinstance(spec := declared(field), ToOne | ToMany | Paged)
        and spec.table.visibility in OWNED
        and spec.on
    ]
    assert len(relations) > 10
    for place, spec in relations:
        key = "id" if spec.table is CUSTOMER else "customer_id"
        if place.split(".")[0] in UPPER:
            assert set(spec.on) <= {"manager_id", "branch_id"}, place
        else:
            assert spec.on.get(key) in {"{t}.customer_id", "{t}.id", "$1::integer"}, place


async def rows_of(installation: House, statement: str) -> list[asyncpg.Record]:
    """What the catalogue answers."""
    connection = await asyncpg.connect(installation.url)
    try:
        return await connection.fetch(statement)
    finally:
        await connection.close()


def key_of(table: str) -> str:
    return "id" if table == ROOT else "customer_id"


async def test_every_table_has_its_place(installation: House, owned: set[str]) -> None:
    rows = await rows_of(
        installation,
        """select relname from pg_class
        where relnamespace = 'terrace'::regnamespace and relkind in ('r', 'p')""",
    )
    assert {row["relname"] for row in rows} - owned == COPIED | CENTRAL


async def test_what_is_a_customers_is_keyed_by_the_customer(
    installation: House, owned: set[str]
) -> None:
    rows = await rows_of(
        installation,
        """select c.relname, i.relname as index, x.indisprimary, array(
            select a.attname from unnest(x.indkey::smallint[]) with ordinality k (number, place)
            join pg_attribute a on a.attrelid = c.oid and a.attnum = k.number order by k.place
        )::text[] as columns
        from pg_index x join pg_class c on c.oid = x.indrelid
        join pg_class i on i.oid = x.indexrelid
        where c.relnamespace = 'terrace'::regnamespace and x.indisunique""",
    )
    of_owned = [row for row in rows if row["relname"] in owned]
    assert {row["relname"] for row in of_owned if row["indisprimary"]} == owned
    for row in of_owned:
        key = key_of(row["relname"])
        if row["indisprimary"]:
            assert row["columns"][0] == key, row["index"]
        elif row["index"] not in DIRECTORIES:
            assert key in row["columns"], row["index"]


async def test_a_reference_stays_with_its_customer_or_leads_to_a_copied_table(
    installation: House, owned: set[str]
) -> None:
    rows = await rows_of(
        installation,
        """select k.conname, f.relname as source, t.relname as target, array(
            select a.attname || '>' || b.attname
            from unnest(k.conkey, k.confkey) pair (one, other)
            join pg_attribute a on a.attrelid = k.conrelid and a.attnum = pair.one
            join pg_attribute b on b.attrelid = k.confrelid and b.attnum = pair.other
        ) as pairs
        from pg_constraint k join pg_class f on f.oid = k.conrelid
        join pg_class t on t.oid = k.confrelid
        where k.contype = 'f' and k.connamespace = 'terrace'::regnamespace""",
    )
    assert rows
    for row in rows:
        source, target = row["source"], row["target"]
        if target in owned:
            if source in FOLLOWING:
                continue
            assert source in owned, row["conname"]
            assert f"{key_of(source)}>{key_of(target)}" in row["pairs"], row["conname"]
        elif source in owned:
            assert target in COPIED, row["conname"]


def unbound(statement: str, owned: set[str]) -> set[str]:
    """The mentions of customers' tables in a statement that nothing ties to a customer's key."""
    text = re.sub(r"'[^']*'", "''", re.sub(r"--[^\n]*", "", statement))
    found = set()
    for table, alias in MENTION.findall(text):
        if table not in owned or re.search(rf"insert\s+into\s+terrace\.{table}\b", text, re.I):
            continue
        name, key = alias or table, key_of(table)
        column = (
            rf"(?:\b{name}\.{key}\b)" if alias else rf"(?:(?<![\w.]){key}\b|\b{table}\.{key}\b)"
        )
        ties = (
            rf"{column}\s*(?:=|in\b|between\b|>|<)",
            rf"=\s*(?:any\s*\()?{column}",
            rf"\(\s*{column}\s*,[^()]*\)\s*(?:=|in\b)",
            rf"(?:group|order|partition)\s+by\s+{column}",
            r"using\s*\(\s*customer_id\b",
            rf"\b{name}\.number\s*=",  # through a directory
            r"(?<![\w.])number\s*=\s*(?:any\s*\()?\$" if not alias else r"(?!)",
        )
        if not any(re.search(tie, text, re.I) for tie in ties):
            found.add(f"{table} {name}")
    return found


def test_statements_join_on_the_customer(owned: set[str]) -> None:
    assert PASSES.keys() <= statements().keys()
    stray = {
        name: found
        for name, text in statements().items()
        if name not in PASSES and (found := unbound(text, owned))
    }
    assert stray == {}


def test_a_join_on_anything_else_is_noticed(owned: set[str]) -> None:
    """Whether the look at statements sees what it is for."""
    assert unbound(
        "select 1 from terrace.customer c join terrace.account a on a.branch_id = c.branch_id "
        "where c.id = $1",
        owned,
    ) == {"account a"}
    assert not unbound(
        "select 1 from terrace.customer c join terrace.account a on a.customer_id = c.id "
        "where c.id = $1",
        owned,
    )

"""An installation for one test: its own database on the run's servers, and short ways to use it."""

import itertools
import os
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import orjson

from cli.embedded import Addresses
from cli.session import OPERATOR
from domain.actors import Actor, Grant, Role, Scope
from domain.claims import Claims
from domain.months import Month
from repository.access import Access
from repository.calendar import ensure_default_policy
from repository.closing import CloseRun, close_state, request_close
from repository.database import Database
from repository.migrate import FOLDER, migrate
from repository.relay import relay
from repository.sealing import seal
from schema.engine import Engine
from schema.errors import RequestError
from schema.feeds import Feeds
from schema.limits import Limits
from workers.close import carry_out
from workers.recompute import recompute

KEY = "a signing key of the tests, 32 bytes or more"
_numbers = itertools.count(1)


@dataclass
class House:
    """One installation. Actors are found by role and subject, as a token would."""

    url: str
    redis_url: str
    database: Database
    feeds: Feeds
    engine: Engine
    woken: list[str] = field(default_factory=list)

    async def actor(self, role: Role | str, subject: str = "test") -> Actor:
        claims = Claims(Role(role), subject, grants=frozenset({Grant.FEEDS}))
        return claims.actor(await Access(self.database).admit(claims))

    async def ask(
        self,
        document: str,
        variables: Mapping[str, Any] | None = None,
        *,
        role: Role | str = "hq",
        subject: str = "test",
        extensions: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """The whole response object."""
        actor = await self.actor(role, subject)
        try:
            answer = await self.engine.execute(
                self.engine.prepare(document, None), variables, actor, extensions
            )
        except RequestError as error:
            return {"errors": error.errors}
        return orjson.loads(answer)

    async def data(self, document: str, variables: Any = None, **who: Any) -> dict[str, Any]:
        """The data of an answer that has no errors."""
        answer = await self.ask(document, variables, **who)
        assert "errors" not in answer, answer
        return answer["data"]

    async def fetch(self, query: str, *values: Any) -> list[Any]:
        async with self.database.writing() as connection:
            return await connection.fetch(query, *values)

    async def value(self, query: str, *values: Any) -> Any:
        async with self.database.writing() as connection:
            return await connection.fetchval(query, *values)

    async def trail(self, query: str, *values: Any) -> list[Any]:
        """What an auditor's connection answers: nobody else reads terrace.audit."""
        async with self.database.reading(Scope.AUDIT) as connection:
            return await connection.fetch(query, *values)

    # People

    async def people(self, customers: int = 4) -> None:
        """A union with two branches, a manager each, and customers C1.. with one account each."""
        async with self.database.unit() as connection:
            await connection.execute("""
                insert into terrace.branch (code, name) values ('U', 'Union');
                insert into terrace.branch (code, name, parent_id)
                    values ('B1', 'North', 1), ('B2', 'South', 1);
                insert into terrace.manager (number, name, branch_id)
                    values ('M1', 'Ann', 2), ('M2', 'Bob', 3), ('M3', 'Cid', 2);
            """)
            await connection.execute(
                """
                insert into terrace.customer
                    (number, name, kind, status, phone, branch_id, manager_id)
                select 'C' || i, 'Customer ' || i, 'INDIVIDUAL', 'CURRENT', '1381234' || 1000 + i,
                    3 - i % 2, 2 - i % 2
                from generate_series(1, $1) i""",
                customers,
            )
            await connection.execute("""
                insert into terrace.account
                    (customer_id, manager_id, branch_id, number, product_class, currency, opened_on)
                select id, manager_id, branch_id, 'A' || id, 'DEMAND_DEPOSIT', 'CNY', '2024-01-01'
                from terrace.customer""")

    async def record(
        self, *rows: tuple[str, str, str], key: str | None = None, ids: Iterable[str] | None = None
    ) -> dict[str, Any]:
        """RecordBalances of (account, day, balance)."""
        names = list(ids) if ids is not None else [f"u{next(_numbers)}" for _ in rows]
        updates = [
            {"updateId": name, "account": account, "asOf": day, "balance": balance}
            for name, (account, day, balance) in zip(names, rows, strict=True)
        ]
        answer = await self.data(
            """mutation ($input: RecordBalancesInput!) { recordBalances(input: $input) {
                accepted duplicates rejected { index updateId code message }
                errors { code message field } } }""",
            {"input": {"idempotencyKey": key or f"k{next(_numbers)}", "updates": updates}},
            role="integrator",
        )
        return answer["recordBalances"]

    # Work

    async def work(self) -> None:
        """What workers do: catch up, carry out what was requested, publish, seal."""
        await recompute(self.database, 100)
        while await carry_out(self.database, chunk=3, batch=100):
            pass
        await recompute(self.database, 100)
        while await relay(self.database):
            pass
        while await seal(self.database):
            pass

    async def close(self, month: str) -> CloseRun:
        """Request a close and have it carried out."""
        await request_close(self.database, Month.parse(month), OPERATOR)
        await self.work()
        async with self.database.writing() as connection:
            return await close_state(connection, Month.parse(month))

    async def three_months_below_their_tier(self) -> None:
        """C1 of the third tier, with 600,000 in three closed months of 2025 after it."""
        await self.people(2)
        await self.record(("A1", "2024-12-01", "1000000.00"))
        await self.close("2024-12")
        await self.record(("A1", "2025-01-01", "600000.00"))
        for month in ("2025-01", "2025-02", "2025-03"):
            await self.close(month)

    async def standing(self, number: str, month: str | None = None) -> dict[str, Any]:
        found = await self.data(
            """query ($n: String!, $m: Month) { customer(by: {number: $n}) { standing(month: $m) {
                month status tier { code } since shortfallMonths belowEntryMonths retentionCloses
                specialUntil decision { rule explanation } } } }""",
            {"n": number, "m": month},
        )
        return found["customer"]["standing"]

    async def aum(self, number: str, month: str | None = None) -> dict[str, Any] | None:
        found = await self.data(
            """query ($n: String!, $m: Month) { customer(by: {number: $n}) { aum(month: $m) {
                month deposits investments settlementFunds total days asOf final complete } } }""",
            {"n": number, "m": month},
        )
        return found["customer"]["aum"]


_templates: dict[tuple[str, str], str] = {}
"""Migrated databases without data, by server and currency: a copy is there in half the time."""


async def _template(server: Any, addresses: Addresses, home_currency: str) -> str:
    """The name of a migrated database that nobody is connected to."""
    known = (addresses.database_url, home_currency)
    if known not in _templates:
        name = f"template_{os.getpid()}_{home_currency.lower()}"
        await server.execute(f'create database "{name}"')
        await migrate(_named(addresses, name), KEY, home_currency=home_currency)
        _templates[known] = name
    return _templates[known]


def _named(addresses: Addresses, name: str) -> str:
    """The address of a database of the run's server."""
    return urlunsplit(urlsplit(addresses.database_url)._replace(path=f"/{name}"))


async def drop_templates(addresses: Addresses) -> None:
    """At the end of a run: its server may be one that is used again."""
    server = await asyncpg.connect(addresses.database_url)
    try:
        for known, name in list(_templates.items()):
            if known[0] == addresses.database_url:
                await server.execute(f'drop database if exists "{name}"')
                del _templates[known]
    finally:
        await server.close()


@asynccontextmanager
async def new_database(
    addresses: Addresses, home_currency: str = "CNY", folder: Path = FOLDER
) -> AsyncIterator[str]:
    """The address of a new database, migrated with the files of a folder."""
    name = f"house_{os.getpid()}_{next(_numbers)}"  # also among the runs within a test
    server = await asyncpg.connect(addresses.database_url)
    try:
        if folder == FOLDER:
            template = await _template(server, addresses, home_currency)
            await server.execute(f'create database "{name}" template "{template}"')
            # The rights to a database itself are no part of a copy.
            await server.execute(f'revoke temporary on database "{name}" from public')
        else:
            await server.execute(f'create database "{name}"')
        url = _named(addresses, name)
        await migrate(url, KEY, home_currency=home_currency, folder=folder)
        yield url
    finally:
        await server.execute(f'drop database "{name}"')
        await server.close()


@asynccontextmanager
async def new_house(addresses: Addresses, home_currency: str = "CNY") -> AsyncIterator[House]:
    """An installation without data, ready to be asked."""
    async with (
        new_database(addresses, home_currency) as url,
        Database(url, KEY) as database,
        Feeds(database, 0.2) as feeds,
    ):
        await ensure_default_policy(database)
        woken: list[str] = []

        async def wake(topic: str) -> None:
            woken.append(topic)

        engine = Engine(
            database,
            feeds,
            Limits(15, 1000, 5000),
            wake=wake,
            future_days=366,
            close_wait_seconds=0.0,
        )
        yield House(url, addresses.redis_url, database, feeds, engine, woken)

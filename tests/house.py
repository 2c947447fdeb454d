"""An installation for one test: its own database on the run's servers, and short ways to use it."""

import itertools
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson

from cli.embedded import Addresses
from cli.session import OPERATOR
from domain.actors import Actor, Grant, Role, Scope
from domain.claims import Claims
from domain.months import Month
from repository.access import Access
from repository.closing import CloseRun, close_state, request_close
from repository.database import Database
from repository.relay import relay
from repository.sealing import seal
from schema.engine import Engine
from schema.errors import RequestError
from schema.feeds import Feeds
from schema.limits import Limits
from tests.databases import KEY, new_database
from workers.close import carry_out
from workers.recompute import recompute

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


@asynccontextmanager
async def new_house(addresses: Addresses, home_currency: str = "CNY") -> AsyncIterator[House]:
    """An installation without data, ready to be asked."""
    async with (
        new_database(addresses, home_currency, policy=True) as url,
        Database(url, KEY) as database,
        Feeds(database, 0.2) as feeds,
    ):
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

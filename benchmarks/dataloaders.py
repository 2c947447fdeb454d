"""The peer of the usual way: the same types with strawberry's resolvers and DataLoaders.

    LOADERS_URL=... python -m benchmarks.dataloaders PORT

Every list and every to-one relation is a DataLoader, one statement a level of the query, and every
statement keeps to the manager's predicate. Strawberry's caches of parsed and validated documents
are on. There is no token (the header `x-manager` says who asks), no second wall, no limits.
"""

import os
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import strawberry
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.dataloader import DataLoader
from strawberry.extensions import ParserCache, ValidationCache

from benchmarks.ceiling import READER_SETTINGS, no_reset
from cli.lifeline import end_with_parent
from settings import Settings

_CUSTOMER = """
select id, number, name, manager_id, branch_id from terrace.customer
where number = $2 and manager_id = $1
"""
_CUSTOMERS = """
select id, number, name, manager_id, branch_id from terrace.customer
where manager_id = $1 order by number limit $2
"""
_STANDINGS = """
select distinct on (s.customer_id) s.customer_id as key, s.status,
    left(s.since::text, 7) as since, t.code, t.name, t.rank
from terrace.standing_in_force s
left join terrace.tier t on t.policy_version = s.policy_version and t.code = s.tier
where s.customer_id = any($2::integer[]) and s.manager_id = $1
order by s.customer_id, s.month desc
"""
_MANAGERS = "select id as key, number, name from terrace.manager where id = any($2) and id = $1"
_BRANCHES = "select id as key, code, name from terrace.branch where id = any($1)"
_ACCOUNTS = """
select customer_id as key, number, product_class, currency, balance::text,
    balance_as_of::text
from terrace.account where customer_id = any($2) and manager_id = $1 order by number
"""
_AUM = """
select f.customer_id as key, left(f.month::text, 7) as month, f.final,
    terrace.average(f.deposits_sum + f.investments_sum + f.settlement_funds_sum, f.days)
        ::numeric(18, 2)::text as total,
    terrace.average(f.deposits_sum, f.days)::numeric(18, 2)::text as deposits,
    terrace.average(f.investments_sum, f.days)::numeric(18, 2)::text as investments,
    terrace.average(f.settlement_funds_sum, f.days)::numeric(18, 2)::text as settlement_funds
from terrace.aum_figure f, terrace.calendar k
where f.customer_id = any($2) and f.manager_id = $1
    and f.month > k.open_month - interval '12 months' and f.month <= k.open_month
order by f.month
"""
_SIGNALS = """
select customer_id as key, code, severity, state,
    to_char(reported_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as reported_at
from terrace.risk_signal where customer_id = any($2) and manager_id = $1 order by id
"""


class Readers:
    """The loaders of one request."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", manager: int) -> None:
        self.pool = pool
        self.manager = manager
        self.standing = DataLoader(self._one(_STANDINGS, manager))
        self.manager_of = DataLoader(self._one(_MANAGERS, manager))
        self.branch = DataLoader(self._one(_BRANCHES))
        self.accounts = DataLoader(self._many(_ACCOUNTS, manager))
        self.aum = DataLoader(self._many(_AUM, manager))
        self.signals = DataLoader(self._many(_SIGNALS, manager))

    def _one(self, statement: str, *scope: int) -> Callable[[list[int]], Any]:
        async def load(keys: list[int]) -> Sequence[Any]:
            rows = {row["key"]: row for row in await self.pool.fetch(statement, *scope, keys)}
            return [rows.get(key) for key in keys]

        return load

    def _many(self, statement: str, *scope: int) -> Callable[[list[int]], Any]:
        async def load(keys: list[int]) -> Sequence[Any]:
            rows: dict[int, list[Any]] = defaultdict(list)
            for row in await self.pool.fetch(statement, *scope, keys):
                rows[row["key"]].append(row)
            return [rows[key] for key in keys]

        return load


Info = strawberry.Info[Readers, None]


@strawberry.type
class Tier:
    """A tier."""

    code: str
    name: str
    rank: int


@strawberry.type
class Standing:
    """Where a customer stands."""

    status: str
    since: str | None
    tier: Tier | None


@strawberry.type
class Branch:
    """A branch."""

    code: str
    name: str


@strawberry.type
class Account:
    """An account."""

    number: str
    product_class: str
    currency: str
    balance: str
    balance_as_of: str | None


@strawberry.type
class Aum:
    """The averages of a month."""

    month: str
    total: str
    deposits: str
    investments: str
    settlement_funds: str
    final: bool


@strawberry.type
class RiskSignal:
    """A warning signal."""

    code: str
    severity: str
    state: str
    reported_at: str


@strawberry.type
class PageInfo:
    """What lies around a page."""

    has_next_page: bool


@strawberry.type
class RiskSignalConnection:
    """A page of signals."""

    nodes: list[RiskSignal]
    page_info: PageInfo


@strawberry.type
class Customer:
    """A customer; its relations are loaded when they are asked for."""

    key: strawberry.Private[int]
    manager_key: strawberry.Private[int]
    branch_key: strawberry.Private[int]
    number: str
    name: str

    @strawberry.field
    async def standing(self, info: Info) -> Standing:
        """The standing now in force."""
        row = await info.context.standing.load(self.key)
        tier = Tier(code=row["code"], name=row["name"], rank=row["rank"]) if row["code"] else None
        return Standing(status=row["status"], since=row["since"], tier=tier)

    @strawberry.field
    async def manager(self, info: Info) -> "Manager | None":
        """The manager."""
        row = await info.context.manager_of.load(self.manager_key)
        return _manager(row) if row else None

    @strawberry.field
    async def branch(self, info: Info) -> Branch:
        """The branch."""
        row = await info.context.branch.load(self.branch_key)
        return Branch(code=row["code"], name=row["name"])

    @strawberry.field
    async def accounts(self, info: Info) -> list[Account]:
        """The accounts, by number."""
        return [Account(**_but_key(row)) for row in await info.context.accounts.load(self.key)]

    @strawberry.field
    async def aum_history(self, info: Info, last: int) -> list[Aum]:
        """The last months."""
        rows = await info.context.aum.load(self.key)
        return [Aum(**_but_key(row)) for row in rows[-last:]]

    @strawberry.field
    async def risk_signals(self, info: Info, first: int) -> RiskSignalConnection:
        """The first signals."""
        rows = await info.context.signals.load(self.key)
        return RiskSignalConnection(
            nodes=[RiskSignal(**_but_key(row)) for row in rows[:first]],
            page_info=PageInfo(has_next_page=len(rows) > first),
        )


@strawberry.type
class CustomerConnection:
    """A page of customers."""

    nodes: list[Customer]
    page_info: PageInfo


@strawberry.type
class Manager:
    """A manager."""

    key: strawberry.Private[int]
    number: str
    name: str

    @strawberry.field
    async def customers(self, info: Info, first: int) -> CustomerConnection:
        """The first of the portfolio, by number."""
        context = info.context
        rows = await context.pool.fetch(_CUSTOMERS, context.manager, first + 1)
        return CustomerConnection(
            nodes=[_customer(row) for row in rows[:first]],
            page_info=PageInfo(has_next_page=len(rows) > first),
        )


@strawberry.input
class Key:
    """What names a row."""

    number: str


@strawberry.type
class Query:
    """The two ways in."""

    @strawberry.field
    async def customer(self, info: Info, by: Key) -> Customer | None:
        """A customer by number."""
        row = await info.context.pool.fetchrow(_CUSTOMER, info.context.manager, by.number)
        return _customer(row) if row else None

    @strawberry.field
    async def manager(self, info: Info, by: Key) -> Manager | None:
        """A manager by number."""
        row = await info.context.manager_of.load(info.context.manager)
        return _manager(row) if row and row["number"] == by.number else None


def _customer(row: Any) -> Customer:
    return Customer(
        key=row["id"],
        manager_key=row["manager_id"],
        branch_key=row["branch_id"],
        number=row["number"],
        name=row["name"],
    )


def _manager(row: Any) -> Manager:
    return Manager(key=row["key"], number=row["number"], name=row["name"])


def _but_key(row: Any) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "key"}


class Application(GraphQL[Readers, None]):
    """Strawberry's own ASGI application, with readers for every request."""

    pool: "asyncpg.Pool[asyncpg.Record]"

    async def get_context(
        self, request: Request | WebSocket, response: Response | WebSocket
    ) -> Readers:
        """Fresh loaders for whom the header names."""
        return Readers(self.pool, int(request.headers["x-manager"]))


def _build(url: str) -> Starlette:
    schema = strawberry.Schema(Query, extensions=[ParserCache, ValidationCache])
    graphql = Application(schema, graphql_ide=None)

    @asynccontextmanager
    async def opened(app: Starlette) -> AsyncIterator[None]:
        async with asyncpg.create_pool(
            url,
            min_size=0,
            max_size=Settings.model_fields["reader_connections"].default,
            server_settings=READER_SETTINGS,
            reset=no_reset,
        ) as graphql.pool:
            yield

    app = Starlette(lifespan=opened)
    app.mount("/graphql", graphql)
    return app


def main() -> None:
    """Serve until told to stop, with the same server settings as `terrace serve`."""
    end_with_parent()
    uvicorn.run(
        _build(os.environ["LOADERS_URL"]),
        host="127.0.0.1",
        port=int(sys.argv[1]),
        log_level="warning",
        access_log=False,
        timeout_keep_alive=75,
        server_header=False,
        date_header=False,
    )


if __name__ == "__main__":
    main()

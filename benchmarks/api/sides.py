"""The sides of the comparison: which servers each runs, and how a question is put to it."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import orjson

from api.tokens import sign
from benchmarks import load
from benchmarks.api.queries import QUERIES, Query, Question
from benchmarks.place import KEY, Place, as_manager, superuser
from benchmarks.population import manager_number
from benchmarks.serving import Serving, ceiling, dataloaders, postgraphile, terrace
from domain.actors import Role

TERRACE = "terrace"
PEER = "postgraphile"
SCOPED_PEER = "postgraphile, scoped"
CEILING = "ceiling"
LOADERS = "dataloaders"


@dataclass(frozen=True, slots=True)
class Side:
    """Servers that answer the same, and the request that puts a question to any of them.

    `counts` says with how many of the servers it is measured: with the first alone, with both.
    """

    name: str
    servers: Sequence[Serving]
    counts: Sequence[int]
    request: Callable[[Query, Question], bytes]
    enveloped: bool = True

    def answer(self, body: bytes) -> object:
        """What an answer says, without the envelope that GraphQL puts around it."""
        decoded = orjson.loads(body)
        if not self.enveloped:
            return decoded
        if decoded.keys() != {"data"}:
            raise RuntimeError(f"{self.name} answered {body[:500]!r}")
        return decoded["data"]


@asynccontextmanager
async def started(place: Place, url: str, node: Path) -> AsyncIterator[list[Side]]:
    """All sides on one database, which has the schema `peer`."""
    owner = superuser(url)
    statements = {f"/{query.name}": query.statement for query in QUERIES}
    async with AsyncExitStack() as stack:

        async def two(make: Callable[[], AbstractAsyncContextManager[Serving]]) -> list[Serving]:
            return [await stack.enter_async_context(make()) for _ in range(2)]

        yield [
            of_terrace(await two(lambda: terrace(place, url))),
            Side(
                PEER,
                await two(lambda: postgraphile(owner, node, scoped=False)),
                (1, 2),
                _to_postgraphile,
            ),
            Side(
                SCOPED_PEER,
                await two(lambda: postgraphile(as_manager(url), node, scoped=True)),
                (1, 2),
                _to_postgraphile,
            ),
            Side(
                CEILING,
                await two(lambda: ceiling(as_manager(url), statements)),
                (1, 2),
                _to_ceiling,
                enveloped=False,
            ),
            Side(
                LOADERS,
                [await stack.enter_async_context(dataloaders(owner))],
                (1,),
                _to_dataloaders,
            ),
        ]


def of_terrace(servers: Sequence[Serving]) -> Side:
    """Terrace's side, of one server or several."""
    return Side(TERRACE, servers, range(1, len(servers) + 1), _to_terrace)


@cache
def _token(manager: int) -> str:
    return sign(KEY, Role.MANAGER, manager_number(manager), hours=24, now=datetime.now(UTC))


def _to_terrace(query: Query, question: Question) -> bytes:
    return load.post("/graphql", _body(query, query.document, question), _token(question.manager))


def _to_postgraphile(query: Query, question: Question) -> bytes:
    body = _body(query, query.peer_document, question)
    return load.post("/graphql", body, headers={"x-manager": str(question.manager)})


def _to_ceiling(query: Query, question: Question) -> bytes:
    return load.post(f"/{query.name}", orjson.dumps(query.values(question)))


def _to_dataloaders(query: Query, question: Question) -> bytes:
    body = _body(query, query.document, question)
    return load.post("/graphql/", body, headers={"x-manager": str(question.manager)})


def _body(query: Query, document: str, question: Question) -> bytes:
    return orjson.dumps({"query": document, "variables": {query.variable: question.value}})

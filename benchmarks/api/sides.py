"""The sides of the comparison: which servers each runs, and how a question is put to it."""

from collections.abc import AsyncIterator, Callable, Collection, Sequence
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
SCOPED_PEER = "postgraphile-scoped"
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


SIDES = (TERRACE, PEER, SCOPED_PEER, CEILING, LOADERS)


@asynccontextmanager
async def started(
    place: Place, url: str, node: Path, names: Collection[str] = SIDES
) -> AsyncIterator[list[Side]]:
    """Sides on one database, which has the schema `peer`; Terrace's is always the first."""
    owner, reader = superuser(url), as_manager(url)
    statements = {f"/{query.name}": query.statement for query in QUERIES}
    async with AsyncExitStack() as stack:

        async def side(
            name: str,
            servers: Sequence[AbstractAsyncContextManager[Serving]],
            request: Callable[[Query, Question], bytes],
            *,
            enveloped: bool = True,
        ) -> Side:
            running = [await stack.enter_async_context(server) for server in servers]
            return Side(name, running, range(1, len(running) + 1), request, enveloped)

        found = [await side(TERRACE, [terrace(place, url) for _ in range(2)], _to_terrace)]
        if PEER in names:
            servers = [postgraphile(owner, node, scoped=False) for _ in range(2)]
            found.append(await side(PEER, servers, _to_postgraphile))
        if SCOPED_PEER in names:
            servers = [postgraphile(reader, node, scoped=True) for _ in range(2)]
            found.append(await side(SCOPED_PEER, servers, _to_postgraphile))
        if CEILING in names:
            servers = [ceiling(reader, statements) for _ in range(2)]
            found.append(await side(CEILING, servers, _to_ceiling, enveloped=False))
        if LOADERS in names:
            found.append(await side(LOADERS, [dataloaders(owner)], _to_dataloaders))
        yield found


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

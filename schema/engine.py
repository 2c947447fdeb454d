"""The engine: from a request to the bytes of its answer.

A document is prepared once (`document`), an operation is compiled once for each scope and
structure of its variables (`plans`), and every read is then one statement whose JSON is passed on
as bytes. Mutations (`writing`) do their work first and read their result the same way; each event
of a subscription (`streaming`) is a row of the same kind. An answer with a fault in it is read
again and completed by the rules of the specification (`settle`).
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Mapping
from typing import Any

import orjson

from domain.actors import Actor, Sight
from repository.database import Database
from repository.kept import Kept
from repository.reading.parameters import InvalidArgument, UnreadableScalar
from repository.reading.statement import BOTH_WALLS, Walls
from schema.context import Context, Wake
from schema.cost import PREPARING
from schema.document import Prepared, prepare
from schema.errors import RequestError
from schema.failures import failure_of, failures
from schema.feeds import Feeds
from schema.flights import Flights
from schema.introspection import introspected
from schema.limits import Limits, affordable
from schema.plans import Plan, Planner
from schema.published import graphql_schema
from schema.report import report
from schema.settle import Settling
from schema.streaming import Events, Stream, subscribe
from schema.wanted import NOTHING_MORE, wanted
from schema.writing import mutate
from telemetry.figures import DOCUMENTS, PLANS, count

Spend = Callable[[Actor, int], Awaitable[None] | None]
"""Takes points off what an actor may spend; what comes back, if anything, is awaited first."""

_LONGEST_KEPT = 20_000  # characters; longer documents are prepared each time
_PREPARED_WEIGHT = 110  # bytes, about, that a character takes when it is parsed
_DOCUMENTS_WEIGHT = 64_000_000  # bytes, about, of all documents kept
_DOCUMENT_MADE, _DOCUMENT_CACHED = DOCUMENTS.at("made"), DOCUMENTS.at("cached")
_PLAN_MADE, _PLAN_CACHED = PLANS.at("made"), PLANS.at("cached")
_PLANS_WEIGHT = 32_000_000  # bytes, about, of all plans kept


class Engine:
    """Answers operations of one process. It is shared by all requests and holds no state of one."""

    def __init__(
        self,
        database: Database,
        feeds: Feeds,
        limits: Limits,
        *,
        wake: Wake,
        future_days: int,
        close_wait_seconds: float = 20.0,
        kept: int = 1000,
        walls: Walls = BOTH_WALLS,
        spend: Spend | None = None,
    ) -> None:
        """Describe the engine; `kept` prepared documents, and as many plans, are kept at the most.

        `spend` is told the cost of everything before it is run, and may refuse it.
        `walls` are both, but where a test takes one down to see the other hold.
        """
        self.schema = graphql_schema()
        self.planner = Planner(self.schema, walls)
        self.database = database
        self.feeds = feeds
        self._limits = limits
        self._wake = wake
        self._spend = spend
        self._future_days = future_days
        self._close_wait_seconds = close_wait_seconds
        self._documents: Kept[tuple[str, str | None], Prepared] = Kept(kept, _DOCUMENTS_WEIGHT)
        self._plans: Kept[tuple[int, Sight, Hashable], Plan] = Kept(kept, _PLANS_WEIGHT)
        self._streams: Kept[tuple[int, Sight, Hashable], Stream] = Kept(kept, _PLANS_WEIGHT)
        self.reads: Flights[Events] = Flights()

    async def prepared(self, document: str, operation_name: str | None, actor: Actor) -> Prepared:
        """The same for a caller, who pays for a document that is not known, whatever comes of it.

        Parsing and validating take the longest of all, and whoever sends ever new documents must
        not have that for nothing.
        """
        if self._spend is not None and self._documents.get((document, operation_name)) is None:
            spent = self._spend(actor, PREPARING * len(document))
            if spent is not None:
                await spent
        return self.prepare(document, operation_name)

    def prepare(self, document: str, operation_name: str | None) -> Prepared:
        """The operation, parsed and validated; raises RequestError."""
        key = (document, operation_name)
        prepared = self._documents.get(key)
        count(_DOCUMENT_MADE if prepared is None else _DOCUMENT_CACHED)
        if prepared is None:
            prepared = prepare(self.schema, document, operation_name, self._limits)
            if len(document) <= _LONGEST_KEPT:
                self._documents.put(key, prepared, _PREPARED_WEIGHT * len(document))
        return prepared

    async def execute(
        self,
        prepared: Prepared,
        variables: Mapping[str, object] | None,
        actor: Actor,
        extensions: Mapping[str, object] | None = None,
    ) -> bytes:
        """The whole response object of a query or mutation.

        `extensions` are those of the request, which may ask for more than data (`schema.wanted`).

        Raises RequestError for what is refused before anything is read or done.
        """
        if prepared.kind == "mutation":
            return await mutate(self, prepared, variables, actor)
        asked = wanted(extensions, actor)
        coerced, structure = prepared.variables.read(variables)
        key = (prepared.number, actor.sight, structure)
        try:
            plan = self._plans.get(key)
            count(_PLAN_MADE if plan is None else _PLAN_CACHED)
            if plan is None:
                compiler = self.planner.compiler(prepared, coerced)
                plan = self.planner.query(prepared, compiler, actor.sight)
                self._plans.put(key, plan, plan.weight)
            values = plan.statement.parameters.values(coerced, actor)
        except UnreadableScalar as fault:
            raise RequestError([failure_of(fault)]) from None
        except InvalidArgument as fault:
            if plan is None:
                raise RequestError([failure_of(fault)]) from None
            return await self._settled(prepared, variables, coerced, plan, actor)
        await self.charge(plan.cost.given(coerced, actor), actor)
        try:
            answer = await self.database.answer(actor.scope, plan.statement.sql, values)
        except Exception as fault:
            return failures([failure_of(fault)])
        data = plan.completed(answer)
        if data is None:
            return await self._settled(prepared, variables, coerced, plan, actor)
        if prepared.introspects:
            data = self._with_introspection(prepared, variables, coerced, data)
        if asked is NOTHING_MORE:
            return b'{"data":' + data + b"}"
        told = await report(self, asked, plan, answer, coerced, actor)
        return b'{"data":' + data + b',"extensions":' + orjson.dumps(told) + b"}"

    def subscribe(
        self, prepared: Prepared, variables: Mapping[str, object] | None, actor: Actor
    ) -> AsyncIterator[bytes]:
        """The response objects of a subscription's events; raises RequestError."""
        return subscribe(self, prepared, variables, actor)

    def stream(self, key: tuple[int, Sight, Hashable], compiled: Callable[[], Stream]) -> Stream:
        """A subscription's compiled form, made by `compiled` if it is not kept."""
        stream = self._streams.get(key)
        if stream is None:
            stream = compiled()
            self._streams.put(key, stream, stream.plan.weight)
        return stream

    def context(self, actor: Actor) -> Context:
        """What a mutation of the actor is given."""
        return Context(
            actor, self.database, self._wake, self._future_days, self._close_wait_seconds
        )

    def limit(self, actor: Actor) -> int | None:
        """The points an operation of the actor may cost."""
        return self._limits.cost.get(actor.role)

    async def charge(self, points: int, actor: Actor) -> None:
        """Take an operation's cost off what the actor may spend; raises RequestError."""
        affordable(points, self.limit(actor))
        if self._spend is not None and (spent := self._spend(actor, points)) is not None:
            await spent

    async def _settled(
        self,
        prepared: Prepared,
        variables: Mapping[str, object] | None,
        coerced: dict[str, Any],
        plan: Plan,
        actor: Actor,
    ) -> bytes:
        """The response when a field cannot be answered; it is read again with its faults marked."""
        known = plan.statement.parameters.faults(coerced, actor)
        if () in known:
            raise RequestError([failure_of(known[()])])
        compiler = self.planner.compiler(prepared, coerced, known, settling=True)
        marked = self.planner.query(prepared, compiler, actor.sight)
        await self.charge(marked.cost.given(coerced, actor), actor)
        try:
            values = marked.statement.parameters.values(coerced, actor)
            answer = await self.database.answer(actor.scope, marked.statement.sql, values)
        except Exception as fault:
            return failures([failure_of(fault)])
        found = introspected(self.planner, prepared, variables, coerced)
        settling = Settling(compiler)
        root = self.planner.root("query")
        value = {**marked.filled(answer), **(found or {})}
        data = settling.root(root, [prepared.operation.selection_set], value)
        if not settling.errors:
            return orjson.dumps({"data": data})
        return orjson.dumps({"data": data, "errors": settling.errors})

    def _with_introspection(
        self,
        prepared: Prepared,
        variables: Mapping[str, object] | None,
        coerced: Mapping[str, Any],
        data: bytes,
    ) -> bytes:
        """The data with the root fields that are about the schema itself, in the fields' order."""
        found = introspected(self.planner, prepared, variables, coerced)
        if found is None:
            return data
        read = {**found, **orjson.loads(data)}
        keys = self.planner.root_fields(prepared, coerced, self.planner.root("query"))
        return orjson.dumps({key: read[key] for key in keys})

"""A small real engine on graphql-core, in place of the one that compiles SQL."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

import orjson
from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLField,
    GraphQLScalarType,
    GraphQLSchema,
    build_schema,
    execute,
    get_operation_ast,
    parse,
    print_ast,
    subscribe,
    validate,
)
from graphql.execution.values import get_variable_values

from api.engine import Kind
from domain.actors import Actor
from schema.errors import RequestError

SDL = """
scalar Decimal
type Query {
  hello(name: String): String!
  count(n: Int): Int
  identity(id: ID!): ID!
  amount(value: Decimal!): String!
  caller: String!
  fails: String
  crashes: String
  sleeps(seconds: Float!): String!
}
type Mutation { bump: Int! }
type Subscription {
  ticks(to: Int!): Int!
  silence: Int!
  callers: String!
  flood(bytes: Int!): String!
  refusedAtOnce: Int!
  refusedLater: Int!
  crashesLater: Int!
}
"""


@dataclass(frozen=True, slots=True)
class EchoOperation:
    document: DocumentNode
    operation_name: str | None
    kind: Kind
    hash: str = "echo"

    @property
    def introspects(self) -> bool:
        return "__schema" in print_ast(self.document)

    @property
    def name(self) -> str | None:
        operation = get_operation_ast(self.document, self.operation_name)
        return operation.name.value if operation and operation.name else None


@dataclass(frozen=True, slots=True)
class Context:
    actor: Actor


class EchoEngine:
    """Satisfies `api.engine.Engine`; counts what tests want to know of."""

    def __init__(self) -> None:
        self.bumps = 0
        self.flooded = 0
        self.cancelled = 0
        self.open_streams = 0
        self.crash_with: Exception | None = None
        self.caller_events: asyncio.Queue[None] = asyncio.Queue()
        self.schema = self._schema()

    async def prepared(
        self, document: str, operation_name: str | None, actor: Actor
    ) -> EchoOperation:
        return self.prepare(document, operation_name)

    def prepare(self, document: str, operation_name: str | None) -> EchoOperation:
        try:
            parsed = parse(document)
        except GraphQLError as error:
            raise _refused([error], "SYNTAX") from None
        if errors := validate(self.schema, parsed):
            raise _refused(errors, "VALIDATION")
        operation = get_operation_ast(parsed, operation_name)
        if operation is None:
            raise _refused([GraphQLError("Unknown operation")], "VALIDATION")
        return EchoOperation(parsed, operation_name, operation.operation.value)

    async def execute(
        self,
        prepared: EchoOperation,
        variables: Mapping[str, object] | None,
        actor: Actor,
        extensions: Mapping[str, object] | None = None,
    ) -> bytes:
        if "overloaded" in (prepared.operation_name or ""):
            raise RequestError(
                [{"message": "Out of capacity", "extensions": {"code": "UNAVAILABLE"}}], 503
            )
        if self.crash_with is not None:
            crash, self.crash_with = self.crash_with, None
            raise crash
        self._coerce(prepared, variables)
        result = execute(
            self.schema,
            prepared.document,
            context_value=Context(actor),
            variable_values=dict(variables or {}),
            operation_name=prepared.operation_name,
        )
        if not isinstance(result, ExecutionResult):
            result = await result
        for error in result.errors or []:
            if isinstance(error.original_error, MemoryError):
                raise error.original_error
        return orjson.dumps(result.formatted)

    async def subscribe(
        self, prepared: EchoOperation, variables: Mapping[str, object] | None, actor: Actor
    ) -> AsyncIterator[bytes]:
        self._coerce(prepared, variables)
        events = subscribe(
            self.schema,
            prepared.document,
            context_value=Context(actor),
            variable_values=dict(variables or {}),
            operation_name=prepared.operation_name,
        )
        if inspect.isawaitable(events):
            events = await events
        if isinstance(events, ExecutionResult):
            raise _refused(events.errors or [], "REFUSED")
        self.open_streams += 1
        try:
            async for event in events:
                yield orjson.dumps(event.formatted)
        finally:
            self.open_streams -= 1
            await events.aclose()

    def _coerce(self, prepared: EchoOperation, variables: Mapping[str, object] | None) -> None:
        operation = get_operation_ast(prepared.document, prepared.operation_name)
        values = get_variable_values(
            self.schema, operation.variable_definitions or (), dict(variables or {})
        )
        if isinstance(values, list):
            raise _refused(values, "BAD_USER_INPUT")

    def _schema(self) -> GraphQLSchema:
        schema = build_schema(SDL)
        _decimal(schema.type_map["Decimal"])
        query, mutation = schema.query_type.fields, schema.mutation_type.fields
        query["hello"].resolve = lambda _, info, name="world": f"Hello, {name}"
        query["count"].resolve = lambda _, info, n=0: n
        query["identity"].resolve = lambda _, info, id: id
        query["amount"].resolve = lambda _, info, value: value
        query["caller"].resolve = lambda _, info: _name(info.context.actor)
        query["fails"].resolve = _fails
        query["crashes"].resolve = _crashes
        query["sleeps"].resolve = self._sleep
        mutation["bump"].resolve = self._bump
        streams = schema.subscription_type.fields
        for name in streams:
            _stream(streams[name], getattr(self, f"_{name.lower()}"))
        return schema

    def _bump(self, _, info) -> int:
        self.bumps += 1
        return self.bumps

    async def _sleep(self, _, info, seconds: float) -> str:
        try:
            await asyncio.sleep(seconds)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return "rested"

    async def _ticks(self, _, info, to: int):
        for tick in range(1, to + 1):
            yield tick

    async def _silence(self, _, info):
        await asyncio.Event().wait()
        yield 0

    async def _callers(self, _, info):
        while True:
            await self.caller_events.get()
            yield _name(info.context.actor)

    async def _flood(self, _, info, bytes: int):
        while True:
            self.flooded += 1
            yield "x" * bytes

    async def _refusedatonce(self, _, info):
        raise _refused([GraphQLError("not for you")], "FORBIDDEN")
        yield 0

    async def _refusedlater(self, _, info):
        yield 1
        raise _refused([GraphQLError("the cursor is too old")], "CURSOR_EXPIRED")

    async def _crasheslater(self, _, info):
        yield 1
        raise RuntimeError("password=hunter2")


def _fails(_, info) -> str:
    raise GraphQLError("There is none", extensions={"code": "NOT_FOUND"})


def _crashes(_, info) -> str:
    raise MemoryError("password=hunter2")


def _name(actor: Actor) -> str:
    return f"{actor.role.value}:{actor.subject}:{actor.scope_id}:{actor.channel}"


def _stream(field: GraphQLField, source) -> None:
    field.subscribe = source
    field.resolve = lambda event, info, **_: event


def _decimal(scalar: GraphQLScalarType) -> None:
    def coerce(value: object) -> str:
        if not isinstance(value, str):
            raise GraphQLError("A Decimal is a string")
        return value

    scalar.coerce_input_value = coerce


def _refused(errors, code: str) -> RequestError:
    formatted = [dict(error.formatted) for error in errors]
    for error in formatted:
        error.setdefault("extensions", {}).setdefault("code", code)
    return RequestError(formatted)

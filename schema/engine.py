"""The engine: from a request to the bytes of its answer.

A document is prepared once (`document`), an operation is compiled once for each scope and
structure of its variables (`compile`), and every read is then one statement whose JSON is passed
on as bytes. Mutations do their work first and read their result the same way; each event of a
subscription is a row of the same kind.
"""

from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLField,
    GraphQLObjectType,
    OperationDefinitionNode,
    SelectionSetNode,
    execute_sync,
)
from graphql.execution.values import (
    VariableValues,
    get_argument_values,
    get_variable_values,
)
from strawberry.types.arguments import convert_argument

from domain.actors import Actor, Scope
from repository.database import Database, persistently
from repository.reading.parameters import InvalidArgument, Variable
from repository.reading.statement import (
    BOTH_WALLS,
    Statement,
    Walls,
    render,
    render_feed,
    render_payload,
)
from schema.arguments import Arguments, arguments_of, shape
from schema.compile import Compiler, Fill, filled
from schema.context import Context, Wake
from schema.document import Prepared, prepare
from schema.errors import BAD_USER_INPUT, RequestError, error
from schema.failures import Forbidden, failure_of, failures
from schema.feeds import Feeds, position_of
from schema.fields import PLANNED
from schema.limits import Limits
from schema.mutations.operation import Operation
from schema.published import NODE_TYPES, graphql_schema, published
from schema.selection import collect
from schema.subscription import Feed

_EVENTS_AT_ONCE = 100
_NO_VALUES = VariableValues({}, {})
CURSOR = Variable(" cursor")  # no variable of a document has a blank in its name
ROW = Variable(" row")
_MOST_PLANS = 50
_LONGEST_KEPT = 20_000  # characters; longer documents are prepared each time


@dataclass(frozen=True, slots=True)
class Plan:
    """A statement, and what Python fills into its answer (nothing, in most)."""

    statement: Statement
    fills: tuple[Fill, ...] = ()


@dataclass(frozen=True, slots=True)
class _Step:
    """One field of a mutation: what to do with what, and the plan of its answer."""

    operation: Operation
    given: Any
    plan: Plan


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
        documents: int = 1000,
        walls: Walls = BOTH_WALLS,
    ) -> None:
        """Describe the engine; `documents` are kept prepared at the most.

        `walls` are both, but where a test takes one down to see the other hold.
        """
        self._walls = walls
        self._schema = graphql_schema()
        self._database = database
        self._feeds = feeds
        self._limits = limits
        self._wake = wake
        self._future_days = future_days
        self._close_wait_seconds = close_wait_seconds
        self._most_documents = documents
        self._prepared: OrderedDict[tuple[str, str | None], Prepared] = OrderedDict()

    def prepare(self, document: str, operation_name: str | None) -> Prepared:
        """The operation, parsed and validated; raises RequestError."""
        key = (document, operation_name)
        prepared = self._prepared.get(key)
        if prepared is not None:
            self._prepared.move_to_end(key)
            return prepared
        prepared = prepare(self._schema, document, operation_name, self._limits)
        if len(document) > _LONGEST_KEPT:
            return prepared
        self._prepared[key] = prepared
        if len(self._prepared) > self._most_documents:
            self._prepared.popitem(last=False)
        return prepared

    async def execute(
        self, prepared: Prepared, variables: Mapping[str, object] | None, actor: Actor
    ) -> bytes:
        """The whole response object of a query or mutation.

        Raises RequestError for what is refused before anything is read or done.
        """
        values = self._values(prepared, variables)
        coerced = values.coerced
        if prepared.kind == "mutation":
            return await self._mutate(prepared, values, actor)
        introspected = self._introspected(prepared, variables, coerced)
        try:
            plan = self._query_plan(prepared, coerced, actor.scope)
            given = plan.statement.parameters.values(coerced, actor)
            answer = await self._run(plan, given, actor)
        except InvalidArgument as fault:
            raise RequestError([failure_of(fault)]) from None
        except Exception as fault:
            return failures([failure_of(fault)])
        if introspected is None:
            return b'{"data":' + answer + b"}"
        root = _root(self._schema.query_type)
        read = {**introspected, **orjson.loads(answer)}
        keys = self._root_fields(prepared, coerced, root)
        return orjson.dumps({"data": {key: read[key] for key in keys}})

    async def subscribe(
        self, prepared: Prepared, variables: Mapping[str, object] | None, actor: Actor
    ) -> AsyncIterator[bytes]:
        """The response objects of a subscription's events; raises RequestError."""
        coerced = self._values(prepared, variables).coerced
        key, node, feed, arguments = self._event_field(prepared, coerced)
        try:
            plan = self._event_plan(prepared, coerced, actor.scope, node, feed, arguments)
            after = arguments.source("after")
            start = None if after is None else after.read(coerced, actor)
            cursor = await self._feeds.head(feed.topic)
            if start is not None:
                head, cursor = cursor, position_of(start, feed.topic)
                if cursor > head:
                    raise InvalidArgument("the cursor is beyond this feed's end", "INVALID_CURSOR")
        except InvalidArgument as fault:
            raise RequestError([failure_of(fault, [key])]) from None
        while True:
            try:
                head = await self._feeds.head(feed.topic)
                given = plan.statement.parameters.values({**coerced, CURSOR.name: cursor}, actor)
                answer = await self._run(plan, given, actor)
            except Exception as fault:
                raise RequestError([failure_of(fault, [key])], status=503) from None
            events = orjson.loads(answer)
            for position, event in events:
                yield orjson.dumps({"data": {key: event}})
                cursor = position
            if len(events) < _EVENTS_AT_ONCE:
                cursor = max(cursor, head)
                await self._feeds.passed(feed.topic, cursor)

    # Variables

    def _values(self, prepared: Prepared, variables: Mapping[str, object] | None) -> VariableValues:
        definitions = prepared.operation.variable_definitions
        if not definitions:
            return _NO_VALUES
        result = get_variable_values(
            self._schema, definitions, dict(variables or {}), max_errors=20, hide_suggestions=True
        )
        if isinstance(result, list):
            raise RequestError([error(fault.message, BAD_USER_INPUT) for fault in result])
        return result

    # Plans

    def _compiler(self, prepared: Prepared, coerced: Mapping[str, Any]) -> Compiler:
        return Compiler(self._schema, NODE_TYPES, prepared.fragments, coerced)

    def _root_fields(
        self, prepared: Prepared, coerced: Mapping[str, Any], root: GraphQLObjectType
    ) -> dict[str, list[FieldNode]]:
        sets = [prepared.operation.selection_set]
        return collect(self._schema, prepared.fragments, coerced, root, sets)

    def _query_plan(self, prepared: Prepared, coerced: dict[str, Any], scope: Scope) -> Plan:
        key = (scope, *[(name, shape(value)) for name, value in coerced.items()])
        plan: Plan | None = prepared.plans.get(key)
        if plan is None:
            root = _root(self._schema.query_type)
            compiler = self._compiler(prepared, coerced)
            fields = [
                (name, compiler.field(root, nodes))
                for name, nodes in self._root_fields(prepared, coerced, root).items()
                if not _introspects(nodes[0])
            ]
            plan = Plan(render(fields, scope, self._walls), tuple(compiler.fills))
            _remember(prepared, key, plan)
        return plan

    async def _run(self, plan: Plan, values: Sequence[Any], actor: Actor) -> bytes:
        answer = await self._database.answer(actor.scope, plan.statement.sql, values)
        if plan.fills:
            return orjson.dumps(filled(orjson.loads(answer), plan.fills))
        return answer.encode()

    # Introspection

    def _introspected(
        self,
        prepared: Prepared,
        variables: Mapping[str, object] | None,
        coerced: Mapping[str, Any],
    ) -> dict[str, Any] | None:
        """The root fields that are about the schema itself, answered by graphql-core."""
        root = _root(self._schema.query_type)
        nodes = [
            node
            for chosen in self._root_fields(prepared, coerced, root).values()
            for node in chosen
            if _introspects(node)
        ]
        if not nodes:
            return None
        operation = OperationDefinitionNode(
            operation=prepared.operation.operation,
            variable_definitions=prepared.operation.variable_definitions,
            selection_set=SelectionSetNode(selections=tuple(nodes)),
        )
        document = DocumentNode(definitions=(operation, *prepared.fragments.values()))
        result = execute_sync(self._schema, document, variable_values=dict(variables or {}))
        if result.errors:
            raise RequestError([error(fault.message, BAD_USER_INPUT) for fault in result.errors])
        return result.data or {}

    # Mutations

    async def _mutate(self, prepared: Prepared, values: VariableValues, actor: Actor) -> bytes:
        """Perform the fields in their order, when it is known that all of them can be answered."""
        root = _root(self._schema.mutation_type)
        steps = []
        for key, nodes in self._root_fields(prepared, values.coerced, root).items():
            try:
                steps.append((key, self._step(root, prepared, nodes, values, actor)))
            except InvalidArgument as fault:
                raise RequestError([failure_of(fault)]) from None
            except GraphQLError as fault:  # null for what must not be, by way of a default
                raise RequestError([error(fault.message, BAD_USER_INPUT)]) from None
            except Exception as fault:
                return failures([failure_of(fault, [key])])
        context = Context(
            actor, self._database, self._wake, self._future_days, self._close_wait_seconds
        )
        parts: list[bytes] = []
        for key, step in steps:
            try:
                answer = await self._perform(step, context, values)
            except Exception as fault:
                return failures([failure_of(fault, [key])])
            parts.append(orjson.dumps(key) + b":" + answer)
        return b'{"data":{' + b",".join(parts) + b"}}"

    def _step(
        self,
        root: GraphQLObjectType,
        prepared: Prepared,
        nodes: list[FieldNode],
        values: VariableValues,
        actor: Actor,
    ) -> "_Step | None":
        """What one field does and how it is answered; None for the root's own name."""
        name = nodes[0].name.value
        if name == "__typename":
            return None
        definition = root.fields[name]
        operation: Operation = _spec(definition)
        if actor.role not in operation.roles:
            raise Forbidden(f"{name} is not for the role {actor.role.name}")
        given = get_argument_values(definition, nodes[0], values, hide_suggestions=True)
        compiler = self._compiler(prepared, values.coerced)
        record = compiler.below(definition, nodes)
        statement = render_payload(record, operation.columns, ROW, actor.scope, self._walls)
        statement.parameters.values({**values.coerced, ROW.name: {}}, actor)
        plan = Plan(statement, tuple(compiler.fills))
        return _Step(operation, _converted(given["input"], operation.input_type), plan)

    async def _perform(
        self, step: "_Step | None", context: Context, values: VariableValues
    ) -> bytes:
        if step is None:
            return orjson.dumps(_root(self._schema.mutation_type).name)
        row = await persistently(lambda: step.operation.perform(context, step.given))
        given = {**values.coerced, ROW.name: dict(row)}
        bound = step.plan.statement.parameters.values(given, context.actor)
        return await self._run(step.plan, bound, context.actor)

    # Subscriptions

    def _event_field(
        self, prepared: Prepared, coerced: dict[str, Any]
    ) -> tuple[str, FieldNode, Feed, Arguments]:
        root = _root(self._schema.subscription_type)
        fields = self._root_fields(prepared, coerced, root)
        if len(fields) != 1:
            raise RequestError([error("a subscription has exactly one field", BAD_USER_INPUT)])
        key, nodes = next(iter(fields.items()))
        definition = root.fields[nodes[0].name.value]
        feed: Feed = _spec(definition)
        merged = FieldNode(
            name=nodes[0].name,
            arguments=nodes[0].arguments,
            selection_set=SelectionSetNode(
                selections=tuple(
                    selection
                    for node in nodes
                    if node.selection_set
                    for selection in node.selection_set.selections
                )
            ),
        )
        return key, merged, feed, arguments_of(nodes[0], definition, coerced)

    def _event_plan(
        self,
        prepared: Prepared,
        coerced: dict[str, Any],
        scope: Scope,
        node: FieldNode,
        feed: Feed,
        arguments: Arguments,
    ) -> Plan:
        key = (scope, *[(name, shape(value)) for name, value in coerced.items()])
        plan: Plan | None = prepared.plans.get(key)
        if plan is None:
            root = _root(self._schema.subscription_type)
            compiler = self._compiler(prepared, coerced)
            record = compiler.below(root.fields[node.name.value], [node])
            join = feed.join(tuple(feed.choose(arguments)))
            statement = render_feed(
                record, join, "position", CURSOR, _EVENTS_AT_ONCE, scope, self._walls
            )
            plan = Plan(statement, tuple(compiler.fills))
            _remember(prepared, key, plan)
        return plan


def _root(found: GraphQLObjectType | None) -> GraphQLObjectType:
    if found is None:
        raise TypeError("the schema lacks a root type")
    return found


def _spec(definition: GraphQLField) -> Any:
    return definition.extensions["strawberry-definition"].metadata[PLANNED].spec


def _introspects(node: FieldNode) -> bool:
    return node.name.value in ("__schema", "__type")


def _remember(prepared: Prepared, key: Any, plan: Plan) -> None:
    if len(prepared.plans) >= _MOST_PLANS:
        prepared.plans.pop(next(iter(prepared.plans)))
    prepared.plans[key] = plan


def _converted(value: Any, input_type: Any) -> Any:
    """A coerced input as the dataclass that the mutation declares."""
    schema = published()
    registry = schema.schema_converter.scalar_registry
    return convert_argument(value, input_type, registry, schema.config)

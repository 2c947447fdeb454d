"""Plans: what a prepared operation becomes for a kind of scope and a structure of its variables."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
)

from domain.actors import Sight
from repository.reading.nodes import FAULT, Record
from repository.reading.parameters import InvalidArgument, Place, Variable
from repository.reading.statement import Statement, Walls, render, render_feed, render_payload
from schema.arguments import Arguments
from schema.compile import Compiler, Fill, filled
from schema.cost import Cost, requested
from schema.document import Prepared
from schema.fields import PLANNED
from schema.mutations.operation import Operation
from schema.published import NODE_TYPES
from schema.selection import collect
from schema.subscription import Feed

CURSOR = Variable(" cursor")  # no variable of a document has a blank in its name
ROW = Variable(" row")
EVENTS_AT_ONCE = 100
MARK = f'{{"{FAULT}"'
"""How a fault begins in an answer; no string in JSON can hold it, for its quotes are escaped."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A statement, what Python fills into its answer (nothing, in most), and what it costs."""

    statement: Statement
    record: Record
    cost: Cost
    fills: tuple[Fill, ...]
    faults: tuple[InvalidArgument, ...]

    @property
    def weight(self) -> int:
        """About how many bytes it takes."""
        return 3 * len(self.statement.sql) + 2_000

    def completed(self, answer: str) -> bytes | None:
        """The answer with all that Python fills in; None if a field of it failed."""
        if self.faults or MARK in answer:
            return None
        if not self.fills:
            return answer.encode()
        failures: list[Exception] = []
        value = filled(orjson.loads(answer), self.fills, failures)
        return None if failures else orjson.dumps(value)

    def events(self, answer: str) -> list[tuple[int, Any]] | None:
        """The decoded events of a feed, each with its position; None if a field of one failed."""
        if self.faults or MARK in answer:
            return None
        failures: list[Exception] = []
        events: list[tuple[int, Any]] = orjson.loads(answer)
        if self.fills:
            events = filled(events, self.fills, failures)
        return None if failures else events

    def filled(self, answer: str) -> Any:
        """The decoded answer with all that Python fills in, its faults marked."""
        return filled(orjson.loads(answer), self.fills, [])


def _plan(statement: Statement, record: Record, compiler: Compiler) -> Plan:
    cost = requested(record).folded()
    return Plan(statement, record, cost, tuple(compiler.fills), tuple(compiler.faults))


def spec_of(definition: GraphQLField) -> Any:
    """What a field of ours was declared with."""
    return definition.extensions["strawberry-definition"].metadata[PLANNED].spec


def introspects(node: FieldNode) -> bool:
    """Whether a root field is about the schema itself."""
    return node.name.value in ("__schema", "__type")


@dataclass(frozen=True, slots=True)
class Planner:
    """Makes plans. `walls` are both, but where a test takes one down to see the other hold."""

    schema: GraphQLSchema
    walls: Walls

    def compiler(
        self,
        prepared: Prepared,
        coerced: Mapping[str, Any],
        known: Mapping[Place, InvalidArgument] | None = None,
        *,
        settling: bool = False,
    ) -> Compiler:
        """The compiler of one operation."""
        return Compiler(self.schema, NODE_TYPES, prepared.fragments, coerced, known or {}, settling)

    def root_fields(
        self, prepared: Prepared, coerced: Mapping[str, Any], root: GraphQLObjectType
    ) -> dict[str, list[FieldNode]]:
        """The operation's own fields by response key."""
        sets = [prepared.operation.selection_set]
        return collect(self.schema, prepared.fragments, coerced, root, sets)

    def query(self, prepared: Prepared, compiler: Compiler, sight: Sight) -> Plan:
        """The plan of a query: one statement for all of its root fields."""
        root = self.root("query")
        fields = self.root_fields(prepared, compiler.variables, root).items()
        record = Record(
            [
                (key, compiler.field(root, nodes))
                for key, nodes in fields
                if not introspects(nodes[0])
            ]
        )
        return _plan(render(record.fields, sight, self.walls), record, compiler)

    def payload(
        self,
        definition: GraphQLField,
        nodes: list[FieldNode],
        compiler: Compiler,
        sight: Sight,
    ) -> Plan:
        """The plan of what a mutation answers, over the row that it ends with."""
        operation: Operation = spec_of(definition)
        compiler.secrets = True
        record = compiler.below(definition, nodes)
        statement = render_payload(record, operation.columns, ROW, sight, self.walls)
        return _plan(statement, record, compiler)

    def event(
        self,
        definition: GraphQLField,
        nodes: list[FieldNode],
        arguments: Arguments,
        compiler: Compiler,
        sight: Sight,
    ) -> Plan:
        """The plan of a subscription's next events, over the rows of its feed."""
        feed: Feed = spec_of(definition)
        record = compiler.below(definition, nodes)
        join = feed.join(tuple(feed.choose(arguments)))
        statement = render_feed(record, join, "position", CURSOR, EVENTS_AT_ONCE, sight, self.walls)
        return _plan(statement, record, compiler)

    def root(self, kind: str) -> GraphQLObjectType:
        """The root type of queries, mutations or subscriptions."""
        found: GraphQLObjectType | None = getattr(self.schema, f"{kind}_type")
        if found is None:
            raise TypeError(f"the schema has no {kind} type")
        return found

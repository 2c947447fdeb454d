"""Compiling: a validated operation becomes a plan, one statement that answers it.

The compiler follows the selection down the schema's types and asks every field for its
specification (`schema.fields`); what comes out is a tree of nodes (`repository.reading.nodes`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    SelectionSetNode,
    get_named_type,
    is_abstract_type,
    is_enum_type,
    is_non_null_type,
)

from domain.field_classes import FieldClass
from repository.reading.expressions import Shown
from repository.reading.nodes import (
    FAULT,
    FILL,
    KIND,
    ByKind,
    Edges,
    Elements,
    Fault,
    Formula,
    Join,
    Literal,
    Many,
    Node,
    One,
    Owned,
    Page,
    PageInfo,
    PagePart,
    Record,
    Rows,
    Total,
    Value,
)
from repository.reading.parameters import (
    Constant,
    Derived,
    InvalidArgument,
    Place,
    Source,
    UnreadableScalar,
)
from schema import identifiers
from schema.arguments import Arguments, arguments_of
from schema.classes import class_of
from schema.complete import completer
from schema.connections import window
from schema.declarations import NodeType
from schema.errors import FORBIDDEN
from schema.fields import (
    PLANNED,
    ById,
    Computed,
    Given,
    ListMembers,
    Made,
    Paged,
    SameRow,
    Spec,
    Stored,
    ToMany,
    ToOne,
)
from schema.selection import collect, response_key

Fill = Callable[[dict[str, Any]], Any]


@dataclass(slots=True)
class Compiler:
    """Compiles selections of one operation for one structure of its variables.

    A field whose arguments are no good becomes a fault and all others go on: `known` are those
    that came out when the values were looked at, `faults` all of them. `settling` also asks for
    the types of objects that the answer does not tell, for `schema.settle`.
    """

    schema: GraphQLSchema
    node_types: Mapping[str, NodeType]
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Mapping[str, Any]
    known: Mapping[Place, InvalidArgument] = field(default_factory=dict)
    settling: bool = False
    secrets: bool = False  # in the answer of a mutation, which was admitted and audited
    fills: list[Fill] = field(default_factory=list)
    faults: list[InvalidArgument] = field(default_factory=list)
    place: Place = ()

    def record(
        self,
        object_type: GraphQLObjectType,
        sets: Sequence[SelectionSetNode],
        given: Mapping[str, Spec] | None = None,
    ) -> Record:
        """The object that a selection on a type asks for, over a row of the type."""
        try:
            fields = self.collect(object_type, sets)
        except InvalidArgument as fault:
            return Record([], fault=self.fault(fault).number)
        return Record(
            [
                (key, self.field(object_type, nodes, (given or {}).get(nodes[0].name.value)))
                for key, nodes in fields.items()
            ]
        )

    def fault(self, fault: InvalidArgument) -> Fault:
        """What stands in the answer for something that cannot be told."""
        self.faults.append(fault.with_traceback(None))
        return Fault(len(self.faults) - 1)

    def collect(
        self, object_type: GraphQLObjectType, sets: Sequence[SelectionSetNode]
    ) -> dict[str, list[FieldNode]]:
        """The selected fields by response key."""
        return collect(self.schema, self.fragments, self.variables, object_type, sets)

    def field(
        self, object_type: GraphQLObjectType, nodes: list[FieldNode], given: Spec | None = None
    ) -> Node:
        """The node of one field, or its fault."""
        if nodes[0].name.value == "__typename":
            return Literal(object_type.name)
        above, self.place = self.place, (*self.place, (object_type.name, response_key(nodes[0])))
        try:
            fault = self.known.get(self.place)
            if fault is not None:
                raise fault
            made = self.made(object_type, nodes, given)
            return Owned(self.place, made) if nodes[0].arguments else made
        except UnreadableScalar:
            raise
        except InvalidArgument as fault:
            return self.fault(fault)
        finally:
            self.place = above

    def made(
        self, object_type: GraphQLObjectType, nodes: list[FieldNode], given: Spec | None
    ) -> Node:
        """The node of one field, as its specification (or the one given instead) says."""
        name = nodes[0].name.value
        definition = object_type.fields[name]
        arguments = arguments_of(nodes[0], definition, self.variables)
        declared = definition.extensions["strawberry-definition"]
        if not self.secrets and class_of(object_type.name, declared) is FieldClass.SECRET:
            raise InvalidArgument(f"{name} is shown by its mutation alone", FORBIDDEN)
        spec = given or declared.metadata[PLANNED].spec
        match spec:
            case Stored(expression):
                if is_enum_type(get_named_type(definition.type)):  # words of ours
                    expression = replace(expression, written=Shown.QUOTED)
                return Value(expression, nullable=not is_non_null_type(definition.type))
            case Made(make):
                return make(arguments)
            case SameRow(unless_null):
                return replace(self.below(definition, nodes), unless_null=unless_null)
            case ToOne():
                return self.to_one(spec, definition, nodes, arguments)
            case ToMany():
                join = Join(spec.table, spec.on, spec.choose(arguments))
                last = arguments.source(spec.last) if spec.last else None
                record = self.below(definition, nodes, _resolved(spec.given, arguments))
                return Many(join, record, spec.order, last)
            case ListMembers(column, columns):
                return Elements(column, columns, self.below(definition, nodes))
            case Paged():
                return self.page(spec, definition, nodes, arguments)
            case ById(single):
                return self.by_id(definition, nodes, arguments, single=single)
            case Computed():
                return self.computed(spec, definition, nodes, arguments)
        raise TypeError(f"{object_type.name}.{name} has no plan")

    def below(
        self,
        definition: GraphQLField,
        nodes: list[FieldNode],
        given: Mapping[str, Spec] | None = None,
    ) -> Record:
        """The object below a field."""
        return self.record(_object_type(definition), _selections(nodes), given)

    def to_one(
        self, spec: ToOne, definition: GraphQLField, nodes: list[FieldNode], arguments: Arguments
    ) -> One:
        """The row of a join, or what is shown when there is none."""
        join = Join(spec.table, spec.on, spec.choose(arguments))
        otherwise = None
        if spec.otherwise is not None:
            object_type = _object_type(definition)
            fields: list[tuple[str, Node]] = []
            for key, chosen in self.collect(object_type, _selections(nodes)).items():
                name = chosen[0].name.value
                if name == "__typename":
                    fields.append((key, Literal(object_type.name)))
                elif name in spec.otherwise:
                    fields.append((key, spec.otherwise[name](arguments)))
                else:
                    fields.append((key, Formula("null::text")))
            otherwise = Record(fields)
        record = self.below(definition, nodes, _resolved(spec.given, arguments))
        return One(join, record, spec.order, otherwise, spec.aggregated)

    def page(
        self, spec: Paged, definition: GraphQLField, nodes: list[FieldNode], arguments: Arguments
    ) -> Page:
        """A connection: only the parts that were asked for."""
        order = spec.order(arguments)
        size, backward, after = window(arguments, spec.table, order)
        connection = _object_type(definition)
        parts: list[tuple[str, PagePart]] = []
        for key, chosen in self.collect(connection, _selections(nodes)).items():
            parts.append((key, self.page_part(connection, chosen)))
        join = Join(spec.table, spec.on, spec.choose(arguments))
        return Page(join, order, size, backward, after, parts)

    def page_part(self, connection: GraphQLObjectType, nodes: list[FieldNode]) -> PagePart:
        """One field of a connection."""
        above, self.place = self.place, (*self.place, (connection.name, response_key(nodes[0])))
        try:
            return self._page_part(connection, nodes)
        finally:
            self.place = above

    def _page_part(self, connection: GraphQLObjectType, nodes: list[FieldNode]) -> PagePart:
        name = nodes[0].name.value
        sets = _selections(nodes)
        if name == "__typename":
            return Literal(connection.name)
        if name == "totalCount":
            return Total()
        object_type = _object_type(connection.fields[name])
        if name == "nodes":
            return Rows(self.record(object_type, sets))
        try:
            fields = self.collect(object_type, sets)
        except InvalidArgument as fault:
            told = self.fault(fault)
            return Rows(Record([], fault=told.number)) if name == "edges" else told
        if name == "edges":
            return Edges(
                [(key, self.edge_field(object_type, chosen)) for key, chosen in fields.items()]
            )
        return PageInfo([(key, chosen[0].name.value) for key, chosen in fields.items()])

    def edge_field(self, edge: GraphQLObjectType, nodes: list[FieldNode]) -> Node | None:
        """One field of an edge; None is its cursor."""
        name = nodes[0].name.value
        if name == "__typename":
            return Literal(edge.name)
        if name != "node":
            return None
        above, self.place = self.place, (*self.place, (edge.name, response_key(nodes[0])))
        try:
            return self.below(edge.fields[name], nodes)
        finally:
            self.place = above

    def by_id(
        self,
        definition: GraphQLField,
        nodes: list[FieldNode],
        arguments: Arguments,
        *,
        single: bool,
    ) -> ByKind:
        """Objects of any type with an identifier: one option for each."""
        options: list[tuple[str, Node]] = []
        sets = _selections(nodes)
        for name, node_type in self.node_types.items():
            object_type = self.schema.get_type(name)
            assert isinstance(object_type, GraphQLObjectType)
            on = _matched(node_type.keys)
            join = Join(node_type.table, on, node_type.where)
            record = self.record(object_type, sets)
            if self.settling:
                record = replace(record, fields=[(KIND, Literal(name)), *record.fields])
            options.append((name, One(join, record)))
        source = arguments.source("id" if single else "ids") or Constant([])
        listed = _as_list if single else _at_most_100
        return ByKind(
            _part(source, listed, 0),
            _part(source, listed, 1),
            _part(source, listed, 2),
            options,
            single,
        )

    def computed(
        self, spec: Computed, definition: GraphQLField, nodes: list[FieldNode], arguments: Arguments
    ) -> Record:
        """What Python needs, marked with the place of the function that fills it in."""
        complete = completer(definition.type, nodes, self.collect)
        make = spec.make
        self.fills.append(lambda needs: complete(make(needs)))
        needs = spec.needs(arguments)
        return Record([(FILL, Literal(str(len(self.fills) - 1))), *needs.items()])


def filled(value: Any, fills: Sequence[Fill], failures: list[Exception]) -> Any:
    """A decoded answer with every marked object replaced by what its function makes of it.

    Where that fails, the exception stands marked as a fault, and is added to `failures`.
    """
    if isinstance(value, dict):
        if FILL in value:
            try:
                return fills[int(value[FILL])](value)
            except Exception as fault:
                failures.append(fault)
                return {FAULT: fault}
        return {key: filled(member, fills, failures) for key, member in value.items()}
    if isinstance(value, list):
        return [filled(member, fills, failures) for member in value]
    return value


def _resolved(given: Given, arguments: Arguments) -> dict[str, Spec]:
    return {name: make(arguments) for name, make in given.items()}


def _selections(nodes: Sequence[FieldNode]) -> list[SelectionSetNode]:
    return [node.selection_set for node in nodes if node.selection_set]


def _matched(keys: tuple[str, ...]) -> dict[str, str]:
    """How an identifier's numbers are matched: all of them, and no number too many."""
    if len(keys) == 1:
        return {keys[0]: "case when {t}.k2 is null then {t}.k1 end"}
    return {keys[0]: "{t}.k1", keys[1]: "{t}.k2"}


def _object_type(definition: GraphQLField) -> GraphQLObjectType:
    named = get_named_type(definition.type)
    assert isinstance(named, GraphQLObjectType) or is_abstract_type(named)
    return named  # type: ignore[return-value]


def _as_list(value: Any) -> list[Any]:
    return [value]


def _at_most_100(value: Any) -> list[Any]:
    if len(value) > identifiers.MOST_AT_ONCE:
        raise identifiers.too_many(len(value))
    return list(value)


@dataclass(frozen=True, slots=True)
class _IdentifierPart:
    listed: Callable[[Any], list[Any]]
    place: int

    def __call__(self, value: Any) -> list[Any]:
        return [identifiers.decode(member)[self.place] for member in self.listed(value)]


def _part(source: Source, listed: Callable[[Any], list[Any]], place: int) -> Source:
    return Derived(source, _IdentifierPart(listed, place))

"""Documents made of the SDL: every field of every type, with every argument it has.

Nothing here names a field. A type is reached by `nodes(ids:)`, if it has identifiers, else by the
field of another type that leads to it; an argument is filled by its type and its name.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_required_argument,
    is_required_input_field,
)

PAGE = 20
_DEPTH = 1
_ROOTS = ("Query", "Mutation", "Subscription")
_FIXED: dict[str, Sequence[Any]] = {
    "Int": (1,),
    "Float": (1.5,),
    "Boolean": (True,),
    "Month": ("2025-01",),
    "Date": ("2025-01-31",),
    "DateTime": ("2025-01-31T00:00:00Z",),
    "Decimal": ("250000.00",),
}
_OPERATORS = ("eq", "in", "contains", "startsWith", "endsWith")
EXACT = ("eq", "id", "ids", "contains", "search", "number")
"""Members that name a row: a stranger's must be as good as none."""


class Name(str):
    """An enumeration's value, which is written bare."""


@dataclass(frozen=True)
class Asked:
    """One field with its arguments, to be put under an alias.

    `given` is the value of a stranger's or a missing row that it was made with, `place` the member
    it was put in; two questions that differ in nothing else must be answered alike.
    """

    field: str
    arguments: Mapping[str, Any]
    place: tuple[str, ...] = ()
    given: str = ""


@dataclass
class Generator:
    """Makes the documents of one schema. `ids` and `texts` are the values arguments are given.

    `ids` by type, `texts` by the name of the field they were read from; `everything` are all ids.
    """

    schema: GraphQLSchema
    ids: Mapping[str, Sequence[str]]
    texts: Mapping[str, Sequence[str]]
    cursors: Sequence[str]
    everything: Sequence[str]
    covered: set[str] = field(default_factory=set)

    # Where a type is

    def ways(self) -> dict[str, tuple[str, ...]]:
        """How each object type is reached: the types and fields on the way from the root."""
        found: dict[str, tuple[str, ...]] = {"Query": ()}
        waiting = ["Query"]
        for name in waiting:
            type_ = self.schema.type_map[name]
            assert isinstance(type_, GraphQLObjectType)
            for field_name, definition in type_.fields.items():
                below = get_named_type(definition.type)
                options = [below] if isinstance(below, GraphQLObjectType) else []
                if below.name == "Node":
                    options = list(self.schema.get_possible_types(below))  # type: ignore[arg-type]
                for option in options:
                    if option.name not in found:
                        found[option.name] = (*found[name], f"{name}.{field_name}")
                        waiting.append(option.name)
        return found

    def document(self, type_name: str, way: Sequence[str], asked: Sequence[Asked]) -> str:
        """A query for fields of a type, each under an alias of its own."""
        type_ = self.schema.type_map[type_name]
        assert isinstance(type_, GraphQLObjectType)
        lines = [
            f"a{number}: {self._asked(type_.fields[one.field], one)}"
            for number, one in enumerate(asked)
        ]
        text = "{ " + " ".join(lines) + " }"
        inner = type_name
        for step in reversed(way):
            owner, _, name = step.partition(".")
            upper = self.schema.type_map[owner]
            assert isinstance(upper, GraphQLObjectType)
            definition = upper.fields[name]
            if get_named_type(definition.type).name == "Node":
                text = f"{{ ... on {inner} {text} }}"
                given = {"ids": list(self.everything)} if "ids" in definition.args else {}
            else:
                given = {}
            arguments = {**next(self.required(definition.args)), **given}
            text = f"{{ {name}{written(arguments)} {text} }}"
            inner = owner
        return text

    def _asked(self, definition: GraphQLField, asked: Asked) -> str:
        page = get_named_type(definition.type).name.endswith("Connection")
        depth = _DEPTH if page or not asked.place else 0
        return f"{asked.field}{written(asked.arguments)}{self.selection(definition, depth)}"

    def selection(self, definition: GraphQLField, depth: int) -> str:
        """All leaves below a field, so many levels of objects deep."""
        below = get_named_type(definition.type)
        if is_leaf_type(below):
            return ""
        if not isinstance(below, GraphQLObjectType):
            options = self.schema.get_possible_types(below)  # type: ignore[arg-type]
            parts = [f"... on {option.name} {self._fields(option, depth)}" for option in options]
            return " { __typename " + " ".join(parts) + " }"
        return " " + self._fields(below, depth)

    def _fields(self, type_: GraphQLObjectType, depth: int) -> str:
        lines = ["__typename"]
        for name, definition in type_.fields.items():
            leaf = is_leaf_type(get_named_type(definition.type))
            if leaf or depth > 0:
                arguments = written(next(self.required(definition.args, 3)))
                # Two types of one list may have fields of one name and different types.
                lines.append(
                    f"{type_.name}_{name}: {name}{arguments}{self.selection(definition, depth - 1)}"
                )
        return "{ " + " ".join(lines) + " }"

    # What is asked

    def questions(self, type_name: str) -> Iterator[Asked]:
        """Every field of a type: as it is, and again for each value of each of its arguments."""
        type_ = self.schema.type_map[type_name]
        assert isinstance(type_, GraphQLObjectType)
        for name, definition in type_.fields.items():
            base = next(self.required(definition.args))
            self.covered.add(f"{type_name}.{name}")
            yield Asked(name, base)
            for argument_name, argument in definition.args.items():
                self.covered.add(f"{type_name}.{name}({argument_name})")
                for place, given, value in self.values(argument.type, argument_name, ()):
                    arguments = {**base, argument_name: value}
                    if argument_name in ("last", "before"):
                        arguments.pop("first", None)
                        arguments.setdefault("last", PAGE)
                    yield Asked(name, arguments, (argument_name, *place), given)

    def required(
        self, arguments: Mapping[str, GraphQLArgument], size: int = PAGE
    ) -> Iterator[dict[str, Any]]:
        """Values for what must be given, and for a page's size."""
        given: dict[str, Any] = {}
        for name, argument in arguments.items():
            if name == "first":
                given[name] = size
            elif is_required_argument(argument):
                given[name] = next(self.values(argument.type, name, ()))[2]
        yield given

    def values(
        self, type_: Any, name: str, above: tuple[str, ...]
    ) -> Iterator[tuple[tuple[str, ...], str, Any]]:
        """Values of an input type: the member it is put in, what is put there, the whole value."""
        nullable = get_nullable_type(type_)
        if isinstance(nullable, GraphQLList):
            for place, given, value in self.values(nullable.of_type, name, above):
                yield place, given, [value]
        elif isinstance(nullable, GraphQLEnumType):
            yield (), "", Name(next(iter(nullable.values)))
        elif isinstance(nullable, GraphQLScalarType):
            for scalar in self._scalars(nullable.name, name, above):
                yield (), scalar if isinstance(scalar, str) else "", scalar
        elif isinstance(nullable, GraphQLInputObjectType):
            yield from self._members(nullable, name, above)

    def _members(
        self, type_: GraphQLInputObjectType, name: str, above: tuple[str, ...]
    ) -> Iterator[tuple[tuple[str, ...], str, Any]]:
        if above.count(type_.name) > 0 and name in ("and", "or", "not"):
            return
        inner = (*above, type_.name, name)
        if len(above) > 6:
            return
        needed = {
            member: next(self.values(of.type, member, inner))[2]
            for member, of in type_.fields.items()
            if is_required_input_field(of)
        }
        for member, of in type_.fields.items():
            if member in ("and", "or", "not") and len(above) > 1:
                continue
            for place, given, value in self.values(of.type, member, inner):
                whole = {member: value} if type_.is_one_of else {**needed, member: value}
                yield (member, *place), given, whole

    def _scalars(self, type_name: str, name: str, above: tuple[str, ...]) -> Sequence[Any]:
        if type_name in _FIXED:
            return (PAGE,) if name in ("first", "last") else _FIXED[type_name]
        if name in ("after", "before"):
            return self.cursors
        if type_name == "ID":
            return self._identifiers(name, above)
        named = above[-1] if name in _OPERATORS else name
        texts = self.texts.get(named) or self.texts["number"]
        return texts if name in EXACT else texts[:1]

    def _identifiers(self, name: str, above: tuple[str, ...]) -> Sequence[str]:
        """Those of the type that the argument or its input type is named after; else all."""
        words = "".join((name, *above)).lower()
        kinds = [kind for kind in self.ids if kind.lower() in words]
        return [one for kind in kinds or self.ids for one in self.ids[kind]]


def written(arguments: Mapping[str, Any]) -> str:
    """Arguments as a document has them."""
    given = {name: value for name, value in arguments.items() if value is not None}
    return f"({', '.join(f'{n}: {literal(v)}' for n, v in given.items())})" if given else ""


def literal(value: Any) -> str:
    """A value as a document has it."""
    if isinstance(value, Name):
        return str(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{n}: {literal(v)}" for n, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(literal, value)) + "]"
    return json.dumps(value, ensure_ascii=False)

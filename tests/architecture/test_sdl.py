"""The published schema: reviewed when it changes, described in full, and what clients rely on."""

import re
from collections.abc import Iterator

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    Undefined,
    is_introspection_type,
    is_specified_scalar_type,
)

from schema.published import graphql_schema, sdl
from tests.architecture.contract import ENUMERATIONS, INPUTS, OBJECTS, SCALARS
from tests.architecture.source_tree import ROOT

FIELD = re.compile(r"  (\w+)(?:\((.*)\))?: (\S+)")
Fields = dict[str, tuple[dict[str, str], str]]


def blocks(table: str) -> Iterator[tuple[str, str | None, Fields]]:
    """Type, interface and fields (their arguments and type) of each block of a table."""
    for block in table.strip().split("\n\n"):
        head, *lines = block.splitlines()
        name, _, interface = head.partition(": ")
        fields: Fields = {}
        for line in lines:
            found = FIELD.fullmatch(line)
            assert found, line
            pairs = (pair.split(": ") for pair in found[2].split(", ")) if found[2] else ()
            fields[found[1]] = (dict(pairs), found[3])
        yield name, interface or None, fields


def published_types() -> list[GraphQLNamedType]:
    return [
        type_
        for type_ in graphql_schema().type_map.values()
        if not is_introspection_type(type_) and not is_specified_scalar_type(type_)
    ]


def test_the_snapshot_is_what_the_program_publishes() -> None:
    kept = (ROOT / "schema.graphql").read_text(encoding="utf-8")
    assert kept == sdl(), "the schema changed: look at the difference, then `make schema`"


@pytest.mark.parametrize("type_", published_types(), ids=lambda type_: type_.name)
def test_everything_published_is_described(type_: GraphQLNamedType) -> None:
    silent = [] if type_.description else [type_.name]
    if isinstance(type_, GraphQLEnumType):
        silent += [value for value, member in type_.values.items() if not member.description]
    if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
        for name, field in type_.fields.items():
            silent += [] if field.description else [name]
            arguments = getattr(field, "args", {})
            silent += [f"{name}({a})" for a, given in arguments.items() if not given.description]
    assert silent == []


@pytest.mark.parametrize(
    ("name", "interface", "fields"),
    [pytest.param(*block, id=block[0]) for block in blocks(OBJECTS)],
)
def test_the_schema_has_what_clients_rely_on(
    name: str, interface: str | None, fields: Fields
) -> None:
    type_ = graphql_schema().get_type(name)
    assert isinstance(type_, GraphQLObjectType | GraphQLInterfaceType)
    if interface is not None:
        assert interface in [known.name for known in type_.interfaces]
    for field, (arguments, result) in fields.items():
        assert field in type_.fields, f"{name}.{field} is gone"
        published = type_.fields[field]
        assert str(published.type) == result, f"{name}.{field}"
        for argument, accepted in arguments.items():
            assert argument in published.args, f"{name}.{field}({argument}) is gone"
            assert str(published.args[argument].type).rstrip("!") == accepted.rstrip("!")
        required = {
            argument
            for argument, given in published.args.items()
            if isinstance(given.type, GraphQLNonNull) and given.default_value is Undefined
        }
        assert required == {a for a, accepted in arguments.items() if accepted.endswith("!")}


@pytest.mark.parametrize(
    ("name", "interface", "fields"),
    [pytest.param(*block, id=block[0]) for block in blocks(INPUTS)],
)
def test_an_input_takes_what_clients_send(name: str, interface: str | None, fields: Fields) -> None:
    type_ = graphql_schema().get_type(name)
    assert isinstance(type_, GraphQLInputObjectType)
    for field, (_, accepted) in fields.items():
        assert field in type_.fields, f"{name}.{field} is gone"
        assert str(type_.fields[field].type) == accepted
    required = {
        field
        for field, given in type_.fields.items()
        if isinstance(given.type, GraphQLNonNull) and given.default_value is Undefined
    }
    assert required == {field for field, (_, accepted) in fields.items() if accepted.endswith("!")}


@pytest.mark.parametrize(("name", "values"), ENUMERATIONS.items())
def test_an_enumeration_has_these_values(name: str, values: str) -> None:
    type_ = graphql_schema().get_type(name)
    assert isinstance(type_, GraphQLEnumType)
    assert list(type_.values) == values.split()


@pytest.mark.parametrize("name", ["CustomerKey", "ManagerKey"])
def test_a_key_takes_exactly_one_of_its_members(name: str) -> None:
    type_ = graphql_schema().get_type(name)
    assert isinstance(type_, GraphQLInputObjectType)
    assert type_.is_one_of


@pytest.mark.parametrize("name", SCALARS)
def test_a_scalar_is_a_text_on_the_wire(name: str) -> None:
    type_ = graphql_schema().get_type(name)
    assert isinstance(type_, GraphQLScalarType)
    assert type_.serialize is str

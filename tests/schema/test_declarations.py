"""What a file of types may declare, and the mistakes that are refused when it is imported."""

import pkgutil
import sys

import pytest
import strawberry
from graphql import GraphQLObjectType

from repository.reading.conditions import Fixed
from repository.reading.expressions import integer
from repository.reading.tables import Table, Visibility
from schema import types
from schema.declarations import extends, node_type, node_types
from schema.fields import PLANNED, Stored, stored
from schema.published import NODE_TYPES, graphql_schema
from schema.types.node import Node
from tests.house import House

SHELF = Table("terrace.shelf", Visibility.REFERENCE, ("id",))


def test_every_file_of_types_is_part_of_the_schema_without_being_named() -> None:
    found = {f"schema.types.{file.name}" for file in pkgutil.iter_modules(types.__path__)}
    assert len(found) > 10
    assert found <= sys.modules.keys()


def test_every_type_with_an_identifier_can_be_read_by_it() -> None:
    published = {
        named.name
        for named in graphql_schema().type_map.values()
        if isinstance(named, GraphQLObjectType)
        and "Node" in {interface.name for interface in named.interfaces}
    }
    assert set(NODE_TYPES) == published


def test_the_types_with_an_identifier_are_sorted_whatever_the_order_of_their_files() -> None:
    assert list(node_types()) == sorted(NODE_TYPES)


@pytest.mark.parametrize("name", NODE_TYPES)
def test_an_identifier_is_made_of_the_columns_it_is_matched_with(name: str) -> None:
    named = graphql_schema().type_map[name]
    assert isinstance(named, GraphQLObjectType)
    spec = named.fields["id"].extensions["strawberry-definition"].metadata[PLANNED].spec
    assert isinstance(spec, Stored)
    numbers = " || '.' || ".join(f"{{t}}.{column}" for column in NODE_TYPES[name].keys)
    assert f"'{name}:' || {numbers}" in spec.expression.sql


def test_a_type_that_is_no_node_has_no_identifier() -> None:
    @strawberry.type
    class Shelf:
        number: int = stored(integer("number"), "Number.")

    with pytest.raises(TypeError, match="Shelf is no Node"):
        node_type(SHELF)(Shelf)


def test_two_types_of_one_name_are_refused() -> None:
    @strawberry.type
    class Customer(Node):
        number: int = stored(integer("number"), "Number.")

    with pytest.raises(TypeError, match="Customer is declared twice"):
        node_type(SHELF, Fixed("true"))(Customer)


def test_a_key_of_three_parts_is_no_identifier() -> None:
    @strawberry.type
    class Shelf(Node):
        number: int = stored(integer("number"), "Number.")

    deep = Table("terrace.shelf", Visibility.REFERENCE, ("house", "room", "id"))
    with pytest.raises(TypeError, match=r"terrace\.shelf: an identifier has at most two numbers"):
        node_type(deep)(Shelf)
    assert "Shelf" not in node_types()


def test_an_added_field_is_the_types_own_and_does_not_replace_one() -> None:
    @strawberry.type
    class Shelf:
        number: int = stored(integer("number"), "Number.")

    @extends(Shelf)
    class Added:
        width: int = stored(integer("width"), "Width.")

    @strawberry.type
    class Query:
        shelf: Shelf

    assert '  number: Int!\n\n  """Width."""\n  width: Int!' in strawberry.Schema(Query).as_str()

    with pytest.raises(TypeError, match="Shelf has number already"):

        @extends(Shelf)
        class Again:
            number: int = stored(integer("other"), "Another number.")


async def test_a_row_that_a_declaration_leaves_out_is_not_read_by_its_identifier(
    house: House,
) -> None:
    await house.people(1)
    await house.record(("A1", "2025-01-01", "1000000.00"))
    await house.close("2025-01")
    [change] = (await house.data("{ tierChanges(first: 9) { nodes { id } } }"))["tierChanges"][
        "nodes"
    ]
    by_id = "query ($id: ID!) { node(id: $id) { id } }"
    assert await house.data(by_id, change) == {"node": change}
    await house.fetch("update terrace.tier_change set position = null")
    assert await house.data(by_id, change) == {"node": None}

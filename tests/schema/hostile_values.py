"""Every value a caller may give, given as everything it should not be."""

from collections.abc import Iterator
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_list_type,
    is_required_argument,
)

_DEPTH = 4
JSON_KINDS: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2**31, -(2**31) - 1, 2**63, 2**64, 10**40, 1.5, 1e308, 5e-324,
    "", " ", "x", "1", "\0", "a\0b", "🦊", "\u202e", "x" * 5_000, "٣", "{t}", "$1", "'",
    "1e400", "1e-400000", "NaN", "-Infinity", "9" * 400, "0." + "0" * 400 + "1", "-0",
    "9999999999999999.99", "0001-01-01", "9999-12-31", "10000-01-01", "2026-02-30", "0000-01",
    "0001-01", "9999-12", "2026-13", "2026-01\n", "-4712-01-01", "infinity", "RED", "ACTIVE",
    "Q3VzdG9tZXI6MQ==", "Q3VzdG9tZXI6OTk5OTk5OTk5OTk5OTk5OTk5", "TWFuYWdlcjoxLjE=",
    "VGllckNoYW5nZTo5OTk5OTk5OTk5OTk5OTk5OTkuOTk5OTk5OTk5OTk5OTk5OTk5", "====", "W10=",
    "dGllcl9jaGFuZ2U6OTk5OTk5OTk5OTk5OTk5OTk5OQ==",
    [], [None], [[]], [1], ["x"], ["x"] * 101, {}, {"a": 1}, {"eq": None}, {"number": None},
)  # fmt: skip
"""One or more of each kind of JSON, and the texts that some scalar takes or nearly takes."""

Case = tuple[str, str, dict[str, Any]]


def cases(schema: GraphQLSchema) -> Iterator[Case]:
    """(What is given, the document, its variables) for each argument and member of the schema."""
    for kind, root in (("query", schema.query_type), ("mutation", schema.mutation_type)):
        assert root is not None
        for name, field in root.fields.items():
            yield from _of_field(kind, name, field, "{ %s }")
    customer = schema.get_type("Customer")
    assert isinstance(customer, GraphQLObjectType)
    for name, field in customer.fields.items():
        around = '{ customer(by: {number: "C1"}) { %s } }'
        yield from _of_field("query", name, field, around)


def _of_field(kind: str, name: str, field: GraphQLField, around: str) -> Iterator[Case]:
    for argument, definition in field.args.items():
        others = {
            other: type_
            for other, type_ in field.args.items()
            if other != argument and is_required_argument(type_)
        }
        given = [f"{argument}: $v", *(f"{other}: {_literal(other)}" for other in others)]
        if "first" in field.args and argument not in ("first", "last"):
            given.append("last: 1" if argument == "before" else "first: 1")
        call = f"{name}({', '.join(given)}){_selection(field)}"
        document = f"{kind} ($v: {definition.type}) {around % call}"
        for path, value in _values(definition.type, _DEPTH):
            yield f"{name}({argument}{path}): {str(value)[:40]!r}", document, {"v": value}


def _literal(argument: str) -> str:
    return {"id": '"x"', "ids": "[]", "by": '{number: "C1"}'}.get(argument, "1")


def _selection(field: GraphQLField) -> str:
    named = get_named_type(field.type)
    return " { __typename }" if hasattr(named, "fields") else ""


def _values(type_: GraphQLInputType, depth: int) -> Iterator[tuple[str, Any]]:
    """Wrong and odd values of a type, at its top and at each of its members."""
    yield from (("", value) for value in JSON_KINDS)
    nullable = get_nullable_type(type_)
    if is_list_type(nullable):
        if depth:
            for path, value in _values(nullable.of_type, depth - 1):
                yield "[0]" + path, [value]
        return
    if not isinstance(nullable, GraphQLInputObjectType) or not depth:
        return
    for name, member in nullable.fields.items():
        if name in ("and", "or", "not") and depth < _DEPTH:
            continue
        rest = {
            other: _fitting(field.type)
            for other, field in nullable.fields.items()
            if other != name and get_nullable_type(field.type) is not field.type
        }
        for path, value in _values(member.type, depth - 1):
            yield f".{name}{path}", {**rest, name: value}


def _fitting(type_: GraphQLInputType) -> Any:
    """A value of the type, of those that mutations need beside the one that is tried."""
    nullable = get_nullable_type(type_)
    if is_list_type(nullable):
        return []
    fitting: dict[str, Any] = {
        "ID": "Q3VzdG9tZXI6MQ==",
        "Date": "2025-01-02",
        "Month": "2025-02",
        "Decimal": "1.00",
        "Severity": "RED",
        "CustomerOrderField": "NAME",
        "Direction": "ASC",
    }
    return fitting.get(str(nullable), "A1")

"""The other side: graphql-core's own executor over the published SDL, with naive resolvers."""

import datetime
import re
from decimal import Decimal
from functools import cache
from typing import Any

from graphql import (
    GraphQLError,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    build_schema,
    execute_sync,
    parse,
    validate,
)

from schema.published import sdl
from tests.differential.identifiers import KEYS, id_of
from tests.differential.resolvers import Plain


def snake(name: str) -> str:
    """`openedOn` -> `opened_on`"""
    return re.sub(r"[A-Z]", lambda letter: f"_{letter[0].lower()}", name)


def _month(value: Any) -> str:
    return value if isinstance(value, str) else f"{value.year:04}-{value.month:02}"


def _instant(value: datetime.datetime) -> str:
    return value.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _read(pattern: str, code: str, make: Any) -> Any:
    def parse_value(given: Any) -> Any:
        if not isinstance(given, str) or not re.fullmatch(pattern, given, re.ASCII):
            raise GraphQLError("not readable", extensions={"code": code})
        try:
            return make(given)
        except ValueError:
            raise GraphQLError("not readable", extensions={"code": code}) from None

    return parse_value


SCALARS: dict[str, tuple[Any, Any]] = {
    "Month": (
        _month,
        _read(r"\d{4}-\d\d", "INVALID_MONTH", lambda t: datetime.date.fromisoformat(f"{t}-01")),
    ),
    "Date": (
        datetime.date.isoformat,
        _read(r"\d{4}-\d\d-\d\d", "INVALID_DATE", datetime.date.fromisoformat),
    ),
    "Decimal": (str, _read(r"-?\d{1,16}(\.\d{1,2})?", "INVALID_AMOUNT", Decimal)),
    "DateTime": (_instant, _read(r".*", "INVALID_INSTANT", datetime.datetime.fromisoformat)),
}
"""How each scalar is written and read."""


@cache
def plain_schema() -> GraphQLSchema:
    """The published schema with resolvers that ask the request's own `Plain`."""
    schema = build_schema(sdl())
    for name, named in schema.type_map.items():
        if isinstance(named, GraphQLScalarType) and name in SCALARS:
            shown, read = SCALARS[name]
            named.coerce_output_value = shown
            named.coerce_input_value = named.parse_value = read  # type: ignore[method-assign]
        if isinstance(named, GraphQLObjectType) and not name.startswith("__"):
            for field_name, field in named.fields.items():
                field.resolve = _resolver(name, field_name)
    node = schema.type_map["Node"]
    node.resolve_type = lambda value, info, type_: value.kind  # type: ignore[attr-defined]
    return schema


def _resolver(type_name: str, field_name: str) -> Any:
    method, column = f"{type_name}_{field_name}", snake(field_name)
    if field_name == "id" and type_name in KEYS:
        return lambda source, info: id_of(info.context.saw(type_name, field_name, source, {}))

    def resolve(source: Any, info: Any, **arguments: Any) -> Any:
        special = info.context.of(method)
        value = source[column] if special is None else special(source, **arguments)
        info.context.saw(type_name, field_name, value, arguments)
        return value

    return resolve


def answer(plain: Plain, document: str, variables: dict[str, Any]) -> dict[str, Any]:
    """The whole response object, for the actor whose view the resolvers have."""
    parsed = parse(document)
    if faults := validate(plain_schema(), parsed):
        return {"errors": [_shown(fault) for fault in faults]}
    result = execute_sync(plain_schema(), parsed, variable_values=variables, context_value=plain)
    response: dict[str, Any] = {}
    if result.errors:
        response["errors"] = [_shown(error) for error in result.errors]
    if not (result.data is None and _before_execution(result.errors)):
        response["data"] = result.data
    return response


def _before_execution(errors: Any) -> bool:
    """Whether the errors are about the request: such have no path."""
    return bool(errors) and all(error.path is None for error in errors)


def _shown(error: GraphQLError) -> dict[str, Any]:
    shown: dict[str, Any] = {"message": error.message, "extensions": dict(error.extensions or {})}
    if error.locations:
        shown["locations"] = [place.formatted for place in error.locations]
    if error.path is not None:
        shown["path"] = list(error.path)
    return shown

"""Custom scalars: exact on the wire and back.

A value that cannot be read is kept as `Unreadable`, so that one bad row of a feed is turned down
alone; everywhere else using it refuses the request with the same message.
"""

import datetime
import decimal
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import strawberry
from graphql import GraphQLError
from strawberry.types.scalar import ScalarDefinition

from domain.money import InvalidAmount, parse_amount
from domain.months import Month, parse_date
from repository.reading.parameters import Unreadable

_SHOWN = 40
strict: ContextVar[bool] = ContextVar("strict", default=False)
"""Whether a value that cannot be read is an error at once, as in the document of a query."""


def _reader(code: str, read: Callable[[str], Any], example: str) -> Callable[[Any], Any]:
    def parse(value: Any) -> Any:
        if not isinstance(value, str):
            return _unreadable(value, code, f'expected text such as "{example}", not a number')
        try:
            return read(value)
        except InvalidAmount as error:
            return _unreadable(value, error.code, str(error))
        except ValueError as error:
            return _unreadable(value, code, str(error))

    return parse


def _unreadable(value: Any, code: str, message: str) -> Unreadable:
    if strict.get():
        raise GraphQLError(message, extensions={"code": code})
    return Unreadable(value if isinstance(value, str) else repr(value), code, message)


def _read_instant(text: str) -> datetime.datetime:
    instant = datetime.datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(f"'{text[:_SHOWN]}' has no offset from UTC, such as Z or +08:00")
    if not 1900 <= instant.year <= 2999:
        raise ValueError(f"'{text[:_SHOWN]}' is not of the years 1900 to 2999")
    return instant


def _scalar(name: str, description: str, parse: Callable[[Any], Any]) -> ScalarDefinition:
    definition = strawberry.scalar(
        name=name, description=description, serialize=str, parse_value=parse
    )
    if not isinstance(definition, ScalarDefinition):
        raise TypeError(f"{name} is no scalar")
    return definition


SCALARS: dict[object, ScalarDefinition] = {
    Month: _scalar(
        "Month",
        "Calendar month, YYYY-MM.",
        _reader("INVALID_MONTH", Month.parse, "2026-10"),
    ),
    datetime.date: _scalar(
        "Date",
        "Calendar date, YYYY-MM-DD.",
        _reader("INVALID_DATE", parse_date, "2026-10-31"),
    ),
    datetime.datetime: _scalar(
        "DateTime",
        "Instant with offset, RFC 3339.",
        _reader("INVALID_INSTANT", _read_instant, "2026-10-31T09:30:00+08:00"),
    ),
    decimal.Decimal: _scalar(
        "Decimal",
        "Exact decimal as a string, never a float.",
        _reader("INVALID_AMOUNT", parse_amount, "1234.50"),
    ),
}

"""Pages of rows by key: edges, cursors and what lies around a page.

A cursor holds the sort values of its row, so a page starts where the last one ended whatever was
inserted or deleted between them. It is opaque to callers and checked when it comes back.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Generic, TypeVar

import orjson
import strawberry

from repository.reading.nodes import Order, cursor_mark
from repository.reading.parameters import Constant, Derived, InvalidArgument, Source
from repository.reading.tables import Table
from schema.arguments import Arguments
from schema.fields import Argument, Choose, Paged, Sort, all_rows, planned

LARGEST_PAGE = 100
T = TypeVar("T")


@strawberry.type(description="What lies around a page.")
class PageInfo:
    """Relay's PageInfo."""

    has_next_page: bool = strawberry.field(description="Whether rows follow the page's last one.")
    has_previous_page: bool = strawberry.field(
        description="Whether rows precede the page's first one."
    )
    start_cursor: str | None = strawberry.field(description="Cursor of the page's first row.")
    end_cursor: str | None = strawberry.field(description="Cursor of the page's last row.")


PAGE: Mapping[str, Argument] = {
    "first": Argument(int | None, "How many rows from the start, 1 to 100; this or `last`."),
    "after": Argument(str | None, "Only rows after the one with this cursor."),
    "last": Argument(int | None, "How many rows from the end, 1 to 100; this or `first`."),
    "before": Argument(str | None, "Only rows before the one with this cursor."),
}


def paged(
    table: Table,
    on: Mapping[str, str],
    description: str,
    *,
    order: Order | Sort,
    choose: Choose = all_rows,
    arguments: Mapping[str, Argument] | None = None,
) -> Any:
    """A connection over the rows of a join."""
    sort: Sort = (lambda _: order) if isinstance(order, Order) else order
    return planned(Paged(table, on, sort, choose), description, {**(arguments or {}), **PAGE})


@strawberry.type(description="A row of a page with its cursor.")
class Edge(Generic[T]):
    """Relay's edge; the compiler fills it in by these names."""

    cursor: str = strawberry.field(description="Cursor of this row; opaque.")
    node: T = strawberry.field(description="The row itself.")


@strawberry.type(description="A page of rows.")
class Connection(Generic[T]):
    """Relay's connection; the compiler fills it in by these names."""

    edges: list[Edge[T]] = strawberry.field(description="The page's rows with their cursors.")
    nodes: list[T] = strawberry.field(description="The page's rows alone.")
    page_info: PageInfo = strawberry.field(description="What lies around the page.")
    total_count: int = strawberry.field(
        description="How many rows there are in all; counted only when asked for."
    )


def window(
    arguments: Arguments, table: Table, order: Order
) -> tuple[Source, bool, tuple[Source, ...]]:
    """Size, direction and cursor values of a page; raises InvalidArgument for a bad request."""
    first, last = arguments.source("first"), arguments.source("last")
    after, before = arguments.source("after"), arguments.source("before")
    if (first is None) == (last is None):
        raise InvalidArgument(f"give either first or last, between 1 and {LARGEST_PAGE}")
    if first is not None and before is not None:
        raise InvalidArgument("first goes with after; before goes with last")
    if last is not None and after is not None:
        raise InvalidArgument("last goes with before; after goes with first")
    size = Derived(first or last or Constant(0), _page_size)
    cursor = after if first is not None else before
    if cursor is None:
        return size, last is not None, ()
    casts = tuple(expression.cast for expression, _ in order.keys)
    mark = cursor_mark(table, order)
    values = tuple(Derived(cursor, _CursorPart(mark, casts, place)) for place in range(len(casts)))
    return size, last is not None, values


def _page_size(value: int) -> int:
    if not 1 <= value <= LARGEST_PAGE:
        raise InvalidArgument(f"first and last take 1 to {LARGEST_PAGE}, not {value}")
    return value


@dataclass(frozen=True, slots=True)
class _CursorPart:
    """Reads one sort value out of a cursor, as the type its column has."""

    mark: str
    casts: tuple[str, ...]
    place: int

    def __call__(self, cursor: str) -> Any:
        return decode_cursor(cursor, self.mark, self.casts)[self.place]


def _whole(text: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,20}", text):
        raise ValueError("not a whole number")
    return int(text)


def _text(text: str) -> str:
    if "\0" in text:
        raise ValueError("not a stored text")
    return text


_READ: dict[str, Any] = {
    "text": _text,
    "integer": _whole,
    "bigint": _whole,
    "numeric": Decimal,
    "date": date.fromisoformat,
    "timestamptz": datetime.fromisoformat,
}


def decode_cursor(cursor: str, mark: str, casts: tuple[str, ...]) -> list[Any]:
    """The sort values of a cursor; raises InvalidArgument for one that is not of this order."""
    try:
        found = orjson.loads(base64.b64decode(cursor, validate=True))
        if not isinstance(found, list) or found[:1] != [mark] or len(found) != len(casts) + 1:
            raise ValueError("of another connection or order")
        read = []
        for cast, value in zip(casts, found[1:], strict=True):
            if not isinstance(value, str):
                raise ValueError("not text")
            parsed = _READ[cast](value)
            if cast == "integer" and not -(2**31) <= parsed < 2**31:
                raise ValueError("out of range")
            if cast == "bigint" and not -(2**63) <= parsed < 2**63:
                raise ValueError("out of range")
            read.append(parsed)
        return read
    except (ValueError, binascii.Error, InvalidOperation) as error:
        raise InvalidArgument(
            "the cursor is not one of this connection in this order", "INVALID_CURSOR"
        ) from error

"""JSON as SQL text: objects and lists put together by concatenation.

PostgreSQL's own constructors look up how each value's type is shown at every call, which is most of
what a small object costs; here it is known beforehand. Only texts of unknown content go through
`to_json`, which escapes them. Every piece is text and never null: what may be null says so itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Literal:
    """JSON that is known when the statement is written."""

    text: str


@dataclass(frozen=True, slots=True)
class Computed:
    """An SQL expression of type text whose value is JSON."""

    sql: str


Json = tuple[Literal | Computed, ...]
"""One JSON value, in pieces that follow each other."""


def quoted(text: str) -> str:
    """A text of ours as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def literal(text: str) -> Json:
    """JSON as it stands."""
    return (Literal(text),)


def string(text: str) -> Json:
    """A name of ours as a JSON string; it has nothing to escape."""
    return (Literal(f'"{text}"'),)


def computed(sql: str) -> Json:
    """The JSON that an expression of type text gives."""
    return (Computed(sql),)


def json_object(pairs: Sequence[tuple[str, Json]]) -> Json:
    """An object; keys are names, which have nothing to escape."""
    pieces: list[Literal | Computed] = [Literal("{")]
    for place, (key, value) in enumerate(pairs):
        pieces += [Literal(f'{"," if place else ""}"{key}":'), *value]
    return (*pieces, Literal("}"))


def json_list(value: Json, rows: str, order: str = "", kept: str = "") -> Json:
    """The values of the rows as a list; `order` and `kept` are clauses of the aggregate."""
    ordered = f" order by {order}" if order else ""
    joined = f"string_agg({sql(value)}, ','{ordered}){kept}"
    inside = f"(select {joined} {rows})" if rows else joined
    return (Literal("["), Computed(f"coalesce({inside}, '')"), Literal("]"))


def or_null(sql: str) -> str:
    """The text of an expression, or the JSON null where it is null."""
    return f"coalesce({sql}, 'null')"


def sql(value: Json) -> str:
    """One expression of type text."""
    merged: list[str] = []
    held = ""
    for piece in value:
        if isinstance(piece, Literal):
            held += piece.text
            continue
        if held:
            merged.append(quoted(held))
            held = ""
        merged.append(piece.sql)
    if held:
        merged.append(quoted(held))
    if len(merged) == 1:
        return merged[0]
    return f"({' || '.join(merged)})"

"""From rows of fields to rows of values, of every kind but balances."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cli.imports.fields import Refused
from cli.imports.kinds import Kind, places_of
from cli.imports.rows import Broken, RowReader, Rows, readable
from cli.imports.sources import Source


@dataclass(frozen=True, slots=True)
class Reject:
    """A row turned down: its line, why, and what it said."""

    line: int
    code: str
    reason: str
    text: str


@dataclass(slots=True)
class Records:
    """A block's rows as tuples of the line and the values; the texts for those refused later."""

    read: int
    values: list[tuple[Any, ...]]
    texts: dict[int, str]
    rejects: list[Reject]


def records(source: Source, kind: Kind) -> Iterator[Records]:
    """The values of a source, a block at a time; the first block says that the header is right."""
    reader = RowReader(source)
    places = places_of(kind, reader.header, source.name)
    yield Records(0, [], {}, [])
    for rows in reader:
        yield _read_block(kind, places, len(reader.header), rows)


def _read_block(kind: Kind, places: list[int | None], width: int, rows: Rows) -> Records:
    result = Records(0, [], {}, [broken_row(row) for row in rows.broken])
    for line, fields, text in zip(rows.lines, rows.fields, rows.texts, strict=True):
        if not fields:
            continue
        result.read += 1
        try:
            values = _values(kind, places, width, fields)
        except Refused as refused:
            result.rejects.append(Reject(line, refused.code, refused.message, readable(text)))
        else:
            result.values.append((line, *values))
            result.texts[line] = text
    result.read += len(rows.broken)
    return result


def broken_row(row: Broken) -> Reject:
    """A row that is no row."""
    return Reject(row.line, "MALFORMED_ROW", row.reason, readable(row.text))


def wrong_width(width: int, fields: list[str]) -> Refused:
    """What is said of a row with more or fewer fields than the header."""
    found = f"{len(fields)} field" + ("s" if len(fields) != 1 else "")
    return Refused("MALFORMED_ROW", f"the row has {found}, the header has {width}")


def _values(kind: Kind, places: list[int | None], width: int, fields: list[str]) -> list[Any]:
    if len(fields) != width:
        raise wrong_width(width, fields)
    values: list[Any] = []
    for column, place in zip(kind.columns, places, strict=True):
        try:
            values.append(None if place is None else column.read(fields[place]))
        except Refused as refused:
            raise Refused(refused.code, f"{column.name}: {refused.message}") from None
    kind.check(values)
    return values

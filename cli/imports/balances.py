"""From rows of fields to balances: the one kind whose files are large.

A block whose rows are all in the usual form is handled column by column, which takes a quarter of
the time; any other block row by row, with the same readers as the other kinds. The rows of a block
are parted by account, so that two parts can be recorded side by side and the rows of one account
stay in their order.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import compress
from typing import Any

from cli.imports.fields import Refused, Value
from cli.imports.kinds import KINDS, LONGEST_UPDATE_ID, places_of
from cli.imports.records import Reject, broken_row, wrong_width
from cli.imports.rows import RowReader, Rows, readable
from cli.imports.sources import Source
from domain.money import hundredths
from repository.load_balances import Chunk

_DAYS_KEPT = 50_000
_SAMPLED = 1000
_KIND = KINDS["balances"]

Columns = tuple[Sequence[int], Sequence[str], Sequence[date], Sequence[int]]
"""Lines, account numbers, days, hundredths."""


@dataclass(slots=True)
class Balances:
    """A block's balances in chunks; the texts by line for those refused later."""

    read: int
    chunks: list[Chunk]
    text_of: Callable[[int], str]
    rejects: list[Reject]


def balances(source: Source) -> Iterator[Balances]:
    """The balances of a source, a block at a time; the first says that the header is right."""
    reader = RowReader(source)
    places = places_of(_KIND, reader.header, source.name)
    yield Balances(0, [], str, [])
    blocks = _Blocks(places, len(reader.header))
    for rows in reader:
        yield blocks.read(rows)


class _Blocks:
    """Reads the blocks of one file."""

    def __init__(self, places: list[int | None], width: int) -> None:
        """Take the places of the columns and the number of columns in the file."""
        self._places = places
        self._width = width
        self._days: dict[str, date] = {}
        self._middle = ""

    def read(self, rows: Rows) -> Balances:
        """The balances of a block."""
        rejects = [broken_row(row) for row in rows.broken]
        try:
            columns, ids = self._by_columns(rows)
            read = len(rows.fields)
        except Refused:
            columns, ids, read = self._by_rows(rows, rejects)
        if self._places[3] is None:
            chunks = [Chunk(*part) for part in self._parted(columns)]
        else:  # an id of the file's own may stand at two accounts
            chunks = [Chunk(*columns, [one or None for one in ids], in_order=True)]
        if len(self._days) > _DAYS_KEPT:
            self._days.clear()
        return Balances(read + len(rows.broken), chunks, _texts(rows), rejects)

    def _by_columns(self, rows: Rows) -> tuple[Columns, Sequence[str]]:
        """All rows and their ids at once; raises Refused if any is not in the usual form."""
        try:
            fields = list(zip(*rows.fields, strict=True))
        except ValueError:
            raise Refused("MALFORMED_ROW", "rows differ in width") from None
        if len(fields) != self._width:
            raise Refused("MALFORMED_ROW", "rows have another width than the header")
        accounts, days, amounts, ids = (() if p is None else fields[p] for p in self._places)
        cents = hundredths(amounts)
        if cents is None or "" in accounts or max(map(len, ids), default=0) > LONGEST_UPDATE_ID:
            raise Refused("INVALID_AMOUNT", "some row is not in the usual form")
        for day in set(days).difference(self._days):
            self._as_of(day)
        dates = list(map(self._days.__getitem__, days))
        return (rows.lines, accounts, dates, cents), ids

    def _by_rows(self, rows: Rows, rejects: list[Reject]) -> tuple[Columns, Sequence[str], int]:
        """Row by row; what cannot be taken is added to the rejects. Answers as well how many."""
        taken: list[tuple[int, str, date, int, str]] = []
        read = 0
        for place, fields in enumerate(rows.fields):
            if not fields:
                continue
            read += 1
            try:
                taken.append((rows.lines[place], *self._row(fields)))
            except Refused as refused:
                text = readable(rows.texts[place])
                rejects.append(Reject(rows.lines[place], refused.code, refused.message, text))
        if not taken:
            return ((), (), (), ()), (), read
        lines, accounts, days, cents, ids = zip(*taken, strict=True)
        return (lines, accounts, days, cents), ids, read

    def _row(self, fields: list[str]) -> tuple[str, date, int, str]:
        if len(fields) != self._width:
            raise wrong_width(self._width, fields)
        account, day, amount, update_id = ("" if p is None else fields[p] for p in self._places)
        if not account:
            self._value(0, account)
        as_of = self._days.get(day) or self._as_of(day)
        cents = hundredths([amount]) or hundredths([str(self._value(2, amount))])
        assert cents is not None
        if len(update_id) > LONGEST_UPDATE_ID:
            self._value(3, update_id)
        return account, as_of, cents[0], update_id

    def _parted(self, columns: Columns) -> list[Columns]:
        """The rows in two parts such that no account is in both, each near in the database.

        Two halves are what is wanted where that is so, as in a file by day; else the accounts
        before a number in their middle, which stays the same from block to block while it parts
        them evenly. Accounts next to each other must not be in different parts: two transactions
        would write to the same pages, and neither could clear away what it replaces.
        """
        accounts = columns[1]
        half = len(accounts) // 2
        if set(accounts[:half]).isdisjoint(accounts[half:]):
            return [_of_all(columns, lambda c: c[:half]), _of_all(columns, lambda c: c[half:])]
        before = [number < self._middle for number in accounts]
        if not 0.4 < sum(before) / len(before) < 0.6:
            some = sorted(accounts[:: len(accounts) // _SAMPLED + 1])
            self._middle = some[len(some) // 2]
            before = [number < self._middle for number in accounts]
        others = [not is_before for is_before in before]
        return [
            _of_all(columns, lambda c: list(compress(c, before))),
            _of_all(columns, lambda c: list(compress(c, others))),
        ]

    def _as_of(self, text: str) -> date:
        day = self._value(1, text)
        assert isinstance(day, date)
        self._days[text] = day
        return day

    def _value(self, place: int, text: str) -> Value:
        column = _KIND.columns[place]
        try:
            return column.read(text)
        except Refused as refused:
            raise Refused(refused.code, f"{column.name}: {refused.message}") from None


def _of_all(columns: Columns, choose: Callable[[Any], Any]) -> Columns:
    lines, accounts, days, cents = map(choose, columns)
    return lines, accounts, days, cents


def _texts(rows: Rows) -> Callable[[int], str]:
    """The text of a row by its line."""
    if isinstance(rows.lines, range):
        first, texts = rows.lines.start, rows.texts
        return lambda line: readable(texts[line - first])
    by_line = dict(zip(rows.lines, rows.texts, strict=True))
    return lambda line: readable(by_line[line])

"""From rows of fields to balances: the one kind whose files are large.

A block whose rows are all in the usual form is handled column by column, which takes a quarter of
the time; any other block row by row, with the same readers as the other kinds. The rows of a block
are dealt to lanes by account, so that lanes can be recorded side by side and the rows of one
account stay in their order.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import compress

from cli.imports.fields import Refused, Value
from cli.imports.kinds import KINDS, LONGEST_UPDATE_ID, places_of
from cli.imports.records import Reject, broken_row, wrong_width
from cli.imports.rows import RowReader, Rows, readable
from cli.imports.sources import Source
from repository.load_balances import Chunk

LANES = 2
_PLAIN = re.compile(r"-?(?:0|[1-9][0-9]{0,15})\.[0-9]{2}").fullmatch
_MINUS_ZERO = "-0.00"
_DAYS_KEPT = 50_000
_KIND = KINDS["balances"]

Columns = tuple[Sequence[int], Sequence[str], Sequence[date], Sequence[int], Sequence[str]]
"""Lines, account numbers, days, hundredths, update ids."""


@dataclass(slots=True)
class Balances:
    """A block's balances by lane; the texts by line for those refused later."""

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

    def read(self, rows: Rows) -> Balances:
        """The balances of a block."""
        rejects = [broken_row(row) for row in rows.broken]
        try:
            columns = self._by_columns(rows)
            read = len(rows.fields)
        except Refused:
            columns, read = self._by_rows(rows, rejects)
        own_ids = self._places[3] is not None
        lanes = 1 if own_ids else LANES  # an id of the file's own may stand at two accounts
        chunks = [_chunk(lane, own_ids=own_ids) for lane in _dealt(columns, lanes)]
        if len(self._days) > _DAYS_KEPT:
            self._days.clear()
        return Balances(read + len(rows.broken), chunks, _texts(rows), rejects)

    def _by_columns(self, rows: Rows) -> Columns:
        """All rows at once; raises Refused if any of them is not in the usual form."""
        try:
            fields = list(zip(*rows.fields, strict=True))
        except ValueError:
            raise Refused("MALFORMED_ROW", "rows differ in width") from None
        if len(fields) != self._width:
            raise Refused("MALFORMED_ROW", "rows have another width than the header")
        accounts, days, amounts, ids = (() if p is None else fields[p] for p in self._places)
        usual = (
            all(map(_PLAIN, amounts))
            and _MINUS_ZERO not in amounts
            and "" not in accounts
            and "" not in ids
            and max(map(len, ids), default=0) <= LONGEST_UPDATE_ID
        )
        if not usual:
            raise Refused("INVALID_AMOUNT", "some row is not in the usual form")
        for day in set(days).difference(self._days):
            self._days[day] = self._value(1, day)  # type: ignore[assignment]
        return (
            rows.lines,
            accounts,
            list(map(self._days.__getitem__, days)),
            list(map(int, "\n".join(amounts).replace(".", "").split("\n"))),
            ids or list(map(":".join, zip(accounts, days, amounts, strict=True))),
        )

    def _by_rows(self, rows: Rows, rejects: list[Reject]) -> tuple[Columns, int]:
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
            return ((), (), (), (), ()), read
        lines, accounts, days, cents, ids = zip(*taken, strict=True)
        return (lines, accounts, days, cents, ids), read

    def _row(self, fields: list[str]) -> tuple[str, date, int, str]:
        if len(fields) != self._width:
            raise wrong_width(self._width, fields)
        account, day, amount, update_id = ("" if p is None else fields[p] for p in self._places)
        as_of = self._days.get(day)
        if not account or as_of is None or not _PLAIN(amount) or amount == _MINUS_ZERO:
            self._value(0, account)
            self._days[day] = as_of = self._value(1, day)  # type: ignore[assignment]
            amount = str(self._value(2, amount))
        if len(update_id) > LONGEST_UPDATE_ID:
            self._value(3, update_id)
        assert as_of is not None
        return (
            account,
            as_of,
            int(amount.replace(".", "")),
            update_id or f"{account}:{day}:{amount}",
        )

    def _value(self, place: int, text: str) -> Value:
        column = _KIND.columns[place]
        try:
            return column.read(text)
        except Refused as refused:
            raise Refused(refused.code, f"{column.name}: {refused.message}") from None


def _dealt(columns: Columns, count: int) -> list[Columns]:
    """The rows of each lane; all rows of an account are in one."""
    if count == 1:
        return [columns]
    lane_of = [number % count for number in map(hash, columns[1])]
    lanes = []
    for lane in range(count):
        chosen = [number == lane for number in lane_of]
        lines, accounts, days, cents, ids = (list(compress(c, chosen)) for c in columns)
        lanes.append((lines, accounts, days, cents, ids))
    return lanes  # type: ignore[return-value]


def _chunk(lane: Columns, *, own_ids: bool) -> Chunk:
    lines, accounts, days, cents, ids = lane
    if not own_ids and len(set(ids)) < len(ids):
        ids = _told_apart(accounts, days, ids)
    return Chunk(lines, accounts, days, cents, ids)


def _told_apart(accounts: Sequence[str], days: Sequence[date], ids: Sequence[str]) -> list[str]:
    """Update ids in which a row that takes a correction back is not taken for the first row.

    Three rows say 100, 200 and 100 again: the last one is an update of its own, and wins.
    """
    saying: dict[tuple[str, date], tuple[str, str]] = {}
    times: dict[str, int] = {}
    told_apart = []
    for account, as_of, said in zip(accounts, days, ids, strict=True):
        before, update_id = saying.get((account, as_of), ("", ""))
        if before != said:
            times[said] = times.get(said, 0) + 1
            update_id = said if times[said] == 1 else f"{said}#{times[said]}"
            saying[account, as_of] = said, update_id
        told_apart.append(update_id)
    return told_apart


def _texts(rows: Rows) -> Callable[[int], str]:
    """The text of a row by its line."""
    if isinstance(rows.lines, range):
        first, texts = rows.lines.start, rows.texts
        return lambda line: readable(texts[line - first])
    by_line = dict(zip(rows.lines, rows.texts, strict=True))
    return lambda line: readable(by_line[line])

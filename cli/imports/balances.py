"""From rows of fields to balances: the one kind whose files are large.

A row in the usual form takes a dictionary's look-up and one regular expression; anything else goes
through the same readers as the other kinds. The rows of a block are dealt to lanes by account, so
that lanes can be recorded side by side and the rows of one account stay in their order.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

from cli.imports.fields import Refused
from cli.imports.kinds import KINDS, LONGEST_UPDATE_ID, places_of
from cli.imports.records import Reject, broken_row, wrong_width
from cli.imports.rows import RowReader, Rows, readable
from cli.imports.sources import Source
from repository.load_balances import Chunk

LANES = 2
_PLAIN = re.compile(r"-?(?:0|[1-9][0-9]{0,15})\.[0-9]{2}").fullmatch
_DAYS_KEPT = 50_000
_KIND = KINDS["balances"]
_READ_ACCOUNT, _READ_DAY, _READ_AMOUNT, _READ_ID = (column.read for column in _KIND.columns)

Balance = tuple[int, str, date, int, str]
"""Line, account number, day, hundredths, update id."""


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
    parse = _Parser(places, len(reader.header))
    for rows in reader:
        yield parse.block(rows)


class _Parser:
    """Reads blocks of one file."""

    def __init__(self, places: list[int | None], width: int) -> None:
        account, day, balance, self._id_place = places
        assert account is not None
        assert day is not None
        assert balance is not None
        self._account, self._day, self._balance = account, day, balance
        self._width = width
        self._days: dict[str, date] = {}

    def block(self, rows: Rows) -> Balances:
        lanes: list[list[Balance]] = [[] for _ in range(LANES)]
        rejects = [broken_row(row) for row in rows.broken]
        read = len(rows.broken) + self._read(rows, lanes, rejects)
        if len(self._days) > _DAYS_KEPT:
            self._days.clear()
        own_ids = self._id_place is not None
        chunks = [_chunk(lane, own_ids=own_ids) for lane in lanes]
        return Balances(read, chunks, _texts(rows), rejects)

    def _read(self, rows: Rows, lanes: list[list[Balance]], rejects: list[Reject]) -> int:
        width, days, id_place = self._width, self._days, self._id_place
        at_account, at_day, at_balance = self._account, self._day, self._balance
        read = 0
        for place, fields in enumerate(rows.fields):
            if len(fields) != width:
                if not fields:
                    continue
                read += 1
                refused = wrong_width(width, fields)
                rejects.append(self._reject(rows, place, refused))
                continue
            read += 1
            account, day, balance = fields[at_account], fields[at_day], fields[at_balance]
            update_id = "" if id_place is None else fields[id_place]
            as_of = days.get(day)
            if (
                as_of is None
                or not _PLAIN(balance)
                or balance == "-0.00"
                or not account
                or len(update_id) > LONGEST_UPDATE_ID
            ):
                try:
                    as_of, balance = self._carefully(account, day, balance, update_id)
                except Refused as refused:
                    rejects.append(self._reject(rows, place, refused))
                    continue
            lanes[hash(account) % LANES].append(
                (
                    rows.lines[place],
                    account,
                    as_of,
                    int(balance.replace(".", "")),
                    update_id or f"{account}:{day}:{balance}",  # all that the row says
                )
            )
        return read

    def _carefully(self, account: str, day: str, balance: str, update_id: str) -> tuple[date, str]:
        """The day and the balance in its one way of writing; raises Refused for what is wrong."""
        try:
            name = "account_number"
            _READ_ACCOUNT(account)
            name = "as_of"
            as_of = _READ_DAY(day)
            name = "balance"
            amount = _READ_AMOUNT(balance)
            name = "update_id"
            _READ_ID(update_id)
        except Refused as refused:
            raise Refused(refused.code, f"{name}: {refused.message}") from None
        assert isinstance(as_of, date)
        self._days[day] = as_of
        return as_of, str(amount)

    def _reject(self, rows: Rows, place: int, refused: Refused) -> Reject:
        return Reject(rows.lines[place], refused.code, refused.message, readable(rows.texts[place]))


def _chunk(lane: list[Balance], *, own_ids: bool) -> Chunk:
    if not lane:
        return Chunk([], [], [], [], [])
    lines, accounts, days, cents, update_ids = map(list, zip(*lane, strict=True))
    if not own_ids and len(set(update_ids)) < len(update_ids):
        update_ids = _told_apart(lane)
    return Chunk(lines, accounts, days, cents, update_ids)


def _told_apart(lane: list[Balance]) -> list[str]:
    """Update ids in which a row that takes a correction back is not taken for the first row.

    Three rows say 100, 200 and 100 again: the last one is an update of its own, and wins.
    """
    saying: dict[tuple[str, date], tuple[str, str]] = {}
    times: dict[str, int] = {}
    update_ids = []
    for _, account, as_of, _, said in lane:
        before, update_id = saying.get((account, as_of), ("", ""))
        if before != said:
            times[said] = times.get(said, 0) + 1
            update_id = said if times[said] == 1 else f"{said}#{times[said]}"
            saying[account, as_of] = said, update_id
        update_ids.append(update_id)
    return update_ids


def _texts(rows: Rows) -> Callable[[int], str]:
    """The text of a row by its line."""
    if isinstance(rows.lines, range):
        first, texts = rows.lines.start, rows.texts
        return lambda line: readable(texts[line - first])
    by_line = dict(zip(rows.lines, rows.texts, strict=True))
    return lambda line: readable(by_line[line])

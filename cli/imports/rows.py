"""From blocks of bytes to rows of fields, with the line each row begins on.

A block without a fault is split by `csv` at once. Only a block that holds a doubtful row (a quote
that is not closed, a byte that is not UTF-8) is looked through line by line: the doubtful row is
set aside, and reading goes on with the line after the one it begins on, so that a quote too many
costs a row and not the rest of the file.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from cli.imports.sources import LONGEST_LINE, Source, SourceEnds
from cli.imports.stopped import CutOff, ImportStopped
from telemetry.plain import in_lines

MOST_LINES = 50
"""Lines that one row may span, by line breaks inside of quotes."""

_BOM = b"\xef\xbb\xbf"
_STRICT = csv.reader([], strict=True).dialect


@dataclass(frozen=True, slots=True)
class Broken:
    """A row that could not be read as fields."""

    line: int
    reason: str
    text: str


@dataclass(slots=True)
class Rows:
    """Rows of one block, as columns: lines they begin on, their fields, their text.

    An empty line is a row without fields.
    """

    lines: Sequence[int]
    fields: list[list[str]]
    texts: list[str]
    broken: list[Broken] = field(default_factory=list)


class RowReader:
    """The rows of a source. `header` is its first row; iteration gives the others."""

    def __init__(self, source: Source) -> None:
        """Read the first block; raises ImportStopped for a file that cannot be a table."""
        self._name = source.name
        self._blocks = source.blocks()
        try:
            self._first_block = next(self._blocks, b"").removeprefix(_BOM)
        except SourceEnds as error:
            raise ImportStopped(f"{self._name}, line 1: {error}") from None
        self._line = 2
        self.header = self._read_header()

    def _read_header(self) -> list[str]:
        if not self._first_block.strip():
            raise ImportStopped(f"{self._name} is empty: there is not even a row of column names")
        line, _, self._first_block = self._first_block.partition(b"\n")
        if line.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in line:
            raise ImportStopped(f"{self._name} is not a text in UTF-8: save it as CSV UTF-8")
        try:
            text = line.decode("utf-8").removesuffix("\r")
        except UnicodeDecodeError:
            raise ImportStopped(
                f"{self._name}, line 1 is not in UTF-8: save the file as CSV UTF-8"
            ) from None
        if "\r" in text:
            raise ImportStopped(
                f"{self._name} has lines that end in a carriage return alone: "
                "save it with the line ends of Windows or Unix"
            )
        try:
            return next(csv.reader([text], _STRICT))
        except (csv.Error, StopIteration) as error:
            raise ImportStopped(f"{self._name}, line 1 is not a row of CSV: {error}") from None

    def __iter__(self) -> Iterator[Rows]:
        """The rows, a block at a time."""
        unfinished: list[str] = []
        for block in self._all_blocks():
            text, clean = _decoded(block)
            lines = [*unfinished, *text.split("\n")]
            if lines and not lines[-1]:
                lines.pop()
            rows, used = self._rows(lines, clean and not unfinished, last=False)
            unfinished = lines[used:]
            self._line += used
            yield rows
        if unfinished:
            yield self._rows(unfinished, False, last=True)[0]

    def _all_blocks(self) -> Iterator[bytes]:
        if self._first_block:
            yield self._first_block
            self._first_block = b""
        try:
            yield from self._blocks
        except SourceEnds as error:
            raise CutOff(
                f"{self._name}, after line {self._line - 1}: {error}. "
                "The rows before are imported; import the whole file to complete them"
            ) from None

    def _rows(self, lines: list[str], clean: bool, *, last: bool) -> tuple[Rows, int]:
        """The rows of lines, and how many lines they are: a row may go on in the next block."""
        if clean and max(map(len, lines), default=0) <= LONGEST_LINE:
            try:
                fields = list(csv.reader(lines, _STRICT))
            except csv.Error:
                fields = []
            if len(fields) == len(lines):
                return Rows(range(self._line, self._line + len(lines)), fields, lines), len(lines)
        return self._one_by_one(lines, last)

    def _one_by_one(self, lines: list[str], last: bool) -> tuple[Rows, int]:
        numbers: list[int] = []
        rows = Rows(numbers, [], [])
        position = 0
        while position < len(lines):
            span = lines[position : position + MOST_LINES]
            number = self._line + position
            fields, used, reason = _first_row(span, len(self.header))
            if fields is None and not used and not last and len(span) < MOST_LINES:
                break
            if fields is None:
                rows.broken.append(Broken(number, reason, span[0]))
                position += 1
            else:
                numbers.append(number)
                rows.fields.append(fields)
                rows.texts.append("\n".join(span[:used]))
                position += used
        return rows, position


def _decoded(block: bytes) -> tuple[str, bool]:
    """The text of a block with plain line ends, and whether every row of it may be believed."""
    try:
        text, clean = block.decode("utf-8"), b"\0" not in block
    except UnicodeDecodeError:
        text, clean = block.decode("utf-8", "surrogateescape"), False
    if "\r" in text:
        text = text.replace("\r\n", "\n")
        clean = clean and "\r" not in text
    return text, clean


def _first_row(lines: list[str], width: int) -> tuple[list[str] | None, int, str]:
    """The fields of the row that begins the lines and how many lines it is, or why there is none.

    No fields and no lines mean that the row goes on beyond them.
    """
    reason = _fault(lines[0])
    if reason:
        return None, 1, reason
    reader = csv.reader((line + "\n" for line in lines), _STRICT)
    try:
        fields = next(reader)
    except csv.Error as error:
        if "unexpected end of data" in str(error):
            return None, 0, "a quote is opened and never closed"
        return None, 1, f"not a row of CSV: {error}"
    used = reader.line_num
    if used > 1:
        reason = next(filter(None, map(_fault, lines[1:used])), "")
        if reason or len(fields) != width:
            return None, 1, reason or "a quote is opened and not closed in its row"
    return fields, used, ""


def _fault(line: str) -> str:
    """What is wrong with a line before any comma is looked at; nothing, most often."""
    if len(line) > LONGEST_LINE:
        return f"the line is longer than {LONGEST_LINE} characters"
    if "\0" in line:
        return "the row holds a NUL byte"
    if "\r" in line:
        return "a carriage return stands in the middle of the row"
    if not line.isascii():
        try:
            line.encode("utf-8")
        except UnicodeEncodeError:
            return "the row is not in UTF-8: save the file as CSV UTF-8"
    return ""


def readable(text: str, longest: int = 10_000) -> str:
    """A row's text as it may be shown: an endless one is cut.

    Foreign bytes are spelled out, and control characters but line breaks and tabs.
    """
    shown = text[:longest].encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return in_lines(shown) + ("…" if len(text) > longest else "")

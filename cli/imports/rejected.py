"""The file of rejected rows, beside the file they come from.

It is made to be opened in a spreadsheet, and a spreadsheet runs what looks like a formula. So an
apostrophe stands before a formula's first character wherever a cell may begin: at the start, and
after what some spreadsheets part cells by although there is a comma in the file.
"""

import csv
import re
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import TextIO

from cli.imports.records import Reject
from cli.imports.stopped import ImportStopped

_FORMULA = re.compile("(^|[;|\t\r\n])([\"' \u00a0\u3000]*)(?=[=+\\-@\uff1d\uff0b\uff0d\uff20])")


def as_text(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return _FORMULA.sub(r"\1\2'", cell)


class RejectedFile:
    """Holds the rows turned down by this import, and only those; it is there if there are any."""

    def __init__(self, path: Path) -> None:
        """Name the file; what an earlier import left is removed by `begin`."""
        self.path = path
        self.rows = 0
        self._begun = False
        self._file: TextIO | None = None

    def begin(self) -> None:
        """Remove what an earlier import of the same file has left; once."""
        if self._begun:
            return
        self._begun = True
        try:
            self.path.unlink(missing_ok=True)
        except OSError as error:
            raise ImportStopped(f"{self.path} cannot be removed: {error.strerror}") from None

    def write(self, rejects: Iterable[Reject]) -> None:
        """Add rows in the order of their lines."""
        ordered = sorted(rejects, key=lambda reject: reject.line)
        if not ordered:
            return
        try:
            if self._file is None:
                self._file = self.path.open("w", encoding="utf-8", newline="")
                self._file.write("line,code,reason,row\n")
            writer = csv.writer(self._file, lineterminator="\n")
            writer.writerows((r.line, r.code, as_text(r.reason), as_text(r.text)) for r in ordered)
            self._file.flush()
        except OSError as error:
            raise ImportStopped(
                f"the rejected rows cannot be written to {self.path}: {error.strerror}"
            ) from None
        self.rows += len(ordered)

    def __enter__(self) -> "RejectedFile":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()

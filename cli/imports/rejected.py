"""The file of rejected rows, beside the file they come from."""

import csv
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import TextIO

from cli.imports.records import Reject
from cli.imports.stopped import ImportStopped


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
            writer.writerows((r.line, r.code, r.reason, r.text) for r in ordered)
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

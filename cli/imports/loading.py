"""Importing a file or a folder: rows are read ahead, recorded block by block, and counted.

Every block is committed by itself. An import that ends early, whatever ended it, has recorded a
part of the file; the same import again finds that part stored and records the rest.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, aclosing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.imports.ahead import ahead
from cli.imports.balances import LANES, Balances, balances
from cli.imports.kinds import KINDS
from cli.imports.records import Records, Reject, records
from cli.imports.rejected import RejectedFile
from cli.imports.sources import Source, open_source, rejected_file
from cli.imports.stopped import ImportStopped
from domain.actors import Actor, Role
from repository.database import Database
from repository.load_balances import Lane
from repository.loaded import Loaded
from repository.loading import load

OPERATOR = Actor(Role.HQ, "operator", 0, "cli")
MOST_BRANCHES = 100_000
_BLOCKS_UNDER_WAY = 2

Progress = Callable[[str, int | None], AbstractContextManager[Callable[[int], None]]]
"""Shows how far a file has been read: given its label and size in bytes (None: unknown), a block
in which it is told the bytes read so far."""


@dataclass(slots=True)
class Summary:
    """What came of a file. `rejected_rows` names the file of the rejected rows."""

    kind: str
    rejected_rows: Path
    read: int = 0
    recorded: int = 0
    unchanged: int = 0
    rejected: int = 0

    def __str__(self) -> str:
        """One line for people."""
        return (
            f"{self.kind}: {self.read} read, {self.recorded} recorded, "
            f"{self.unchanged} already there, {self.rejected} rejected"
        )

    def add(self, loaded: Loaded) -> None:
        """Count what was recorded of a block; rejected rows are counted as they are written."""
        self.recorded += loaded.recorded
        self.unchanged += loaded.unchanged


@contextmanager
def unseen(label: str, size: int | None) -> Iterator[Callable[[int], None]]:
    """Progress that nobody watches."""
    yield lambda position: None


@dataclass(frozen=True, slots=True)
class Import:
    """How files are imported into a database, and who is told.

    `report` is given each file's summary when the file is done, and as well when it could not be
    finished.
    """

    database: Database
    actor: Actor = OPERATOR
    future_days: int = 366
    progress: Progress = unseen
    report: Callable[[Summary], None] = lambda summary: None

    async def file(self, kind: str, file: str) -> Summary:
        """Import a file, `-` being standard input.

        Raises ImportStopped for a file that cannot be read (any further), and CalendarError
        while a close would miss what is imported.
        """
        with open_source(file) as source, RejectedFile(rejected_file(file)) as rejected:
            summary = Summary(kind, rejected.path)
            with self.progress(kind, source.size) as advance:
                work = _Work(self, kind, source, rejected, summary, advance)
                try:
                    await work.run()
                finally:
                    summary.rejected = rejected.rows
            self.report(summary)
            return summary


class _Work:
    """The import of one file."""

    def __init__(
        self,
        how: Import,
        kind: str,
        source: Source,
        rejected: RejectedFile,
        summary: Summary,
        advance: Callable[[int], None],
    ) -> None:
        self._how = how
        self._kind = kind
        self._source = source
        self._rejected = rejected
        self._summary = summary
        self._advance = advance

"""Importing a file or a folder: rows are read ahead, recorded block by block, and counted.

Every block is committed by itself. An import that ends early, whatever ended it, has recorded a
part of the file; the same import again finds that part stored and records the rest.
"""

import asyncio
import gc
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from cli.imports.ahead import ahead
from cli.imports.balances import Balances, balances
from cli.imports.kinds import KINDS
from cli.imports.records import Records, Reject, records
from cli.imports.rejected import RejectedFile
from cli.imports.rows import readable
from cli.imports.sources import Source, open_source, rejected_file
from cli.imports.stopped import CutOff, ImportStopped
from cli.session import OPERATOR
from domain.actors import Actor
from repository.database import Database
from repository.ledger import Rejection
from repository.load_balances import BalanceRecorder
from repository.loaded import Loaded
from repository.loading import check_open, load

MOST_BRANCHES = 100_000
_BLOCKS_UNDER_WAY = 2

Progress = Callable[[str, int | None], AbstractContextManager[Callable[[int], None]]]
"""Shows how far a file has been read: given its kind and its size in bytes (None: unknown), a
block in which it is told the bytes read so far."""


@contextmanager
def unseen(kind: str, size: int | None) -> Iterator[Callable[[int], None]]:
    """Progress that nobody watches."""
    yield lambda read: None


@contextmanager
def _few_collections() -> Iterator[None]:
    """Rows make many lists and no cycles: looking for those would take half of the time."""
    usual = gc.get_threshold()
    gc.set_threshold(200_000, 50, 100)
    try:
        yield
    finally:
        gc.set_threshold(*usual)


@dataclass(slots=True)
class Summary:
    """What came of a file: rows read, recorded, stored already, rejected; and where those are."""

    kind: str
    rejected_file: Path
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


@dataclass(frozen=True, slots=True)
class Importer:
    """How files are imported into a database, and who is told.

    `report` is given every file's summary; of one that could not be finished if a row was read.
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
        await check_open(self.database, kind)
        rejected = RejectedFile(rejected_file(file))
        summary = Summary(kind, rejected.path)
        try:
            with (
                _few_collections(),
                open_source(file) as source,
                rejected,
                self.progress(kind, source.size) as advance,
            ):
                work = _Work(self, source, rejected, summary, advance)
                if kind == "balances":
                    await work.balances()
                else:
                    await work.records()
        except BaseException:
            if summary.read:
                self._tell(summary, rejected)
            raise
        self._tell(summary, rejected)
        return summary

    def _tell(self, summary: Summary, rejected: RejectedFile) -> None:
        summary.rejected = rejected.rows
        self.report(summary)

    async def folder(self, folder: Path) -> list[Summary]:
        """Import the files of a folder in the order in which they refer to each other."""
        return [await self.file(kind, str(path)) for kind, path in files_of(folder)]


def files_of(folder: Path) -> list[tuple[str, Path]]:
    """The kinds and files of a folder in the order in which they are imported.

    Raises ImportStopped for a folder without any, and for a kind that is there twice.
    """
    found = []
    for kind in KINDS:
        paths = [folder / f"{kind}.csv", folder / f"{kind}.csv.gz"]
        there = [path for path in paths if path.exists()]
        if len(there) > 1:
            raise ImportStopped(
                f"{folder} holds both {there[0].name} and {there[1].name}: remove one of them"
            )
        found += [(kind, path) for path in there]
    if not found:
        expected = ", ".join(f"{kind}.csv" for kind in KINDS)
        raise ImportStopped(
            f"{folder} holds nothing to import: expected are {expected} (or the same with .gz)"
        )
    return found


@dataclass(slots=True)
class _Work:
    """The import of one file."""

    how: Importer
    source: Source
    rejected: RejectedFile
    summary: Summary
    advance: Callable[[int], None]

    async def records(self) -> None:
        """Import a kind of which a block is loaded at a time."""
        gathered = Records(0, [], {}, [])
        stopped: CutOff | None = None
        try:
            async for block in ahead(records(self.source, KINDS[self.summary.kind])):
                self.rejected.begin()
                self.summary.read += block.read
                if self.summary.kind == "branches":
                    self._gather(gathered, block)
                else:
                    await self._load(block)
                self.advance(self.source.read)
        except CutOff as error:
            stopped = error
        await self._load(gathered)
        if stopped is not None:
            raise stopped

    def _gather(self, gathered: Records, block: Records) -> None:
        """Branches are loaded all at once: a parent may come after its children."""
        gathered.values += block.values
        gathered.texts |= block.texts
        gathered.rejects += block.rejects
        if len(gathered.values) + len(gathered.rejects) > MOST_BRANCHES:
            raise ImportStopped(f"{self.source.name} has more than {MOST_BRANCHES} branches")

    async def _load(self, block: Records) -> None:
        loaded = await load(
            self.how.database,
            self.summary.kind,
            block.values,
            actor=self.how.actor,
            source=self.source.name,
            future_days=self.how.future_days,
        )
        self._count(block.rejects, [loaded], lambda line: readable(block.texts[line]))

    async def balances(self) -> None:
        """Import balances: while one block is recorded, the next ones are read and begun."""
        how = self.how
        recorder = BalanceRecorder(how.database, how.actor, self.source.name, how.future_days)
        under_way: deque[tuple[Balances, list[asyncio.Task[Loaded]]]] = deque()
        stopped: CutOff | None = None
        try:
            try:
                async for block in ahead(balances(self.source)):
                    self.rejected.begin()
                    under_way.append((block, [recorder.start(chunk) for chunk in block.chunks]))
                    while len(under_way) > _BLOCKS_UNDER_WAY:
                        await self._settle(under_way)
            except CutOff as error:
                stopped = error
            while under_way:
                await self._settle(under_way)
        finally:
            left = [task for _, tasks in under_way for task in tasks]
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)
        if stopped is not None:
            raise stopped

    async def _settle(self, under_way: deque[tuple[Balances, list[asyncio.Task[Loaded]]]]) -> None:
        """Wait for the oldest block and count it; it stays under way if it fails."""
        block, tasks = under_way[0]
        await asyncio.gather(*tasks)
        under_way.popleft()
        self.summary.read += block.read
        self._count(block.rejects, [task.result() for task in tasks], block.text_of)
        self.advance(self.source.read)

    def _count(
        self, rejects: list[Reject], loads: Sequence[Loaded], text_of: Callable[[int], str]
    ) -> None:
        for loaded in loads:
            self.summary.recorded += loaded.recorded
            self.summary.unchanged += loaded.unchanged
            rejects = rejects + [_reject(rejection, text_of) for rejection in loaded.rejections]
        self.rejected.write(rejects)


def _reject(rejection: Rejection, text_of: Callable[[int], str]) -> Reject:
    return Reject(rejection.place, rejection.code, rejection.message, text_of(rejection.place))

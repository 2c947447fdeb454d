"""`terrace import`: an institution's files, read as a stream, judged row by row, recorded.

    summaries = await import_folder(database, folder)
    summary = await import_file(database, "balances", "balances.csv.gz")

`sources` reads bytes, `rows` makes rows of them, `kinds` and `fields` say what a row must hold,
`records` and `balances` turn rows into values, `importing` has them recorded and writes those
that were rejected to a file beside the source.
"""

from pathlib import Path

from cli.imports.importing import Importer, Progress, Summary, files_of
from cli.imports.kinds import KINDS, Kind
from cli.imports.stopped import ImportStopped
from repository.database import Database

__all__ = [
    "KINDS",
    "ImportStopped",
    "Importer",
    "Kind",
    "Progress",
    "Summary",
    "files_of",
    "import_file",
    "import_folder",
]


async def import_file(database: Database, kind: str, file: str | Path) -> Summary:
    """Import a file of a kind, quietly."""
    return await Importer(database).file(kind, str(file))


async def import_folder(database: Database, folder: Path) -> list[Summary]:
    """Import the files of a folder, quietly."""
    return await Importer(database).folder(folder)

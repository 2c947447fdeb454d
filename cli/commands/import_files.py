"""terrace import"""

import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import date
from pathlib import Path

import asyncpg
import click

from cli.embedded import EmbeddedError
from cli.imports import KINDS, Importer, ImportStopped, Kind, Summary, files_of
from cli.session import OPERATOR, on_database, read_settings
from domain.feeds import parse_days
from repository.calendar import CalendarError
from repository.database import Database
from repository.feeds import check_markable, mark_complete
from repository.migrate import MigrationError

_COMPLETE = "; what was recorded stays, import again to complete it"
_STOPS = (ImportStopped, CalendarError, EmbeddedError, MigrationError)


def _columns(kind: Kind) -> str:
    lines = [f"  {kind.name}"]
    for column in kind.columns:
        name = column.name if column.required else f"[{column.name}]"
        lines.append(f"    {name:<16} {column.about}")
    return "\n".join(lines)


class _Manual(click.Command):
    """A command whose help ends with the table of columns."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the columns as they stand."""
        formatter.write("\nColumns ([in brackets]: may be left out):\n\n")
        formatter.write("\n\n".join(map(_columns, KINDS.values())) + "\n")


class _Stopped(click.ClickException):
    """The import could not be done or finished; one line says why."""

    exit_code = 2


@click.command("import", cls=_Manual)
@click.argument("kind_or_dir", metavar="KIND|DIR")
@click.argument("file", required=False)
@click.option("--source", metavar="CODE", help="The feed that the balances of FILE are of.")
@click.option(
    "--complete",
    "days",
    metavar="DAY[..DAY]",
    help="Mark these days of the feed as complete when FILE is in.",
)
def command(kind_or_dir: str, file: str | None, source: str | None, days: str | None) -> None:
    """Import files of an institution's data.

    \b
      terrace import balances balances-2025-04.csv.gz
      terrace import /data/export

    With KIND and FILE, one file is imported; KIND is branches, managers, customers, accounts,
    rates or balances, and FILE may be - for standard input. With DIR, its files branches.csv,
    managers.csv, customers.csv, accounts.csv, rates.csv and balances.csv are imported in this
    order, those that are there; each may be compressed (branches.csv.gz).

    Files are CSV in UTF-8: commas, a header row with the names below in any order, double quotes
    around values with commas; compressed with gzip or not. Dates are YYYY-MM-DD, decimals have a
    point. Files of any size are read as a stream.

    What is stored is brought up to what the file says; a later row for the same thing wins. A row
    that is stored already changes nothing, so a file can be imported twice, and an import that was
    cut off is simply given again. A balance of a closed month becomes a correction. While a month
    is being closed, customers, accounts and rates have to wait; balances need not.

    A row that cannot be taken is left out and written, with its line, a code and the reason, to
    FILE.rejected.csv (stdin.rejected.csv for -); the others go on. Put it right in the source and
    import the file again.

    With --source and --complete days of a feed are marked complete when no row was rejected.

    \b
    Exit status: 0 every row was taken, 1 rows were rejected, 2 the import could not be done.
    """
    settings = read_settings()
    delivery = _delivery(kind_or_dir, file, source, days)
    summaries: list[Summary] = []

    def report(summary: Summary) -> None:
        summaries.append(summary)
        click.echo(str(summary))
        if summary.rejected:
            click.echo(f"see {summary.rejected_file}", err=True)

    async def work(database: Database) -> None:
        importer = Importer(
            database, future_days=settings.future_days, progress=_bar, report=report
        )
        async with _delivered(database, delivery, summaries, settings.future_days):
            for kind, name in wanted:
                await importer.file(kind, name)

    try:
        wanted = _wanted(kind_or_dir, file)
        on_database(settings, work)
    except _STOPS as error:
        raise _Stopped(str(error)) from error
    except KeyboardInterrupt:
        raise _Stopped(f"interrupted{_COMPLETE}") from None
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        done = _COMPLETE if summaries else ""
        raise _Stopped(f"{str(error) or type(error).__name__}{done}") from error
    if any(summary.rejected for summary in summaries):
        sys.exit(1)


def _wanted(kind_or_dir: str, file: str | None) -> list[tuple[str, str]]:
    """The kinds and files to import, looked at before a server is started for them."""
    if file is None:
        folder = Path(kind_or_dir)
        if folder.is_dir():
            return [(kind, str(path)) for kind, path in files_of(folder)]
        if kind_or_dir in KINDS:
            raise click.UsageError(f"give a file as well: terrace import {kind_or_dir} FILE")
        raise click.UsageError(
            f"'{kind_or_dir}' is no folder; for one file: terrace import KIND FILE, "
            f"where KIND is one of {', '.join(KINDS)}"
        )
    if kind_or_dir not in KINDS:
        raise click.UsageError(f"'{kind_or_dir}' is none of {', '.join(KINDS)}")
    if file != "-" and not Path(file).exists():
        raise ImportStopped(f"there is no file {file}")
    return [(kind_or_dir, file)]


Delivery = tuple[str, date, date]
"""A source, and the first and the last day of which a file holds all balances."""


def _delivery(kind: str, file: str | None, source: str | None, days: str | None) -> Delivery | None:
    if source is None and days is None:
        return None
    if source is None or days is None:
        raise click.UsageError("--source and --complete are given together")
    if kind != "balances" or file is None:
        raise click.UsageError("--complete is for one file of balances")
    try:
        return (source, *parse_days(days))
    except ValueError as error:
        raise click.UsageError(f"--complete: {error}") from None


@asynccontextmanager
async def _delivered(
    database: Database, delivery: Delivery | None, summaries: list[Summary], future_days: int
) -> AsyncIterator[None]:
    """Mark what a file has delivered when it is in, unless a part of it was not taken."""
    if delivery is None:
        yield
        return
    code, first, last = delivery
    await check_markable(database, code, first, last, future_days)
    yield
    if summaries[-1].rejected:
        click.echo(f"{code} is not marked complete: rows were rejected", err=True)
        return
    rows = summaries[-1].read if first == last else None
    try:
        found = await mark_complete(
            database, code, first, last, OPERATOR, future_days=future_days, rows=rows
        )
    except CalendarError as error:
        raise ImportStopped(f"the balances are in, but not marked complete: {error}") from error
    click.echo(f"{code}: {found}")


@contextmanager
def _bar(kind: str, size: int | None) -> Iterator[Callable[[int], None]]:
    """A progress bar on a terminal, nothing elsewhere."""
    stderr = sys.stderr
    if size is None or not stderr.isatty():
        yield lambda read: None
        return
    with click.progressbar(length=size, label=kind, file=stderr) as bar:

        def advance(read: int) -> None:
            bar.update(read - bar.pos)

        yield advance

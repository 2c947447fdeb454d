"""terrace close"""

import asyncio

import click

from cli.progress import Progress
from cli.session import OPERATOR, on_database, read_settings
from domain.feeds import told
from domain.months import Month, months_between
from repository.acts.incomplete_close import INCOMPLETE_CLOSE
from repository.approvals import Asked, ask
from repository.calendar import CalendarError, own_ledger, read_calendar
from repository.closing import CloseRun, close_state, gap_documents, request_close, weigh_close
from repository.database import Database
from repository.relay import relay
from settings import Settings
from workers.close import carry_out

_LOOK_EVERY = 0.2
_LONGEST_REASON = 2000


@click.command("close")
@click.argument("month", required=False)
@click.option("--through", metavar="MONTH", help="Close every open month up to this one.")
@click.option(
    "--incomplete-because",
    "reason",
    metavar="REASON",
    help="Ask to close it though feeds are missing: somebody else decides.",
)
def command(month: str | None, through: str | None, reason: str | None) -> None:
    """Close a month: judge every customer and publish the results.

    MONTH (YYYY-MM) must be the open month; months close strictly in order. `--through` closes
    them one after the other and is done at once when the last one is closed already. Interrupted,
    the close goes on when the command is given again, or by a running worker. Exit status 1 means
    that a month could not be closed.

    A month of which a feed is not complete (terrace feed list) is not closed. With the reason given
    by `--incomplete-because` the command asks for it; once somebody else has allowed that
    (giveApproval), customers who need the feed are held as they stand, and judged when it arrives.
    """
    settings = read_settings()
    if (month is None) == (through is None):
        raise click.UsageError("give a month, or --through MONTH")
    try:
        last = Month.parse(month or through)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    if reason is not None and not (reason.strip() and len(reason) <= _LONGEST_REASON):
        raise click.UsageError(f"a reason has 1 to {_LONGEST_REASON} characters")
    override = None if reason is None else reason.strip()
    on_database(
        settings,
        lambda database: _close(
            database, settings, last, single=through is None, override=override
        ),
    )


async def _close(
    database: Database,
    settings: Settings,
    last: Month,
    *,
    single: bool,
    override: str | None = None,
) -> None:
    months = [last]
    if not single:
        async with database.writing() as connection:
            calendar = await read_calendar(connection)
        if calendar.last_closed is not None and calendar.last_closed >= last:
            click.echo(f"{last} is closed")
            return
        if calendar.open_month is None:
            raise CalendarError(
                "there is nothing to close: no balance was ever loaded", "NO_BUSINESS_DATE"
            )
        months = months_between(calendar.open_month, last)
    for month in months:
        try:
            run = await _close_one(database, settings, month, override)
        except CalendarError as error:
            if single or error.code != "MONTH_CLOSED":
                raise
            click.echo(f"{month} is closed")  # by somebody else, meanwhile
            continue
        if run.state != "CLOSED":
            raise CalendarError(
                f"{month} could not be closed: {run.problem or run.state}", "CLOSE_FAILED"
            )
        click.echo(f"{month} closed: {run.customers} customers, {run.changes} tier changes")
        if run.lacking:
            click.echo(f"{month} was closed without {told(list(run.lacking))}")


async def _close_one(
    database: Database, settings: Settings, month: Month, override: str | None
) -> CloseRun:
    if override is not None:
        await _ask_to_override(database, month, override)
    run = await request_close(database, month, OPERATOR)
    with Progress(str(month), run.customers) as bar:

        def show(now: CloseRun) -> None:
            bar.show(now.judged, now.customers)

        if run.state == "RUNNING":
            show(run)
        while run.state not in ("CLOSED", "FAILED"):
            await carry_out(
                database, chunk=settings.close_chunk, batch=settings.recompute_batch, progress=show
            )
            async with database.writing() as connection:
                run = await close_state(connection, month)
            show(run)
            if run.state not in ("CLOSED", "FAILED"):
                await asyncio.sleep(_LOOK_EVERY)  # another closer has the last chunks
    while await relay(database):
        pass
    return run


async def _ask_to_override(database: Database, month: Month, reason: str) -> None:
    """Ask for a close without feeds, if any is missing and nobody has allowed it."""
    async with database.unit() as connection:
        await own_ledger(connection)
        try:
            lacking = await weigh_close(connection, month)
        except CalendarError as error:
            if error.code == "MONTH_CLOSING":
                return
            raise
        if not lacking:
            return
        payload = {"month": str(month), "missing": gap_documents(lacking)}
        key = await ask(connection, INCOMPLETE_CLOSE, Asked(payload, str(month), reason), OPERATOR)
    raise CalendarError(
        f"{month} cannot be closed yet: not complete is {told(lacking)}; "
        f"approval {key} waits for somebody else to allow it",
        "APPROVAL_NEEDED",
    )

"""terrace feed"""

from datetime import date

import click

from cli.session import OPERATOR, on_database, read_settings
from domain.feeds import FeedSource, parse_days, told
from domain.months import Month, parse_date
from domain.products import ProductClass
from repository.calendar import CalendarError, read_calendar
from repository.database import Database
from repository.feeds import FeedMonth, Marked, feeds, mark_complete, register, reopen
from telemetry.plain import in_a_line

_LONGEST_REASON = 2000


@click.group("feed")
def command() -> None:
    """Say which feeds are expected, and which of their days are complete.

    A feed is a source of balances of some product classes. Once it is added, every day from its
    first one on is expected, weekends too. A figure is complete when every feed of what its
    customer holds is; a month with a day missing is not closed. Without a feed nothing is expected.
    """


@command.command("add")
@click.argument("code")
@click.option("--name", required=True, metavar="TEXT", help="What it is called.")
@click.option(
    "--classes", required=True, metavar="CLASS,...", help="The product classes it delivers."
)
@click.option("--since", required=True, metavar="DAY", help="The first day it delivers.")
@click.option("--until", metavar="DAY", help="The last day; without it no end is known.")
def add(code: str, name: str, classes: str, since: str, until: str | None) -> None:
    """Add a feed, or give one that is there another name or end.

    A month that is closed is not judged by it: the first day, or the end, lies after it.
    """
    settings = read_settings()
    try:
        source = FeedSource(
            code,
            name.strip(),
            frozenset(map(_product_class, classes.split(","))),
            parse_date(since),
            None if until is None else parse_date(until),
        )
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    changed = on_database(settings, lambda database: register(database, source, OPERATOR))
    click.echo(f"{code}: {'expected' if changed else 'as it was'}")


def _product_class(text: str) -> ProductClass:
    try:
        return ProductClass(text.strip())
    except ValueError:
        known = ", ".join(ProductClass)
        raise ValueError(f"'{text.strip()}' is no product class; those are {known}") from None


@command.command("list")
@click.argument("month", required=False)
def show(month: str | None) -> None:
    """Show the feeds and what is missing of them in MONTH (YYYY-MM), the open one if not given."""
    settings = read_settings()
    try:
        asked = None if month is None else Month.parse(month)
    except ValueError as error:
        raise click.UsageError(str(error)) from None

    async def work(database: Database) -> tuple[Month, list[FeedMonth]]:
        async with database.writing() as connection:
            chosen = asked or (await read_calendar(connection)).open_month
        if chosen is None:
            raise CalendarError("no month is open yet: give one", "NO_BUSINESS_DATE")
        return chosen, await feeds(database, chosen)

    shown, found = on_database(settings, work)
    if not found:
        click.echo("no feed is expected")
    for feed in found:
        click.echo(_line(shown, feed))


def _line(month: Month, feed: FeedMonth) -> str:
    source = feed.source
    days = f"{source.since} to {source.until or '(open end)'}"
    classes = ",".join(sorted(source.classes))
    missing = f"missing {told(feed.missing)}" if feed.missing else "none missing"
    return (
        f"{in_a_line(f'{source.code}  {source.name}')}  {classes}  {days}\n"
        f"    {month}: {feed.complete} days complete, {missing}"
    )


@command.command("complete")
@click.argument("code")
@click.argument("days", metavar="DAY[..DAY]")
@click.option("--rows", type=click.IntRange(min=0), help="How many rows were sent of each day.")
def complete(code: str, days: str, rows: int | None) -> None:
    """Mark days of a feed as complete: all of its balances of them are here, be there any or none.

    A day of a closed month has the figures that waited for it judged anew.
    """
    settings = read_settings()
    first, last = _days(days)

    async def work(database: Database) -> Marked:
        return await mark_complete(
            database, code, first, last, OPERATOR, future_days=settings.future_days, rows=rows
        )

    click.echo(f"{code}: {on_database(settings, work)}")


@command.command("reopen")
@click.argument("code")
@click.argument("days", metavar="DAY[..DAY]")
@click.option("--reason", required=True, metavar="TEXT", help="Why; kept in the audit trail.")
def again(code: str, days: str, reason: str) -> None:
    """Take back that days of a feed are complete; only in months that are not closed."""
    settings = read_settings()
    first, last = _days(days)
    why = reason.strip()
    if not why or len(why) > _LONGEST_REASON:
        raise click.UsageError(f"a reason has 1 to {_LONGEST_REASON} characters")
    count = on_database(
        settings, lambda database: reopen(database, code, first, last, why, OPERATOR)
    )
    click.echo(f"{code}: {count} days reopened")


def _days(text: str) -> tuple[date, date]:
    try:
        return parse_days(text)
    except ValueError as error:
        raise click.UsageError(str(error)) from None

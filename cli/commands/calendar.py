"""terrace calendar"""

from datetime import date

import click

from cli.session import OPERATOR, on_database, read_settings
from domain.months import parse_date
from repository.calendar import Calendar, read_calendar, set_business_date
from repository.database import Database


@click.command("calendar")
@click.argument("day", required=False, metavar="[YYYY-MM-DD]")
@click.option("--set", "set_day", metavar="YYYY-MM-DD", help="The same as the argument.")
def command(day: str | None, set_day: str | None) -> None:
    """Show the institution's calendar, or set its business date.

    The business date is the institution's own today: figures of the open month are averages up to
    it. It moves by itself to the latest day for which a balance was recorded, and into the next
    month when a month is closed; set it for days without any balance. It never goes back.
    """
    settings = read_settings()
    given = day or set_day
    chosen: date | None = None
    if given is not None:
        try:
            chosen = parse_date(given)
        except ValueError as error:
            raise click.UsageError(str(error)) from None

    async def work(database: Database) -> Calendar:
        if chosen is not None:
            return await set_business_date(database, chosen, OPERATOR)
        async with database.writing() as connection:
            return await read_calendar(connection)

    calendar = on_database(settings, work)
    click.echo(f"business date      {calendar.business_date or '(none yet)'}")
    click.echo(f"open month         {calendar.open_month or '(none yet)'}")
    click.echo(f"last closed month  {calendar.last_closed or '(none yet)'}")
    if calendar.closing is not None:
        click.echo(f"being closed       {calendar.closing}")
    click.echo(f"home currency      {calendar.home_currency}")

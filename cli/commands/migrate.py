"""terrace migrate"""

import asyncio

import click

from cli.embedded import servers, signing_key
from cli.session import open_database, read_settings
from repository.calendar import ensure_default_policy
from repository.migrate import migrate
from repository.readings import read_names


@click.command("migrate")
def command() -> None:
    """Bring the database up to the version of this program.

    Applies the numbered migrations that are missing, makes the login roles, publishes the default
    tier policy in a new installation, and reads the names of customers stored without pinyin.
    Safe to run twice, or by two at once. The database's owner needs the right to create roles.
    With another TERRACE_SECRET_KEY than before, the roles get new passwords, and all processes
    have to be started again with that key.
    """
    settings = read_settings()
    with servers(settings, redis=False) as addresses:

        async def run() -> int:
            applied = await migrate(
                addresses.database_url,
                signing_key(settings),
                home_currency=settings.home_currency,
                insist="home_currency" in settings.model_fields_set,
                rekey=True,
                report=click.echo,
            )
            async with open_database(settings, addresses) as database:
                await ensure_default_policy(database)
                if read := await read_names(database):
                    click.echo(f"made the names of {read} customers searchable by pinyin")
            return applied

        applied = asyncio.run(run())
    click.echo(f"{applied} applied" if applied else "up to date")

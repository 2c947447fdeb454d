"""terrace work"""

import asyncio
import contextlib
import signal

import click

from cli.embedded import Addresses, servers
from cli.lifeline import end_with_parent
from cli.session import open_database, read_settings
from settings import Settings
from workers.process import Workers


@click.command("work")
def command() -> None:
    """Work: recompute figures, carry out closes, publish events.

    Any number of these may run on one database. It needs PostgreSQL; without Redis it goes on,
    looking for work every second. Ctrl-C or SIGTERM stops it; what was not finished is done again
    by the next one.
    """
    settings = read_settings()
    end_with_parent()
    with servers(settings) as addresses:
        asyncio.run(_work(settings, addresses))


async def _work(settings: Settings, addresses: Addresses) -> None:
    async with open_database(settings, addresses) as database:
        working = asyncio.create_task(Workers(database, addresses.redis_url, settings).run())
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, working.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await working

"""terrace work"""

import asyncio
import contextlib
import signal
from contextlib import AsyncExitStack

import click

from cli.embedded import Addresses, servers
from cli.group import run_group
from cli.lifeline import end_with_parent
from cli.serving import told_on_port
from cli.session import open_database, read_settings
from cli.telling import begin_telling, states_told
from settings import Settings
from workers.process import Workers


@click.command("work")
@click.option("--processes", type=click.IntRange(1, 64), help="How many work (TERRACE_WORKERS).")
def command(processes: int | None) -> None:
    """Work: recompute figures, carry out closes, publish events.

    Any number of these may run on one database. It needs PostgreSQL; without Redis it goes on,
    looking for work every second. Ctrl-C or SIGTERM stops it; what was not finished is done again
    by the next one. One of several processes that ends is started again; SIGHUP starts all of them
    anew, one after the other.
    """
    settings = read_settings(workers=processes)
    end_with_parent()
    with servers(settings) as addresses:
        if settings.workers == 1:
            begin_telling("worker", settings)
            asyncio.run(_work(settings, addresses))
        else:
            port = settings.worker_port
            address = None if port is None else (settings.host, port)
            run_group(settings, addresses, "worker", "work", settings.workers, address)


async def _work(settings: Settings, addresses: Addresses) -> None:
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(open_database(settings, addresses))
        await stack.enter_async_context(states_told("worker", database))
        await stack.enter_async_context(told_on_port(settings, addresses, database))
        working = asyncio.create_task(Workers(database, addresses.redis_url, settings).run())
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, working.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await working

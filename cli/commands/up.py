"""terrace up"""

import asyncio
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Coroutine
from types import FrameType
from typing import Any, TypeVar

import click

from cli.children import Children
from cli.embedded import Addresses, servers, signing_key
from cli.greeting import greet
from cli.listening import bound
from cli.session import prepared_database, read_settings
from settings import Settings

T = TypeVar("T")
_READY_SECONDS = 60.0
_LOOK_EVERY = 0.25
_LOOKS_BETWEEN = 8  # looks at the children between two looks at the servers
_MOST_STARTS = 20
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@click.command("up")
@click.option("--empty", is_flag=True, help="Without demo data.")
@click.option("--host", help="Address to listen on (TERRACE_HOST).")
@click.option("--port", type=click.IntRange(0, 65535), help="Port; 0 takes a free one.")
def command(empty: bool, host: str | None, port: int | None) -> None:
    """Run everything: servers, migrations, demo data, API and worker.

    The first start of a new installation loads demo data of an invented cooperative, unless it is
    told to be --empty. Data is kept in TERRACE_DATA_DIR; the next start goes on with it. When all
    is ready, the address, tokens and a first query are printed.

    Ctrl-C or SIGTERM stops all of it. Killed at any moment, nothing acknowledged is lost.
    """
    settings = read_settings(host=host, port=port)
    _on_signals(_stop)
    try:
        settings = _with_port(settings)
        for _ in range(_MOST_STARTS):
            with servers(settings, exclusive=True) as addresses:
                _run(settings, addresses, demo=not empty)
            click.echo("an embedded server has ended; starting again", err=True)
        raise click.ClickException(
            f"an embedded server has ended {_MOST_STARTS} times; see the logs in "
            f"{settings.data_dir}"
        )
    except _Stop:
        click.echo("stopped")


def _run(settings: Settings, addresses: Addresses, *, demo: bool) -> None:
    """Run the API and the worker until told to stop, or until a server has ended."""
    began = time.monotonic()
    has_demo = _until_told_to_stop(_prepare(settings, addresses, demo=demo))
    with Children(addresses, signing_key(settings)) as children:
        children.start("API", "serve", "--host", settings.host, "--port", str(settings.port))
        children.start("worker", "work")
        _await_ready(settings, children)
        greet(settings, has_demo, seconds=time.monotonic() - began)
        embedded = Addresses(
            "" if settings.database_url else addresses.database_url,
            "" if settings.redis_url else addresses.redis_url,
        )
        while embedded.answer():
            for _ in range(_LOOKS_BETWEEN):
                time.sleep(_LOOK_EVERY)
                children.look()


class _Stop(BaseException):
    """A signal asked for the end."""


_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def _stop(number: int, frame: FrameType | None) -> None:
    """End in an orderly way; further signals do not interrupt it."""
    _on_signals(signal.SIG_IGN)
    raise _Stop


def _on_signals(handler: Any) -> None:
    for number in _SIGNALS:
        signal.signal(number, handler)


def _until_told_to_stop(work: Coroutine[Any, Any, T]) -> T:
    """Run work in a loop, where a signal cancels it instead of being raised in whatever runs."""

    told = False

    async def run() -> T:
        task = asyncio.current_task()

        def tell() -> None:
            nonlocal told
            if task is not None and not told:
                told = True
                task.cancel()

        for number in _SIGNALS:
            asyncio.get_running_loop().add_signal_handler(number, tell)
        return await work

    try:
        done = asyncio.run(run())
    except BaseException:
        if not told:
            raise
    finally:
        _on_signals(signal.SIG_IGN if told else _stop)
    if told:  # whatever else came of it in the clearing up
        raise _Stop
    return done


def _with_port(settings: Settings) -> Settings:
    """The settings with a port that can be listened on."""
    with bound(settings) as probe:
        return settings.model_copy(update={"port": probe.getsockname()[1]})


async def _prepare(settings: Settings, addresses: Addresses, *, demo: bool) -> bool:
    """Migrate and, in a new installation, load the demo data; whether there is demo data."""
    async with prepared_database(settings, addresses) as database:
        if not demo:
            return False
        from cli.demo_loading import load_demo

        return await load_demo(database, settings)


def _await_ready(settings: Settings, children: Children) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "") else settings.host
    host = f"[{host}]" if ":" in host else host
    while time.monotonic() < deadline:
        children.look()
        try:
            url = f"http://{host}:{settings.port}/readyz"
            with _direct.open(url, timeout=2) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise click.ClickException(f"the API was not ready within {_READY_SECONDS:.0f} seconds")

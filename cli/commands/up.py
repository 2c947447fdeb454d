"""terrace up"""

import asyncio
import http.client
import signal
import time
import urllib.request
from collections.abc import Callable, Coroutine
from types import FrameType
from typing import Any, NoReturn, TypeVar

import click

from cli.children import Children, Restarts
from cli.embedded import Addresses, ServerFailed, own_servers, signing_key
from cli.greeting import greet
from cli.group import Renewal
from cli.listening import held
from cli.session import prepared_database, read_settings
from settings import Settings

T = TypeVar("T")
_READY_SECONDS = 60.0
_LOOK_SECONDS = 0.25
_DEATH_SECONDS = 1.0
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@click.command("up")
@click.option("--empty", is_flag=True, help="Without demo data.")
@click.option("--host", help="Address to listen on (TERRACE_HOST).")
@click.option("--port", type=click.IntRange(0, 65535), help="Port; 0 takes a free one.")
@click.option("--processes", type=click.IntRange(1, 64), help="API processes (TERRACE_PROCESSES).")
@click.option("--workers", type=click.IntRange(1, 64), help="Workers (TERRACE_WORKERS).")
def command(
    empty: bool,
    host: str | None,
    port: int | None,
    processes: int | None,
    workers: int | None,
) -> None:
    """Run everything: servers, migrations, demo data, API and worker.

    The first start of a new installation loads demo data of an invented cooperative, unless it is
    told to be --empty. Data is kept in TERRACE_DATA_DIR; the next start goes on with it. When all
    is ready, the address, tokens and a first query are printed.

    Ctrl-C or SIGTERM stops all of it. Killed at any moment, nothing acknowledged is lost. SIGHUP
    starts API and workers anew, one after the other.
    """
    settings = read_settings(host=host, port=port, processes=processes, workers=workers)
    _on_signals(_stop)
    try:
        settings = _with_port(settings)
        restarts, ended = Restarts("an embedded server"), ""
        while True:
            restarts.count()
            try:
                ended = _until_a_server_ends(settings, demo=not empty)
            except ServerFailed as failure:
                if not ended:  # it has never run, so the operator must see why
                    raise
                ended = str(failure)
            click.echo(f"{ended.splitlines()[0].rstrip('.')}; starting again", err=True)
    except _Stop:
        click.echo("stopped")


def _until_a_server_ends(settings: Settings, *, demo: bool) -> str:
    """Run everything until told to stop; how an embedded server ended, if one did."""
    with own_servers(settings) as (addresses, check):
        try:
            _run(settings, addresses, check, demo=demo)
        except Exception:
            # Whatever failed: without its server it had to.
            deadline = time.monotonic() + _DEATH_SECONDS
            while time.monotonic() < deadline:
                try:
                    check()
                except ServerFailed as failure:
                    return str(failure)
                time.sleep(0.05)
            raise


def _run(
    settings: Settings, addresses: Addresses, check: Callable[[], None], *, demo: bool
) -> NoReturn:
    """Run the API and the worker until told to stop; raises ServerFailed when a server ends."""
    began = time.monotonic()
    has_demo = _until_told_to_stop(_prepare(settings, addresses, demo=demo))
    renewal, most = Renewal(), settings.processes + settings.workers
    with (
        held(settings.host, settings.port) as port,
        Children(
            addresses, signing_key(settings), settings.in_mode, most=most, port=port
        ) as children,
    ):
        for name in _names("API", settings.processes):
            children.start(name, "serve", "--host", settings.host, "--port", str(settings.port))
        for name in _names("worker", settings.workers):
            children.start(name, "work", listens=False)

        def look(seconds: float) -> None:
            time.sleep(seconds)
            check()
            children.look()

        deadline = time.monotonic() + _READY_SECONDS
        while not (_is_ready(settings) and children.are_up()):
            if time.monotonic() > deadline:
                raise click.ClickException(
                    f"the API was not ready within {_READY_SECONDS:.0f} seconds"
                )
            look(0.05)
        greet(settings, has_demo, seconds=time.monotonic() - began)
        while True:
            look(_LOOK_SECONDS)
            if renewal.due():
                children.renew(check)


def _names(one: str, number: int) -> list[str]:
    return [one] if number == 1 else [f"{one} {place + 1}" for place in range(number)]


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
    with held(settings.host, settings.port) as probe:
        return settings.model_copy(update={"port": probe.getsockname()[1]})


async def _prepare(settings: Settings, addresses: Addresses, *, demo: bool) -> bool:
    """Migrate and, in a new installation, load the demo data; whether there is demo data."""
    async with prepared_database(settings, addresses) as database:
        if not demo:
            return False
        from cli.demo_loading import load_demo

        return await load_demo(database, settings)


def _is_ready(settings: Settings) -> bool:
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "") else settings.host
    host = f"[{host}]" if ":" in host else host
    try:
        with _direct.open(f"http://{host}:{settings.port}/readyz", timeout=2) as answer:
            return bool(answer.status == 200)
    except (OSError, http.client.HTTPException):
        return False

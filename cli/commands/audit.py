"""terrace audit"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import click

from cli.embedded import servers
from cli.progress import Progress
from cli.session import open_database, read_settings
from domain.chain import Link
from repository.database import Database
from repository.sealing import chain_head
from repository.verification import TrailBroken, Verified, verify
from settings import Settings

T = TypeVar("T")


@click.group("audit")
def command() -> None:
    """Hold the audit trail against its chain.

    Every line is sealed with a hash of itself and of all lines before it. A head that was kept
    elsewhere, an anchor, proves that nothing up to it was changed since.
    """


@command.command("head")
def head() -> None:
    """Print the last seal as POSITION:HASH, to be kept where nobody of this installation writes."""
    settings = read_settings()
    click.echo(_as_it_is(settings, chain_head))


@command.command("verify")
@click.option(
    "--from",
    "after",
    metavar="POSITION",
    type=click.IntRange(min=0),
    default=0,
    help="Go on behind a position; what lies before is not looked at.",
)
@click.option(
    "--anchor",
    "anchors",
    metavar="POSITION:HASH",
    multiple=True,
    help="A head that was kept elsewhere; can be given again.",
)
def check(after: int, anchors: tuple[str, ...]) -> None:
    """Walk the chain and name the first line that was changed, removed, inserted or moved.

    Without an anchor the chain proves that nobody changed the trail who did not also compute the
    chain anew. Interrupted, it says from where to go on. It changes nothing. Exit status 1 means
    that the trail is not what was sealed.
    """
    settings = read_settings()
    try:
        kept = [Link.parse(text) for text in anchors]
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="'--anchor'") from None
    reached: list[Link] = []

    async def work(database: Database) -> Verified:
        total = max((await chain_head(database)).position - after, 0)
        with Progress("audit", total) as bar:

            def show(link: Link, last: int) -> None:
                reached[:] = [link]
                bar.show(link.position - after, last - after)

            return await verify(database, after=after, anchors=kept, progress=show)

    try:
        found = _as_it_is(settings, work)
    except TrailBroken as broken:
        raise click.ClickException(str(broken)) from None
    except KeyboardInterrupt:
        if reached:
            click.echo(
                f"\nright up to {reached[0]}; go on with --from {reached[0].position}", err=True
            )
        raise
    click.echo(_told(found, after))
    if not kept:
        click.echo("no anchor was given: a chain that was computed anew would look the same")


def _told(found: Verified, after: int) -> str:
    first = f"from position {after + 1} on, " if after else ""
    waiting = f"; {found.waiting} lines wait for their seal" if found.waiting else ""
    return f"{first}{found.seals} lines are as they were sealed, up to {found.head}{waiting}"


def _as_it_is(settings: Settings, work: Callable[[Database], Awaitable[T]]) -> T:
    """Look at an installation without bringing it up to date first."""
    with servers(settings, redis=False) as addresses:

        async def run() -> T:
            async with open_database(settings, addresses) as database:
                return await work(database)

        return asyncio.run(run())

"""terrace key"""

from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any, TypeVar

import click

from cli.session import OPERATOR, on_database, read_settings
from domain.actors import Grant
from repository.api_keys import (
    LONGEST_LIFE_DAYS,
    LONGEST_OVERLAP_HOURS,
    KeyRefused,
    ListedKey,
    MadeKey,
    create_key,
    list_keys,
    revoke_key,
    rotate_key,
)
from repository.database import Database

T = TypeVar("T")

_days = click.option(
    "--days",
    type=click.IntRange(1, LONGEST_LIFE_DAYS),
    default=90,
    show_default=True,
    help="Days until it ends.",
)


@click.group("key")
def command() -> None:
    """Make, list, rotate and revoke the API keys of integrators.

    A key is sent as a bearer token in the place of one. Only a digest of it is stored, so its text
    is shown once, on standard output and alone; what is said about it goes to standard error.
    """


@command.command("create")
@click.argument("integrator")
@click.option(
    "--grant",
    "grants",
    multiple=True,
    required=True,
    type=click.Choice([grant.value for grant in Grant]),
    help="What it is granted; may be given several times.",
)
@_days
def create(integrator: str, grants: tuple[str, ...], days: int) -> None:
    """Make a key for INTEGRATOR, the name its calls are recorded under."""
    wanted = list(map(Grant, grants))
    _show(_done(lambda database: create_key(database, integrator, wanted, days, OPERATOR)))


@command.command("rotate")
@click.argument("prefix")
@_days
@click.option(
    "--overlap-hours",
    type=click.IntRange(0, LONGEST_OVERLAP_HOURS),
    default=24,
    show_default=True,
    help="Hours that the old key stays good.",
)
def rotate(prefix: str, days: int, overlap_hours: int) -> None:
    """Make a key with the same grants in the place of the one named by PREFIX."""
    _show(_done(lambda database: rotate_key(database, prefix, days, overlap_hours, OPERATOR)))


@command.command("revoke")
@click.argument("prefix")
@click.option("--reason", required=True, metavar="TEXT", help="Why; it is audited.")
def revoke(prefix: str, reason: str) -> None:
    """End the key named by PREFIX; within ten seconds it opens nothing any more."""
    _done(lambda database: revoke_key(database, prefix, reason, OPERATOR))
    click.echo(f"{prefix}: revoked")


@command.command("list")
def show() -> None:
    """Show all keys: prefix, integrator, grants, end, last use, state."""
    for key in on_database(read_settings(), list_keys):
        used = "never used" if key.last_used_at is None else f"used {_minute(key.last_used_at)}"
        grants = ",".join(key.grants)
        click.echo(
            f"{key.prefix}  {key.integrator}  {grants}  ends {_minute(key.expires_at)}  {used}  "
            f"{_state(key)}"
        )


def _state(key: ListedKey) -> str:
    if key.revoked_at is not None:
        return f"revoked {_minute(key.revoked_at)}"
    return "good" if key.expires_at > datetime.now(key.expires_at.tzinfo) else "ended"


def _minute(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%MZ}"


def _done(work: Callable[[Database], Coroutine[Any, Any, T]]) -> T:
    try:
        return on_database(read_settings(), work)
    except KeyRefused as refused:
        raise click.UsageError(str(refused)) from None


def _show(made: MadeKey) -> None:
    click.echo(f"key {made.prefix}; its text is not shown again:", err=True)
    click.echo(made.text)

"""terrace access"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from typing import TypeVar

import click

from cli.session import OPERATOR, on_database, read_settings
from domain.actors import Role
from repository.database import Database
from repository.revocations import (
    CannotRevoke,
    Revoked,
    let_in_again,
    list_revocations,
    shut_out_bearer,
    shut_out_token,
)
from telemetry.plain import in_a_line

T = TypeVar("T")


@click.group("access")
def command() -> None:
    """Shut bearers and tokens out, and let them in again.

    A revocation takes effect within ten seconds, on open sockets too. It holds for the tokens of
    an issuer, for development tokens and for API keys.
    """


@command.command("revoke")
@click.option("--role", type=click.Choice([role.value for role in Role]), help="Of the bearer.")
@click.option("--subject", metavar="TEXT", help="Of the bearer, as tokens name it.")
@click.option("--token", "token_id", metavar="JTI", help="One token, by its own name.")
@click.option(
    "--issued-before",
    type=click.DateTime(["%Y-%m-%dT%H:%M:%S%z"]),
    metavar="INSTANT",
    help="Only what was issued before, such as 2026-01-31T12:00:00Z.",
)
@click.option("--reason", required=True, metavar="TEXT", help="Why; it is audited.")
def revoke(
    role: str | None,
    subject: str | None,
    token_id: str | None,
    issued_before: datetime | None,
    reason: str,
) -> None:
    """Shut out a bearer (--role and --subject) or one token (--token)."""
    if token_id is not None and not (role or subject or issued_before):
        work = partial(shut_out_token, token_id=token_id, reason=reason, actor=OPERATOR)
    elif role is None or subject is None or token_id is not None:
        raise click.UsageError("give --role and --subject (and --issued-before), or --token")
    else:
        work = partial(
            shut_out_bearer,
            role=Role(role),
            subject=subject,
            issued_before=issued_before,
            reason=reason,
            actor=OPERATOR,
        )
    number = _done(work)
    click.echo(f"revocation {number}: {token_id or f'{role} {subject}'} is shut out")


@command.command("restore")
@click.argument("number", type=click.IntRange(min=1))
@click.option("--reason", required=True, metavar="TEXT", help="Why; it is audited.")
def restore(number: int, reason: str) -> None:
    """Lift the revocation of a NUMBER."""
    work = partial(let_in_again, revocation=number, reason=reason, actor=OPERATOR)
    if not _done(work):
        raise click.UsageError(f"there is no revocation {number} in force")
    click.echo(f"revocation {number}: lifted")


@command.command("list")
def show() -> None:
    """Show the revocations in force."""
    found: Sequence[Revoked] = on_database(read_settings(), list_revocations)
    for one in found:
        before = "" if one.issued_before is None else f", issued before {one.issued_before:%FT%TZ}"
        told = f"{one.id}  {one.whom}{before}  since {one.revoked_at:%FT%TZ}  {one.reason}"
        click.echo(in_a_line(told))


def _done(work: Callable[[Database], Awaitable[T]]) -> T:
    try:
        return on_database(read_settings(), work)
    except CannotRevoke as error:
        raise click.UsageError(str(error)) from None

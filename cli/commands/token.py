"""terrace token"""

from datetime import UTC, datetime

import click

from api.tokens import sign
from cli.embedded import signing_key
from cli.session import read_settings
from domain.actors import Channel, Grant, Role
from domain.claims import names_a_row


@click.command("token")
@click.option(
    "--role",
    required=True,
    type=click.Choice([role.value for role in Role], case_sensitive=False),
    help="What the bearer is to the institution.",
)
@click.option(
    "--subject",
    metavar="NUMBER",
    help="Customer number, manager number or branch code; for other roles a label.",
)
@click.option(
    "--hours", type=click.IntRange(min=1), help="How long it is valid (TERRACE_TOKEN_HOURS)."
)
@click.option(
    "--channel",
    type=click.Choice([c.value for c in Channel if c is not Channel.CLI]),
    default=Channel.API.value,
    show_default=True,
    help="The channel the bearer uses.",
)
@click.option("--branch", metavar="CODE", help="The branch that a risk controller is bound to.")
@click.option("--person", metavar="NAME", help="Who it is, for a branch that has several people.")
@click.option(
    "--grant",
    "grants",
    multiple=True,
    type=click.Choice([grant.value for grant in Grant]),
    help="What an integrator is granted; feeds if none is named.",
)
@click.option("--id", "token_id", metavar="TEXT", help="A name by which it can be revoked.")
def command(
    role: str,
    subject: str | None,
    hours: int | None,
    channel: str,
    branch: str | None,
    person: str | None,
    grants: tuple[str, ...],
    token_id: str | None,
) -> None:
    """Print a signed development token and nothing else.

    Send it as `Authorization: Bearer TOKEN`, on sockets in the payload of connection_init. It is
    signed with the installation's key, so it is valid for servers with the same TERRACE_DATA_DIR
    or TERRACE_SECRET_KEY. Roles customer, manager and branch need a subject. In production no
    such token is taken (TERRACE_MODE), so none is made.

    \b
    Examples:
      terrace token --role hq
      terrace token --role manager --subject M1001
    """
    settings = read_settings()
    if settings.in_mode == "production":
        raise click.UsageError(
            "this installation is in production, where development tokens are not taken; "
            "TERRACE_MODE=development is for trying things out"
        )
    chosen = Role(role.lower())
    if names_a_row(chosen) and not subject:
        raise click.UsageError(f"a token for the role {chosen} needs --subject")
    try:
        token = sign(
            signing_key(settings),
            chosen,
            subject or chosen.value,
            hours=hours or settings.token_hours,
            channel=channel,
            branch=branch or "",
            person=person or "",
            grants=frozenset(map(Grant, grants)) or None,
            token_id=token_id or "",
            now=datetime.now(UTC),
        )
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    click.echo(token)

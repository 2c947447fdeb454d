"""terrace token"""

from datetime import UTC, datetime

import click

from api.tokens import names_a_row, sign
from cli.embedded import signing_key
from cli.session import read_settings
from domain.actors import Role


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
@click.option("--channel", default="cli", show_default=True, help="The channel the bearer uses.")
def command(role: str, subject: str | None, hours: int | None, channel: str) -> None:
    """Print a signed development token and nothing else.

    Send it as `Authorization: Bearer TOKEN`, on sockets in the payload of connection_init. It is
    signed with the installation's key, so it is valid for servers with the same TERRACE_DATA_DIR
    or TERRACE_SECRET_KEY. Roles customer, manager and branch need a subject.

    \b
    Examples:
      terrace token --role hq
      terrace token --role manager --subject M1001
    """
    settings = read_settings()
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
            now=datetime.now(UTC),
        )
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    click.echo(token)

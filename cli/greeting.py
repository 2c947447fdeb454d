"""What `terrace up` says when all is ready: where it is, who may enter, and a first question."""

from datetime import UTC, datetime

import click

from api.tokens import sign
from cli.embedded import signing_key
from domain.actors import Channel, Role
from settings import Settings

DEMO_CUSTOMER = "C101538"
DEMO_MANAGER = "M1001"
DEMO_BRANCH = "1001"
_CHANNELS = {Role.CUSTOMER: Channel.MOBILE, Role.INTEGRATOR: Channel.INTEGRATOR}


def greet(settings: Settings, demo: bool, *, seconds: float) -> None:
    """Print the address, tokens, and a query to begin with."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    address = f"http://{host}:{settings.port}/graphql"
    click.echo(f"\nTerrace is ready after {seconds:.1f} s: {address}\n")
    roles: list[tuple[Role, str]] = [(Role.HQ, "hq"), (Role.INTEGRATOR, "integrator")]
    if demo:
        roles[1:1] = [
            (Role.BRANCH, DEMO_BRANCH),
            (Role.MANAGER, DEMO_MANAGER),
            (Role.CUSTOMER, DEMO_CUSTOMER),
        ]
    if settings.in_mode == "production":
        click.echo("Production: bring a token of your issuer, or an API key (terrace key --help).")
        return
    click.echo("Tokens for trying it out (others: terrace token --help):")
    tokens = {role: _token(settings, role, subject) for role, subject in roles}
    for role, subject in roles:
        label = f"{role.value} {subject}" if role.value != subject else role.value
        click.echo(f"\n  {label}\n  {tokens[role]}")
    query = "{ viewer { role } calendar { businessDate openMonth } }"
    if demo:
        query = (
            f'{{ customer(by: {{number: \\"{DEMO_CUSTOMER}\\"}}) '
            "{ name standing { status tier { name } } aum { total asOf } } }"
        )
    click.echo(
        f"\nA first query:\n\n  curl -s {address} \\\n"
        "    -H 'Content-Type: application/json' \\\n"
        f"    -H 'Authorization: Bearer {tokens[Role.HQ]}' \\\n"
        f'    -d \'{{"query": "{query}"}}\'\n'
    )
    click.echo("Ctrl-C stops everything; the data stays in " + str(settings.data_dir))


def _token(settings: Settings, role: Role, subject: str) -> str:
    return sign(
        signing_key(settings),
        role,
        subject,
        hours=settings.token_hours,
        channel=_CHANNELS.get(role, Channel.WEB),
        now=datetime.now(UTC),
    )

"""terrace doctor"""

import asyncio
import json
import sys
from dataclasses import asdict

import click

from cli.doctor import Check, State, of_catalogue, of_program, of_redis, of_work
from cli.embedded import Addresses, servers, signing_key
from cli.session import read_settings
from repository.inspection import Unreachable, look_as_owner, look_as_writer
from settings import Settings
from workers.wakeups import server_version

_COLOURS = {State.OK: "green", State.WARNING: "yellow", State.PROBLEM: "red"}


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="A JSON list instead of lines.")
def command(as_json: bool) -> None:
    """Look over an installation and say what is wrong with it and what to do.

    Looks at versions, migrations, the clocks, roles and row-level security, indexes, durability,
    connections, what waits and who was set aside, a close that stands still, and Redis. It changes
    nothing. Give it the settings the installation runs with.
    """
    settings = read_settings()
    with servers(settings) as addresses:
        checks = asyncio.run(look(settings, addresses, signing_key(settings)))
    if as_json:
        click.echo(json.dumps([asdict(check) for check in checks], indent=2))
    else:
        for check in checks:
            state = click.style(f"{check.state:8}", fg=_COLOURS[check.state])
            click.echo(f"{state} {check.name:12} {check.told}")
            if check.todo:
                click.echo(f"{'':21} -> {check.todo}")
    if any(check.state is State.PROBLEM for check in checks):
        sys.exit(1)


async def look(settings: Settings, addresses: Addresses, key: str) -> list[Check]:
    """Everything that was looked at, in order."""
    checks = list(of_program(settings))
    try:
        checks.append(of_redis(await server_version(addresses.redis_url)))
    except ConnectionError as error:
        checks.append(of_redis(str(error)))
    try:
        catalogue = await look_as_owner(addresses.database_url, key)
    except Unreachable as error:
        todo = "start it, or set TERRACE_DATABASE_URL to where it is"
        return [*checks, Check("postgresql", State.PROBLEM, f"does not answer: {error}", todo)]
    checks += of_catalogue(catalogue, settings)
    if catalogue.migrations != 0 or not catalogue.key_is_ours:
        return checks  # the writer could not look, or not at what there will be
    try:
        checks += of_work(await look_as_writer(addresses.database_url, key))
    except Unreachable as error:
        todo = "run `terrace migrate`, which makes the roles anew"
        checks.append(Check("writer", State.PROBLEM, f"cannot log in: {error}", todo))
    return checks

"""The `terrace` command: everything an operator types."""

import gc
import importlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
import click

from cli.embedded import EmbeddedError
from domain.policy import InvalidPolicy
from repository.calendar import CalendarError
from repository.migrate import MigrationError
from telemetry.traces import NotInstalled

COMMANDS = {
    "up": "up",
    "serve": "serve",
    "work": "work",
    "migrate": "migrate",
    "import": "import_files",
    "policy": "policy",
    "feed": "feed",
    "calendar": "calendar",
    "close": "close",
    "audit": "audit",
    "simulate": "simulate",
    "doctor": "doctor",
    "token": "token",
    "key": "key",
    "access": "access",
    "schema": "schema",
}
_EXPECTED = (EmbeddedError, MigrationError, CalendarError, InvalidPolicy, NotInstalled)
_UNREACHABLE = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Of modules being loaded nothing is garbage; looking for it takes a sixth of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class Commands(click.Group):
    """Commands by name, each imported when it is called; mistakes end in one line."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in the order a new user needs them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name."""
        module = COMMANDS.get(cmd_name)
        if module is None:
            return None
        with _uncollected():
            command: click.Command = importlib.import_module(f"cli.commands.{module}").command
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Run a command; what a user can mend is told in one line."""
        try:
            return super().invoke(ctx)
        except _EXPECTED as error:
            raise click.ClickException(str(error)) from error
        except _UNREACHABLE as error:
            if logging.getLogger().isEnabledFor(logging.DEBUG):
                raise
            text = str(error) or type(error).__name__
            raise click.ClickException(f"PostgreSQL or a file could not be used: {text}") from error


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="terrace")
def cli() -> None:
    """Run and operate Terrace, the customer-relationship backend of a credit cooperative.

    Settings are environment variables with the prefix TERRACE_ (docs/reference/settings.md).
    Without TERRACE_DATABASE_URL and TERRACE_REDIS_URL the servers are embedded; commands given
    beside a running `terrace up` with the same TERRACE_DATA_DIR act on that installation.

    \b
    Exit status: 0 done, 1 failed or rows were rejected, 2 wrong usage or unusable input.
    """


def main() -> None:
    """The entry point."""
    cli(prog_name="terrace")


if __name__ == "__main__":
    main()

"""What a command needs to act on an installation: its settings, servers, key and database."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import click
from pydantic import ValidationError

from cli.embedded import Addresses, servers, signing_key
from domain.actors import Actor, Role
from repository.calendar import ensure_default_policy
from repository.database import Database
from repository.migrate import migrate
from repository.readings import read_names
from settings import Settings
from telemetry import logs

T = TypeVar("T")
OPERATOR = Actor(Role.HQ, "operator", 0, "cli")


def read_settings(**overrides: object) -> Settings:
    """The settings; an unusable one ends the command with its name and what is wrong with it."""
    try:
        settings = Settings(**{k: v for k, v in overrides.items() if v is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        name = "TERRACE_" + "_".join(str(part) for part in first["loc"]).upper()
        raise click.UsageError(f"{name}: {first['msg']}") from None
    logs.configure(settings.log_level, settings.log_format)
    return settings


def open_database(settings: Settings, addresses: Addresses) -> Database:
    """The database of an installation, to be entered."""
    return Database(
        addresses.database_url,
        signing_key(settings),
        reader_connections=settings.reader_connections,
        writer_connections=settings.writer_connections,
        acquire_seconds=settings.acquire_seconds,
        statement_seconds=settings.statement_seconds,
    )


@asynccontextmanager
async def prepared_database(settings: Settings, addresses: Addresses) -> AsyncIterator[Database]:
    """The database, brought up to date first."""
    await migrate(
        addresses.database_url,
        signing_key(settings),
        home_currency=settings.home_currency,
        insist="home_currency" in settings.model_fields_set,
    )
    async with open_database(settings, addresses) as database:
        await ensure_default_policy(database)
        await read_names(database)
        yield database


def on_database(settings: Settings, work: Callable[[Database], Awaitable[T]]) -> T:
    """Run work on an installation's database, starting embedded servers if none are running."""
    with servers(settings, redis=False) as addresses:

        async def run() -> T:
            async with prepared_database(settings, addresses) as database:
                return await work(database)

        return asyncio.run(run())

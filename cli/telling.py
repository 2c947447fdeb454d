"""What a process tells a scraper and a prober: its figures, the backlog, what it depends on."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress

import asyncpg

from api.health import DEGRADED
from domain.actors import Scope
from repository.backlog import Backlog, read_backlog
from repository.database import Database
from repository.migrate import MigrationError, pending
from repository.statements import statements
from settings import Settings
from telemetry import traces
from telemetry.figures import (
    PROCESSES,
    READERS,
    READERS_WAITING,
    SOCKETS,
    WRITERS,
    WRITERS_WAITING,
    put,
)
from telemetry.meters import METERS, VARIABLE, state
from workers.wakeups import answers

_EVERY_SECONDS = 1.0
_AWAY = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a session ended while its next statement was on the way
)
_CLOSE_STATES = ("CUTOFF", "RUNNING", "CLOSED", "FAILED")


def begin_telling(role: str, settings: Settings) -> None:
    """Count where a parent says, and make traces if they are asked for; ends with `states_told`.

    `role` is api or worker. Raises NotInstalled when traces cannot be made.
    """
    given = os.environ.pop(VARIABLE, None)
    if given is not None:
        METERS.join(given)
    traces.start(role, settings.traces, {text: name for name, text in statements().items()})


@asynccontextmanager
async def states_told(
    role: str, database: Database, sockets: Callable[[], int] = lambda: 0
) -> AsyncIterator[None]:
    """In the block this process is up, and puts down its states every second.

    `role` is api or worker; `sockets` is how many are open.
    """

    async def keep_putting() -> None:
        while True:
            put_states(database, sockets())
            await asyncio.sleep(_EVERY_SECONDS)

    putting = asyncio.create_task(keep_putting())
    put(PROCESSES.at(role), 1)
    try:
        yield
    finally:
        put(PROCESSES.at(role), 0)
        putting.cancel()
        traces.stop()


def put_states(database: Database, sockets: int) -> None:
    """The states of this process as they are now."""
    put(SOCKETS.at(), sockets)
    usage = database.usage()
    for scope, used in usage.readers.items():
        put(READERS.at(scope.value, "open"), used.open)
        put(READERS.at(scope.value, "in_use"), used.in_use)
        put(READERS_WAITING.at(scope.value), used.waiting)
    put(WRITERS.at("open"), usage.writers.open)
    put(WRITERS.at("in_use"), usage.writers.in_use)
    put(WRITERS_WAITING.at(), usage.writers.waiting)


async def scraped(database: Database, sockets: Callable[[], int] = lambda: 0) -> str:
    """All figures: those of the processes, and those of the database, if it answers."""
    put_states(database, sockets())
    backlog: Backlog | None = None
    with suppress(*_AWAY):
        backlog = await read_backlog(database)
    told = "Whether the database answered this scrape."
    lines = state("terrace_database_up", told, {}, 0 if backlog is None else 1)
    if backlog is not None:
        lines += _of(backlog)
    return METERS.told() + "\n".join(lines) + "\n"


def _of(backlog: Backlog) -> list[str]:
    waiting, oldest = "terrace_events_waiting", "terrace_events_waiting_oldest_seconds"
    return [
        *state(
            "terrace_dirty_customers",
            "Customers whose figures wait to be made anew.",
            {},
            backlog.dirty,
        ),
        *state(
            "terrace_dirty_oldest_seconds",
            "Time since the customer who waits longest was marked.",
            {},
            backlog.dirty_oldest or 0,
        ),
        *state(
            "terrace_quarantined_customers",
            "Customers set aside after five failures.",
            {},
            backlog.quarantined,
        ),
        *state(
            "terrace_held_updates",
            "Balances held back until the close of their month is over.",
            {},
            backlog.held,
        ),
        *state(
            waiting,
            "Events committed and not yet given a position in their feed.",
            {"feed": "tier_change"},
            backlog.tier_changes,
        ),
        *state(waiting, "", {"feed": "risk_signal"}, backlog.risk_signals)[2:],
        *state(waiting, "", {"feed": "approval"}, backlog.approval_events)[2:],
        *state(
            oldest,
            "Time that the oldest of them waits.",
            {"feed": "tier_change"},
            backlog.tier_changes_oldest or 0,
        ),
        *state(oldest, "", {"feed": "risk_signal"}, backlog.risk_signals_oldest or 0)[2:],
        *state(oldest, "", {"feed": "approval"}, backlog.approval_events_oldest or 0)[2:],
        *_approvals(backlog),
        *state(
            "terrace_audit_unsealed",
            "Lines of the audit trail committed and not yet sealed.",
            {},
            backlog.unsealed,
        ),
        *state(
            "terrace_audit_unsealed_oldest_seconds",
            "Time that the oldest of them waits.",
            {},
            backlog.unsealed_oldest or 0,
        ),
        *_close(backlog),
    ]


def _approvals(backlog: Backlog) -> list[str]:
    """Decisions that wait for somebody, and for a worker."""
    return [
        *state(
            "terrace_approvals_pending",
            "Requests for decisions that wait for somebody else.",
            {},
            backlog.approvals_pending,
        ),
        *state(
            "terrace_approval_effects_oldest_seconds",
            "Time that the oldest effect waits to be computed.",
            {},
            backlog.effects_oldest or 0,
        ),
    ]


def _close(backlog: Backlog) -> list[str]:
    """The close last asked for; nothing before the first one."""
    if backlog.close_month is None:
        return []
    named = {"month": backlog.close_month}
    lines: list[str] = []
    for number, one in enumerate(_CLOSE_STATES):
        told = "1 for the state that the close last asked for is in."
        value = 1 if one == backlog.close_state else 0
        lines += state("terrace_close_state", told, {**named, "state": one.lower()}, value)[
            2 if number else 0 :
        ]
    told = "Customers that the close last asked for has to judge."
    lines += state("terrace_close_customers", told, named, backlog.close_customers)
    told = "Customers that the close last asked for has judged."
    return lines + state("terrace_close_judged", told, named, backlog.close_judged)


async def readiness(database: Database, redis_url: str | None = None) -> Mapping[str, str]:
    """PostgreSQL answers and has every migration. Redis may be gone: work goes on without it."""
    checks = {"postgresql": "ok", "migrations": "ok"}
    asked = None if redis_url is None else asyncio.create_task(answers(redis_url))
    try:
        async with database.writing() as connection:
            await connection.execute("select 1")
        async with database.reading(Scope.ALL) as connection:
            await connection.execute("select 1")
        missing = await pending(database.url)
        if missing:
            checks["migrations"] = f"{missing} not applied"
    except MigrationError as problem:
        checks["migrations"] = str(problem)
    except _AWAY:
        checks = {"postgresql": "does not answer"}
    if asked is not None:
        reason = await asked
        checks["redis"] = "ok"
        if reason is not None:
            checks["redis"] = f"{DEGRADED}: {reason}; work is looked for instead of heard of"
    return checks

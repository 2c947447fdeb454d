"""What waits to be done, as the database has it now: the same whichever process asks."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import asyncpg

from repository.database import Database
from repository.statements import sql

COUNTED_AT_MOST = 1_000_000
_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Backlog:
    """Counts, ages in seconds (None where nothing waits), and the close last asked for."""

    dirty: int
    dirty_oldest: float | None
    quarantined: int
    held: int
    tier_changes: int
    tier_changes_oldest: float | None
    risk_signals: int
    risk_signals_oldest: float | None
    approval_events: int
    approval_events_oldest: float | None
    approvals_pending: int
    effects_oldest: float | None
    unsealed: int
    unsealed_oldest: float | None
    close_month: str | None
    close_state: str | None
    close_customers: int | None
    close_judged: int | None


async def read_backlog(database: Database) -> Backlog:
    """The backlog, in one statement; raises what a database that cannot be used raises."""
    async with database.writing() as connection:
        row = await connection.fetchrow(sql("backlog"), COUNTED_AT_MOST, timeout=_SECONDS)
    return backlog_of(row or {})


def backlog_of(row: "asyncpg.Record | Mapping[str, Any]") -> Backlog:
    """The backlog in the row of its statement."""
    found: dict[str, Any] = {
        name: value.total_seconds() if isinstance(value, timedelta) else value
        for name, value in row.items()
    }
    return Backlog(**found)

"""Recording end-of-day balances: accepted once, durable before the answer, nothing half-done."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import asyncpg
import orjson

from domain.actors import Actor
from repository.audit import audit
from repository.calendar import Calendar, share_ledger
from repository.database import Connection, Database, persistently
from repository.statements import sql

MESSAGES = {
    "UNKNOWN_ACCOUNT": "there is no account with this number",
    "BEFORE_OPENING": "the account was not open yet on this day",
    "AFTER_CLOSING": "the account was already closed on this day",
    "FUTURE_DATE": "this day is too far after the business date",
}
_FOREVER = date(9999, 12, 31)
_NEVER = date(1, 1, 1)


@dataclass(frozen=True)
class Updates:
    """End-of-day balances as columns, in the accounts' currencies.

    `places` are indexes in the request or lines of the file; `cents` are hundredths. A row without
    an update id is known by its account, day and amount; no ids at all are None.
    """

    places: Sequence[int]
    accounts: Sequence[str]
    days: Sequence[date]
    cents: Sequence[int]
    update_ids: Sequence[str | None] | None = None

    @cached_property
    def named(self) -> frozenset[str]:
        """The accounts, each once."""
        return frozenset(self.accounts)

    @property
    def repeat_a_day(self) -> bool:
        """Whether a day of an account is in it twice."""
        rows = len(self.accounts)
        return (
            len(self.named) < rows and len(set(zip(self.accounts, self.days, strict=True))) < rows
        )


@dataclass(frozen=True, slots=True)
class Rejection:
    """An update that was not taken, and why."""

    place: int
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """What came of a batch of updates."""

    accepted: int = 0
    duplicates: int = 0
    rejections: list[Rejection] = field(default_factory=list)


class NotFresh(Exception):
    """Updates cannot be recorded without asking what is known."""


class IdempotencyConflict(Exception):
    """The key was used for something else; nothing of that is said."""


async def record_balances(
    database: Database,
    updates: Updates,
    *,
    key: str,
    body: Any,
    actor: Actor,
    future_days: int,
    refused: Sequence[Rejection] = (),
) -> Recorded:
    """Record a request's updates in one transaction, once for its idempotency key.

    The same key with the same body and principal gets the stored answer; anything else under that
    key raises IdempotencyConflict. `refused` were turned down before and are part of the answer.
    """
    digest = hashlib.sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).digest()
    ask = False

    async def once() -> Recorded:
        nonlocal ask
        async with database.unit() as connection:
            fresh = await connection.fetchval(
                sql("remember_request"), "recordBalances", key, actor.principal, digest
            )
            if not fresh:
                return await _remembered(connection, key, actor.principal, digest)
            try:
                recorded = await _record_and_audit(
                    connection, updates, actor, future_days, ask, len(refused)
                )
            except asyncpg.UniqueViolationError:
                ask = True
                raise
            recorded = Recorded(
                recorded.accepted,
                recorded.duplicates,
                sorted([*refused, *recorded.rejections], key=lambda r: r.place),
            )
            await connection.execute(sql("keep_reply"), "recordBalances", key, asdict(recorded))
            return recorded

    return await persistently(once)


async def _remembered(connection: Connection, key: str, principal: str, digest: bytes) -> Recorded:
    row = await connection.fetchrow(sql("remembered_request"), "recordBalances", key)
    if row is None or row["principal"] != principal or row["body_hash"] != digest:
        raise IdempotencyConflict
    reply = row["reply"]
    rejections = [Rejection(**rejection) for rejection in reply["rejections"]]
    return Recorded(reply["accepted"], reply["duplicates"], rejections)


async def _record_and_audit(
    connection: Connection,
    updates: Updates,
    actor: Actor,
    future_days: int,
    ask: bool,
    refused: int,
) -> Recorded:
    if not updates.places:
        return Recorded()
    recorded = await record(connection, updates, future_days, ask=ask)
    await audit(
        connection,
        actor,
        "balances.record",
        f"{len(updates.places)} updates",
        detail={
            "accepted": recorded.accepted,
            "duplicates": recorded.duplicates,
            "rejected": refused + len(recorded.rejections),
        },
    )
    return recorded


async def record(
    connection: Connection, updates: Updates, future_days: int, *, ask: bool = True
) -> Recorded:
    """Record what is valid and new, in the caller's transaction.

    Unless told to `ask`, days later than all that the accounts have are taken to be new; there is a
    unique violation if one of them, held back by a close, or an update id is not.
    """
    calendar = await share_ledger(connection)
    latest = await connection.fetchval(sql("lock_accounts"), list(updates.named))
    new = latest is None or latest < min(updates.days)
    if not ask and new and calendar.closing is None and not updates.repeat_a_day:
        return await record_fresh(connection, updates, calendar, future_days)
    rows = await connection.fetch(
        sql("record_rows"),
        *_columns(updates),
        horizon(calendar, future_days),
        _NEVER if calendar.closing is None else calendar.closing.last_day,
    )
    return await settle(connection, calendar, updates, rows)


async def record_fresh(
    connection: Connection, updates: Updates, calendar: Calendar, future_days: int
) -> Recorded:
    """Record what is valid without asking what is known; no close may be running.

    Raises NotFresh, or there is a unique violation, if the updates have to be recorded otherwise.
    """
    rows = await connection.fetch(
        sql("record_fresh_rows"), *_columns(updates), horizon(calendar, future_days)
    )
    if not rows[-1]["complete"]:
        raise NotFresh
    return await settle(connection, calendar, updates, rows)


def _columns(updates: Updates) -> tuple[Any, ...]:
    return updates.update_ids, updates.accounts, updates.days, updates.cents


async def settle(
    connection: Connection, calendar: Calendar, updates: Updates, rows: Sequence[Any]
) -> Recorded:
    """Read what a recording statement answered, and move the business date along."""
    totals = rows[-1]
    if totals["accepted"] and not calendar.spans(totals["first_day"], totals["last_day"]):
        await connection.execute(sql("move_business_date"), totals["last_day"], totals["first_day"])
    rejections = [
        Rejection(updates.places[row["place"] - 1], row["refused"], MESSAGES[row["refused"]])
        for row in rows[:-1]
    ]
    return Recorded(totals["accepted"], totals["duplicates"], rejections)


def horizon(calendar: Calendar, future_days: int) -> date:
    """The latest day a balance may be dated; a house without a business date takes any."""
    if calendar.business_date is None:
        return _FOREVER
    return calendar.business_date + timedelta(days=future_days)

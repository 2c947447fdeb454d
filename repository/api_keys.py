"""API keys of integrators: made, rotated, revoked, each in one transaction with its audit line."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.actors import Actor, Grant
from domain.api_keys import new_key
from repository.audit import audit
from repository.database import Connection, Database
from repository.statements import sql

LONGEST_LIFE_DAYS = 400
LONGEST_OVERLAP_HOURS = 720
LONGEST_NAME = 128
_HOURS_A_DAY = 24


class KeyRefused(Exception):
    """A key that cannot be made, rotated or revoked; `code` is for programs, `field` at fault."""

    def __init__(self, code: str, message: str, field: str) -> None:
        """Keep the code, the message and the field."""
        super().__init__(message)
        self.code = code
        self.field = field


@dataclass(frozen=True, slots=True)
class MadeKey:
    """A key that was just made, with its text, which is shown this once."""

    id: int
    prefix: str
    text: str


@dataclass(frozen=True, slots=True)
class ListedKey:
    """A key as a list shows it."""

    prefix: str
    integrator: str
    grants: tuple[str, ...]
    created_by: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


async def create_key(
    database: Database, integrator: str, grants: Iterable[Grant], days: int, actor: Actor
) -> MadeKey:
    """A key for an integrator that ends after so many days; raises KeyRefused."""
    name, wanted = integrator.strip(), sorted(set(grants))
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise KeyRefused(
            "INVALID_NAME", f"an integrator's name has 1 to {LONGEST_NAME} letters", "integrator"
        )
    if not wanted:
        raise KeyRefused("INVALID_GRANTS", "a key without a grant opens nothing", "grants")
    _check_life(days)
    async with database.unit() as connection:
        made = await _write(connection, name, wanted, days * _HOURS_A_DAY, actor, replaces=None)
        after = {"prefix": made.prefix, "grants": wanted, "days": days}
        await audit(connection, actor, "api_key.create", name, after=after)
    return made


async def rotate_key(
    database: Database, key: int | str, days: int, overlap_hours: int, actor: Actor
) -> MadeKey:
    """A new key with the grants of another, which ends after the overlap; raises KeyRefused.

    `key` is the old one's id or prefix.
    """
    _check_life(days)
    if not 0 <= overlap_hours <= LONGEST_OVERLAP_HOURS:
        raise KeyRefused(
            "INVALID_OVERLAP",
            f"two keys overlap for 0 to {LONGEST_OVERLAP_HOURS} hours",
            "overlapHours",
        )
    async with database.unit() as connection:
        old = await _locked(connection, key)
        if old["replaced"]:
            raise KeyRefused("ALREADY_ROTATED", "this key was rotated: rotate its successor", "key")
        made = await _write(
            connection,
            old["integrator"],
            old["grants"],
            days * _HOURS_A_DAY,
            actor,
            replaces=old["id"],
        )
        await connection.execute(sql("retire_api_key"), old["id"], overlap_hours)
        await audit(
            connection,
            actor,
            "api_key.rotate",
            old["integrator"],
            before={"prefix": old["prefix"]},
            after={"prefix": made.prefix, "days": days},
            detail={"overlapHours": overlap_hours},
        )
    return made


async def revoke_key(database: Database, key: int | str, reason: str, actor: Actor) -> int:
    """End a key at once; returns its id. Raises KeyRefused."""
    async with database.unit() as connection:
        old = await _locked(connection, key)
        await connection.execute(sql("revoke_api_key"), old["id"], actor.principal, reason)
        before = {"prefix": old["prefix"]}
        await audit(
            connection, actor, "api_key.revoke", old["integrator"], before=before, reason=reason
        )
    return int(old["id"])


async def list_keys(database: Database) -> list[ListedKey]:
    """All keys there ever were, by integrator."""
    async with database.writing() as connection:
        rows = await connection.fetch(sql("api_keys"))
    return [ListedKey(**{**row, "grants": tuple(row["grants"])}) for row in rows]


def _check_life(days: int) -> None:
    if not 1 <= days <= LONGEST_LIFE_DAYS:
        raise KeyRefused(
            "INVALID_LIFE", f"a key lives 1 to {LONGEST_LIFE_DAYS} days", "expiresInDays"
        )


async def _locked(connection: Connection, key: int | str) -> Any:
    by_id, by_prefix = (key, None) if isinstance(key, int) else (None, key)
    found = await connection.fetchrow(sql("lock_api_key"), by_id, by_prefix)
    if found is None:
        raise KeyRefused("NOT_FOUND", "there is no such key that is still good", "key")
    return found


async def _write(
    connection: Connection,
    integrator: str,
    grants: Iterable[str],
    hours: int,
    actor: Actor,
    *,
    replaces: int | None,
) -> MadeKey:
    key = new_key()
    row_id = await connection.fetchval(
        sql("create_api_key"),
        key.prefix,
        key.digest,
        integrator,
        list(grants),
        actor.principal,
        hours,
        replaces,
    )
    return MadeKey(row_id, key.prefix, key.text)

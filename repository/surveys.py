"""Effects on everybody, which workers compute: who waits for one, and what came of it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from domain.approvals import ApprovalKind, Payload
from repository.acts.act import Act
from repository.acts.known import ACTS
from repository.audit import Facts
from repository.calendar import own_ledger
from repository.database import Connection, Database
from repository.digest import digest
from repository.statements import sql

MOST_TRIES = 3
"""How often an effect is computed that fails, or takes its worker along."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A request whose effect somebody waits for, since when, and how often it was begun."""

    key: int
    act: Act
    payload: Payload
    since: datetime
    tries: int


async def wanted(connection: Connection, but: Sequence[int]) -> Wanted | None:
    """The request that has waited longest for its effect, `but` for some; None if there is none."""
    row = await connection.fetchrow(sql("wanted_effect"), but)
    if row is None:
        return None
    act = ACTS[ApprovalKind(row["kind"])]
    return Wanted(row["id"], act, row["payload"], row["wanted_at"], row["tries"])


@asynccontextmanager
async def claimed(database: Database, request: Wanted) -> AsyncIterator[bool]:
    """Whether it is for this process to compute the effect: nobody else does meanwhile."""
    async with database.writing() as connection:
        if not await connection.fetchval(sql("claim_effect"), request.key):
            yield False
            return
        try:
            await connection.execute(sql("try_effect"), request.key, request.since)
            yield True
        finally:
            await connection.execute(sql("release_effect"), request.key)


async def survey(database: Database, request: Wanted) -> tuple[Facts, str]:
    """The effect on everybody as of now, and the digest of what it follows from.

    Raises DecisionRefused or CalendarError for what cannot be done.
    """
    looked_at = request.act.survey
    if looked_at is None:
        raise ValueError(f"{request.act.kind} is not about everybody")
    async with database.unit() as connection:
        await own_ledger(connection)
        marks = await looked_at.marks(connection, request.payload)
    return (await looked_at.effect(database, request.payload)).to_document(), digest(marks)


async def keep(database: Database, request: Wanted, effect: Facts, basis: str) -> None:
    """Keep an effect that was waited for."""
    async with database.unit() as connection:
        given = request.key, effect, digest(effect), basis, request.since
        await connection.execute(sql("keep_effect"), *given)


async def no_effect(database: Database, request: Wanted, problem: str, *, final: bool) -> None:
    """Note that an effect could not be computed; it is tried again unless that is final."""
    async with database.unit() as connection:
        given = request.key, request.since, problem, final
        await connection.execute(sql("no_effect"), *given)

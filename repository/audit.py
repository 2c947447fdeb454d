"""The audit trail: who did what, when, from where, and what it was before and after.

Whoever changes state writes its line in the same transaction, so that there is no change without
a line and no line without a change. Nothing of a person stands in it in clear: whom a line is about
is a number, and contact details, documents and observations are not repeated here.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from domain.actors import Actor, Scope
from domain.months import Month
from repository.database import Connection, Database
from repository.statements import sql

Facts = Mapping[str, Any]
"""What was so, by name, as JSON has it."""


async def audit(
    connection: Connection,
    actor: Actor,
    action: str,
    subject: str,
    *,
    before: Facts | None = None,
    after: Facts | None = None,
    reason: str | None = None,
    detail: Facts | None = None,
) -> None:
    """Write one line, in the transaction of what it tells of.

    `action` is what was done, as `customer.assign`; `subject` the number, code or day that it
    was done to. `before` and `after` are what it changed, by the same names; `reason` is why, in
    the words of whoever did it; `detail` is whatever else there is to tell. When, and on which
    business date, the database says itself.
    """
    await connection.execute(
        sql("audit"),
        actor.principal,
        actor.role.value,
        actor.channel,
        actor.origin,
        action,
        subject,
        before,
        after,
        reason,
        detail,
    )


async def audit_each(
    connection: Connection,
    actor: Actor,
    action: str,
    subjects: Sequence[str],
    *,
    before: Facts | None = None,
    after: Facts | None = None,
    reason: str | None = None,
    detail: Facts | None = None,
) -> None:
    """Write a line for each of many subjects, to whom the same was done at once."""
    await connection.execute(
        sql("audit_each"),
        actor.principal,
        actor.role.value,
        actor.channel,
        actor.origin,
        action,
        subjects,
        before,
        after,
        reason,
        detail,
    )


async def audit_close(
    connection: Connection,
    month: Month,
    action: str,
    *,
    before: Facts,
    after: Facts,
    reason: str | None = None,
    detail: Facts,
) -> None:
    """The same for what a worker made of the close of a month, in the name of who asked for it."""
    await connection.execute(
        sql("audit_close"), month.first_day, action, before, after, reason, detail
    )


async def was_audited(database: Database, action: str) -> bool:
    """Whether there is a line of an action; as an auditor, for the writer reads no lines."""
    async with database.reading(Scope.AUDIT) as connection:
        return bool(await connection.fetchval(sql("was_audited"), action))

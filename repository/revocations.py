"""Shutting bearers and tokens out, and letting them in again."""

from dataclasses import dataclass
from datetime import datetime

from domain.actors import Actor, Role
from repository.audit import audit
from repository.database import Database
from repository.statements import sql


class CannotRevoke(Exception):
    """What was said of whom to shut out is no good."""


def said(text: str, what: str) -> str:
    """A text as credentials have it, without blanks around; raises CannotRevoke for none."""
    stripped = text.strip()
    if not stripped or (what != "reason" and not stripped.isprintable()):
        raise CannotRevoke(f"{what} must be a line of text")
    return stripped


@dataclass(frozen=True, slots=True)
class Revoked:
    """A revocation in force: of whom (`role:subject` or a token's name), since when and why."""

    id: int
    whom: str
    issued_before: datetime | None
    revoked_at: datetime
    reason: str


async def shut_out_bearer(
    database: Database,
    role: Role,
    subject: str,
    issued_before: datetime | None,
    reason: str,
    actor: Actor,
) -> int:
    """Refuse all credentials of a bearer, those to come included; returns the revocation's id.

    With `issued_before` only those that were issued before: a lost telephone, not a lost trust.
    Raises CannotRevoke for a subject or reason that says nothing.
    """
    subject, reason = said(subject, "subject"), said(reason, "reason")
    async with database.unit() as connection:
        found: int = await connection.fetchval(
            sql("revoke_access"), role.value, subject, None, issued_before, reason, actor.principal
        )
        before = issued_before and issued_before.isoformat()
        after = {"revocation": found, "issuedBefore": before}
        await audit(
            connection, actor, "access.revoke", f"{role}:{subject}", after=after, reason=reason
        )
    return found


async def shut_out_token(database: Database, token_id: str, reason: str, actor: Actor) -> int:
    """Refuse one token by its own name (`jti`); returns the revocation's id.

    Raises CannotRevoke for a name or reason that says nothing.
    """
    token_id, reason = said(token_id, "token"), said(reason, "reason")
    async with database.unit() as connection:
        found: int = await connection.fetchval(
            sql("revoke_access"), None, None, token_id, None, reason, actor.principal
        )
        after = {"revocation": found}
        await audit(
            connection, actor, "access.revoke", f"token {token_id}", after=after, reason=reason
        )
    return found


async def let_in_again(database: Database, revocation: int, reason: str, actor: Actor) -> bool:
    """Lift a revocation; false if there is none in force of that id.

    Raises CannotRevoke for a reason that says nothing.
    """
    reason = said(reason, "reason")
    async with database.unit() as connection:
        whom = await connection.fetchval(sql("lift_revocation"), revocation, actor.principal)
        if whom is None:
            return False
        before = {"revocation": revocation}
        await audit(connection, actor, "access.restore", whom, before=before, reason=reason)
    return True


async def list_revocations(database: Database) -> list[Revoked]:
    """Those in force, oldest first."""
    async with database.writing() as connection:
        rows = await connection.fetch(sql("revocations_in_force"))
    return [Revoked(**row) for row in rows]

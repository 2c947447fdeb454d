"""revokeAccess and restoreAccess: shutting a bearer or a token out, and letting them in again."""

import datetime
from typing import Any

import strawberry

from domain.actors import Role
from repository.reading.parameters import readable
from repository.revocations import (
    CannotRevoke,
    let_in_again,
    shut_out_bearer,
    shut_out_token,
)
from schema.context import Context
from schema.fields import to_one
from schema.mutations.customers import key_in, text_of
from schema.mutations.operation import Refused, Row, UserError, operation, user_errors
from schema.types.access import REVOCATION, Revocation


@strawberry.input(description="A bearer of tokens or keys.")
class BearerInput:
    """Whom credentials name."""

    role: Role = strawberry.field(description="The role.")
    subject: str = strawberry.field(
        description="Customer number, manager number, branch code; the label of other roles; the "
        "name of an integrator."
    )
    issued_before: datetime.datetime | None = strawberry.field(
        default=None,
        description="Refuse only what was issued before; if not given all of it, also to come.",
    )


@strawberry.input(one_of=True, description="What is shut out: exactly one of these.")
class ShutOutInput:
    """A bearer or a token."""

    bearer: BearerInput | None = strawberry.field(
        default=strawberry.UNSET, description="A bearer, with all tokens and keys."
    )
    token_id: str | None = strawberry.field(
        default=strawberry.UNSET, description="One token, by its `jti`."
    )


@strawberry.input(description="Whom to shut out.")
class RevokeAccessInput:
    """Request of a revocation."""

    who: ShutOutInput = strawberry.field(description="Whom.")
    reason: str = strawberry.field(description="Why; it is kept and audited.")


@strawberry.input(description="Which revocation to lift.")
class RestoreAccessInput:
    """Request to lift a revocation."""

    revocation: strawberry.ID = strawberry.field(description="The revocation.")
    reason: str = strawberry.field(description="Why; it is audited.")


@strawberry.type(description="The revocation as it is now.")
class RevocationPayload:
    """Result of revokeAccess and restoreAccess."""

    revocation: Revocation | None = to_one(
        REVOCATION, {"id": "{t}.revocation"}, "The revocation; null if it was refused."
    )
    errors: list[UserError] = user_errors()


async def perform_revoke(context: Context, given: RevokeAccessInput) -> Row:
    """Shut a bearer or a token out."""
    who, actor = given.who, context.actor
    try:
        reason = text_of(given.reason, "reason")
        if isinstance(who.bearer, BearerInput):
            subject = text_of(who.bearer.subject, "who", "bearer", "subject")
            before: Any = readable(who.bearer.issued_before)
            found = await shut_out_bearer(
                context.database, who.bearer.role, subject, before, reason, actor
            )
        else:
            token = text_of(str(who.token_id), "who", "tokenId")
            found = await shut_out_token(context.database, token, reason, actor)
    except Refused as refused:
        return refused.row
    except CannotRevoke as error:
        return Refused("INVALID_TEXT", str(error), "input", "who").row
    return {"revocation": found, "errors": []}


async def perform_restore(context: Context, given: RestoreAccessInput) -> Row:
    """Lift a revocation."""
    try:
        reason = text_of(given.reason, "reason")
        key = key_in(given.revocation, "Revocation", "revocation")
        if not await let_in_again(context.database, key, reason, context.actor):
            raise Refused(
                "NOT_FOUND", "there is no such revocation in force", "input", "revocation"
            )
    except Refused as refused:
        return refused.row
    except CannotRevoke as error:
        return Refused("INVALID_TEXT", str(error), "input", "reason").row
    return {"revocation": key, "errors": []}


REVOKE_ACCESS = operation(
    perform_revoke,
    RevokeAccessInput,
    "revocation integer",
    "Shut a bearer or a token out; within ten seconds nothing is answered any more, and open "
    "sockets are closed.",
    Role.ADMINISTRATOR,
)
RESTORE_ACCESS = operation(
    perform_restore,
    RestoreAccessInput,
    "revocation integer",
    "Let somebody in again who was shut out.",
    Role.ADMINISTRATOR,
)

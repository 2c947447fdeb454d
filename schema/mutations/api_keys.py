"""createApiKey, rotateApiKey and revokeApiKey: the keys of integrators."""

import strawberry

from domain.actors import Grant, Role
from domain.field_classes import FieldClass
from repository.api_keys import KeyRefused, MadeKey, create_key, revoke_key, rotate_key
from repository.reading.expressions import text
from schema.context import Context
from schema.fields import stored, to_one
from schema.mutations.customers import key_in, text_of
from schema.mutations.operation import Refused, Row, Secret, UserError, operation, user_errors
from schema.types.access import API_KEY, ApiKey

_DAYS = "Days until it ends, 1 to 400."


@strawberry.input(description="A key to make.")
class CreateApiKeyInput:
    """Request of a key."""

    integrator: str = strawberry.field(
        description="Whose it is; the subject that its calls are recorded under."
    )
    grants: list[Grant] = strawberry.field(description="What it is granted, at least one thing.")
    expires_in_days: int = strawberry.field(default=90, description=_DAYS)


@strawberry.input(description="A key to replace.")
class RotateApiKeyInput:
    """Request of a rotation."""

    key: strawberry.ID = strawberry.field(description="The key that is replaced.")
    expires_in_days: int = strawberry.field(default=90, description=_DAYS)
    overlap_hours: int = strawberry.field(
        default=24, description="Hours that the old one stays good, 0 to 720."
    )


@strawberry.input(description="A key to end.")
class RevokeApiKeyInput:
    """Request of a revocation."""

    key: strawberry.ID = strawberry.field(description="The key that is revoked.")
    reason: str = strawberry.field(description="Why; it is kept and audited.")


@strawberry.type(description="A new key.")
class NewApiKeyPayload:
    """Result of createApiKey and rotateApiKey."""

    api_key: ApiKey | None = to_one(
        API_KEY, {"id": "{t}.api_key"}, "The key; null if it was refused."
    )
    secret: str | None = stored(
        text("secret"),
        "The key's text, to be sent as a bearer token. It is not shown again.",
        field_class=FieldClass.SECRET,
    )
    errors: list[UserError] = user_errors()


@strawberry.type(description="The key as it is now.")
class RevokeApiKeyPayload:
    """Result of revokeApiKey."""

    api_key: ApiKey | None = to_one(
        API_KEY, {"id": "{t}.api_key"}, "The key; null if it was refused."
    )
    errors: list[UserError] = user_errors()


async def perform_create(context: Context, given: CreateApiKeyInput) -> Row:
    """Make a key."""
    try:
        made = await create_key(
            context.database, given.integrator, given.grants, given.expires_in_days, context.actor
        )
    except KeyRefused as error:
        return Refused(error.code, str(error), "input", error.field).row
    return _made(made)


async def perform_rotate(context: Context, given: RotateApiKeyInput) -> Row:
    """Make a key in the place of another."""
    try:
        made = await rotate_key(
            context.database,
            key_in(given.key, "ApiKey", "key"),
            given.expires_in_days,
            given.overlap_hours,
            context.actor,
        )
    except Refused as refused:
        return refused.row
    except KeyRefused as error:
        return Refused(error.code, str(error), "input", error.field).row
    return _made(made)


async def perform_revoke(context: Context, given: RevokeApiKeyInput) -> Row:
    """End a key."""
    try:
        reason = text_of(given.reason, "reason")
        key = key_in(given.key, "ApiKey", "key")
        revoked = await revoke_key(context.database, key, reason, context.actor)
    except Refused as refused:
        return refused.row
    except KeyRefused as error:
        return Refused(error.code, str(error), "input", error.field).row
    return {"api_key": revoked, "errors": []}


def _made(made: MadeKey) -> Row:
    return {"api_key": made.id, "secret": Secret(made.text), "errors": []}


CREATE_API_KEY = operation(
    perform_create,
    CreateApiKeyInput,
    "api_key integer, secret text",
    "Make a key for an integrator.",
    Role.ADMINISTRATOR,
)
ROTATE_API_KEY = operation(
    perform_rotate,
    RotateApiKeyInput,
    "api_key integer, secret text",
    "Replace a key by a new one with the same grants; both are good for a while.",
    Role.ADMINISTRATOR,
)
REVOKE_API_KEY = operation(
    perform_revoke,
    RevokeApiKeyInput,
    "api_key integer",
    "End a key; within ten seconds it opens nothing, and its open sockets are closed.",
    Role.ADMINISTRATOR,
)

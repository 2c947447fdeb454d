"""previewTierPolicy and cancelTierPolicyPreview: what a policy would have done to closed months."""

import asyncio
from typing import Any

import strawberry

from domain.actors import Role
from domain.months import Month
from repository.calendar import CalendarError
from repository.previews import cancel_preview, preview_state, request_preview
from repository.reading.parameters import readable
from schema.context import Context
from schema.fields import to_one
from schema.mutations.customers import key_in, text_of
from schema.mutations.operation import Refused, Row, UserError, operation, user_errors
from schema.types.tier_policy_input import TierPolicyInput, policy_of
from schema.types.tier_policy_preview import POLICY_PREVIEW, TierPolicyPreview

_LOOK_EVERY = 0.1
_FIELD_OF = {"NOT_CLOSED": "to", "INVALID_MONTHS": "to", "BEFORE_FIRST_MONTH": "from"}


@strawberry.input(description="Which policy to try, and on which months.")
class PreviewTierPolicyInput:
    """Request of a preview."""

    policy: TierPolicyInput = strawberry.field(description="The proposed policy.")
    from_: Month = strawberry.field(
        name="from",
        description="The first month judged under it, from the standings that are recorded.",
    )
    to: Month = strawberry.field(description="The last one; it must be closed.")


@strawberry.input(description="Which preview to end.")
class CancelTierPolicyPreviewInput:
    """Request of a cancellation."""

    id: strawberry.ID = strawberry.field(description="The preview.")
    reason: str | None = strawberry.field(
        default=None, description="Why; kept with the preview and in the audit trail."
    )


@strawberry.type(description="The preview as far as it came while the caller waited.")
class PreviewTierPolicyPayload:
    """Result of previewTierPolicy."""

    preview: TierPolicyPreview | None = to_one(
        POLICY_PREVIEW, {"id": "{t}.preview_id"}, "The preview; null if it was refused."
    )
    errors: list[UserError] = user_errors()


@strawberry.type(description="The preview as it ended.")
class CancelTierPolicyPreviewPayload:
    """Result of cancelTierPolicyPreview."""

    preview: TierPolicyPreview | None = to_one(
        POLICY_PREVIEW, {"id": "{t}.preview_id"}, "The preview; null if it was refused."
    )
    errors: list[UserError] = user_errors()


async def perform(context: Context, given: PreviewTierPolicyInput) -> Row:
    """Ask for the preview and wait a while for its end; workers carry it out either way."""
    first: Any = readable(given.from_)
    last: Any = readable(given.to)
    try:
        policy = policy_of(given.policy, first, "input", "policy")
        found = await request_preview(context.database, policy, first, last, context.actor)
    except Refused as refused:
        return refused.row
    except CalendarError as error:
        named = _FIELD_OF.get(error.code)
        return Refused(error.code, str(error), "input", *([named] if named else [])).row
    await context.wake("preview")
    deadline = asyncio.get_running_loop().time() + context.close_wait_seconds
    while not found.over and asyncio.get_running_loop().time() <= deadline:
        await asyncio.sleep(_LOOK_EVERY)
        async with context.database.writing() as connection:
            found = await preview_state(connection, found.id)
    return {"preview_id": found.id, "errors": []}


async def perform_cancel(context: Context, given: CancelTierPolicyPreviewInput) -> Row:
    """End the preview."""
    try:
        key = key_in(given.id, "TierPolicyPreview", "id")
        reason = None if given.reason is None else text_of(given.reason, "reason")
        found = await cancel_preview(context.database, key, reason, context.actor)
    except Refused as refused:
        return refused.row
    except CalendarError as error:
        return Refused(error.code, str(error), "input", "id").row
    await context.wake("preview")
    return {"preview_id": found.id, "errors": []}


PREVIEW_TIER_POLICY = operation(
    perform,
    PreviewTierPolicyInput,
    "preview_id integer",
    "Judge closed months again under a proposed tier policy, and tell what would be otherwise. "
    "Nothing real is written. The same preview is found while it is under way. The answer waits "
    "for the end, but not for long; the preview goes on without the caller.",
    Role.HQ,
)
CANCEL_TIER_POLICY_PREVIEW = operation(
    perform_cancel,
    CancelTierPolicyPreviewInput,
    "preview_id integer",
    "End a preview that is under way. What was judged of it is forgotten.",
    Role.HQ,
)

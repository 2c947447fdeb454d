"""giveApproval, refuseApproval, withdrawApproval and refreshApproval: what becomes of a request."""

from collections.abc import Awaitable, Callable

import strawberry

from domain.actors import Role
from domain.approvals import DecisionRefused
from repository.approvals import Seen, give, look, refuse, withdraw
from repository.calendar import CalendarError
from repository.reading.tables import APPROVAL
from schema.context import Context
from schema.fields import to_one
from schema.mutations.asking import effect_of, refused_row
from schema.mutations.customers import key_in, text_of
from schema.mutations.operation import Refused, Row, UserError, operation, user_errors
from schema.types.approval import Approval


@strawberry.input(description="A request that is allowed.")
class GiveApprovalInput:
    """Request to allow."""

    approval: strawberry.ID = strawberry.field(description="Which request.")
    payload_hash: str = strawberry.field(
        description="Its `payloadHash`: that this is what was asked for."
    )
    effect_hash: str = strawberry.field(
        description="The `hash` of its effect: that this is what was looked at."
    )
    reason: str | None = strawberry.field(default=None, description="Why, if there is to tell.")


@strawberry.input(description="A request that is refused.")
class RefuseApprovalInput:
    """Request to refuse."""

    approval: strawberry.ID = strawberry.field(description="Which request.")
    reason: str = strawberry.field(description="Why; it is kept with the request.")


@strawberry.input(description="A request that is taken back.")
class WithdrawApprovalInput:
    """Request to withdraw."""

    approval: strawberry.ID = strawberry.field(description="Which request.")
    reason: str = strawberry.field(description="Why; it is kept with the request.")


@strawberry.input(description="A request whose effect is to be computed anew.")
class RefreshApprovalInput:
    """Request to look again."""

    approval: strawberry.ID = strawberry.field(description="Which request.")


@strawberry.type(description="The request as it is now.")
class ApprovalPayload:
    """Result of a step of a request."""

    approval: Approval | None = to_one(
        APPROVAL, {"id": "{t}.approval_id"}, "The request; null if there is none."
    )
    errors: list[UserError] = user_errors()


async def perform_give(context: Context, given: GiveApprovalInput) -> Row:
    """Allow the request and do what was asked for."""

    async def step(key: int) -> None:
        reason = "" if given.reason is None else text_of(given.reason, "reason")
        seen = Seen(given.payload_hash, given.effect_hash)
        act = await give(context.database, key, seen, reason, context.actor)
        await context.wake(act.wakes)

    return await _step(context, given.approval, step)


async def perform_refuse(context: Context, given: RefuseApprovalInput) -> Row:
    """Refuse the request."""

    async def step(key: int) -> None:
        reason = text_of(given.reason, "reason")
        await refuse(context.database, key, reason, context.actor)

    return await _step(context, given.approval, step)


async def perform_withdraw(context: Context, given: WithdrawApprovalInput) -> Row:
    """Take the request back."""

    async def step(key: int) -> None:
        reason = text_of(given.reason, "reason")
        await withdraw(context.database, key, reason, context.actor)

    return await _step(context, given.approval, step)


async def perform_refresh(context: Context, given: RefreshApprovalInput) -> Row:
    """Compute the effect anew."""

    async def step(key: int) -> None:
        act = await look(context.database, key, context.actor)
        await effect_of(context, act, key)

    return await _step(context, given.approval, step)


async def _step(context: Context, identifier: str, step: Callable[[int], Awaitable[None]]) -> Row:
    """Take a step and answer with the request; a refusal shows it as well, as far as it is seen."""
    try:
        key = key_in(identifier, "Approval", "approval")
        await step(key)
    except Refused as refused:
        return refused.row
    except (DecisionRefused, CalendarError) as error:
        if error.code == "STALE_EFFECT":
            await context.wake("approval")
        return {"approval_id": key, **refused_row(error)}
    await context.wake("relay")
    return {"approval_id": key, "errors": []}


_CHECKERS = (Role.HQ, Role.BRANCH)
GIVE_APPROVAL = operation(
    perform_give,
    GiveApprovalInput,
    "approval_id integer",
    "Allow what somebody else asked for: it is done with this. Refused if it would do something "
    "else by now than what was looked at; the effect is then computed anew.",
    *_CHECKERS,
)
REFUSE_APPROVAL = operation(
    perform_refuse,
    RefuseApprovalInput,
    "approval_id integer",
    "Refuse what somebody else asked for.",
    *_CHECKERS,
)
WITHDRAW_APPROVAL = operation(
    perform_withdraw,
    WithdrawApprovalInput,
    "approval_id integer",
    "Take back what one has asked for oneself.",
    Role.HQ,
    Role.BRANCH,
    Role.MANAGER,
)
REFRESH_APPROVAL = operation(
    perform_refresh,
    RefreshApprovalInput,
    "approval_id integer",
    "Compute anew what a request would do. Of what concerns everybody a worker computes it, and "
    "the answer does not wait for it long.",
    Role.HQ,
    Role.BRANCH,
    Role.MANAGER,
)

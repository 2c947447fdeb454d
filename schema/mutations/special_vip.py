"""grantSpecialVip and revokeSpecialVip: important persons below the entry line."""

import datetime
from typing import Any

import strawberry

from domain.actors import Role
from repository.acts.special_vip import SPECIAL_VIP
from repository.approvals import Asked
from repository.calendar import CalendarError
from repository.database import Connection
from repository.reading.parameters import readable
from repository.reading.tables import APPROVAL, CUSTOMER
from repository.special import GrantRefused, revoke
from schema.context import Context
from schema.fields import to_one
from schema.mutations.asking import refused_row, request
from schema.mutations.customers import locked_customer, text_of
from schema.mutations.operation import Refused, Row, UserError, operation, user_errors
from schema.types.approval import Approval
from schema.types.customer import Customer


@strawberry.input(description="A grant of special VIP for one year.")
class GrantSpecialVipInput:
    """Request of a grant."""

    customer: strawberry.ID = strawberry.field(description="Who is granted it.")
    reason: str = strawberry.field(description="Why; it is kept with the grant.")
    from_: datetime.date | None = strawberry.field(
        name="from", default=None, description="The first day; the business date if not given."
    )


@strawberry.input(description="A revocation of special VIP.")
class RevokeSpecialVipInput:
    """Request of a revocation."""

    customer: strawberry.ID = strawberry.field(description="Whose grant is revoked.")
    reason: str = strawberry.field(description="Why; it is kept with the grant.")


@strawberry.type(description="The request for the grant, and the customer as is now.")
class GrantSpecialVipPayload:
    """Result of grantSpecialVip."""

    approval: Approval | None = to_one(
        APPROVAL,
        {"id": "{t}.approval_id"},
        "The request, which somebody else is to allow; null if it was refused.",
    )
    customer: Customer | None = to_one(CUSTOMER, {"id": "{t}.customer_id"}, "The customer.")
    errors: list[UserError] = user_errors()


@strawberry.type(description="The customer as the revocation left the customer.")
class RevokeSpecialVipPayload:
    """Result of revokeSpecialVip."""

    customer: Customer | None = to_one(CUSTOMER, {"id": "{t}.customer_id"}, "The customer.")
    errors: list[UserError] = user_errors()


async def perform_grant(context: Context, given: GrantSpecialVipInput) -> Row:
    """Ask for the grant; it is given by whoever allows it."""
    start: Any = readable(given.from_)

    async def find(connection: Connection) -> Asked:
        reason = text_of(given.reason, "reason")
        customer = await locked_customer(connection, given.customer, context.actor)
        number = customer["number"]
        payload = {"customer": number, "from": None if start is None else str(start)}
        return Asked(payload, number, reason, customer["id"])

    return await request(context, SPECIAL_VIP, find)


async def perform_revoke(context: Context, given: RevokeSpecialVipInput) -> Row:
    """Revoke what is granted, as of the business date."""
    try:
        reason = text_of(given.reason, "reason")
        async with context.database.unit() as connection:
            customer = await locked_customer(connection, given.customer, context.actor)
            await revoke(connection, customer, reason, context.actor)
    except Refused as refused:
        return refused.row
    except (GrantRefused, CalendarError) as error:
        return refused_row(error)
    await context.wake("relay")
    return {"customer_id": customer["id"], "errors": []}


GRANT_SPECIAL_VIP = operation(
    perform_grant,
    GrantSpecialVipInput,
    "approval_id integer, customer_id integer",
    "Ask for a grant of special VIP for one year, aligned to the end of a month. It is given when "
    "somebody else allows it: `giveApproval`.",
    Role.HQ,
    Role.BRANCH,
    Role.MANAGER,
)
REVOKE_SPECIAL_VIP = operation(
    perform_revoke,
    RevokeSpecialVipInput,
    "customer_id integer",
    "Revoke a customer's special VIP from the business date on.",
    Role.HQ,
    Role.BRANCH,
)

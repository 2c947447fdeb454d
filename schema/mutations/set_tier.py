"""setTier: a tier by hand, asked for by one person and given by another."""

import strawberry

from domain.actors import Role
from repository.acts.manual_tier import MANUAL_TIER
from repository.approvals import Asked
from repository.database import Connection
from repository.reading.tables import APPROVAL, CUSTOMER
from schema.context import Context
from schema.fields import to_one
from schema.mutations.asking import request
from schema.mutations.customers import locked_customer, text_of
from schema.mutations.operation import Row, UserError, operation, user_errors
from schema.types.approval import Approval
from schema.types.customer import Customer


@strawberry.input(description="A tier that the figures do not give.")
class SetTierInput:
    """Request of a tier by hand."""

    customer: strawberry.ID = strawberry.field(description="Who is to hold it.")
    tier: str = strawberry.field(
        description="The code of a tier of the policy in force in the open month."
    )
    reason: str = strawberry.field(description="Why; it is kept with the decision.")


@strawberry.type(description="The request for the tier, and the customer as is now.")
class SetTierPayload:
    """Result of setTier."""

    approval: Approval | None = to_one(
        APPROVAL,
        {"id": "{t}.approval_id"},
        "The request, which somebody else is to allow; null if it was refused.",
    )
    customer: Customer | None = to_one(CUSTOMER, {"id": "{t}.customer_id"}, "The customer.")
    errors: list[UserError] = user_errors()


async def perform(context: Context, given: SetTierInput) -> Row:
    """Ask for the tier; it is held from the day on which somebody else allows it."""

    async def find(connection: Connection) -> Asked:
        reason = text_of(given.reason, "reason")
        customer = await locked_customer(connection, given.customer, context.actor)
        payload = {"customer": customer["number"], "tier": given.tier}
        return Asked(payload, customer["number"], reason, customer["id"])

    return await request(context, MANUAL_TIER, find)


SET_TIER = operation(
    perform,
    SetTierInput,
    "approval_id integer, customer_id integer",
    "Ask for a tier that the figures do not give, higher or lower, member or not. It is in force "
    "from the day on which somebody else allows it (`giveApproval`), and the closes judge from it.",
    Role.HQ,
    Role.BRANCH,
    Role.MANAGER,
)

"""applyCorrection: ask for a correction that leaves a customer worse off to be put in force."""

import strawberry

from domain.actors import Role
from repository.acts.correction import CORRECTION
from repository.approvals import Asked
from repository.customers import hold_customer
from repository.database import Connection
from repository.reading.parameters import InvalidArgument
from repository.reading.tables import APPROVAL, CUSTOMER
from repository.reviewing import asked
from schema import identifiers
from schema.context import Context
from schema.fields import to_one
from schema.mutations.asking import request
from schema.mutations.customers import text_of
from schema.mutations.operation import Refused, Row, UserError, operation, user_errors
from schema.types.approval import Approval
from schema.types.customer import Customer


@strawberry.input(description="A correction that waits for review is to be put in force.")
class ApplyCorrectionInput:
    """Request of a decision about a correction."""

    correction: strawberry.ID = strawberry.field(description="Which one.")
    reason: str = strawberry.field(description="Why; it is kept with the request and audited.")


@strawberry.type(description="The request, and the customer as is now.")
class ApplyCorrectionPayload:
    """Result of applyCorrection."""

    approval: Approval | None = to_one(
        APPROVAL,
        {"id": "{t}.approval_id"},
        "The request, which somebody else is to allow; null if it was refused.",
    )
    customer: Customer | None = to_one(CUSTOMER, {"id": "{t}.customer_id"}, "The customer.")
    errors: list[UserError] = user_errors()


async def perform(context: Context, given: ApplyCorrectionInput) -> Row:
    """Ask for it, with the figures and the result that it comes to now."""

    async def find(connection: Connection) -> Asked:
        reason = text_of(given.reason, "reason")
        customer_id, correction_id = _keys(given.correction)
        customer = await hold_customer(connection, customer_id)
        if customer is None or not context.actor.sees(
            customer["id"], customer["manager_id"], customer["branch_id"]
        ):
            raise Refused("NOT_FOUND", "there is no such correction", "input", "correction")
        payload = await asked(connection, customer["number"], correction_id)
        return Asked(payload, customer["number"], reason, customer_id)

    return await request(context, CORRECTION, find)


def _keys(identifier: str) -> tuple[int, int]:
    """Customer and number of a correction; those of nobody for an identifier of another type."""
    try:
        kind, customer_id, number = identifiers.decode(identifier)
    except InvalidArgument as fault:
        raise Refused(fault.code, str(fault), "input", "correction") from None
    if kind != "Correction" or number is None or customer_id >= 2**31:
        return -1, -1
    return customer_id, number


APPLY_CORRECTION = operation(
    perform,
    ApplyCorrectionInput,
    "approval_id integer, customer_id integer",
    "Ask for a correction that leaves the customer worse off to be put in force, as it comes to "
    "now. It is when somebody else allows it: `giveApproval`.",
    Role.HQ,
    Role.BRANCH,
)

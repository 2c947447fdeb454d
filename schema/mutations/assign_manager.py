"""assignManager: hand a customer over to another relationship manager."""

import strawberry

from domain.actors import Role
from repository.audit import audit
from repository.reading.tables import CUSTOMER
from repository.statements import sql
from schema.context import Context
from schema.fields import to_one
from schema.mutations.customers import key_in, locked_customer, text_of
from schema.mutations.operation import Refused, Row, UserError, operation, user_errors
from schema.types.customer import Customer


@strawberry.input(description="A handover.")
class AssignManagerInput:
    """Request of a handover."""

    customer: strawberry.ID = strawberry.field(description="Who is handed over.")
    manager: strawberry.ID | None = strawberry.field(
        default=None, description="The new manager, of the customer's branch; null for nobody."
    )
    reason: str = strawberry.field(default="handover", description="Why; it is audited.")


@strawberry.type(description="The customer after the handover, if the caller still sees it.")
class AssignManagerPayload:
    """Result of assignManager."""

    customer: Customer | None = to_one(CUSTOMER, {"id": "{t}.customer_id"}, "The customer.")
    errors: list[UserError] = user_errors()


async def perform(context: Context, given: AssignManagerInput) -> Row:
    """Move the customer, and with the commit all of the customer's rows and their visibility."""
    try:
        reason = text_of(given.reason, "reason")
        async with context.database.unit() as connection:
            customer = await locked_customer(connection, given.customer, context.actor)
            key, number = 0, None
            if given.manager is not None:
                if customer["status"] == "TERMINATED":
                    raise Refused(
                        "TERMINATED",
                        "the relation with this customer is over",
                        "input",
                        "customer",
                    )
                key = key_in(given.manager, "Manager", "manager")
                await connection.execute(sql("hold_taker"), key)
                manager = await connection.fetchrow(sql("manager_by_id"), key)
                if manager is None or manager["branch_id"] != customer["branch_id"]:
                    raise Refused(
                        "NOT_FOUND",
                        "there is no such manager in the customer's branch",
                        "input",
                        "manager",
                    )
                if not manager["active"]:
                    raise Refused(
                        "MANAGER_INACTIVE", "this manager is not active", "input", "manager"
                    )
                number = manager["number"]
            await connection.execute(sql("hand_over"), customer["id"], key)
            await audit(
                connection,
                context.actor,
                "customer.assign",
                customer["number"],
                before={"manager": customer["manager_number"]},
                after={"manager": number},
                reason=reason,
            )
    except Refused as refused:
        return refused.row
    return {"customer_id": customer["id"], "errors": []}


ASSIGN_MANAGER = operation(
    perform,
    AssignManagerInput,
    "customer_id integer",
    "Hand a customer over to another manager of the branch; the customer moves with the commit.",
    Role.HQ,
    Role.BRANCH,
)

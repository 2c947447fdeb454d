"""handOverPortfolio: ask for many customers to go to another manager of their branch at once."""

from typing import Any

import strawberry

from domain.actors import Actor, Role
from repository.acts.handover import HANDOVER
from repository.approvals import Asked
from repository.database import Connection
from repository.handover import MOST
from repository.reading.tables import APPROVAL
from repository.statements import sql
from schema.context import Context
from schema.fields import to_one
from schema.mutations.asking import request
from schema.mutations.customers import key_in, text_of
from schema.mutations.operation import Refused, Row, UserError, operation, user_errors
from schema.types.approval import Approval


@strawberry.input(description="A handover of a portfolio, or of a part of it.")
class HandOverPortfolioInput:
    """Request of a decision about a handover."""

    from_: strawberry.ID = strawberry.field(name="from", description="Whose customers they are.")
    to: strawberry.ID = strawberry.field(
        description="Who is to have them: an active manager of the same branch."
    )
    reason: str = strawberry.field(description="Why; it is kept with the request and audited.")
    customers: list[strawberry.ID] | None = strawberry.field(
        default=None,
        description=f"Who goes, at most {MOST}; null for the whole portfolio as it is when "
        "somebody allows it.",
    )


@strawberry.type(description="The request.")
class HandOverPortfolioPayload:
    """Result of handOverPortfolio."""

    approval: Approval | None = to_one(
        APPROVAL,
        {"id": "{t}.approval_id"},
        "The request, which somebody else is to allow; null if it was refused.",
    )
    errors: list[UserError] = user_errors()


async def perform(context: Context, given: HandOverPortfolioInput) -> Row:
    """Ask for it; customers and managers move when somebody allows it."""

    async def find(connection: Connection) -> Asked:
        reason = text_of(given.reason, "reason")
        giver = await _manager(connection, given.from_, "from", context.actor)
        taker = await _manager(connection, given.to, "to", context.actor)
        payload = {
            "from": giver["number"],
            "to": taker["number"],
            "customers": None
            if given.customers is None
            else await _numbers(connection, given.customers, context.actor),
        }
        return Asked(payload, giver["number"], reason, branch_id=giver["branch_id"])

    return await request(context, HANDOVER, find)


async def _manager(connection: Connection, identifier: str, member: str, actor: Actor) -> Any:
    key = key_in(identifier, "Manager", member)
    manager = await connection.fetchrow(sql("manager_by_id"), key)
    if manager is None or not actor.sees(None, key, manager["branch_id"]):
        raise Refused("NOT_FOUND", "there is no such manager", "input", member)
    return manager


async def _numbers(
    connection: Connection, identifiers: list[strawberry.ID], actor: Actor
) -> list[str]:
    """The numbers of the customers, in order."""
    keys = {key_in(identifier, "Customer", "customers") for identifier in identifiers}
    if len(keys) > MOST:
        raise Refused(
            "TOO_MANY_CUSTOMERS", f"at most {MOST} customers at once", "input", "customers"
        )
    rows = await connection.fetch(sql("customers_as_they_stand"), list(keys))
    seen = [
        row["number"] for row in rows if actor.sees(row["id"], row["manager_id"], row["branch_id"])
    ]
    if len(seen) < len(keys):
        raise Refused(
            "NOT_FOUND",
            f"{len(keys) - len(seen)} of them are no customers whom you see",
            "input",
            "customers",
        )
    return sorted(seen)


HAND_OVER_PORTFOLIO = operation(
    perform,
    HandOverPortfolioInput,
    "approval_id integer",
    "Ask for many customers of a manager to go to another one of the branch: all of them at once, "
    "when somebody else allows it: `giveApproval`.",
    Role.HQ,
    Role.BRANCH,
)

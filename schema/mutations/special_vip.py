"""grantSpecialVip and revokeSpecialVip: important persons below the entry line."""

import datetime
from typing import Any

import strawberry

from domain.actors import Role
from repository.calendar import CalendarError
from repository.reading.expressions import date, text
from repository.reading.parameters import readable
from repository.reading.tables import CUSTOMER
from repository.special import GrantRefused, grant, revoke
from schema.context import Context
from schema.fields import same_row, stored, to_one
from schema.mutations.customers import locked_customer, text_of
from schema.mutations.operation import Refused, Row, UserError, operation, user_errors
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


@strawberry.type(description="A grant of special VIP: one year, aligned to the end of a month.")
class SpecialVipGrant:
    """A grant as the mutation gave it."""

    starts: datetime.date = stored(date("starts"), "The first day.")
    until: datetime.date = stored(date("until"), "The last day.")


@strawberry.type(description="The grant and the customer as they are now.")
class GrantSpecialVipPayload:
    """Result of grantSpecialVip."""

    grant: SpecialVipGrant | None = same_row(
        "The grant; null if it was refused.", unless_null=text("starts")
    )
    customer: Customer | None = to_one(CUSTOMER, {"id": "{t}.customer_id"}, "The customer.")
    errors: list[UserError] = user_errors()


@strawberry.type(description="The customer as the revocation left the customer.")
class RevokeSpecialVipPayload:
    """Result of revokeSpecialVip."""

    customer: Customer | None = to_one(CUSTOMER, {"id": "{t}.customer_id"}, "The customer.")
    errors: list[UserError] = user_errors()


async def perform_grant(context: Context, given: GrantSpecialVipInput) -> Row:
    """Give the grant; SPECIAL at once if the customer holds no tier."""
    start: Any = readable(given.from_)
    try:
        reason = text_of(given.reason, "reason")
        async with context.database.unit() as connection:
            customer = await locked_customer(connection, given.customer, context.actor)
            first, last = await grant(connection, customer, start, reason, context.actor)
    except Refused as refused:
        return refused.row
    except (GrantRefused, CalendarError) as error:
        return Refused(error.code, str(error), "input").row
    await context.wake("relay")
    return {
        "customer_id": customer["id"],
        "starts": str(first),
        "until": str(last),
        "errors": [],
    }


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
        return Refused(error.code, str(error), "input").row
    await context.wake("relay")
    return {"customer_id": customer["id"], "errors": []}


GRANT_SPECIAL_VIP = operation(
    perform_grant,
    GrantSpecialVipInput,
    "customer_id integer, starts date, until date",
    "Grant special VIP for one year, aligned to the end of a month.",
    Role.HQ,
    Role.BRANCH,
)
REVOKE_SPECIAL_VIP = operation(
    perform_revoke,
    RevokeSpecialVipInput,
    "customer_id integer",
    "Revoke a customer's special VIP from the business date on.",
    Role.HQ,
    Role.BRANCH,
)

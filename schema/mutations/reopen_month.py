"""reopenMonth: the close of the last closed month is taken back, as two people decide."""

from typing import Any

import strawberry

from domain.actors import Role
from domain.approvals import DecisionRefused
from domain.months import Month
from repository.acts.reopen_month import REOPEN_MONTH
from repository.approvals import Asked
from repository.calendar import CalendarError
from repository.database import Connection
from repository.reading.parameters import readable
from repository.reading.tables import APPROVAL
from repository.reopening import lock
from schema.context import Context
from schema.fields import to_one
from schema.mutations.asking import request
from schema.mutations.customers import text_of
from schema.mutations.operation import Row, UserError, operation, user_errors
from schema.types.approval import Approval


@strawberry.input(description="Which month to open again.")
class ReopenMonthInput:
    """Request of a reopening."""

    month: Month = strawberry.field(description="The last closed month.")
    reason: str = strawberry.field(description="Why; kept with the request and audited.")


@strawberry.type(description="The request to open a month again.")
class ReopenMonthPayload:
    """Result of reopenMonth."""

    approval: Approval | None = to_one(
        APPROVAL,
        {"id": "{t}.approval_id"},
        "The request, which somebody else is to allow; null if it was refused.",
    )
    errors: list[UserError] = user_errors()


async def perform(context: Context, given: ReopenMonthInput) -> Row:
    """Ask for the reopening; it is done by whoever allows it."""
    month: Any = readable(given.month)

    async def find(connection: Connection) -> Asked:
        reason = text_of(given.reason, "reason")
        try:
            await lock(connection, month)
        except CalendarError as error:
            raise DecisionRefused(error.code, str(error), "month") from None
        return Asked({"month": str(month)}, str(month), reason)

    return await request(context, REOPEN_MONTH, find)


REOPENING = operation(
    perform,
    ReopenMonthInput,
    "approval_id integer",
    "Ask for the last closed month to be opened again: what its close made is taken back, and made "
    "anew when the month is closed again. It is done when somebody else allows it: `giveApproval`.",
    Role.HQ,
)

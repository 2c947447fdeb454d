"""closeMonth: judge every customer for the open month and publish the results."""

import asyncio
from typing import Any

import strawberry

from domain.actors import Role
from domain.months import Month
from repository.calendar import CalendarError
from repository.closing import CloseRun, close_state, request_close
from repository.reading.expressions import integer, text
from repository.reading.parameters import readable
from schema.context import Context
from schema.fields import same_row, stored
from schema.mutations.operation import Refused, Row, UserError, operation, user_errors

_LOOK_EVERY = 0.1


@strawberry.input(description="Which month to close.")
class CloseMonthInput:
    """Request of a close."""

    month: Month = strawberry.field(description="The open month; months close in order.")


@strawberry.type(description="The close of a month.")
class MonthClose:
    """How far a close has come."""

    month: Month = stored(text("month"), "The month.")
    state: str = stored(
        text("state"), "CUTOFF, RUNNING, CLOSED, or FAILED with a problem for an operator."
    )
    customers: int = stored(integer("customers"), "Customers to judge.")
    judged: int = stored(integer("judged"), "Customers judged so far.")
    changes: int = stored(integer("changes"), "Tier changes among them.")
    problem: str | None = stored(text("problem"), "What stopped it.")


@strawberry.type(description="The close as far as it came while the caller waited.")
class CloseMonthPayload:
    """Result of closeMonth."""

    close: MonthClose | None = same_row(
        "The close; null if it was refused.", unless_null=text("month")
    )
    errors: list[UserError] = user_errors()


async def perform(context: Context, given: CloseMonthInput) -> Row:
    """Ask for the close and wait a while for its end; workers carry it out either way."""
    month: Any = readable(given.month)
    try:
        run = await request_close(
            context.database, month, f"{context.actor.role}:{context.actor.subject}"
        )
    except CalendarError as error:
        return Refused(error.code, str(error), "input", "month").row
    await context.wake("close")
    deadline = asyncio.get_running_loop().time() + context.close_wait_seconds
    while run.state not in ("CLOSED", "FAILED"):
        if asyncio.get_running_loop().time() > deadline:
            break
        await asyncio.sleep(_LOOK_EVERY)
        async with context.database.writing() as connection:
            run = await close_state(connection, month)
    return _row(run)


def _row(run: CloseRun) -> Row:
    return {
        "month": str(run.month),
        "state": run.state,
        "customers": run.customers,
        "judged": run.judged,
        "changes": run.changes,
        "problem": run.problem,
        "errors": [],
    }


CLOSE_MONTH = operation(
    perform,
    CloseMonthInput,
    "month text, state text, customers integer, judged integer, changes integer, problem text",
    "Close the open month: every customer is judged, standings and tier changes are published "
    "together, and the next month opens. The answer waits for the end, but not for long; the close "
    "goes on without the caller.",
    Role.HQ,
)

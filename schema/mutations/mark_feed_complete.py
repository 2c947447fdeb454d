"""markFeedComplete: a sender says that all balances of a day are here."""

import datetime
from typing import Any

import strawberry

from domain.actors import Grant, Role
from repository.calendar import CalendarError
from repository.feeds import mark_complete
from repository.reading.expressions import integer
from repository.reading.parameters import readable
from schema.context import Context
from schema.fields import stored
from schema.mutations.operation import Refused, Row, UserError, operation, user_errors


@strawberry.input(description="The days of a source that are complete.")
class MarkFeedCompleteInput:
    """What a sender says."""

    source: str = strawberry.field(description="The source's code.")
    day: datetime.date = strawberry.field(description="The day, or the first of several.")
    through: datetime.date | None = strawberry.field(
        default=None, description="The last day, if there are several; at most 366 days."
    )
    rows: int | None = strawberry.field(
        default=None, description="How many rows the sender has delivered of each day."
    )


@strawberry.type(description="What became of the days.")
class MarkFeedCompletePayload:
    """Result of markFeedComplete."""

    marked: int = stored(integer("marked"), "Days that are complete now and were not before.")
    already_complete: int = stored(
        integer("already"), "Days that were marked before; they stay as they were marked."
    )
    errors: list[UserError] = user_errors()


async def perform(context: Context, given: MarkFeedCompleteInput) -> Row:
    """Mark the days; figures of closed months that waited for them are made anew by workers."""
    first: Any = readable(given.day)
    last: Any = first if given.through is None else readable(given.through)
    try:
        if given.rows is not None and given.rows < 0:
            raise Refused("INVALID_COUNT", "rows are 0 or more", "input", "rows")
        found = await mark_complete(
            context.database,
            given.source,
            first,
            last,
            context.actor,
            future_days=context.future_days,
            rows=given.rows,
        )
    except Refused as refused:
        return {"marked": 0, "already": 0, **refused.row}
    except CalendarError as error:
        field = "source" if error.code == "UNKNOWN_SOURCE" else "day"
        return {"marked": 0, "already": 0, **Refused(error.code, str(error), "input", field).row}
    if found.marked:
        await context.wake("recompute")
    return {"marked": found.marked, "already": found.already, "errors": []}


MARK_FEED_COMPLETE = operation(
    perform,
    MarkFeedCompleteInput,
    "marked integer, already integer",
    "Say that all balances of a source's days are here, none for a day without any included. "
    "Saying it again changes nothing. Days of a closed month that arrive late have its waiting "
    "figures judged anew.",
    Role.INTEGRATOR,
    grant=Grant.FEEDS,
)

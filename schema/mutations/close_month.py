"""closeMonth: judge every customer for the open month and publish the results."""

import asyncio
import datetime
from contextlib import suppress
from typing import Any

import strawberry

from domain.actors import Role
from domain.approvals import DecisionRefused
from domain.months import Month
from repository.acts.incomplete_close import INCOMPLETE_CLOSE
from repository.approvals import Asked
from repository.calendar import CalendarError, own_ledger
from repository.closing import CloseRun, close_state, gap_documents, request_close, weigh_close
from repository.database import Connection
from repository.reading.expressions import date, integer, text
from repository.reading.parameters import readable
from repository.reading.tables import APPROVAL
from schema.context import Context
from schema.fields import elements, same_row, stored, to_one
from schema.mutations.asking import request
from schema.mutations.customers import text_of
from schema.mutations.operation import Refused, Row, UserError, operation, user_errors
from schema.types.approval import Approval

_LOOK_EVERY = 0.1


@strawberry.input(description="Close a month though feeds of it are missing.")
class CloseOverrideInput:
    """Why a close goes on without feeds."""

    reason: str = strawberry.field(description="Why; kept with the close and in the audit trail.")


@strawberry.input(description="Which month to close.")
class CloseMonthInput:
    """Request of a close."""

    month: Month = strawberry.field(description="The open month; months close in order.")
    override: CloseOverrideInput | None = strawberry.field(
        default=None,
        description="Close it also if feeds are missing, once somebody else allows it: customers "
        "who need one are held as they stand, until it arrives.",
    )


@strawberry.type(description="Days in a row for which a source was not complete.")
class MissingDays:
    """A member of `missing`."""

    source: str = stored(text("source"), "The source's code.")
    first_day: datetime.date = stored(date("first"), "The first of the days.")
    last_day: datetime.date = stored(date("last"), "The last of the days.")


@strawberry.type(description="What a close went on without, and why.")
class CloseOverride:
    """The override of a close."""

    reason: str = stored(text("override_reason"), "Why, as head office said.")
    missing: list[MissingDays] = elements(
        "missing", "source text, first date, last date", "The days that were missing."
    )


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
    override: CloseOverride | None = same_row(
        "The feeds it went on without; null if none was missing.",
        unless_null=text("override_reason"),
    )


@strawberry.type(description="The close as far as it came while the caller waited.")
class CloseMonthPayload:
    """Result of closeMonth."""

    close: MonthClose | None = same_row(
        "The close; null if it was refused, or waits for somebody else.", unless_null=text("month")
    )
    approval: Approval | None = to_one(
        APPROVAL,
        {"id": "{t}.approval_id"},
        "The request to close without feeds, which somebody else is to allow; null if none is "
        "missing.",
    )
    errors: list[UserError] = user_errors()


async def perform(context: Context, given: CloseMonthInput) -> Row:
    """Ask for the close and wait a while for its end; workers carry it out either way.

    To close without feeds is asked for as a decision that needs two people.
    """
    month: Any = readable(given.month)
    if given.override is not None:
        with suppress(_NothingMissing):
            return await _ask_to_override(context, month, given.override.reason)
    try:
        run = await request_close(context.database, month, context.actor)
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


class _NothingMissing(Exception):
    """There is nothing to override: the month is closed like any other."""


async def _ask_to_override(context: Context, month: Month, given: str) -> Row:
    async def find(connection: Connection) -> Asked:
        reason = text_of(given, "override", "reason")
        await own_ledger(connection)
        try:
            lacking = await weigh_close(connection, month)
        except CalendarError as error:
            if error.code == "MONTH_CLOSING":
                raise _NothingMissing from None
            raise DecisionRefused(error.code, str(error), "month") from None
        if not lacking:
            raise _NothingMissing
        payload = {"month": str(month), "missing": gap_documents(lacking)}
        return Asked(payload, str(month), reason)

    return await request(context, INCOMPLETE_CLOSE, find)


def _row(run: CloseRun) -> Row:
    return {
        "month": str(run.month),
        "state": run.state,
        "customers": run.customers,
        "judged": run.judged,
        "changes": run.changes,
        "problem": run.problem,
        "override_reason": run.override_reason,
        "missing": [
            {"source": gap.source, "first": str(gap.first), "last": str(gap.last)}
            for gap in run.lacking
        ],
        "errors": [],
    }


CLOSE_MONTH = operation(
    perform,
    CloseMonthInput,
    "approval_id integer, month text, state text, customers integer, judged integer, "
    "changes integer, problem text, override_reason text, missing jsonb",
    "Close the open month: every customer is judged, standings and tier changes are published "
    "together, and the next month opens. The answer waits for the end, but not for long; the close "
    "goes on without the caller.",
    Role.HQ,
)

"""Asking for a decision that needs two people: what every mutation that asks has in common."""

import asyncio
from collections.abc import Awaitable, Callable

from domain.approvals import DecisionRefused
from repository.acts.act import Act
from repository.approvals import Asked, ask, effect_is_due
from repository.calendar import CalendarError
from repository.database import Connection
from schema.context import Context
from schema.mutations.operation import Refused, Row

_LOOK_EVERY = 0.1


def refused_row(error: DecisionRefused | CalendarError) -> Row:
    """The refusal of a decision as data."""
    path = error.path if isinstance(error, DecisionRefused) else ()
    return Refused(error.code, str(error), "input", *path).row


async def request(
    context: Context, act: Act, find: Callable[[Connection], Awaitable[Asked]]
) -> Row:
    """Ask for what `find` makes of the input, in one transaction; `approval_id` names the request.

    `find` raises Refused. Of what concerns everybody the effect is awaited for a while.
    """
    try:
        async with context.database.unit() as connection:
            asked = await find(connection)
            key = await ask(connection, act, asked, context.actor)
    except Refused as refused:
        return refused.row
    except (DecisionRefused, CalendarError) as error:
        return refused_row(error)
    await context.wake("relay")
    await effect_of(context, act, key)
    return {"approval_id": key, "customer_id": asked.customer_id, "errors": []}


async def effect_of(context: Context, act: Act, key: int) -> None:
    """Have a worker compute the effect of a request on everybody, and wait a while for it."""
    if act.survey is None:
        return
    await context.wake("approval")
    deadline = asyncio.get_running_loop().time() + context.close_wait_seconds
    while asyncio.get_running_loop().time() <= deadline:
        async with context.database.writing() as connection:
            if not await effect_is_due(connection, key):
                return
        await asyncio.sleep(_LOOK_EVERY)

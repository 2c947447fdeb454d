"""What requests for decisions need of a worker: their effect on everybody, and their end.

An effect is computed as of now, in parts, and kept with what it follows from as that was before it
began: whatever changes meanwhile makes it one to look at again. Killed anywhere, it is computed
anew; two who compute the same keep the same.
"""

import logging

from domain.approvals import DecisionRefused
from repository.approvals import Wanted, expire, keep, no_effect, survey, wanted
from repository.calendar import CalendarError
from repository.cancellation import end_if_told_to
from repository.database import Database, lost

log = logging.getLogger(__name__)


async def see_to_approvals(database: Database) -> int:
    """End what nobody decided in time, and compute the effects that are waited for."""
    ended = await expire(database)
    computed = 0
    while True:
        async with database.writing() as connection:
            request = await wanted(connection)
        if request is None:
            return ended + computed
        await _compute(database, request)
        computed += 1


async def _compute(database: Database, request: Wanted) -> None:
    try:
        found = await survey(database, request)
    except (DecisionRefused, CalendarError) as refusal:
        await no_effect(database, request, str(refusal), final=True)
    except Exception as error:
        end_if_told_to(error)
        if lost(error):
            raise
        log.exception("the effect of approval %s could not be computed", request.key)
        await no_effect(database, request, repr(error), final=False)
    else:
        await keep(database, request, *found)

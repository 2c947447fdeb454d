"""What requests for decisions need of a worker: their effect on everybody, and their end.

An effect is computed as of now, in parts, and kept with what it follows from as that was before it
began: whatever changes meanwhile makes it one to look at again. One process at a time computes the
effect of a request. Killed anywhere, it is computed anew, but not for ever.
"""

import logging

from domain.approvals import DecisionRefused
from repository.approvals import expire
from repository.calendar import CalendarError
from repository.cancellation import end_if_told_to
from repository.database import Database, lost
from repository.surveys import MOST_TRIES, Wanted, claimed, keep, no_effect, survey, wanted
from workers.telling import FAULT

log = logging.getLogger(__name__)


async def see_to_approvals(database: Database) -> int:
    """End what nobody decided in time, and compute the effects that are waited for."""
    done = await expire(database)
    elsewhere: list[int] = []
    while True:
        async with database.writing() as connection:
            request = await wanted(connection, elsewhere)
        if request is None:
            return done
        async with claimed(database, request) as ours:
            if ours:
                await _compute(database, request)
                done += 1
            else:
                elsewhere.append(request.key)


async def _compute(database: Database, request: Wanted) -> None:
    if request.tries >= MOST_TRIES:  # it has taken its workers along
        await no_effect(database, request, FAULT, final=True)
        return
    try:
        found = await survey(database, request)
    except (DecisionRefused, CalendarError) as refusal:
        await no_effect(database, request, str(refusal), final=True)
    except Exception as error:
        end_if_told_to(error)
        if lost(error):
            raise
        log.exception("the effect of approval %s could not be computed", request.key)
        await no_effect(database, request, FAULT, final=False)
    else:
        await keep(database, request, *found)

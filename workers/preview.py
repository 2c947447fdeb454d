"""Carrying out previews of a tier policy: chunks, each judged as of one moment in one transaction.

WAITING  asked for; the first worker cuts the customers into chunks
RUNNING  chunks are claimed by any number of workers, who judge and write what would be otherwise
DONE     everything is added up and can be seen

Killed anywhere, a preview goes on where it was: a chunk is done with its transaction or not at all.
Nothing is locked but the chunk, so neither readers nor writers nor a close wait for a preview.
"""

import logging
from functools import partial

from repository.cancellation import end_if_told_to
from repository.database import Database, lost, persistently
from repository.preview_scope import SPAN
from repository.previews import (
    fail_preview,
    finish_preview,
    forget_previews,
    judge_chunk,
    next_preview,
    plan_preview,
)
from workers.telling import FAULT

log = logging.getLogger(__name__)


async def carry_out_previews(database: Database, *, days: int, chunk: int = SPAN) -> int:
    """Carry out the previews that are under way, one after the other, alone or beside others.

    Returns how many chunks were judged here. What ended more than `days` ago is removed.
    """
    judged = 0
    while True:
        async with database.writing() as connection:
            under_way = await next_preview(connection)
        if under_way is None:
            break
        try:
            if not under_way.planned:
                async with database.unit() as connection:
                    await plan_preview(connection, under_way.id, chunk)
            while await persistently(partial(judge_chunk, database, under_way)):
                judged += 1
            if not await persistently(partial(finish_preview, database, under_way.id)):
                break  # other workers have the last chunks
        except Exception as error:
            end_if_told_to(error)
            if lost(error):
                raise
            log.exception("a part of preview %s failed", under_way.id)
            await fail_preview(database, under_way.id, FAULT)
    await forget_previews(database, days)
    return judged

"""What is told of a look for work: its id, counts, times, and a line in the log if asked for."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from time import perf_counter

from telemetry import traces
from telemetry.doing import CURRENT, Doing, new_id
from telemetry.figures import PASS_SECONDS, PASSES, count

log = logging.getLogger("terrace.jobs")
FAULT = "a fault of the program: the log of the workers tells more"
"""What callers are told of a fault of ours: its own text may say what is nobody's business."""


async def told_pass(
    topic: str, work: Callable[[], Awaitable[int]], causes: Sequence[str], *, logs: bool
) -> None:
    """Look for a topic's work and do it; `work` tells how much there was.

    Until it ends, the task's log lines have the job's id. `causes` are the traces of the requests
    that it is for. What `work` raises is logged by the caller under the same id.
    """
    began, result = perf_counter(), "idle"
    doing = Doing("job_id", new_id())
    doing.operation = topic
    CURRENT.set(doing)
    try:
        done = await _traced(topic, doing.id, work, causes)
        result = "worked" if done else "idle"
    except Exception:
        result = "failed"
        raise
    finally:
        seconds = perf_counter() - began
        count(PASSES.at(topic, result))
        PASS_SECONDS.took(PASS_SECONDS.place(topic), seconds)
        if logs and result != "idle":
            log.info("job", extra={"status": result, "duration_ms": seconds * 1000})


async def _traced(
    topic: str, job: str, work: Callable[[], Awaitable[int]], causes: Sequence[str]
) -> int:
    if traces.ACTIVE is None:
        return await work()
    with traces.ACTIVE.work(topic, job, causes) as found:
        done = await work()
        found.worked = bool(done)
        return done

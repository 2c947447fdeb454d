"""A worker process: one loop for each topic, woken by a wake-up or by its turn every second.

Which event wakes what:

    balances recorded, accounts or rates changed  ->  recompute
    a grant's day has come                        ->  recompute  ->  relay
    a close requested                             ->  close      ->  relay (tier changes)
    a grant, a signal                             ->  relay
    whatever is audited                           ->  seal, with the next look
    a preview requested                           ->  preview
    a decision asked for, or looked at again      ->  approval   ->  relay
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

from domain.chain import BEGINNING
from repository.cancellation import end_if_told_to
from repository.database import UNREACHABLE, Database, database_name
from repository.outage import Outage
from repository.relay import move_tails, relay
from repository.sealing import chain_head, seal_waiting
from repository.special import start_due_grants
from settings import Settings
from telemetry.figures import RECOMPUTED, count
from workers.approvals import see_to_approvals
from workers.close import carry_out
from workers.preview import carry_out_previews
from workers.recompute import recompute
from workers.telling import told_pass
from workers.wakeups import TOPICS, hear, queue_name

log = logging.getLogger(__name__)
_MOST_CAUSES = 32
_TAILS_SECONDS = 3600.0
_HEAD_SECONDS = 600.0
"""How often a worker logs the head of the audit trail, if it has moved."""


class Workers:
    """The loops of one process. `run` ends only when it is cancelled."""

    def __init__(self, database: Database, redis_url: str, settings: Settings) -> None:
        """Describe the loops."""
        self._database = database
        self._redis_url = redis_url
        self._settings = settings
        self._due = {topic: asyncio.Event() for topic in TOPICS}
        self._causes: dict[str, list[str]] = {topic: [] for topic in TOPICS}
        self._log_passes = settings.log_requests or settings.log_level == "debug"
        self._tails_due = 0.0
        self._head_due = 0.0
        self._head_told = BEGINNING

    async def run(self) -> None:
        """Work until cancelled."""
        work: dict[str, Callable[[], Awaitable[int]]] = {
            "recompute": self._recompute,
            "close": self._close,
            "relay": self._relay,
            "seal": self._seal,
            "preview": self._preview,
            "approval": self._approval,
        }
        queue = queue_name(database_name(self._database.url))
        async with asyncio.TaskGroup() as tasks:
            for topic in TOPICS:
                tasks.create_task(self._loop(topic, work[topic]))
            tasks.create_task(hear(self._redis_url, queue, self.wake))

    def wake(self, topic: str, cause: str | None = None) -> None:
        """Let a topic's loop look at once; `cause` is the trace of what it is for."""
        self._due[topic].set()
        if cause is not None and len(self._causes[topic]) < _MOST_CAUSES:
            self._causes[topic].append(cause)

    async def _loop(self, topic: str, work: Callable[[], Awaitable[int]]) -> None:
        due, outage = self._due[topic], Outage(log, topic)
        while True:
            due.clear()
            try:
                causes, self._causes[topic] = self._causes[topic], []
                await told_pass(topic, work, causes, logs=self._log_passes)
                outage.is_over()
            except Exception as error:
                end_if_told_to(error)
                if isinstance(error, UNREACHABLE):
                    outage.lasts(error)
                else:
                    log.exception("%s failed and is tried again", topic)
                await asyncio.sleep(self._settings.poll_seconds)
            end_if_told_to()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._settings.poll_seconds):
                    await due.wait()

    async def _recompute(self) -> int:
        caught_up = await recompute(self._database, self._settings.recompute_batch)
        started = await start_due_grants(self._database)
        if caught_up or started:
            self.wake("relay")
        count(RECOMPUTED.at(), caught_up)
        return caught_up + started

    async def _close(self) -> int:
        month = await carry_out(
            self._database,
            chunk=self._settings.close_chunk,
            batch=self._settings.recompute_batch,
        )
        if month is not None:
            self.wake("relay")
            self.wake("recompute")
        return 0 if month is None else 1

    async def _relay(self) -> int:
        published = 0
        while done := await relay(self._database):
            published += done
        now = asyncio.get_running_loop().time()
        if self._settings.event_days and now >= self._tails_due:
            await move_tails(self._database, self._settings.event_days)
            self._tails_due = now + _TAILS_SECONDS
        return published

    async def _seal(self) -> int:
        sealed = await seal_waiting(self._database)
        now = asyncio.get_running_loop().time()
        if now >= self._head_due:
            head = await chain_head(self._database)
            if head != self._head_told:
                log.info("the head of the audit trail is %s", head)
            self._head_told, self._head_due = head, now + _HEAD_SECONDS
        return sealed

    async def _preview(self) -> int:
        return await carry_out_previews(self._database, days=self._settings.preview_days)

    async def _approval(self) -> int:
        done = await see_to_approvals(self._database)
        if done:
            self.wake("relay")
        return done

"""The thin adapter to arq: sending wake-ups and hearing them.

A wake-up names a topic and carries nothing else but the trace it comes from, if any. Ids are
random and no result is kept, so arq never takes two of them for one; when Redis is gone they are
dropped, and the look that is taken every second does their work.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Any

import orjson
from arq import func
from arq.connections import ArqRedis, RedisSettings, create_pool
from arq.worker import Worker
from redis.exceptions import RedisError

from repository.cancellation import end_if_told_to
from repository.outage import Outage
from telemetry import traces
from telemetry.logs import described

log = logging.getLogger(__name__)
TOPICS = ("recompute", "close", "relay", "seal", "preview", "approval")
_BETWEEN_SECONDS = 0.02
_RETRY_SECONDS = 1.0
SILENCE_SECONDS = 2.0
"""Redis that says nothing for so long is taken to be gone."""


def queue_name(database: str) -> str:
    """The queue of an installation, named by its database: a Redis may serve several."""
    return f"terrace:{database}"


def redis_settings(redis_url: str) -> RedisSettings:
    """How Redis is reached: it is tried once, for a second."""
    settings = RedisSettings.from_dsn(redis_url)
    settings.conn_retries = 0
    settings.conn_timeout = 1
    return settings


class Wakeups:
    """Sends wake-ups; `send` returns at once and never fails. Use as `async with`."""

    def __init__(self, redis_url: str, queue: str) -> None:
        """Describe the sender; the connection is made with the first wake-up."""
        self._settings = redis_settings(redis_url)
        self._queue = queue
        self._pool: ArqRedis | None = None
        self._wanted: dict[str, str | None] = {}  # topics, and the traces they come from
        self._pump: asyncio.Task[None] | None = None
        self._outage = Outage(log, "sending wake-ups (work goes on within a second)")

    async def __aenter__(self) -> "Wakeups":
        """Nothing to open yet."""
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Stop sending."""
        if self._pump is not None:
            self._pump.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._pump
        if self._pool is not None:
            await self._pool.aclose()

    async def send(self, topic: str) -> None:
        """Wake the workers of a topic; wake-ups that come close together are sent as one."""
        cause = None if traces.ACTIVE is None else traces.ACTIVE.carried()
        if cause is not None or topic not in self._wanted:
            self._wanted[topic] = cause
        if self._pump is None or self._pump.done():
            self._pump = asyncio.create_task(self._send_wanted())

    async def _send_wanted(self) -> None:
        while self._wanted:
            topics, self._wanted = self._wanted, {}
            try:
                async with asyncio.timeout(SILENCE_SECONDS):
                    await self._send_topics(topics)
                self._outage.is_over()
            except (RedisError, OSError, TimeoutError) as error:
                self._outage.lasts(error)
                self._pool = None
            await asyncio.sleep(_BETWEEN_SECONDS)

    async def _send_topics(self, topics: dict[str, str | None]) -> None:
        if self._pool is None:
            self._pool = await create_pool(
                self._settings, job_serializer=orjson.dumps, job_deserializer=orjson.loads
            )
        for topic, cause in topics.items():
            given = (topic,) if cause is None else (topic, cause)
            await self._pool.enqueue_job("wake", *given, _queue_name=self._queue)


async def answers(redis_url: str) -> str | None:
    """None when Redis answers within two seconds, else why not."""
    try:
        async with asyncio.timeout(SILENCE_SECONDS):
            pool = await create_pool(redis_settings(redis_url))
            await pool.ping()
            await pool.aclose()
    except (RedisError, OSError, TimeoutError, ValueError) as error:
        return described(error)
    return None


async def server_version(redis_url: str) -> tuple[str, str]:
    """Name and version of the server; raises ConnectionError with why it does not answer."""
    try:
        async with asyncio.timeout(SILENCE_SECONDS):
            pool = await create_pool(redis_settings(redis_url))
            told = await pool.info("server")
            await pool.aclose()
    except (RedisError, OSError, TimeoutError, ValueError) as error:
        raise ConnectionError(described(error)) from error
    if "valkey_version" in told:
        return "Valkey", str(told["valkey_version"])
    return "Redis", str(told["redis_version"])


async def hear(redis_url: str, queue: str, wake: Callable[..., None]) -> None:
    """Call `wake` with the topic of every wake-up, for ever; reconnects when Redis comes back.

    A wake-up that comes from a traced request has the trace as well.
    """

    outage = Outage(log, "hearing wake-ups (work is looked for meanwhile)")

    async def heard(context: dict[Any, Any], topic: str, cause: str | None = None) -> None:
        if topic in TOPICS:
            wake(*((topic,) if cause is None else (topic, cause)))

    async def connected(ctx: dict[Any, Any]) -> None:
        outage.is_over()

    while True:
        try:
            worker = Worker(
                functions=[func(heard, name="wake")],  # type: ignore[arg-type]
                on_startup=connected,
                queue_name=queue,
                redis_settings=redis_settings(redis_url),
                handle_signals=False,
                keep_result=0,
                max_tries=1,
                poll_delay=0.05,
                log_results=False,
                job_serializer=orjson.dumps,
                job_deserializer=orjson.loads,
            )
            try:
                await worker.async_run()
            finally:
                # It raises the cancellation of a wake-up that it ends; ours is told below.
                with contextlib.suppress(RedisError, OSError, TimeoutError, asyncio.CancelledError):
                    async with asyncio.timeout(SILENCE_SECONDS):
                        await worker.close()
        except (RedisError, OSError, TimeoutError) as error:
            outage.lasts(error)
        end_if_told_to()
        for topic in TOPICS:
            wake(topic)  # whatever was lost meanwhile
        await asyncio.sleep(_RETRY_SECONDS)

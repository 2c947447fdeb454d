"""Feeds of events: one listener a process, any number of subscribers.

The listener hears the relay's NOTIFY and looks at the feeds' heads every second besides, since a
notification may be lost. A subscriber waits until a head has passed its cursor, then reads its own
events by its own plan; what it has not read yet stays in the table and not in this process.
"""

import asyncio
import base64
import binascii
import logging
from typing import Any

from repository.cancellation import end_if_told_to
from repository.database import UNREACHABLE, Database
from repository.outage import Outage
from repository.reading.parameters import InvalidArgument
from repository.statements import sql

log = logging.getLogger(__name__)
_CHANNEL = "terrace_feed"


class Feeds:
    """The heads of all feeds, kept current. Use as `async with`."""

    def __init__(self, database: Database, poll_seconds: float) -> None:
        """Describe the listener; it starts with the block."""
        self._database = database
        self._poll_seconds = poll_seconds
        self._heads: dict[str, int] = {}
        self._moved = asyncio.Event()
        self._look = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> "Feeds":
        """Start to listen and to look."""
        self._tasks = [
            asyncio.create_task(self._listen()),
            asyncio.create_task(self._watch()),
        ]
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Stop both."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def head(self, topic: str) -> int:
        """The position last given in a feed, as the database has it now."""
        async with self._database.writing() as connection:
            head: int = await connection.fetchval(sql("feed_head"), topic)
            return head

    async def passed(self, topic: str, cursor: int) -> None:
        """Wait until the feed's head lies beyond a cursor."""
        while self._heads.get(topic, 0) <= cursor:
            moved = self._moved
            await moved.wait()

    async def _listen(self) -> None:
        outage = Outage(log, "hearing of events (they are looked for meanwhile)")
        while True:
            try:
                connection = await self._database.listener()
                try:
                    await connection.add_listener(_CHANNEL, lambda *_: self._look.set())
                    outage.is_over()
                    while not connection.is_closed():
                        await asyncio.sleep(self._poll_seconds * 5)
                        await connection.execute("select 1")
                finally:
                    await connection.close(timeout=2)
            except Exception as error:
                end_if_told_to(error)
                outage.lasts(error, unexpected=not isinstance(error, UNREACHABLE))
                await asyncio.sleep(self._poll_seconds)

    async def _watch(self) -> None:
        outage = Outage(log, "looking for events")
        while True:
            try:
                async with self._database.writing() as connection:
                    rows = await connection.fetch(sql("feed_heads"))
                outage.is_over()
                heads = {row["topic"]: row["head"] for row in rows}
                if heads != self._heads:
                    self._heads = heads
                    self._moved.set()
                    self._moved = asyncio.Event()
            except Exception as error:  # whatever it is, subscribers wait for the next look
                end_if_told_to(error)
                outage.lasts(error, unexpected=not isinstance(error, UNREACHABLE))
            try:
                await asyncio.wait_for(self._look.wait(), self._poll_seconds)
            except TimeoutError:
                continue
            finally:
                self._look.clear()


def position_of(cursor: Any, topic: str) -> int:
    """The position in an event cursor of a feed; raises InvalidArgument."""
    try:
        name, _, position = (
            base64.b64decode(str(cursor), validate=True).decode("ascii").partition(":")
        )
        if name != topic or not position.isascii() or not position.isdigit():
            raise ValueError("not of this feed")
        value = int(position[:20])
        if value >= 2**63:
            raise ValueError("out of range")
        return value
    except (ValueError, binascii.Error):
        raise InvalidArgument("the cursor is not one of this feed", "INVALID_CURSOR") from None

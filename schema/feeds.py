"""Feeds of events: one listener a process, any number of subscribers.

The listener hears the relay's NOTIFY and looks at the feeds' heads every second besides, since a
notification may be lost. When a head has moved it reads once for all subscribers whom the new
events may concern (`arrivals`); only those read their own events, by their own plans. What a
subscriber has not read yet stays in the table and not in this process.
"""

import asyncio
import base64
import binascii
import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from domain.events import EventFeed
from repository.cancellation import end_if_told_to, seen
from repository.database import UNREACHABLE, Connection, Database
from repository.outage import Outage
from repository.reading.parameters import InvalidArgument
from repository.statements import sql
from schema.arrivals import Arrivals, Route

log = logging.getLogger(__name__)
_CHANNEL = "terrace_feed"
_SILENCE_SECONDS = 10.0
"""A connection that does not answer for so long is given up: subscribers wait for it."""
TOPICS = tuple(feed.value for feed in EventFeed)
MOST_ROUTED = 10_000
"""New positions that are looked through at once; of more, everybody looks for what is theirs."""


@dataclass(frozen=True, slots=True)
class Ends:
    """The position last given in a feed, and the last one that cursors no longer reach behind."""

    head: int
    tail: int


class CursorExpired(InvalidArgument):
    """A cursor whose next events are out of the feed's promise.

    `resume_after` is the cursor of the present head: state that is read from now on holds all that
    lies before it.
    """

    def __init__(self, topic: str, head: int) -> None:
        """Keep where to go on."""
        super().__init__(
            "the cursor has expired: read the state anew, then subscribe after `resumeAfter`",
            "CURSOR_EXPIRED",
        )
        self.resume_after = cursor_at(topic, head)


class Feeds:
    """The ends of all feeds, kept current, and who waits for what. Use as `async with`."""

    def __init__(self, database: Database, poll_seconds: float) -> None:
        """Describe the listener; it starts with the block."""
        self._database = database
        self._poll_seconds = poll_seconds
        self._arrivals = {topic: Arrivals() for topic in TOPICS}
        self._known = False
        self._look = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._reading = asyncio.Lock()
        self._asked: asyncio.Task[Mapping[str, Ends]] | None = None

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

    def arrivals(self, topic: str) -> Arrivals:
        """What is known in this process of a feed; it may be a moment behind the database."""
        return self._arrivals[topic]

    async def ends(self, topic: str) -> Ends:
        """A feed's ends as the database has them now; who asks at the same time shares a look."""
        if self._asked is None:
            self._asked = seen(asyncio.create_task(self._ends()))
        return (await asyncio.shield(self._asked))[topic]

    async def _ends(self) -> Mapping[str, Ends]:
        async with self._reading:
            self._asked = None  # who asks from here on may know of more than this look will see
            async with self._database.writing() as connection:
                return await _read_ends(connection)

    async def _listen(self) -> None:
        outage = Outage(log, "hearing of events (they are looked for meanwhile)")
        while True:
            try:
                connection = await self._database.listener()
                try:
                    async with asyncio.timeout(_SILENCE_SECONDS):
                        await connection.add_listener(_CHANNEL, lambda *_: self._look.set())
                    outage.is_over()
                    while not connection.is_closed():
                        await asyncio.sleep(self._poll_seconds * 5)
                        await connection.execute("select 1", timeout=_SILENCE_SECONDS)
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
                await self._look_around()
                outage.is_over()
            except Exception as error:  # whatever it is, subscribers wait for the next look
                end_if_told_to(error)
                outage.lasts(error, unexpected=not isinstance(error, UNREACHABLE))
            end_if_told_to()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._poll_seconds):
                    await self._look.wait()
            self._look.clear()

    async def _look_around(self) -> None:
        """Take note of what has arrived since the last look."""
        async with self._database.writing() as connection:
            found = await _read_ends(connection)
            for topic, arrivals in self._arrivals.items():
                ends, routes = found[topic], None
                if self._known and 0 <= ends.head - arrivals.head <= MOST_ROUTED:
                    routes = []
                    if ends.head > arrivals.head:
                        routes = await _read_routes(connection, topic, arrivals.head, ends.head)
                arrivals.advance(ends.head, ends.tail, routes)
        self._known = True


async def _read_ends(connection: Connection) -> dict[str, Ends]:
    rows = await connection.fetch(sql("feed_ends"), timeout=_SILENCE_SECONDS)
    return {row["topic"]: Ends(row["head"], row["tail"]) for row in rows}


async def _read_routes(connection: Connection, topic: str, after: int, up_to: int) -> list[Route]:
    statement = sql(f"routes_of_{topic}")
    rows = await connection.fetch(statement, after, up_to, timeout=_SILENCE_SECONDS)
    return [(r["position"], r["customer_id"], r["manager_id"], r["branch_id"]) for r in rows]


def cursor_at(topic: str, position: int) -> str:
    """The cursor of a position in a feed."""
    return base64.b64encode(f"{topic}:{position}".encode()).decode()


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

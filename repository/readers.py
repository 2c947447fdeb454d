"""Readers: the connections of one kind of scope, and the requests that wait for one.

Requests of one statement that wait at the same moment are sent together: each of them is bound
and executed by itself, with its own actor, but the server need not answer before the last one is
on its way (a pipeline; asyncpg's `fetchmany`). A pipeline with a failing member is lost as a
whole, so its members are then run alone, each to its own outcome; and a statement that proves
slow is run alone for a while, so that nobody waits long behind a slow neighbour.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import asyncpg

from repository.kept import Kept

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]
else:
    Connection = asyncpg.Connection

MOST_TOGETHER = 16
"""Requests sent together at the most."""
TOGETHER_SECONDS = 0.02
"""What requests sent together may take in all, as far as their statement's past tells."""
PATIENCE_SECONDS = 0.25
"""When requests sent together take longer than this, they are cancelled and run alone."""
ALONE_SECONDS = 5.0
"""How long a statement is run alone after that."""
_KEPT_LANES = 2_000
_LANES_WEIGHT = 16_000_000  # characters of all their statements
_LARGE = 4_000
_CLOSE_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Usage:
    """Connections of a pool that are open, those of them in use, and who waits for one."""

    open: int
    in_use: int
    waiting: int


class _Request:
    """One execution of a statement that somebody waits for."""

    __slots__ = ("again", "alone", "batch", "deadline", "future", "values")

    def __init__(self, values: Sequence[Any], deadline: float, future: asyncio.Future[Any]) -> None:
        self.values = values
        self.deadline = deadline
        self.future = future
        self.alone = _is_large(values)  # or it was in a pipeline that failed
        self.again = False  # it lost its connection once
        self.batch: _Batch | None = None


class _Batch:
    """Requests that one worker is running; it is told to stop when nobody waits any more."""

    __slots__ = ("deserted", "requests", "waiting", "worker")

    def __init__(self, requests: list[_Request], worker: "asyncio.Task[Any] | None") -> None:
        self.requests = requests
        self.worker = worker
        self.waiting = len(requests)
        self.deserted = False
        for request in requests:
            request.batch = self

    def leave(self) -> None:
        """One member's caller has gone."""
        self.waiting -= 1
        if not self.waiting and self.worker is not None and not self.deserted:
            self.deserted = True
            self.worker.cancel()

    def only_deserted(self) -> bool:
        """Whether the worker was cancelled for nothing but this batch; it can then go on."""
        return self.deserted and self.worker is not None and self.worker.uncancel() == 0


class _Lane:
    """The requests of one statement that wait for their turn, and how long one takes, lately."""

    __slots__ = ("alone_until", "seconds", "statement", "waiting")

    def __init__(self, statement: str) -> None:
        self.statement = statement
        self.waiting: deque[_Request] = deque()
        self.seconds = TOGETHER_SECONDS  # not known yet: the first one goes alone
        self.alone_until = 0.0

    def take(self, now: float) -> list[_Request]:
        """The requests to run next, together; those whose callers have gone are left out."""
        most = 1
        if now >= self.alone_until:
            most = min(MOST_TOGETHER, max(1, int(TOGETHER_SECONDS / self.seconds)))
        taken: list[_Request] = []
        while self.waiting and len(taken) < most:
            if self.waiting[0].alone and taken:
                break
            request = self.waiting.popleft()
            if not request.future.done():
                taken.append(request)
                if request.alone:
                    break
        return taken

    def took(self, seconds: float) -> None:
        """Learn what one execution took."""
        self.seconds += 0.2 * (seconds - self.seconds)


class Readers:
    """At most `size` connections, made as they are needed by `connect`.

    `wait_seconds` is how long a request waits for its turn before it ends with TimeoutError;
    `answer_seconds` how long a connection may be silent before it is given up as lost.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[Connection]],
        size: int,
        wait_seconds: float,
        answer_seconds: float = 60.0,
    ) -> None:
        """Describe them; nothing is connected yet."""
        self._connect = connect
        self._size = size
        self._wait_seconds = wait_seconds
        self._answer_seconds = answer_seconds
        self._closed = False
        self._idle: list[Connection] = []
        self._workers: set[asyncio.Task[None]] = set()
        self._lanes: Kept[str, _Lane] = Kept(_KEPT_LANES, _LANES_WEIGHT)
        self._ready: deque[_Lane] = deque()
        self._looks = False
        self._expiry: asyncio.TimerHandle | None = None

    async def answer(self, statement: str, values: Sequence[Any]) -> str:
        """The one value, a text, of the one row that a statement returns.

        Raises what the statement raises, and TimeoutError if its turn does not come in time.
        """
        loop = asyncio.get_running_loop()
        request = _Request(values, loop.time() + self._wait_seconds, loop.create_future())
        self._enter(self._lane(statement), request)
        try:
            answer: str = await request.future
            return answer
        except asyncio.CancelledError:
            if request.future.cancelled() and request.batch is not None:
                request.batch.leave()
            raise

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection for the block alone, after those who came before."""
        loop = asyncio.get_running_loop()
        handed: asyncio.Future[tuple[Connection, asyncio.Future[None]]] = loop.create_future()
        request = _Request((), loop.time() + self._wait_seconds, handed)
        request.alone = True
        self._enter(_Lane(""), request)
        try:
            connection, done = await handed
        except asyncio.CancelledError:
            if handed.done() and not handed.cancelled() and not handed.exception():
                handed.result()[1].set_result(None)  # it was handed over to nobody
            raise
        try:
            yield connection
        finally:
            if not done.done():  # by a close that did not wait
                done.set_result(None)

    def usage(self) -> Usage:
        """How many connections there are, and how many requests wait for one."""
        in_use = len(self._workers)
        waiting = sum(len(lane.waiting) for lane in self._ready)
        return Usage(in_use + len(self._idle), in_use, waiting)

    async def close(self) -> None:
        """Close every connection, by force if one does not come back."""
        if self._expiry is not None:
            self._expiry.cancel()
            self._expiry = None
        self._closed = True
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        for lane in self._ready:
            for request in lane.waiting:
                request.future.cancel()
        self._ready.clear()
        idle, self._idle = self._idle, []
        await asyncio.gather(*map(_close, idle))

    # Turns

    def _lane(self, statement: str) -> _Lane:
        lane = self._lanes.get(statement)
        if lane is None:
            lane = _Lane(statement)
            self._lanes.put(statement, lane, len(statement))
        return lane

    def _enter(self, lane: _Lane, request: _Request, *, first: bool = False) -> None:
        if self._closed:
            request.future.set_exception(ConnectionError("the database has been closed"))
            return
        if not lane.waiting:
            self._ready.append(lane)
        if first:
            lane.waiting.appendleft(request)
        else:
            lane.waiting.append(request)
        self._look_soon()
        if self._expiry is None:
            loop = asyncio.get_running_loop()
            self._expiry = loop.call_at(request.deadline, self._expire)

    def _look_soon(self) -> None:
        """Look for work after all that arrives in this turn of the loop."""
        if not self._looks:
            self._looks = True
            asyncio.get_running_loop().call_soon(self._look)

    def _look(self) -> None:
        """Put a worker to work for each lane that waits, as far as there are connections."""
        self._looks = False
        free = self._size - len(self._workers)
        for _ in range(min(free, len(self._ready))):
            worker = asyncio.get_running_loop().create_task(self._work())
            self._workers.add(worker)
            worker.add_done_callback(self._left)

    def _left(self, worker: asyncio.Task[None]) -> None:
        self._workers.discard(worker)
        if self._ready and not worker.cancelled():
            self._look_soon()

    def _take(self) -> tuple[_Lane, list[_Request]] | None:
        """The next batch; lanes take turns."""
        now = asyncio.get_running_loop().time()
        while self._ready and not self._closed:
            lane = self._ready.popleft()
            taken = lane.take(now)
            if lane.waiting:
                self._ready.append(lane)
            if taken:
                return lane, taken
        return None

    def _expire(self) -> None:
        """Turn away those who have waited too long."""
        now = asyncio.get_running_loop().time()
        self._expiry = None
        earliest: float | None = None
        for lane in self._ready:
            waiting, lane.waiting = lane.waiting, deque()
            for request in waiting:
                if request.deadline > now:
                    lane.waiting.append(request)
                    earliest = min(earliest or request.deadline, request.deadline)
                elif not request.future.done():
                    request.future.set_exception(TimeoutError("no database connection came free"))
        if earliest is not None:
            self._expiry = asyncio.get_running_loop().call_at(earliest, self._expire)

    # Work

    async def _work(self) -> None:
        """Run batches on one connection until none waits."""
        connection: Connection | None = None
        try:
            while (taken := self._take()) is not None:
                if self._ready:
                    self._look_soon()
                lane, requests = taken
                batch = _Batch(requests, asyncio.current_task())
                try:
                    if connection is None or connection.is_closed():
                        connection = await self._connection()
                    await self._run(connection, lane, requests)
                except asyncio.CancelledError:
                    if not batch.only_deserted():
                        for request in requests:
                            request.future.cancel()
                        raise
                    if len(requests) > 1 and connection is not None:
                        connection.terminate()  # half a pipeline may be under way
                except Exception as error:
                    batch.only_deserted()  # the driver may turn a cancellation into this
                    self._failed(connection, lane, requests, error)
                else:
                    batch.only_deserted()  # or not notice it
                finally:
                    for request in requests:
                        request.batch = None
        finally:
            if connection is not None and not connection.is_closed():
                self._idle.append(connection)

    async def _connection(self) -> Connection:
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                return connection
        return await self._connect()

    async def _run(self, connection: Connection, lane: _Lane, requests: list[_Request]) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        if len(requests) > 1:
            rows = await connection.fetchmany(
                lane.statement,
                [request.values for request in requests],
                timeout=PATIENCE_SECONDS,
            )
            for request, row in zip(requests, rows, strict=True):
                if not request.future.done():
                    request.future.set_result(row[0])
        elif lane.statement:
            try:
                value = await connection.fetchval(
                    lane.statement, *requests[0].values, timeout=self._answer_seconds
                )
            except TimeoutError:  # the server gives up much earlier: nobody is there any more
                connection.terminate()
                raise
            if not requests[0].future.done():
                requests[0].future.set_result(value)
        else:
            done = loop.create_future()
            requests[0].future.set_result((connection, done))
            await done
        lane.took((loop.time() - began) / len(requests))

    def _failed(
        self,
        connection: Connection | None,
        lane: _Lane,
        requests: list[_Request],
        error: Exception,
    ) -> None:
        """Run the members of a failed batch alone; a single one has failed for good.

        Unless its connection was lost: what only reads can be asked again on another one.
        """
        silent = isinstance(error, TimeoutError)
        lost = connection is not None and connection.is_closed() and not silent
        if silent and len(requests) > 1:
            lane.alone_until = asyncio.get_running_loop().time() + ALONE_SECONDS
        for request in reversed(requests):
            if request.future.done():
                continue
            if len(requests) > 1 or (lost and not request.again):
                request.alone = True
                request.again = lost
                self._enter(lane, request, first=True)
            else:
                request.future.set_exception(error)


def _is_large(values: Sequence[Any]) -> bool:
    """Whether a request's values fill a good part of what the driver sends in one go.

    A pipeline that is sent in pieces cannot be broken off between them.
    """
    size = 0
    for value in values:
        if isinstance(value, str):
            size += len(value)
        elif isinstance(value, list):
            size += sum(len(v) if isinstance(v, str) else 16 for v in value)
        elif isinstance(value, dict):
            return True
    return size > _LARGE


async def _close(connection: Connection) -> None:
    with suppress(Exception):
        await connection.close(timeout=_CLOSE_SECONDS)

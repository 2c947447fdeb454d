"""One socket's life: from the first message to the close frame."""

import asyncio
import logging
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from typing import Generic, NoReturn

from starlette.types import Message as Event
from starlette.types import Receive, Send

from api.door import Caller, Door
from api.engine import Engine, P
from api.errors import Close, Code, Refusal, Unauthenticated, logged, masked
from api.identity import Admission, Session, bearer, recheck
from api.operation_request import OperationRequest, request_of
from api.socket_protocol import (
    ACKNOWLEDGED,
    PING,
    Complete,
    ConnectionInit,
    Malformed,
    Message,
    Ping,
    Pong,
    Subscribe,
    close_reason,
    completed,
    failed,
    next_event,
    pong,
    read_message,
    token_header,
)
from api.telling import socket_operation, socket_operation_failed, told
from schema.errors import RateLimited, RequestError

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SocketLimits:
    """What one socket may take of the server."""

    init_seconds: float = 5.0  # until connection_init is acknowledged
    ping_seconds: float = 25.0  # of silence on our side before a ping, at most
    send_seconds: float = 30.0  # for a client to take one message
    close_seconds: float = 5.0  # for a client to take the close frame
    recheck_seconds: float = 3.0  # between two looks whether a caller is still admitted
    operations: int = 32  # at once
    max_frame_bytes: int = 65_536  # of one message from the client


class _Over(Exception):
    """The socket is closed or gone: everything that serves it stops."""


class Connection(Generic[P]):
    """Reads one client's messages, runs its operations side by side and keeps its time.

    Every operation is a task of one group. An operation's next event is asked for when its last
    one was taken by the client, so a slow client holds one message an operation and no more.
    Whoever ends the socket sends the close frame and raises `_Over`, and the group cancels the
    others.
    """

    def __init__(
        self,
        engine: Engine[P],
        admission: Admission,
        limits: SocketLimits,
        receive: Receive,
        send: Send,
        authorization: str | None,
        door: Door,
        address: str,
    ) -> None:
        self._engine = engine
        self._admission = admission
        self._door = door
        self._address = address
        self._caller: Caller | None = None
        self._limits = limits
        self._receive = receive
        self._send_event = send
        self._authorization = authorization
        self._session: Session | None = None
        self._operations: dict[str, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()  # also those that were told to stop
        self._clock = asyncio.get_running_loop().time
        self._opened = self._last_sent = self._clock()
        self._silence = self._some_silence()
        self._closed = False
        self._stopping: tuple[int, str] | None = None
        self._changed = asyncio.Event()  # the timekeeper has something new to look at

    async def run(self) -> None:
        """Serve the client until one side closes the socket."""
        broken = False
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._keep_time())
                await self._read(group)
        except ExceptionGroup as ended:
            if broken := ended.split(_Over)[1] is not None:
                logged("serving a socket")
            ended.__traceback__ = None  # it leads to the group's frame, which holds it: a cycle
        finally:
            self._operations.clear()  # their ends refer to this one
            if self._caller is not None:
                self._door.close(self._caller)
        if broken:
            with suppress(_Over):
                await self._end(Close.INTERNAL, "Internal server error")

    def stop(self, code: int, reason: str) -> None:
        """Have the socket closed with this code."""
        self._stopping = (code, reason)
        self._changed.set()

    async def recheck(self) -> None:
        """Have the socket closed if its caller is not admitted any more; never raises."""
        if self._session is None:
            return
        try:
            await recheck(self._admission, self._session)
        except Unauthenticated as refusal:
            self.stop(Close.FORBIDDEN, f"Forbidden: {refusal}")
        except Exception as error:  # nobody can tell: an event asks again before it is sent
            log.debug("a socket's admission could not be looked at: %s", type(error).__name__)

    async def _read(self, group: asyncio.TaskGroup) -> NoReturn:
        while True:
            event = await self._receive()
            if event["type"] == "websocket.disconnect":
                raise _Over
            text: str | None = event.get("text")
            if text is None:
                await self._end(Close.BAD_REQUEST, "Messages must be text frames")
            raw = text.encode()
            if len(raw) > self._limits.max_frame_bytes:
                await self._end(Close.MESSAGE_TOO_BIG, "The message is too big")
            try:
                message = read_message(raw)
            except Malformed as malformed:
                await self._end(Close.BAD_REQUEST, str(malformed))
            await self._handle(message, group)

    async def _handle(self, message: Message, group: asyncio.TaskGroup) -> None:
        match message:
            case ConnectionInit():
                await self._admit(message)
            case Ping():
                await self._send(pong(message))
            case Pong():
                pass
            case Subscribe():
                await self._start(message, group)
            case Complete():
                operation = self._operations.pop(message.id, None)
                if operation is not None:
                    operation.cancel()

    async def _admit(self, init: ConnectionInit) -> None:
        if self._session is not None:
            await self._end(Close.TOO_MANY_INITS, "Too many initialisation requests")
        given = token_header(init.payload)
        shown = self._authorization if given is None else given
        try:
            session = await self._door.identified(
                shown, self._address, lambda: self._admission.session(bearer(shown))
            )
            caller = self._door.caller(session.actor)
            if (waits := self._door.request(caller)) is not None:
                await waits
            self._door.open(caller)
        except Unauthenticated as refusal:
            await self._end(Close.FORBIDDEN, f"Forbidden: {refusal}")
        except RateLimited as limited:
            many = limited.name == "sockets"
            await self._end(Close.TOO_MANY_SOCKETS if many else Close.RATE_LIMITED, str(limited))
        except RequestError as error:
            await self._end(Close.TRY_AGAIN_LATER, str(error))
        self._caller = caller
        self._session = replace(session, actor=replace(session.actor, origin=self._address))
        self._changed.set()
        await self._send(ACKNOWLEDGED)

    async def _start(self, subscribe: Subscribe, group: asyncio.TaskGroup) -> None:
        if self._session is None:
            await self._end(Close.UNAUTHORIZED, "Unauthorized")
        if subscribe.id in self._operations:
            await self._end(
                Close.SUBSCRIBER_EXISTS, f"Subscriber for {subscribe.id} already exists"
            )
        try:
            request = request_of(subscribe.payload)
            if len(self._tasks) >= self._limits.operations:
                raise Refusal(
                    Code.TOO_MANY_OPERATIONS,
                    f"A socket may run {self._limits.operations} operations at once",
                )
        except Refusal as refusal:
            if refusal.code is Code.BAD_REQUEST:
                await self._end(Close.BAD_REQUEST, f"subscribe: {refusal}")
            await self._send(failed(subscribe.id, refusal.errors))
            return
        assert self._caller is not None
        operating = self._operate(subscribe.id, request, self._session, self._caller)
        task = group.create_task(operating)
        self._operations[subscribe.id] = task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @told
    async def _operate(
        self, identifier: str, request: OperationRequest, session: Session, caller: Caller
    ) -> None:
        """Run one operation to its end; only its own client's `complete` can end it earlier."""
        farewell = completed(identifier)
        try:
            await recheck(self._admission, session)
            async with self._responses(request, session, caller) as responses:
                async for response in responses:
                    # The event was made for an actor who may have been shut out meanwhile.
                    await recheck(self._admission, session)
                    await self._send(next_event(identifier, response))
                    # A source that has many events at hand never waits, and neither does a send
                    # to a client that keeps up: the others on the loop get their turn here.
                    await asyncio.sleep(0)
        except _Over:
            raise
        except Unauthenticated as refusal:
            await self._end(Close.FORBIDDEN, f"Forbidden: {refusal}")
        except Refusal as refusal:
            socket_operation_failed()
            farewell = failed(identifier, refusal.errors)
        except RequestError as error:
            socket_operation_failed()
            farewell = failed(identifier, self._door.veiled(error, caller).errors)
        except Exception:
            socket_operation_failed()
            farewell = failed(identifier, masked("running an operation on a socket"))
        # The id is free before the farewell leaves: the client may use it again on reading that.
        if self._operations.get(identifier) is asyncio.current_task():
            del self._operations[identifier]
            await self._send(farewell)

    @asynccontextmanager
    async def _responses(
        self, request: OperationRequest, session: Session, caller: Caller
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """The responses of an operation of any kind; their source is closed at the end."""
        if (waits := self._door.request(caller)) is not None:
            await waits
        prepared = await self._engine.prepared(request.query, request.operation_name, session.actor)
        socket_operation(prepared, session.actor)
        self._door.admit(caller, prepared)
        if prepared.kind == "subscription":
            events = self._engine.subscribe(prepared, request.variables, session.actor)
        else:
            events = self._single(prepared, request, session)
        close = getattr(events, "aclose", None)
        self._door.begin(caller, prepared.kind)
        try:
            yield events
        finally:
            self._door.end(caller, prepared.kind)
            if close is not None:
                await close()

    async def _single(
        self, prepared: P, request: OperationRequest, session: Session
    ) -> AsyncIterator[bytes]:
        yield await self._engine.execute(
            prepared, request.variables, session.actor, request.extensions
        )

    async def _keep_time(self) -> NoReturn:
        """Close the socket when its time is up, ping it when nothing else was said."""
        while True:
            self._changed.clear()
            if self._stopping is not None:
                await self._end(*self._stopping)
            if self._session is None:
                due = self._opened + self._limits.init_seconds
                if self._clock() >= due:
                    await self._end(Close.INIT_TIMEOUT, "Connection initialisation timeout")
            else:
                left = self._session.expires_at - time.time()
                if left <= 0:
                    await self._end(Close.FORBIDDEN, "Forbidden: the token expired")
                if self._clock() >= self._last_sent + self._silence:
                    await self._send(PING)
                    self._silence = self._some_silence()
                due = min(self._clock() + left, self._last_sent + self._silence)
            with suppress(TimeoutError):
                async with asyncio.timeout_at(due):
                    await self._changed.wait()

    def _some_silence(self) -> float:
        """How long to be silent: clients who came together are not pinged together for ever."""
        return self._limits.ping_seconds * random.uniform(0.6, 1.0)

    async def _send(self, text: str) -> None:
        """Send a message and wait until the client's side takes it; one that does not is left."""
        if self._closed:
            raise _Over
        self._last_sent = self._clock()
        try:
            async with asyncio.timeout(self._limits.send_seconds):
                await self._send_event({"type": "websocket.send", "text": text})
        except TimeoutError:
            await self._end(Close.TOO_SLOW, "The client does not read")
        except OSError:  # how servers report a client that is gone
            raise _Over from None

    async def _end(self, code: int, reason: str) -> NoReturn:
        """Send the close frame, once, and stop everything."""
        if not self._closed:
            self._closed = True
            close: Event = {
                "type": "websocket.close",
                "code": int(code),
                "reason": close_reason(reason),
            }
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(self._limits.close_seconds):
                    await self._send_event(close)
        raise _Over

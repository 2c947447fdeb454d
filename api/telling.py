"""What is told of requests and operations: counts, times, and lines in the log if asked for.

Told are an operation's name, kind and hash, the caller's role, the status and the time it took;
never what was asked or answered.
"""

import functools
import logging
from collections.abc import Awaitable, Callable, Coroutine
from time import perf_counter
from typing import Any, ParamSpec

from starlette.types import Scope

from api.engine import Prepared
from domain.actors import Actor
from telemetry import traces
from telemetry.doing import CURRENT, Doing, new_id, request_id
from telemetry.figures import (
    FAILED,
    KINDS,
    OPERATIONS,
    REQUEST_SECONDS,
    REQUESTS,
    SUBSCRIPTIONS,
    count,
)

log = logging.getLogger("terrace.requests")
CALLER_GONE = 499
"""The status, in figures alone, of a request whose caller hung up before the answer."""

P = ParamSpec("P")
_AT = {(kind, status): REQUESTS.at(kind, str(status)) for kind in KINDS for status in (200, 400)}
_SECONDS = {kind: REQUEST_SECONDS.place(kind) for kind in KINDS}
_RUNNING = SUBSCRIPTIONS.at()


class Told:
    """One request over HTTP, from its arrival to its answer."""

    __slots__ = ("_began", "_span", "doing")

    def __init__(self, scope: Scope, headers: dict[bytes, bytes]) -> None:
        """From here on the task's log lines have the request's id."""
        self._began = perf_counter()
        self.doing = Doing("request_id", request_id(headers.get(b"x-request-id")))
        CURRENT.set(self.doing)
        self._span = None
        if traces.ACTIVE is not None:
            self._span = traces.ACTIVE.request(scope["method"], headers.get(b"traceparent"))

    def answered(self, status: int, body: bytes, origin: str, *, logs: bool) -> None:
        """The end of it; `origin` is the address it came from."""
        seconds = perf_counter() - self._began
        kind = self.doing.kind or "none"
        at = _AT.get((kind, status))
        count(REQUESTS.at(kind, str(status)) if at is None else at)
        REQUEST_SECONDS.took(_SECONDS[kind], seconds)
        if kind != "none" and body.startswith((b'{"data":null', b'{"errors"')):
            count(FAILED.at(kind))
        if logs:
            took = {"duration_ms": seconds * 1000, "bytes": len(body)}
            extra = {"status": status, **took, "origin": origin}
            log.info("request", extra=extra)
        if self._span is not None:
            self._span.end_request(self.doing, status)


def known(doing: Doing, prepared: Prepared, actor: Actor) -> None:
    """What a request or a socket's operation turned out to be, before it is run."""
    doing.kind = prepared.kind
    doing.operation = prepared.name
    doing.hash = prepared.hash
    doing.role = actor.role.value


class Operation(Doing):
    """An operation on a socket."""

    __slots__ = ("failed", "span")

    def __init__(self) -> None:
        """It has an id like a request over HTTP."""
        super().__init__("request_id", new_id())
        self.failed = False
        self.span = None if traces.ACTIVE is None else traces.ACTIVE.request("socket", None)


def socket_operation(prepared: Prepared, actor: Actor) -> None:
    """What the running task's operation turned out to be; a subscription counts as running."""
    doing = CURRENT.get()
    if isinstance(doing, Operation):
        known(doing, prepared, actor)
        if doing.kind == "subscription":
            count(_RUNNING)
            if doing.span is not None:
                doing.span.known(doing)


def socket_operation_failed() -> None:
    """The running task's operation was refused, or it broke off."""
    doing = CURRENT.get()
    if isinstance(doing, Operation):
        doing.failed = True


def told(
    operate: Callable[P, Awaitable[None]],
) -> Callable[P, Coroutine[Any, Any, None]]:
    """Have the operations on a socket, each a task of its own, counted and named."""

    @functools.wraps(operate)
    async def counted(*args: P.args, **kwargs: P.kwargs) -> None:
        doing = Operation()
        CURRENT.set(doing)
        outcome = "stopped"
        try:
            await operate(*args, **kwargs)
            outcome = "failed" if doing.failed else "completed"
        finally:
            if doing.kind == "subscription":
                count(_RUNNING, -1)
            count(OPERATIONS.at(doing.kind or "none", outcome))
            if doing.span is not None:
                doing.span.end_request(doing, None)

    return counted

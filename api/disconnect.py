"""A caller who hangs up while the answer is being made."""

import asyncio
from types import TracebackType
from typing import Self

from starlette.types import Receive

WATCHED_AFTER_SECONDS = 0.05
"""Work shorter than this is not watched: listening would cost more than it could save."""


class CallerGone(Exception):
    """The caller closed the connection; nobody is left to answer."""


class cancelled_on_disconnect:  # noqa: N801 - reads as what it does, like asyncio.timeout
    """Cancel the body of an `async with` when the caller hangs up; it then raises `CallerGone`.

    The request's body must have been read. A cancellation from anywhere else stays one.
    """

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._gone = False
        self._watcher: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Start the short time after which the connection is listened to."""
        task = asyncio.current_task()
        if task is None:  # pragma: no cover - a coroutine always runs in a task
            raise RuntimeError("not in a task")
        self._task = task
        self._start = asyncio.get_running_loop().call_later(WATCHED_AFTER_SECONDS, self._listen)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop listening; turn the cancellation that was ours into `CallerGone`."""
        self._start.cancel()
        if self._watcher is not None:
            self._watcher.cancel()
            self._watcher = None  # its end refers to this one: together they would be a cycle
        if self._gone and self._task.uncancel() == 0 and kind is asyncio.CancelledError:
            raise CallerGone from None

    def _listen(self) -> None:
        self._watcher = asyncio.get_running_loop().create_task(self._watch())

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._gone = True
        self._task.cancel()

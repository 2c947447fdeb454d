"""Telling a lost cancellation: whoever goes on, after an exception or for ever, asks here first.

`asyncio.wait_for` takes a cancellation for itself when what it waited for is there already (before
Python 3.12, https://github.com/python/cpython/issues/86296), so loops wait with `asyncio.timeout`.
"""

import asyncio
from typing import TypeVar

T = TypeVar("T")


def seen(task: "asyncio.Task[T]") -> "asyncio.Task[T]":
    """The task, whose failure is no news to the loop though all who wanted it may have gone."""
    task.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
    return task


def end_if_told_to(error: BaseException | None = None) -> None:
    """Raise CancelledError if this task was cancelled, though something else came of it.

    A transaction that is given up while its server goes raises an error of its own, which takes
    the place of the cancellation; a loop that went on after it would never end.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError from error

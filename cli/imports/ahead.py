"""Reading one step ahead: a thread prepares the next item while the last one is worked on."""

import asyncio
import concurrent.futures
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")


async def ahead(items: Iterator[T]) -> AsyncIterator[T]:
    """The items of an iterator that blocks, made in a thread, one at a time in advance.

    The thread is a daemon: a program that ends does not wait for a pipe that nobody writes to.
    """
    loop = asyncio.get_running_loop()
    ready: asyncio.Queue[tuple[str, T | BaseException | None]] = asyncio.Queue(1)

    def hand_over(what: str, value: T | BaseException | None) -> None:
        asyncio.run_coroutine_threadsafe(ready.put((what, value)), loop).result()

    def run() -> None:
        with suppress(RuntimeError, concurrent.futures.CancelledError):  # the loop has ended
            try:
                for item in items:
                    hand_over("item", item)
            except BaseException as error:
                hand_over("error", error)
            else:
                hand_over("end", None)

    threading.Thread(target=run, name="reader", daemon=True).start()
    while True:
        what, value = await ready.get()
        if what == "end":
            return
        if what == "error":
            assert isinstance(value, BaseException)
            raise value
        yield value  # type: ignore[misc]

import asyncio

import pytest

from api.disconnect import WATCHED_AFTER_SECONDS, CallerGone, cancelled_on_disconnect


class Connection:
    """The receiving side of a request whose body was read."""

    def __init__(self) -> None:
        self.hung_up = asyncio.Event()
        self.listeners = 0

    async def receive(self) -> dict:
        self.listeners += 1
        try:
            await self.hung_up.wait()
            return {"type": "http.disconnect"}
        finally:
            self.listeners -= 1


async def rest(connection: Connection, seconds: float) -> str:
    async with cancelled_on_disconnect(connection.receive):
        await asyncio.sleep(seconds)
    return "done"


async def test_short_work_is_not_watched_at_all() -> None:
    connection = Connection()
    connection.hung_up.set()
    assert await rest(connection, 0) == "done"


async def test_nobody_listens_once_the_work_is_done() -> None:
    connection = Connection()
    working = asyncio.create_task(rest(connection, WATCHED_AFTER_SECONDS * 3))
    await asyncio.sleep(WATCHED_AFTER_SECONDS * 2)
    assert connection.listeners == 1
    assert await working == "done"
    await asyncio.sleep(0)
    assert connection.listeners == 0


async def test_a_hang_up_ends_the_work_and_the_task_lives_on() -> None:
    connection = Connection()
    connection.hung_up.set()
    with pytest.raises(CallerGone):
        await rest(connection, 30)
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_a_cancellation_from_elsewhere_outweighs_the_hang_up() -> None:
    connection = Connection()
    working = asyncio.create_task(rest(connection, 30))
    await asyncio.sleep(WATCHED_AFTER_SECONDS * 2)
    connection.hung_up.set()
    await asyncio.sleep(0)  # the listener wakes next, and cancels the work in the same round
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    assert working.cancelled()


async def test_an_error_of_the_work_stays_what_it_is() -> None:
    with pytest.raises(ZeroDivisionError):
        async with cancelled_on_disconnect(Connection().receive):
            raise ZeroDivisionError

"""A worker process that is told to end, ends."""

import asyncio

import asyncpg
import pytest

from cli.embedded import Addresses
from settings import Settings
from tests.house import House
from workers.process import Workers
from workers.recompute import recompute


async def test_a_loop_ends_though_its_cancellation_was_lost_in_the_clearing_up(
    house: House, addresses: Addresses
) -> None:
    """As when the server goes at the same moment: the rollback fails and hides the cancellation."""
    begun = asyncio.Event()

    async def work() -> None:
        begun.set()
        try:
            await asyncio.sleep(60)
        finally:
            raise asyncpg.InterfaceError("connection is closed")

    workers = Workers(house.database, addresses.redis_url, Settings())
    loop = asyncio.create_task(workers._loop("relay", work))
    await begun.wait()
    loop.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(loop, 5)


@pytest.mark.parametrize("turns", range(6))
async def test_a_loop_ends_though_it_is_woken_as_it_is_told_to(
    house: House, addresses: Addresses, turns: int
) -> None:
    async def work() -> int:
        return 0

    workers = Workers(house.database, addresses.redis_url, Settings(poll_seconds=30))
    loop = asyncio.create_task(workers._loop("relay", work))
    await asyncio.sleep(0.05)
    workers.wake("relay")
    for _ in range(turns):
        await asyncio.sleep(0)
    loop.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(loop, 5)


async def test_recomputing_ends_though_its_cancellation_was_lost(
    house: House, addresses: Addresses, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = asyncio.Event()

    async def batch(*_: object) -> int:
        begun.set()
        try:
            return await asyncio.sleep(60, 0)
        finally:
            raise asyncpg.InterfaceError("connection is closed")

    monkeypatch.setattr("workers.recompute._recompute_batch", batch)
    working = asyncio.create_task(recompute(house.database, 10))
    await begun.wait()
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(working, 5)


@pytest.mark.parametrize(("days", "tail"), [(90, 2), (0, 0)])
async def test_a_worker_ends_the_promise_of_old_cursors(
    house: House, addresses: Addresses, days: int, tail: int
) -> None:
    owner = await asyncpg.connect(house.url)
    await owner.execute("""update terrace.feed set head = 2 where topic = 'tier_change';
        insert into terrace.feed_mark values ('tier_change', 2, now() - interval '91 days')""")
    await owner.close()
    workers = Workers(house.database, addresses.redis_url, Settings(event_days=days))
    await workers._relay()
    assert await house.value("select tail from terrace.feed where topic = 'tier_change'") == tail

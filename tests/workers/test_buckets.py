"""Processes that share their limits through a real Valkey, and what becomes of them without."""

import asyncio
import itertools
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

import workers.buckets
from api.buckets import LENT, Bucket, Buckets, Full
from cli.embedded import Addresses
from cli.embedded.valkey import Valkey
from telemetry.figures import LIMITS_ALONE
from telemetry.meters import METERS
from tests.proxy import Proxy
from workers.buckets import RedisBuckets

NOWHERE = "redis://127.0.0.1:1"
_names = (f"installation-{number}-{time.time_ns()}" for number in itertools.count())


@asynccontextmanager
async def processes(url: str, number: int, told: int | None = None) -> AsyncIterator[list[Buckets]]:
    """So many processes of one installation; each is told at its start how many there are."""
    name = next(_names)
    running = [Buckets(RedisBuckets(url, name), told or number) for _ in range(number)]
    for one in running:
        await one.__aenter__()
    try:
        yield running
    finally:
        for one in running:
            await one.__aexit__()


async def pour(buckets: Buckets, bucket: Bucket, wanted: float = 1) -> float:
    """0 if it went in, else the seconds until it would."""
    try:
        if (waits := buckets.pour(bucket, wanted)) is not None:
            await waits
    except Full as full:
        return full.seconds
    return 0


async def drain(sides: list[tuple[Buckets, Bucket]]) -> int:
    """Everybody pours at once until nobody can; how much went in."""

    async def alone(buckets: Buckets, bucket: Bucket) -> int:
        went_in = 0
        while await pour(buckets, bucket) == 0:
            went_in += 1
        return went_in

    return sum(await asyncio.gather(*(alone(*side) for side in sides)))


async def until(condition, seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("number", [1, 2, 16])
async def test_many_processes_admit_little_more_than_one_would(
    addresses: Addresses, number: int
) -> None:
    limit = 1_200
    async with processes(addresses.redis_url, number) as running:
        sides = [(one, one.bucket("b", limit)) for one in running]
        began = time.monotonic()
        went_in = await drain(sides)
        leaked = (time.monotonic() - began) * limit / 60
        assert limit <= went_in <= limit + limit / LENT + leaked + number
        # All of it is in the bucket, so what was too much has to leak away first.
        await asyncio.sleep(0.5)
        one, bucket = sides[0]
        assert await pour(one, bucket, limit / 2) >= 20


async def test_what_one_process_has_taken_is_missing_in_another(addresses: Addresses) -> None:
    async with processes(addresses.redis_url, 2) as (one, other):
        assert await pour(one, one.bucket("points", 1_000), 900) == 0
        theirs = other.bucket("points", 1_000)
        assert await pour(other, theirs, 500) == pytest.approx(24, abs=2)  # 400 too much
        assert await pour(other, other.bucket("points of another", 1_000), 500) == 0


async def test_who_is_refused_is_served_when_told_to_come_back(addresses: Addresses) -> None:
    async with processes(addresses.redis_url, 1) as (one,):
        bucket = one.bucket("b", 6_000)
        assert await pour(one, bucket, 6_000) == 0
        seconds = await pour(one, bucket, 30)
        assert 0 < seconds < 0.5
        await asyncio.sleep(seconds + 0.02)
        assert await pour(one, bucket, 30) == 0


async def test_a_flood_that_is_refused_does_not_reach_redis(addresses: Addresses) -> None:
    async with processes(addresses.redis_url, 1) as (one,):
        bucket = one.bucket("b", 60)
        await drain([(one, bucket)])
        for _ in range(10_000):
            with pytest.raises(Full):
                one.pour(bucket, 10)  # what has to leak for it takes 10 s
        assert one._asking == []


async def test_a_process_learns_how_many_there_are(addresses: Addresses) -> None:
    async with processes(addresses.redis_url, 3, told=1) as running:
        await until(lambda: all(one._processes == 3 for one in running))


async def test_without_redis_each_process_holds_its_share_and_says_so_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        async with processes(NOWHERE, 2) as running:
            await until(lambda: all(one.alone for one in running))
            sides = [(one, one.bucket("b", 60)) for one in running]
            assert 60 <= await drain(sides) <= 62
            assert METERS.cells[LIMITS_ALONE.at()] == 1
            await asyncio.sleep(1.2)  # asked again, and silent about it
    said = [r.getMessage() for r in caplog.records if "sharing limits" in r.getMessage()]
    assert len(said) == 2  # of two processes


async def test_redis_may_be_killed_and_come_back(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server = Valkey(tmp_path / "valkey")
    url = await asyncio.to_thread(server.start)
    port = int(url.rsplit(":", 1)[1].split("/")[0])
    try:
        with caplog.at_level(logging.WARNING):
            async with processes(url, 1) as (one,):
                bucket = one.bucket("b", 600)
                assert await pour(one, bucket, 500) == 0
                await asyncio.to_thread(server.stop)
                await until(lambda: one.alone)
                # Neither open nor shut: what was in it before is in it still.
                assert await pour(one, bucket, 200) > 0
                assert await pour(one, bucket, 60) == 0
                server = Valkey(tmp_path / "emptied", choose_port=lambda: port)
                (tmp_path / "emptied").mkdir()
                password = (tmp_path / "valkey" / "password").read_text()
                (tmp_path / "emptied" / "password").write_text(password)
                await asyncio.to_thread(server.start)
                await until(lambda: not one.alone)
                # What it has poured alone it tells to a Redis that has forgotten everything.
                assert await pour(one, bucket, 200) > 0
                assert await pour(one, bucket, 20) == 0
        said = [r.getMessage() for r in caplog.records if "sharing limits" in r.getMessage()]
        assert len(said) == 2
        assert "possible again" in said[1]
        assert METERS.cells[LIMITS_ALONE.at()] == 0
    finally:
        await asyncio.to_thread(server.stop)


async def test_redis_that_has_fallen_silent_holds_nobody_up_for_long(
    addresses: Addresses, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers.buckets, "SILENCE_SECONDS", 0.3)
    async with Proxy(addresses.redis_url) as proxy, processes(proxy.url, 1) as (one,):
        bucket = one.bucket("b", 60)
        assert await pour(one, bucket, 50) == 0
        proxy.fall_silent()
        async with asyncio.timeout(5):
            waiting = await asyncio.gather(*(pour(one, bucket, 6) for _ in range(3)))
        assert one.alone
        assert sum(seconds == 0 for seconds in waiting) == 1
        proxy.come_back()
        await until(lambda: not one.alone)
        assert await pour(one, bucket, 20) > 0


async def test_a_caller_who_hangs_up_while_asking_hinders_nobody(addresses: Addresses) -> None:
    async with processes(addresses.redis_url, 1) as (one,):
        bucket = one.bucket("b", 1_000)
        waits = one.pour(bucket, 500)
        assert waits is not None
        asking = asyncio.ensure_future(waits)
        await asyncio.sleep(0)
        asking.cancel()
        assert await pour(one, bucket, 400) == 0
        assert not one.alone


async def test_redis_is_told_of_nobody(addresses: Addresses) -> None:
    store = RedisBuckets(addresses.redis_url, next(_names))
    async with Buckets(store) as one:
        assert await pour(one, one.bucket("requests customer:C101538", 600), 500) == 0
        assert store._pool is not None
        keys = [key async for key in store._pool.scan_iter(f"{store._prefix}*")]
        assert len(keys) == 2
        assert not any(b"C101538" in key for key in keys)
        for key in keys:
            assert 0 < await store._pool.pttl(key) <= 61_000  # nothing stays


class Heard(RedisBuckets):
    """Notes what was settled, after Redis has taken it."""

    def __init__(self, url: str) -> None:
        super().__init__(url, next(_names))
        self.poured: Counter[str] = Counter()

    async def settle(self, pours):
        settled = await super().settle(pours)
        for pour in pours:
            self.poured[pour.key] += pour.poured
        return settled


async def test_everything_is_settled_in_time_and_at_the_end(addresses: Addresses) -> None:
    store = Heard(addresses.redis_url)
    async with Buckets(store) as one:
        buckets = [one.bucket(f"b{number}", 600) for number in range(1_200)]
        for _ in range(3):
            for bucket in buckets:
                assert one.pour(bucket, 5) is None
        await until(lambda: len(store.poured) == 1_200)
        assert set(store.poured.values()) == {15}
        for bucket in buckets:
            assert one.pour(bucket, 5) is None
    assert set(store.poured.values()) == {20}


async def test_who_asks_has_what_it_poured_settled_first(
    addresses: Addresses,
) -> None:
    store = Heard(addresses.redis_url)
    async with Buckets(store) as one:
        await until(lambda: not one._wanted.is_set())
        asked, other = one.bucket("asked", 600), one.bucket("other", 600)
        assert one.pour(asked, 50) is None
        assert one.pour(other, 50) is None
        waits = one.pour(asked, 200)
        assert waits is not None
        await waits
        assert store.poured[asked.key] == 50
        assert asked.level >= 240

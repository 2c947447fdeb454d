"""Wake-ups hurry the work along; without them it goes on all the same."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from cli.embedded import Addresses
from cli.embedded.valkey import Valkey
from settings import Settings
from tests.house import House
from tests.proxy import Proxy
from workers import wakeups as module
from workers.process import Workers
from workers.wakeups import Wakeups, hear, queue_name

NOWHERE = "redis://127.0.0.1:1"


async def until(condition, seconds: float = 10.0) -> float:
    """Wait for a condition; how long it took."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds
        await asyncio.sleep(0.01)
    return time.monotonic() - began


@asynccontextmanager
async def running(coroutine) -> AsyncIterator[None]:
    task = asyncio.create_task(coroutine)
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_a_wake_up_is_heard_at_once_and_only_by_its_own_installation(
    addresses: Addresses,
) -> None:
    mine: list[str] = []
    theirs: list[str] = []
    async with (
        running(hear(addresses.redis_url, queue_name("mine"), mine.append)),
        running(hear(addresses.redis_url, queue_name("theirs"), theirs.append)),
        Wakeups(addresses.redis_url, queue_name("mine")) as wakeups,
    ):
        await asyncio.sleep(0.5)
        await wakeups.send("recompute")
        assert await until(lambda: "recompute" in mine) < 5
        # One that comes while the last is still at work is not taken for the same.
        for count in range(2, 5):
            await wakeups.send("recompute")
            await until(lambda: mine.count("recompute") >= count)  # noqa: B023
        assert theirs == []


async def test_sending_without_redis_neither_fails_nor_waits() -> None:
    async with Wakeups(NOWHERE, "q") as wakeups:
        began = time.monotonic()
        for _ in range(100):
            await wakeups.send("recompute")
        assert time.monotonic() - began < 5  # not a second for each


async def test_redis_may_go_and_come_back(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    heard: list[str] = []
    server = Valkey(tmp_path / "valkey")
    url = await asyncio.to_thread(server.start)
    port = int(url.rsplit(":", 1)[1].split("/")[0])
    try:
        async with running(hear(url, "q", heard.append)), Wakeups(url, "q") as wakeups:
            await asyncio.sleep(0.3)
            await wakeups.send("close")
            await until(lambda: "close" in heard)
            await asyncio.to_thread(server.stop)
            await wakeups.send("relay")
            await until(lambda: "relay" in heard)  # told to look when the connection broke
            heard.clear()
            server = Valkey(tmp_path / "valkey", choose_port=lambda: port)
            assert await asyncio.to_thread(server.start) == url
            await asyncio.sleep(1.5)
            heard.clear()

            async def again() -> None:
                while "close" not in heard:
                    await wakeups.send("close")
                    await asyncio.sleep(0.2)

            await asyncio.wait_for(again(), 10)
        told = [record for record in caplog.records if record.name == "workers.wakeups"]
        assert any("hearing wake-ups" in record.message for record in told)
        assert not any(record.exc_info for record in told), "a loss of Redis is no fault of ours"
    finally:
        await asyncio.to_thread(server.stop)


async def test_the_work_goes_on_without_redis(house: House) -> None:
    await house.people()
    workers = Workers(house.database, NOWHERE, Settings(poll_seconds=0.1))
    async with running(workers.run()):
        await house.record(("A1", "2025-01-01", "250000.00"))
        deadline = time.monotonic() + 10
        while (await house.aum("C1")) is None:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)
        closed = await house.data(
            'mutation { closeMonth(input: {month: "2025-01"}) { close { state } } }'
        )
        assert closed["closeMonth"]["close"]["state"] in ("CUTOFF", "RUNNING", "CLOSED")
        while (await house.standing("C1"))["status"] != "ACTIVE":
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)
        while not await house.value("select position from terrace.tier_change"):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)


async def test_a_customer_that_cannot_be_recomputed_is_set_aside_and_the_others_go_on(
    house: House,
) -> None:
    await house.people(4)
    async with house.database.unit() as connection:
        await connection.execute("""
            insert into terrace.account (customer_id, manager_id, branch_id, number, product_class,
                currency, opened_on)
            select id, manager_id, branch_id, 'X', 'FUND', 'USD', '2024-01-01'
            from terrace.customer where number = 'C2'""")
        # A figure so large that the sum no longer fits any number: the poison.
        await connection.execute(
            "insert into terrace.rate "
            "values ('USD', '2024-01-01', ('1' || repeat('0', 131070))::numeric)"
        )
    await house.record(("A1", "2025-01-01", "5.00"), ("X", "2025-01-01", "9999999999.00"))
    await house.work()
    assert (await house.aum("C1"))["total"] == "5.00"  # type: ignore[index]
    for tries in range(2, 6):
        async with house.database.unit() as connection:
            await connection.execute("update terrace.dirty set retry_at = null")
        await house.work()
        row = (await house.fetch("select * from terrace.dirty"))[0]
        assert row["tries"] == tries
    assert row["quarantined"]
    assert row["last_error"]


async def test_a_worker_ends_though_redis_has_fallen_silent(
    house: House, addresses: Addresses
) -> None:
    async with Proxy(addresses.redis_url) as proxy:
        heard: list[str] = []
        hearing = asyncio.create_task(hear(proxy.url, "terrace:silent", heard.append))
        async with Wakeups(addresses.redis_url, "terrace:silent") as wakeups:
            await wakeups.send("relay")
            await until(lambda: heard)
        proxy.fall_silent()
        await asyncio.sleep(0.2)
        hearing.cancel()
        done, _ = await asyncio.wait([hearing], timeout=8)
        assert done


async def test_sending_goes_on_when_redis_speaks_again_after_a_silence(
    house: House, addresses: Addresses, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SILENCE_SECONDS", 0.3)
    heard: list[str] = []
    async with (
        Proxy(addresses.redis_url) as proxy,
        running(hear(addresses.redis_url, "terrace:again", heard.append)),
        Wakeups(proxy.url, "terrace:again") as wakeups,
    ):
        await wakeups.send("relay")
        await until(lambda: heard)
        proxy.fall_silent()
        await wakeups.send("relay")
        await asyncio.sleep(1)
        proxy.go()
        proxy.come_back()
        heard.clear()
        await wakeups.send("recompute")
        await until(lambda: "recompute" in heard)


async def test_hearing_outlives_a_redis_that_goes_while_wake_ups_run(
    house: House, addresses: Addresses, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Arq ends the wake-ups it is running, and raises their cancellation as if it were ours."""
    monkeypatch.setattr(module, "_RETRY_SECONDS", 0.05)
    queue, heard = "terrace:outlives", 0

    def wake(topic: str) -> None:
        nonlocal heard
        heard += 1

    async with Proxy(addresses.redis_url) as proxy, AsyncExitStack() as stack:
        senders = [
            await stack.enter_async_context(Wakeups(addresses.redis_url, queue)) for _ in range(8)
        ]
        await stack.enter_async_context(running(hear(proxy.url, queue, wake)))
        for _ in range(12):
            proxy.come_back()
            before = heard
            deadline = time.monotonic() + 10
            while heard < before + 60:
                for sender in senders:
                    await sender.send("relay")
                await asyncio.sleep(0.003)
                assert time.monotonic() < deadline
            proxy.go()
            await asyncio.sleep(0.1)

"""A worker seals what is audited, and tells the head of the chain to whoever keeps the log."""

import asyncio
import logging

import pytest

from cli.embedded import Addresses
from cli.session import OPERATOR
from repository.audit import audit
from repository.sealing import chain_head
from settings import Settings
from tests.house import House
from workers.process import Workers


async def write(house: House) -> None:
    async with house.database.unit() as connection:
        await audit(connection, OPERATOR, "test.write", "S")


async def test_a_worker_seals_without_being_woken(house: House, addresses: Addresses) -> None:
    await write(house)
    workers = Workers(house.database, addresses.redis_url, Settings(poll_seconds=0.05))
    running = asyncio.create_task(workers.run())
    try:
        async with asyncio.timeout(20):
            for lines in (1, 2):
                while (await chain_head(house.database)).position < lines:
                    await asyncio.sleep(0.02)
                await write(house)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_the_head_is_logged_from_time_to_time_if_it_has_moved(
    house: House, addresses: Addresses, caplog: pytest.LogCaptureFixture
) -> None:
    workers = Workers(house.database, addresses.redis_url, Settings())
    caplog.set_level(logging.INFO)

    def told() -> list[str]:
        return [r.getMessage() for r in caplog.records if "audit trail" in r.getMessage()]

    assert await workers._seal() == 0
    assert told() == []  # an empty chain proves nothing
    await write(house)
    assert await workers._seal() == 1
    assert told() == []  # not so soon
    for _ in range(2):
        workers._head_due = 0.0
        await workers._seal()
    assert told() == [f"the head of the audit trail is {await chain_head(house.database)}"]

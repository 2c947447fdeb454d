"""Feeds that end when they are told to, and look again whatever has happened."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest

from domain.actors import Scope
from repository.database import UNREACHABLE, Database
from schema import feeds as module
from schema.feeds import Feeds
from tests.house import KEY, House
from tests.proxy import Proxy


class Frozen:
    """A listening connection whose server does not answer any more."""

    async def add_listener(self, *_: Any) -> None:
        """Taken at once."""

    def is_closed(self) -> bool:
        return False

    async def execute(self, text: str) -> None:
        """Answered at once."""

    async def close(self, timeout: float) -> None:  # noqa: ASYNC109
        raise TimeoutError


async def test_feeds_end_though_closing_their_connection_fails(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def listener() -> Any:
        return Frozen()

    monkeypatch.setattr(house.database, "listener", listener)
    feeds = Feeds(house.database, 0.2)
    await feeds.__aenter__()
    await asyncio.sleep(0.1)
    await asyncio.wait_for(feeds.__aexit__(), 5)


@pytest.mark.parametrize("turns", range(8))
async def test_feeds_end_though_something_arrives_as_they_are_told_to(
    house: House, turns: int
) -> None:
    """Whichever turn of the loop lies between; a wait that is over must not take the telling."""
    feeds = Feeds(house.database, 60)
    await feeds.__aenter__()
    await asyncio.sleep(0.2)
    feeds._look.set()
    for _ in range(turns):
        await asyncio.sleep(0)
    await asyncio.wait_for(feeds.__aexit__(), 5)


async def test_feeds_go_on_after_an_error_nobody_thought_of(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    writing, failed = house.database.writing, 0

    def broken() -> Any:
        nonlocal failed
        failed += 1
        raise RuntimeError("broken")

    async with Feeds(house.database, 0.05) as feeds:
        monkeypatch.setattr(house.database, "writing", broken)
        while failed < 2:
            await asyncio.sleep(0.01)
        monkeypatch.setattr(house.database, "writing", writing)
        await house.fetch("update terrace.feed set head = 7 where topic = 'tier_change'")
        await asyncio.wait_for(feeds.arrivals("tier_change").next((Scope.ALL, 0), 6), 5)


async def test_a_listener_whose_connection_was_ended_listens_again(house: House) -> None:
    listeners = """select pid from pg_stat_activity
        where datname = current_database() and application_name = 'terrace listener'"""

    async def pid() -> int:
        async with asyncio.timeout(10):
            while not (found := await house.value(listeners)):
                await asyncio.sleep(0.05)
            return int(found)

    before = await pid()
    await house.value("select pg_terminate_backend($1, 5000)", before)
    assert await pid() != before


async def test_connections_that_are_answered_no_more_are_given_up(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As behind a pooler that has forgotten them: nobody breaks them off."""
    monkeypatch.setattr(module, "_SILENCE_SECONDS", 0.5)
    async with (
        Proxy(house.url) as proxy,
        Database(proxy.url, KEY, acquire_seconds=1.0) as database,
        Feeds(database, 0.05) as feeds,
    ):
        before = (await feeds.ends("tier_change")).head
        await asyncio.sleep(0.5)
        proxy.lose_connections()
        await house.fetch("update terrace.feed set head = head + 7 where topic = 'tier_change'")
        async with asyncio.timeout(10):
            found = before
            while found != before + 7:
                with suppress(*UNREACHABLE):  # whoever finds such a connection
                    found = (await feeds.ends("tier_change")).head
            await feeds.arrivals("tier_change").next((Scope.ALL, 0), before + 6)

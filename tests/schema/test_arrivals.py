"""Who is woken for which events, and who looks without being woken."""

import asyncio

import pytest

from domain.actors import Scope
from schema import arrivals as module
from schema.arrivals import Arrivals, Eyes

M1: Eyes = (Scope.MANAGER, 1)
M2: Eyes = (Scope.MANAGER, 2)
B7: Eyes = (Scope.BRANCH, 7)
C5: Eyes = (Scope.CUSTOMER, 5)
ALL: Eyes = (Scope.ALL, 0)
NONE: Eyes = (Scope.NONE, 0)
EVERYBODY = {"M1": M1, "M2": M2, "B7": B7, "C5": C5, "ALL": ALL, "NONE": NONE}


def at(head: int) -> Arrivals:
    """A feed that a process has looked at once."""
    found = Arrivals()
    found.advance(head, 0, None)
    return found


async def woken(feed: Arrivals, cursor: int, *news: tuple[int, list | None]) -> dict[str, int]:
    """With which cursors those look who are woken by new heads and their routes."""
    waiting = {
        name: asyncio.create_task(feed.next(eyes, cursor)) for name, eyes in EVERYBODY.items()
    }
    await asyncio.sleep(0)
    for head, routes in news:
        feed.advance(head, 0, routes)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    found = {name: task.result() for name, task in waiting.items() if task.done()}
    for task in waiting.values():
        task.cancel()
    await asyncio.gather(*waiting.values(), return_exceptions=True)
    return found


async def test_only_those_are_woken_whom_an_event_may_concern() -> None:
    found = await woken(at(10), 10, (11, [(11, 5, 1, 7)]))
    assert found == {"M1": 10, "B7": 10, "C5": 10, "ALL": 10}


async def test_who_is_woken_late_starts_where_it_was_woken() -> None:
    found = await woken(at(10), 10, (11, [(11, 6, 3, 8)]), (12, [(12, 5, 1, 7)]))
    assert found == {"ALL": 10, "M1": 11, "B7": 11, "C5": 11}


async def test_everybody_looks_when_there_is_too_much_to_tell() -> None:
    assert await woken(at(10), 10, (90_000, None)) == dict.fromkeys(EVERYBODY, 10)


async def test_what_came_between_a_look_and_the_waiting_is_not_missed() -> None:
    feed = at(10)
    feed.advance(11, 0, [(11, 5, 1, 7)])
    assert await asyncio.wait_for(feed.next(M1, 10), 1) == 10
    assert await woken(feed, 11) == {}
    assert (await woken(feed, 10)).keys() == {"M1", "B7", "C5", "ALL"}


async def test_an_older_cursor_than_is_known_here_looks_by_itself() -> None:
    assert await woken(at(10), 9) == dict.fromkeys(EVERYBODY, 9)


async def test_no_more_eyes_are_remembered_than_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_EYES", 10)
    feed = at(10)
    feed.advance(20, 0, [(10 + n, n, n, n) for n in range(1, 11)])
    assert len(feed._latest) == 0
    assert await asyncio.wait_for(feed.next(M1, 19), 1) == 19  # it is not known any more
    assert await woken(feed, 20) == {}


async def test_nothing_is_kept_of_one_who_has_gone() -> None:
    feed = at(10)
    for _ in range(3):
        await woken(feed, 10, (11, [(11, 5, 1, 7)]))
    assert feed._waiting == {}

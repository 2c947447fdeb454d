"""What has arrived in one feed, as far as a process must know it: whom new events may concern.

Nothing but positions is kept, and they decide only who has to look. A subscriber whose cursor is
older than what is known here looks by itself.
"""

import asyncio
from collections.abc import Iterable

from domain.actors import SEES_ALL, Scope

Eyes = tuple[Scope, int]
"""A kind of scope and the key of its actor: whoever has the same sees the same rows."""
Route = tuple[int, int, int, int]
"""Position, customer, manager and branch of an event."""
MOST_EYES = 100_000
"""Different eyes whose last event is remembered, before all of it is forgotten."""
_ALL: tuple[Eyes, ...] = tuple((scope, 0) for scope in SEES_ALL)


class Arrivals:
    """One feed's ends and the last position that concerned each pair of eyes.

    `head` is the position last given, `tail` the last one that cursors no longer reach behind.
    """

    def __init__(self) -> None:
        """Describe a feed of which nothing is known yet."""
        self.head = 0
        self.tail = 0
        self._floor = 0  # what was positioned after it is known by `_latest`
        self._latest: dict[Eyes, int] = {}
        self._waiting: dict[Eyes, set[asyncio.Future[int]]] = {}

    def advance(self, head: int, tail: int, routes: Iterable[Route] | None) -> None:
        """Take note of a new head and of what lies before it; None: too much to tell.

        Wakes those whom it may concern.
        """
        before, self.head, self.tail = self.head, head, tail
        if head == before:
            return
        if routes is None or head < before:
            self._forget()
            concerned = list(self._waiting)
        else:
            concerned = list(self._note(routes, head))
        for eyes in concerned:
            for waiter in self._waiting.pop(eyes, ()):
                if not waiter.done():
                    waiter.set_result(before)

    async def next(self, eyes: Eyes, cursor: int) -> int:
        """Wait until something after a cursor may concern these eyes.

        Returns a cursor, this or a later one, before which there was nothing for them.
        """
        if cursor < self._floor or self._latest.get(eyes, 0) > cursor:
            return cursor
        waiter: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(eyes, set()).add(waiter)
        try:
            return max(cursor, await waiter)
        finally:
            waiting = self._waiting.get(eyes)
            if waiting is not None:
                waiting.discard(waiter)
                if not waiting:
                    del self._waiting[eyes]

    def _note(self, routes: Iterable[Route], head: int) -> set[Eyes]:
        concerned = set(_ALL)
        self._latest.update(dict.fromkeys(_ALL, head))
        for position, customer, manager, branch in routes:
            for eyes in (
                (Scope.CUSTOMER, customer),
                (Scope.MANAGER, manager),
                (Scope.BRANCH, branch),
            ):
                concerned.add(eyes)
                if self._latest.get(eyes, 0) < position:
                    self._latest[eyes] = position
        if len(self._latest) > MOST_EYES:
            self._forget()
        return concerned

    def _forget(self) -> None:
        self._floor = self.head
        self._latest.clear()

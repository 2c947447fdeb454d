"""Leaky buckets that several processes share without asking one another for every drop.

A bucket holds as much as may be taken in a minute and leaks evenly, so that a full one is empty
after a minute. What all processes have poured in stands in a store; a process pours on its own
what the store has lent it, and settles every second, all buckets at once. Of the room that
is left, a process is lent a part that makes a tenth for all of them together, so that together
they can be a tenth of a minute's limit beyond the truth, and that is paid back. Who wants more
than was lent waits for the store's word; who wants what cannot be in it by what is known is
refused without it.

While the store is away, each process goes on with its share of every bucket: the limit by the
number of processes that were there last.
"""

import asyncio
import contextlib
import hashlib
import logging
import math
import time
from collections.abc import Awaitable, Callable, Sequence
from itertools import islice
from typing import NamedTuple, Protocol

from telemetry.figures import LIMITS_ALONE, put

log = logging.getLogger(__name__)
SETTLE_SECONDS = 1.0
"""Between two settlements, which are signs of life as well. What may be poured too much does not
depend on it: that is bounded by what is lent."""
LENT = 10
"""Of the room in a bucket, all processes together are lent the so-many-th part."""
_AT_ONCE = 500  # buckets told in one call


class Pour(NamedTuple):
    """What the store is told of one bucket: poured already, and what is wanted if it fits."""

    key: str
    limit: int
    poured: float
    wanted: float


Standing = tuple[bool, float]
"""What the store says of one bucket: whether the wanted was poured, and what is in it now."""


class Store(Protocol):
    """Where the buckets of all processes stand."""

    async def settle(self, pours: Sequence[Pour]) -> tuple[int, Sequence[Standing]]:
        """How many processes there are, and each bucket's standing; OSError if it is away."""
        ...

    def told(self, error: Exception | None) -> None:
        """It is away for this reason, or it is there: told in the log, once each."""
        ...

    async def close(self) -> None:
        """Leave it."""
        ...


class Full(Exception):
    """What was wanted is not in the bucket; it will be after so many seconds, if nobody pours."""

    def __init__(self, seconds: float) -> None:
        super().__init__("the bucket is full")
        self.seconds = seconds


class Bucket:
    """One bucket as a process knows it.

    With a store, `level` is what the store last said was in it at the time `at`, `lent` what may be
    poured without asking, `poured` what the store does not know of yet. Alone, `level` is what this
    process has poured of its share.
    """

    __slots__ = ("alone", "at", "key", "lent", "level", "limit", "poured")

    def __init__(self, key: str, limit: int, lent: float, at: float, alone: bool) -> None:
        self.key = key
        self.limit = limit
        self.level = 0.0
        self.at = at
        self.lent = lent
        self.poured = 0.0
        self.alone = alone

    def leaked(self, now: float, share: float = 1.0) -> float:
        """What is in it now of what was in it then; of a share it leaks at the share's pace."""
        left = self.level - self.limit * share / 60 * (now - self.at)
        return left if left > 0 else 0.0


_Asking = tuple[Bucket, float, "asyncio.Future[Standing | None]"]
"""Who waits for the store's word: what is wanted of a bucket, and where the word is put."""


class Buckets:
    """The buckets of one process, and their settlement with the store. Use as `async with`.

    Without a store, or before it is entered, every bucket is the process's own share.
    """

    def __init__(
        self,
        store: Store | None = None,
        processes: int = 1,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._processes = max(processes, 1)
        self._clock = clock
        self._alone = True
        self._told: bool | None = None
        self._poured: dict[Bucket, None] = {}  # those that the store has to be told of
        self._asking: list[_Asking] = []
        self._wanted = asyncio.Event()
        self._settling: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Buckets":
        """Settle from now on."""
        if self._store is not None:
            self._alone = False
            self._wanted.set()  # to hear at once how many processes there are
            self._settling = asyncio.create_task(self._keep_settling(self._store))
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Settle once more and stop."""
        if self._settling is None or self._store is None:
            return
        self._settling.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._settling
        if not self._alone:
            await self._settle(self._store)
        self._alone = True
        put(LIMITS_ALONE.at(), 0)
        await self._store.close()

    @property
    def alone(self) -> bool:
        """Whether this process goes by its own share, having no store."""
        return self._alone

    def bucket(self, key: str, limit: int) -> Bucket:
        """A bucket that this process did not know."""
        lent = limit / (LENT * self._processes)
        # The store is told of nobody.
        digest = hashlib.blake2b(key.encode(), digest_size=16).hexdigest()
        return Bucket(digest, limit, lent, self._clock(), self._alone)

    def pour(self, bucket: Bucket, wanted: float) -> Awaitable[None] | None:
        """Pour; what comes back, if anything, must be awaited first. Raises `Full`.

        More than a bucket holds is poured into an empty one, and is in it for longer.
        """
        if bucket.alone is not self._alone:
            self._carry(bucket)
        if self._alone:
            self._pour_alone(bucket, wanted)
            return None
        if bucket.lent >= wanted:
            bucket.lent -= wanted
            self._note(bucket, wanted)
            return None
        # Others can only have poured more: what does not fit by this does not fit.
        self._refuse(bucket, bucket.leaked(self._clock()) + bucket.poured, wanted)
        return self._ask(bucket, wanted)

    def full(self, bucket: Bucket) -> float:
        """Seconds until one more fits as far as this process knows; 0 if it does now."""
        return max(self._level(bucket) + 1 - self._room(bucket), 0) / self._room(bucket) * 60

    def left(self, bucket: Bucket) -> tuple[int, int]:
        """What still fits, as far as this process knows, and seconds until all of it is back."""
        level, room = self._level(bucket), self._room(bucket)
        return int(room - level) if room > level else 0, math.ceil(level / room * 60)

    def _level(self, bucket: Bucket) -> float:
        if bucket.alone is not self._alone:
            self._carry(bucket)
        share = 1 / self._processes if self._alone else 1.0
        return bucket.leaked(self._clock(), share) + bucket.poured

    def _room(self, bucket: Bucket) -> float:
        return bucket.limit / self._processes if self._alone else bucket.limit

    def _refuse(self, bucket: Bucket, level: float, wanted: float) -> None:
        room = self._room(bucket)
        beyond = level + min(wanted, room) - room
        if beyond > 1e-6:  # what has leaked away may be less by the last digit
            raise Full(beyond / room * 60)

    def _pour_alone(self, bucket: Bucket, wanted: float) -> None:
        now = self._clock()
        level = bucket.leaked(now, 1 / self._processes)
        self._refuse(bucket, level, wanted)
        bucket.level, bucket.at = level + wanted, now

    def _note(self, bucket: Bucket, poured: float) -> None:
        if not bucket.poured:
            self._poured[bucket] = None
        bucket.poured += poured

    async def _ask(self, bucket: Bucket, wanted: float) -> None:
        standing: asyncio.Future[Standing | None] = asyncio.get_running_loop().create_future()
        self._asking.append((bucket, wanted, standing))
        self._wanted.set()
        found = await standing
        if found is None:  # the store is away
            self.pour(bucket, wanted)
        elif not found[0]:
            self._refuse(bucket, found[1], wanted)
            raise Full(60 / bucket.limit)  # it has leaked meanwhile

    async def _keep_settling(self, store: Store) -> None:
        due = self._clock()
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(due - self._clock()):
                    await self._wanted.wait()
            self._wanted.clear()
            if everything := self._clock() >= due:
                due = self._clock() + SETTLE_SECONDS
            await self._settle(store, everything=everything)

    async def _settle(self, store: Store, *, everything: bool = True) -> None:
        """Tell the store what it is asked of, or everything; those who wait for its word go on."""
        while True:
            asking, self._asking = self._asking[:_AT_ONCE], self._asking[_AT_ONCE:]
            poured = list(dict.fromkeys(bucket for bucket, _, _ in asking if bucket.poured))
            if everything:
                poured = list(dict.fromkeys([*poured, *islice(self._poured, _AT_ONCE)]))
            for bucket in poured:
                del self._poured[bucket]
            pours = [Pour(one.key, one.limit, one.poured, 0.0) for one in poured]
            pours += [Pour(one.key, one.limit, 0.0, wanted) for one, wanted, _ in asking]
            told = [one.poured for one in poured]
            for one in poured:
                # What is poured while the store is asked is in the next settlement.
                one.poured = 0.0
            try:
                self._processes, standings = await store.settle(pours)
            except BaseException as error:
                for one, amount in zip(poured, told, strict=True):
                    self._note(one, amount)
                self._away(asking)
                if not isinstance(error, Exception):  # told to end
                    raise
                if not isinstance(error, OSError):
                    log.exception("settling limits")
                store.told(error)
                return
            self._go(alone=False)
            store.told(None)
            for one, (_, level) in zip([*poured, *(a[0] for a in asking)], standings, strict=True):
                self._learn(one, level)
            self._answer(asking, standings[len(poured) :])
            if not self._asking and not (everything and self._poured):
                return

    def _learn(self, bucket: Bucket, level: float) -> None:
        bucket.level, bucket.at = level, self._clock()
        room = max(bucket.limit - level, 0.0)
        bucket.lent = max(room / (LENT * self._processes) - bucket.poured, 0.0)

    def _away(self, asking: list[_Asking]) -> None:
        """Go on with shares of one's own: those who wait, and what was not settled."""
        self._go(alone=True)
        poured, self._poured = self._poured, {}
        for bucket in poured:
            if not bucket.alone:
                self._carry(bucket)
        asking, self._asking = asking + self._asking, []
        self._answer(asking, [None] * len(asking))

    def _answer(self, asking: Sequence[_Asking], standings: Sequence[Standing | None]) -> None:
        for (_, _, waiting), standing in zip(asking, standings, strict=True):
            if not waiting.done():  # its caller has hung up
                waiting.set_result(standing)

    def _go(self, *, alone: bool) -> None:
        self._alone = alone
        if self._store is not None and self._told is not alone:
            self._told = alone
            put(LIMITS_ALONE.at(), int(alone))

    def _carry(self, bucket: Bucket) -> None:
        """Take a bucket over from the time with the store to the time without, or back."""
        now = self._clock()
        if self._alone:
            share = 1 / self._processes
            bucket.level = min(bucket.leaked(now), bucket.limit) * share + bucket.poured
            bucket.poured = 0.0
        else:
            own = bucket.leaked(now, 1 / self._processes)
            bucket.level = bucket.lent = 0.0
            if own:
                self._note(bucket, own)
        bucket.at = now
        bucket.alone = self._alone

"""The door: what a caller may take in a minute and at once, and what is told of the schema.

A caller is a principal, whatever token or way it comes by. Requests and points are taken from
buckets that all processes share (`api.buckets`); what runs at once is counted by each process.
"""

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from api.buckets import Bucket, Buckets, Full
from api.engine import Prepared
from api.errors import Code, Header, Refusal, Unauthenticated
from api.origin import neighbourhood
from domain.actors import Actor
from schema.errors import Misfit, RateLimited, RequestError
from settings import Settings
from telemetry.figures import LIMITED, count

_KNOWN = 10_000
"""Callers, addresses and tokens that are remembered, each at least so many."""
_MOMENT = 1
"""Seconds after which to come back when what runs at once has to end first."""

T = TypeVar("T", bound="_Counted")
Found = TypeVar("Found")


class _Counted(Protocol):
    @property
    def busy(self) -> bool: ...


class _Recent(Generic[T]):
    """The last ones asked for, by name; who is busy is not forgotten."""

    def __init__(self) -> None:
        self._young: dict[str, T] = {}
        self._old: dict[str, T] = {}

    def get(self, name: str) -> T | None:
        found = self._young.get(name)
        if found is None and (found := self._old.pop(name, None)) is not None:
            self.put(name, found)
        return found

    def drop(self, name: str) -> None:
        self._young.pop(name, None)
        self._old.pop(name, None)

    def put(self, name: str, one: T) -> None:
        if len(self._young) >= _KNOWN:
            kept = {name: one for name, one in self._old.items() if one.busy}
            self._old, self._young = {**self._young, **kept}, {}
        self._young[name] = one


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a caller of a role may take: in a minute, and at once."""

    requests: int
    points: int
    operations: int
    sockets: int
    subscriptions: int
    introspects: bool
    hints: bool
    policy: Header


class Caller:
    """What one principal has taken."""

    __slots__ = ("allowance", "operations", "points", "requests", "sockets", "subscriptions")

    def __init__(self, allowance: Allowance, requests: Bucket, points: Bucket) -> None:
        self.allowance = allowance
        self.requests = requests
        self.points = points
        self.operations = 0
        self.sockets = 0
        self.subscriptions = 0

    @property
    def busy(self) -> bool:
        """Whether anything of it runs."""
        return bool(self.operations or self.sockets or self.subscriptions)


@dataclass(frozen=True, slots=True)
class _Place:
    """A network address from which tokens were refused."""

    failures: Bucket
    busy = False


@dataclass(frozen=True, slots=True)
class _Token:
    """A token that was good."""

    busy = False


_GOOD = _Token()


class Door:
    """Counts what callers take, and turns away those who take too much."""

    def __init__(self, settings: Settings, buckets: Buckets | None = None) -> None:
        """`buckets` by default are this process's own share."""
        self._buckets = buckets or Buckets(processes=settings.processes)
        self._allowances = {role: _allowance(settings, role) for role in settings.max_operations}
        self._failures = settings.failures_per_minute
        self._callers: _Recent[Caller] = _Recent()
        self._places: _Recent[_Place] = _Recent()
        self._good: _Recent[_Token] = _Recent()

    def caller(self, actor: Actor) -> Caller:
        """What the actor's principal has taken."""
        principal = actor.principal
        caller = self._callers.get(principal)
        if caller is None:
            allowance = self._allowances[actor.role.value]
            caller = Caller(
                allowance,
                self._buckets.bucket(f"requests {principal}", allowance.requests),
                self._buckets.bucket(f"points {principal}", allowance.points),
            )
            self._callers.put(principal, caller)
        return caller

    # In a minute

    def request(self, caller: Caller) -> Awaitable[None] | None:
        """Take one request; what comes back, if anything, is awaited. Raises RateLimited."""
        return self._take(caller.requests, 1, "requests")

    def spend(self, actor: Actor, points: int) -> Awaitable[None] | None:
        """Take an operation's points; what comes back, if anything, is awaited."""
        return self._take(self.caller(actor).points, points, "points")

    def _take(self, bucket: Bucket, wanted: int, what: str) -> Awaitable[None] | None:
        try:
            waits = self._buckets.pour(bucket, wanted)
        except Full as full:
            raise self._limited(bucket, wanted, what, full) from None
        return None if waits is None else self._taken(waits, bucket, wanted, what)

    async def _taken(self, waits: Awaitable[None], bucket: Bucket, wanted: int, what: str) -> None:
        try:
            await waits
        except Full as full:
            raise self._limited(bucket, wanted, what, full) from None

    def _limited(self, bucket: Bucket, wanted: int, what: str, full: Full) -> RateLimited:
        count(LIMITED.at(what))
        seconds = max(math.ceil(full.seconds), 1)
        cost = {"cost": {"requested": wanted}} if what == "points" else {}
        return RateLimited(
            f"{_WORDS[what].format(bucket.limit)}; try again in {seconds} s",
            what,
            seconds,
            limit=bucket.limit,
            window=60,
            remaining=self._buckets.left(bucket)[0],
            **cost,
        )

    def told(self, caller: Caller) -> tuple[Header, Header]:
        """What is left of requests and points, as the RateLimit fields of the draft have it."""
        requests, soon = self._buckets.left(caller.requests)
        points, later = self._buckets.left(caller.points)
        told = f'"requests";r={requests};t={soon}, "points";r={points};t={later}'
        return caller.allowance.policy, (b"ratelimit", told.encode())

    # At once

    def begin(self, caller: Caller, kind: str) -> None:
        """Count an operation that begins; `end` must follow. Raises RateLimited."""
        allowance = caller.allowance
        if kind == "subscription":
            _room(caller.subscriptions, allowance.subscriptions, "subscriptions")
            caller.subscriptions += 1
        else:
            _room(caller.operations, allowance.operations, "operations")
            caller.operations += 1

    def end(self, caller: Caller, kind: str) -> None:
        """An operation that began has ended."""
        if kind == "subscription":
            caller.subscriptions -= 1
        else:
            caller.operations -= 1

    def open(self, caller: Caller) -> None:
        """Count a socket that opens; `close` must follow. Raises RateLimited."""
        _room(caller.sockets, caller.allowance.sockets, "sockets")
        caller.sockets += 1

    def close(self, caller: Caller) -> None:
        """A socket that opened has closed."""
        caller.sockets -= 1

    # Tokens that are refused

    async def identified(
        self, shown: str | None, address: str, identify: Callable[[], Awaitable[Found]]
    ) -> Found:
        """Who has shown a token, as `identify` finds it: Unauthenticated, or RateLimited, if bad.

        A token that was good before is looked at in any case: whoever shares an address with one
        who guesses is not shut out with him. Who has shown none has guessed none, and an address
        that is not known is nobody's.
        """
        token = None if shown is None else _digest(shown)
        self._knock(token, address)
        try:
            found = await identify()
        except Unauthenticated:
            if token is not None:
                self._good.drop(token)  # which it may have been
            if shown is not None and address and (waits := self._count_failure(address)):
                await waits
            raise
        if token is not None and self._good.get(token) is None:
            self._good.put(token, _GOOD)
        return found

    def _knock(self, token: str | None, address: str) -> None:
        place = self._places.get(neighbourhood(address)) if address else None
        if place is None or token is None or self._good.get(token) is not None:
            return
        if seconds := self._buckets.full(place.failures):
            raise self._limited(place.failures, 1, "failures", Full(seconds))

    def _count_failure(self, address: str) -> Awaitable[None] | None:
        where = neighbourhood(address)
        place = self._places.get(where)
        if place is None:
            place = _Place(self._buckets.bucket(f"failures {where}", self._failures))
            self._places.put(where, place)
        return self._take(place.failures, 1, "failures")

    # What is told of the schema

    def admit(self, caller: Caller, prepared: Prepared) -> None:
        """Refuse an operation that asks for the schema where the caller's role is told nothing."""
        if prepared.introspects and not caller.allowance.introspects:
            raise Refusal(
                Code.INTROSPECTION_CLOSED, "The schema is not told to callers of this role"
            )

    def veiled(self, refused: RequestError, caller: Caller) -> RequestError:
        """A refusal in words that name nothing of the schema, for roles without hints."""
        if isinstance(refused, Misfit) and not caller.allowance.hints:
            return refused.plainly()
        return refused


_WORDS = {
    "requests": "a caller of this role may make {} requests a minute",
    "points": "the operations of a caller of this role may cost {} points a minute",
    "failures": "{} tokens a minute may be refused from one address",
}


def _allowance(settings: Settings, role: str) -> Allowance:
    requests, points = settings.requests_per_minute[role], settings.points_per_minute[role]
    policy = f'"requests";q={requests};w=60, "points";q={points};w=60;qu="points"'
    return Allowance(
        requests,
        points,
        settings.max_operations[role],
        settings.max_sockets[role],
        settings.max_subscriptions[role],
        settings.introspection[role],
        settings.hints[role],
        (b"ratelimit-policy", policy.encode()),
    )


def _room(number: int, limit: int, what: str) -> None:
    if number >= limit:
        count(LIMITED.at(what))
        raise RateLimited(
            f"a caller of this role may have {limit} {what} at once; try again when one has ended",
            what,
            _MOMENT,
            limit=limit,
            remaining=0,
        )


def _digest(token: str) -> str:
    """A token's place in memory, from which nobody can tell the token, however it is shown."""
    return str(hash(token.strip().rpartition(" ")[2]))


def retry_after(error: RequestError) -> tuple[Header, ...]:
    """When to come back, for an answer over HTTP."""
    if isinstance(error, RateLimited):
        return ((b"retry-after", str(error.retry_after).encode()),)
    return ()

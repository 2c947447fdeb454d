"""Who is calling: from the Authorization header or a socket's first message to an Actor."""

import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Protocol

from api.errors import Unauthenticated
from api.tokens import InvalidToken, names_a_row, read
from domain.actors import Actor, Role

REMEMBERED_SECONDS = 5.0
"""How long a verified token is taken at its word before its subject is looked up again."""

REMEMBERED_TOKENS = 4_096

Resolve = Callable[[Role, str], Awaitable[int | None]]
"""The database key of a subject, or None when there is no such subject (any more)."""


@dataclass(frozen=True, slots=True)
class Session:
    """An admitted caller and how long the admission lasts, in seconds since 1970.

    `token` is what to present again to learn whether the admission still holds.
    """

    actor: Actor
    expires_at: float = math.inf
    token: str | None = field(default=None, repr=False)


class Admission(Protocol):
    """What the endpoints ask of an authenticator."""

    async def authenticate(self, authorization: str | None) -> Actor:
        """The actor behind an Authorization header; raises `Unauthenticated`."""
        ...

    async def session(self, token: str | None) -> Session:
        """The session of a token, None for no token; raises `Unauthenticated`."""
        ...


def bearer(authorization: str | None) -> str | None:
    """The token of an Authorization header, None without a header; raises `Unauthenticated`."""
    if authorization is None:
        return None
    scheme, _, token = authorization.strip().partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token or " " in token:
        raise Unauthenticated("The Authorization header must be 'Bearer' and a token")
    return token


async def recheck(admission: Admission, session: Session) -> None:
    """Raise `Unauthenticated` unless the session would be admitted again as the same actor.

    This is what a long-lived socket asks before everything it sends: has the token expired, was
    the subject revoked, does its number mean another row now?
    """
    if (await admission.session(session.token)).actor != session.actor:
        raise Unauthenticated("The token's subject is not what it was")


class Authenticator:
    """Admits the bearers of tokens signed with our key.

    A verified token is remembered for a few seconds, so that the usual request costs neither a
    signature nor a look-up; its expiry is compared every time all the same.
    """

    def __init__(
        self,
        key: str,
        resolve: Resolve,
        *,
        clock: Callable[[], float] = time.time,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._key = key
        self._resolve = resolve
        self._clock = clock
        self._ticks = ticks
        # Oldest first: every entry lives equally long, so the first is also the first to end.
        self._remembered: dict[str, tuple[Session, float]] = {}

    async def authenticate(self, authorization: str | None) -> Actor:
        """The actor behind an Authorization header; raises `Unauthenticated`."""
        return (await self.session(bearer(authorization))).actor

    async def session(self, token: str | None) -> Session:
        """The session of a token; raises `Unauthenticated` with a message for the caller."""
        if token is None:
            raise Unauthenticated("Send a token: 'Authorization: Bearer ...'")
        known = self._remembered.get(token)
        if known is not None and self._ticks() < known[1]:
            if known[0].expires_at <= self._clock():
                raise _refused("expired")
            return known[0]
        session = await self._admit(token, known[0] if known else None)
        self._remember(token, session)
        return session

    async def _admit(self, token: str, before: Session | None) -> Session:
        """What a signed token says does not change; whom its subject names may."""
        if before is None or before.expires_at <= self._clock():
            before = self._verified(token)
        said, scope_id = before.actor, 0
        if names_a_row(said.role):
            found = await self._resolve(said.role, said.subject)
            if found is None:
                self._remembered.pop(token, None)
                raise _refused("unknown subject")
            scope_id = found
        return replace(before, actor=replace(said, scope_id=scope_id))

    def _verified(self, token: str) -> Session:
        try:
            claims = read(self._key, token, now=datetime.fromtimestamp(self._clock(), UTC))
        except InvalidToken as error:
            self._remembered.pop(token, None)
            raise _refused(str(error)) from None
        actor = Actor(claims.role, claims.subject, 0, claims.channel)
        return Session(actor, claims.expires_at, token)

    def _remember(self, token: str, session: Session) -> None:
        self._remembered.pop(token, None)
        while len(self._remembered) >= REMEMBERED_TOKENS:
            del self._remembered[next(iter(self._remembered))]
        self._remembered[token] = (session, self._ticks() + REMEMBERED_SECONDS)


def _refused(reason: str) -> Unauthenticated:
    return Unauthenticated(f"The token was refused: {reason}", b'Bearer error="invalid_token"')

"""Who is calling: from the Authorization header or a socket's first message to an Actor."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from api.errors import Unauthenticated
from api.tokens import is_ours
from domain.actors import Actor
from domain.api_keys import START, digest_of, prefix_of
from domain.claims import Claims, NobodyKnows, NotAdmitted
from schema.errors import UNAVAILABLE, refusal

REMEMBERED_SECONDS = 5.0
"""How long a verified credential is taken at its word before its bearer is looked up again."""

REMEMBERED_TOKENS = 4_096


@dataclass(frozen=True, slots=True)
class Session:
    """An admitted caller and how long the admission lasts, in seconds since 1970.

    `token` is what to present again to learn whether the admission still holds, `verified` what
    the authenticator then need not verify again.
    """

    actor: Actor
    expires_at: float = math.inf
    token: str | None = field(default=None, repr=False)
    verified: "Verified | None" = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Verified:
    """What a genuine credential claims, and the epoch of the keys it was verified by."""

    claims: Claims
    epoch: int


class Admission(Protocol):
    """What the endpoints ask of an authenticator."""

    async def authenticate(self, authorization: str | None) -> Actor:
        """The actor behind an Authorization header; raises `Unauthenticated`."""
        ...

    async def session(self, token: str | None, known: Session | None = None) -> Session:
        """The session of a token, None for no token; raises `Unauthenticated`.

        `known` is an earlier session of the same token.
        """
        ...


class Tokens(Protocol):
    """A kind of token and how it is verified."""

    @property
    def epoch(self) -> int:
        """Changes when what was verified must be verified again: keys came, went or grew old."""
        ...

    async def verified(self, token: str, now: float) -> Claims:
        """What a genuine and timely token claims; raises `NotAdmitted`."""
        ...


class Access(Protocol):
    """What is known in the database of whom to admit."""

    async def admit(self, claims: Claims) -> int:
        """The key of the subject, 0 for roles that name no row.

        Raises `NotAdmitted` for a subject that is unknown, and for what was revoked.
        """
        ...

    async def api_key(self, prefix: str, digest: bytes) -> Claims | None:
        """What the API key of that prefix and digest stands for; None if there is none."""
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

    This is what a long-lived socket asks before everything it sends, and now and then besides:
    has the token expired, was it or its bearer revoked, does its number mean another row now?
    """
    if (await admission.session(session.token, session)).actor != session.actor:
        raise Unauthenticated("The token's subject is not what it was")


@dataclass(frozen=True, slots=True)
class _Remembered:
    """A session, and until when nobody has to be asked again."""

    session: Session
    until: float


class ApiKeys:
    """Verifies API keys."""

    epoch = 0  # whether a key still holds is asked at each admission

    def __init__(self, access: Access) -> None:
        """Describe it."""
        self._access = access

    async def verified(self, token: str, now: float) -> Claims:
        """What the key stands for; raises `NotAdmitted`."""
        prefix = prefix_of(token)
        claims = None if prefix is None else await self._access.api_key(prefix, digest_of(token))
        if claims is None:
            raise NotAdmitted("unknown API key")
        if claims.expires_at <= now:
            raise NotAdmitted("expired")
        return claims


class Authenticator:
    """Admits the bearers of API keys and of tokens.

    `development` verifies the tokens of `terrace token`, or refuses them; `issued` those of an
    issuer, if there is one. A verified credential is remembered for a few seconds, so that the
    usual request costs neither a signature nor a look-up; its expiry is compared every time all
    the same.
    """

    def __init__(
        self,
        access: Access,
        development: Tokens,
        issued: Tokens | None = None,
        *,
        clock: Callable[[], float] = time.time,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        """Describe it."""
        self._access = access
        self._keys = ApiKeys(access)
        self._development = development
        self._issued = issued
        self._clock = clock
        self._ticks = ticks
        # Oldest first: every entry lives equally long, so the first is also the first to end.
        self._remembered: dict[str, _Remembered] = {}

    async def authenticate(self, authorization: str | None) -> Actor:
        """The actor behind an Authorization header; raises `Unauthenticated`."""
        return (await self.session(bearer(authorization))).actor

    async def session(self, token: str | None, known: Session | None = None) -> Session:
        """The session of a token; raises `Unauthenticated` with a message for the caller.

        Raises a `RequestError` that says so while nobody can be looked up.
        """
        if token is None:
            raise Unauthenticated("Send a token: 'Authorization: Bearer ...'")
        remembered = self._remembered.get(token)
        if remembered is not None:
            known = remembered.session
            if self._ticks() < remembered.until:
                if known.expires_at <= self._clock():
                    raise _refused("expired")
                return known
        try:
            found = await self._admit(token, None if known is None else known.verified)
        except NotAdmitted as error:
            self._remembered.pop(token, None)
            raise _refused(str(error)) from None
        except NobodyKnows:
            raise refusal(
                "who you are cannot be looked up at the moment; try again", UNAVAILABLE, 503
            ) from None
        self._remember(token, _Remembered(found, self._ticks() + REMEMBERED_SECONDS))
        return found

    async def _admit(self, token: str, known: Verified | None) -> Session:
        """What a genuine credential says does not change; its keys and its bearer's rights may."""
        verifier = self._verifier(token)
        if (
            known is None
            or known.epoch != verifier.epoch
            or known.claims.expires_at <= self._clock()
        ):
            claims = await verifier.verified(token, self._clock())
            known = Verified(claims, verifier.epoch)
        claims = known.claims
        actor = claims.actor(await self._access.admit(claims))
        return Session(actor, claims.expires_at, token, known)

    def _verifier(self, token: str) -> Tokens:
        """Who verifies a credential, by the kind it says it is."""
        if token.startswith(START):
            return self._keys
        if self._issued is None or is_ours(token):
            return self._development
        return self._issued

    def _remember(self, token: str, found: _Remembered) -> None:
        self._remembered.pop(token, None)
        while len(self._remembered) >= REMEMBERED_TOKENS:
            del self._remembered[next(iter(self._remembered))]
        self._remembered[token] = found


def _refused(reason: str) -> Unauthenticated:
    return Unauthenticated(f"The token was refused: {reason}", b'Bearer error="invalid_token"')

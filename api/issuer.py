"""Tokens of an OpenID Connect issuer: RS256, ES256 and EdDSA, by keys that the issuer publishes.

A token's header may choose among the issuer's keys and no more: the algorithm has to be the one
of the key's own kind, and members that would bring a key or its address along are not looked at
(RFC 8725, 3.1 to 3.10).
"""

from dataclasses import dataclass, field
from typing import Protocol

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from api.claims import LONGEST_TOKEN, ClaimNames, claims_of, timely
from api.tokens import decoded
from domain.claims import Claims, NotAdmitted

ALGORITHMS = ("RS256", "ES256", "EdDSA")
_SHORTEST_RSA = 2_048  # bits
_REQUIRED = ["iat", "exp", "iss", "aud"]
_TYPES = {"jwt", "at+jwt", "application/at+jwt"}

PublicKey = RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey


@dataclass(frozen=True, slots=True)
class VerifyingKey:
    """A public key, its name and the one algorithm it is for."""

    kid: str
    algorithm: str
    key: PublicKey = field(repr=False)


class Keys(Protocol):
    """The keys that an issuer publishes now."""

    @property
    def epoch(self) -> int:
        """Changes whenever other keys than before are believed."""
        ...

    async def named(self, kid: str | None) -> list[VerifyingKey]:
        """The keys of that name; all of them for None. Looks again for a name that is unknown."""
        ...


def verifying_key(member: object) -> VerifyingKey | None:
    """A member of a JWK set (RFC 7517) as a key to verify with; None for any other member."""
    if not isinstance(member, dict) or member.get("use", "sig") != "sig":
        return None
    operations = member.get("key_ops", ["verify"])
    if not isinstance(operations, list) or "verify" not in operations:
        return None
    try:
        key = jwt.PyJWK(member).key
    except (jwt.PyJWTError, ValueError, TypeError):
        return None
    algorithm = _algorithm_of(key)
    if algorithm is None or member.get("alg", algorithm) != algorithm:
        return None
    kid = member.get("kid", "")
    return VerifyingKey(kid, algorithm, key) if isinstance(kid, str) else None


def _algorithm_of(key: object) -> str | None:
    """The algorithm a public key is for; None for a private, shared, weak or unknown one."""
    if isinstance(key, RSAPublicKey):
        return "RS256" if key.key_size >= _SHORTEST_RSA else None
    if isinstance(key, EllipticCurvePublicKey):
        return "ES256" if isinstance(key.curve, SECP256R1) else None
    return "EdDSA" if isinstance(key, Ed25519PublicKey) else None


class IssuedTokens:
    """Verifies the tokens of one issuer for one audience."""

    def __init__(self, issuer: str, audience: str, keys: Keys, names: ClaimNames) -> None:
        """Describe it."""
        self._issuer = issuer
        self._audience = audience
        self._keys = keys
        self._names = names

    @property
    def epoch(self) -> int:
        """That of the issuer's keys."""
        return self._keys.epoch

    async def verified(self, token: str, now: float) -> Claims:
        """What the token claims; raises NotAdmitted."""
        algorithm, kid = _header(token)
        found = [key for key in await self._keys.named(kid) if key.algorithm == algorithm]
        if not found:
            raise NotAdmitted("unknown key")
        if len(found) > 1:
            raise NotAdmitted("the header must name one of the issuer's keys")
        payload = decoded(
            token,
            found[0].key,
            [algorithm],
            audience=self._audience,
            issuer=self._issuer,
            required=_REQUIRED,
        )
        return timely(claims_of(payload, self._names, by_person=True), payload, now)


def _header(token: str) -> tuple[str, str | None]:
    """The algorithm and the key that a token's header names."""
    if len(token) > LONGEST_TOKEN:
        raise NotAdmitted("too long")
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError):
        raise NotAdmitted("malformed") from None
    algorithm, kid, kind = header.get("alg"), header.get("kid"), header.get("typ", "JWT")
    if algorithm not in ALGORITHMS:
        raise NotAdmitted("algorithm not allowed")
    if not isinstance(kind, str) or kind.lower() not in _TYPES:
        raise NotAdmitted("not an access token")
    if kid is not None and not isinstance(kid, str):
        raise NotAdmitted("malformed")
    return algorithm, kid

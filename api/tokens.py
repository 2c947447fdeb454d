"""Development tokens: JSON Web Tokens signed with HS256 (RFC 7519) by the installation's key."""

import logging
import time
from datetime import datetime
from typing import Any

import jwt

from api.claims import LONGEST_TOKEN, ClaimNames, claims_of, timely
from domain.actors import Channel, Grant, Role
from domain.claims import Claims, NotAdmitted

log = logging.getLogger(__name__)

ISSUER = "terrace"
AUDIENCE = "terrace-api"
ALGORITHM = "HS256"
_REQUIRED = ["role", "iat", "exp", "iss", "aud"]
_NAMES = ClaimNames(person="person")
_DEFAULT_GRANTS = frozenset({Grant.FEEDS})
_WARN_EVERY_SECONDS = 60.0


def sign(
    key: str,
    role: Role,
    subject: str,
    *,
    hours: float,
    channel: str = Channel.API,
    branch: str = "",
    person: str = "",
    grants: frozenset[Grant] | None = None,
    token_id: str = "",
    now: datetime,
) -> str:
    """A token that admits the subject in this role until `hours` after `now`.

    Raises ValueError for what `DevelopmentTokens` would not take.
    """
    issued_at = int(now.timestamp())
    payload: dict[str, object] = {
        "role": role.value,
        "sub": subject,
        "channel": channel,
        "iat": issued_at,
        "exp": issued_at + int(hours * 3600),
        "iss": ISSUER,
        "aud": AUDIENCE,
    }
    if branch:
        payload["branch"] = branch
    if person:
        payload["person"] = person
    if grants is not None:
        payload["scope"] = " ".join(sorted(grants))
    if token_id:
        payload["jti"] = token_id
    try:
        claims_of(payload, _NAMES)
    except NotAdmitted as error:
        raise ValueError(str(error)) from None
    return jwt.encode(payload, key, algorithm=ALGORITHM)


def is_ours(token: str) -> bool:
    """Whether a token says that it is a development token; it proves nothing."""
    if len(token) > LONGEST_TOKEN:
        return False
    try:
        return bool(jwt.decode(token, options={"verify_signature": False}).get("iss") == ISSUER)
    except (jwt.PyJWTError, ValueError, RecursionError):
        return False


class DevelopmentTokens:
    """Verifies tokens of `terrace token`, of this very key and of no other algorithm."""

    epoch = 0  # the key is for the life of the process

    def __init__(self, key: str) -> None:
        """Describe it."""
        self._key = key

    async def verified(self, token: str, now: float) -> Claims:
        """What the token claims; raises NotAdmitted."""
        payload = self._payload(token)
        return timely(claims_of(payload, _NAMES, without_grants=_DEFAULT_GRANTS), payload, now)

    def _payload(self, token: str) -> dict[str, Any]:
        """The payload, once the signature, the issuer and the audience are known to be right."""
        return decoded(
            token,
            self._key,
            [ALGORITHM],
            audience=AUDIENCE,
            issuer=ISSUER,
            required=_REQUIRED,
            strict_aud=True,
        )


class NoDevelopmentTokens:
    """Refuses tokens of `terrace token`, and says so in the log: somebody tries it, or errs."""

    epoch = 0

    def __init__(self) -> None:
        """Describe it."""
        self._warned_at: float | None = None

    async def verified(self, token: str, now: float) -> Claims:
        """Raises NotAdmitted."""
        ticks = time.monotonic()
        if self._warned_at is None or ticks - self._warned_at >= _WARN_EVERY_SECONDS:
            self._warned_at = ticks
            log.warning(
                "a development token was presented and refused: this installation is in "
                "production (TERRACE_MODE)"
            )
        raise NotAdmitted("development tokens are not taken in production")


def decoded(
    token: str,
    key: Any,
    algorithms: list[str],
    *,
    audience: str,
    issuer: str,
    required: list[str],
    strict_aud: bool = False,
) -> dict[str, Any]:
    """The payload of a token whose signature, issuer and audience are right; raises NotAdmitted.

    Its times are left to `timely`.
    """
    if len(token) > LONGEST_TOKEN:
        raise NotAdmitted("too long")
    try:
        return jwt.decode(
            token,
            key,
            algorithms=algorithms,
            audience=audience,
            issuer=issuer,
            options={
                "require": required,
                "strict_aud": strict_aud,
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
            },
        )
    except jwt.InvalidSignatureError:
        raise NotAdmitted("bad signature") from None
    except jwt.InvalidAlgorithmError:
        raise NotAdmitted("algorithm not allowed") from None
    except jwt.InvalidAudienceError:
        raise NotAdmitted("wrong audience") from None
    except jwt.InvalidIssuerError:
        raise NotAdmitted("wrong issuer") from None
    except jwt.MissingRequiredClaimError as error:
        raise NotAdmitted(f"missing {error.claim}") from None
    except (jwt.PyJWTError, ValueError):  # a text that is not Unicode is a ValueError
        raise NotAdmitted("malformed") from None

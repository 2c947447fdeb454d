"""Bearer tokens: JSON Web Tokens signed with HS256 (RFC 7519), and nothing else."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import jwt

from domain.actors import SCOPE_OF, Role, Scope

ISSUER = "terrace"
AUDIENCE = "terrace-api"
ALGORITHM = "HS256"
LONGEST_TOKEN = 4_096
LONGEST_LABEL = 128
CLOCK_SKEW_SECONDS = 60
"""How far in the future a token may have been issued, by a clock that runs ahead of ours."""

_SUBJECT_NAMES_A_ROW = {Scope.CUSTOMER, Scope.MANAGER, Scope.BRANCH}
_REQUIRED = ["role", "iat", "exp", "iss", "aud"]


class InvalidToken(Exception):
    """A token that is not to be trusted; the message is one safe line without the token."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a verified token says. Times are seconds since 1970, as in the token."""

    role: Role
    subject: str
    channel: str
    issued_at: float
    expires_at: float


def names_a_row(role: Role) -> bool:
    """Whether a token of this role must name a customer, manager or branch."""
    return SCOPE_OF[role] in _SUBJECT_NAMES_A_ROW


def sign(
    key: str, role: Role, subject: str, *, hours: float, channel: str = "api", now: datetime
) -> str:
    """A token that admits the subject in this role until `hours` after `now`.

    Raises ValueError for a subject or channel that `read` would not take.
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
    try:
        _claims(payload)
    except InvalidToken as error:
        raise ValueError(str(error)) from None
    return jwt.encode(payload, key, algorithm=ALGORITHM)


def read(key: str, token: str, *, now: datetime | None = None) -> Claims:
    """The claims of a token that is ours and valid now; raises `InvalidToken`.

    A token is over in the very second its `exp` names.
    """
    claims = _claims(_verified(key, token))
    at = (now or datetime.now(UTC)).timestamp()
    if claims.expires_at <= at:
        raise InvalidToken("expired")
    if claims.issued_at > at + CLOCK_SKEW_SECONDS:
        raise InvalidToken("issued in the future")
    return claims


def _verified(key: str, token: str) -> dict[str, Any]:
    """The payload, once the signature, the issuer and the audience are known to be right."""
    if len(token) > LONGEST_TOKEN:
        raise InvalidToken("too long")
    try:
        return jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            audience=AUDIENCE,
            issuer=ISSUER,
            options={
                "require": _REQUIRED,
                "strict_aud": True,
                "verify_exp": False,  # `read` compares the times itself
                "verify_iat": False,
            },
        )
    except jwt.InvalidSignatureError:
        raise InvalidToken("bad signature") from None
    except jwt.InvalidAlgorithmError:
        raise InvalidToken("algorithm not allowed") from None
    except jwt.InvalidAudienceError:
        raise InvalidToken("wrong audience") from None
    except jwt.InvalidIssuerError:
        raise InvalidToken("wrong issuer") from None
    except jwt.MissingRequiredClaimError as error:
        raise InvalidToken(f"missing {error.claim}") from None
    except (jwt.PyJWTError, ValueError):  # a text that is not Unicode is a ValueError
        raise InvalidToken("malformed") from None


def _claims(payload: dict[str, Any]) -> Claims:
    try:
        role = Role(payload["role"])
    except ValueError:
        raise InvalidToken("unknown role") from None
    subject = _label(payload.get("sub"), "subject")
    if not subject and names_a_row(role):
        raise InvalidToken(f"missing subject, which a {role.value}'s token must name")
    return Claims(
        role=role,
        subject=subject or role.value,
        channel=_label(payload.get("channel"), "channel") or "api",
        issued_at=_seconds(payload["iat"], "iat"),
        expires_at=_seconds(payload["exp"], "exp"),
    )


def _label(value: object, name: str) -> str:
    """A short text without control characters, which would not survive a database or a log."""
    if value is None:
        return ""
    if not isinstance(value, str) or not value.isprintable() or len(value) > LONGEST_LABEL:
        raise InvalidToken(f"{name} is not a short line of text")
    return value.strip()


def _seconds(value: object, name: str) -> float:
    # The upper bound is the year 9999; it also keeps NaN and infinities out.
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 253e9:
        raise InvalidToken(f"{name} is not a time")
    return value

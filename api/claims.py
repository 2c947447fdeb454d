"""The payload of a JSON Web Token, read as claims: which member says what, and what is no good."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from domain.actors import STAFF, Channel, Grant, Role
from domain.claims import NEVER, Claims, NotAdmitted, names_a_row

LONGEST_TOKEN = 4_096
LONGEST_LABEL = 128
LONGEST_PERSON = 255
"""As long as OpenID Connect lets a `sub` be."""
CLOCK_SKEW_SECONDS = 60
"""How far in the future a token may have been issued, by a clock that runs ahead of ours."""

_FEEDS = frozenset({Grant.FEEDS})


@dataclass(frozen=True, slots=True)
class ClaimNames:
    """Where a payload says what; a dotted name leads into objects: `realm_access.roles`."""

    role: str = "role"
    subject: str = "sub"
    channel: str = "channel"
    branch: str = "branch"
    grants: str = "scope"
    person: str = "sub"


def claims_of(
    payload: Mapping[str, Any],
    names: ClaimNames = ClaimNames(),
    *,
    without_grants: frozenset[Grant] = frozenset(),
    by_person: bool = False,
) -> Claims:
    """The claims of a payload whose signature was found to be right; raises NotAdmitted.

    `without_grants` is what an integrator is granted by a token that speaks of no grants. With
    `by_person` a token of staff must say whose it is, if another claim than the subject says so.
    """
    role = _role(_at(payload, names.role))
    subject = _label(_at(payload, names.subject), "subject")
    if not subject and names_a_row(role):
        raise NotAdmitted(f"missing subject, which a {role.value}'s token must name")
    person = _label(_at(payload, names.person), "person", LONGEST_PERSON)
    if by_person and names.person != names.subject and not person and role in STAFF:
        raise NotAdmitted("missing person, whom a token of staff must name")
    given = _at(payload, names.grants)
    return Claims(
        role=role,
        subject=subject or role.value,
        channel=_channel(_at(payload, names.channel)),
        branch=_label(_at(payload, names.branch), "branch") if role is Role.RISK else "",
        person=person,
        grants=without_grants if given is None else _grants(given),
        token_id=_label(payload.get("jti"), "jti"),
        issued_at=_seconds(payload["iat"], "iat"),
        expires_at=_seconds(payload["exp"], "exp"),
    )


def timely(claims: Claims, payload: Mapping[str, Any], now: float) -> Claims:
    """The claims, if their time has come and is not over; raises NotAdmitted.

    A token is over in the very second its `exp` names.
    """
    if claims.expires_at <= now:
        raise NotAdmitted("expired")
    if claims.issued_at > now + CLOCK_SKEW_SECONDS:
        raise NotAdmitted("issued in the future")
    if "nbf" in payload and _seconds(payload["nbf"], "nbf") > now + CLOCK_SKEW_SECONDS:
        raise NotAdmitted("not valid yet")
    return claims


def _at(payload: Mapping[str, Any], name: str) -> Any:
    """The member of that name; else, of a dotted one, the member of the objects it leads into."""
    if name in payload:
        return payload[name]
    value: Any = payload
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _role(value: object) -> Role:
    """The one role of ours that is named, alone or among others that are none of ours."""
    if value is None:
        raise NotAdmitted("missing role")
    named = value if isinstance(value, list) else [value]
    ours = [role for role in Role if role.value in named]
    if not ours:
        raise NotAdmitted("unknown role")
    if len(ours) > 1:
        raise NotAdmitted("more than one role")
    return ours[0]


def _channel(value: object) -> Channel:
    """A channel by its name, however its words are joined."""
    label = _label(value, "channel")
    if not label:
        return Channel.API
    try:
        channel = Channel(label.lower().replace(" ", "_").replace("-", "_"))
    except ValueError:
        raise NotAdmitted("unknown channel") from None
    if channel is Channel.CLI:
        raise NotAdmitted("the channel cli is an operator's, who has no token")
    return channel


def _grants(value: object) -> frozenset[Grant]:
    """The grants of ours that are named; an authorisation server also grants what is not ours."""
    words = value.split(" ") if isinstance(value, str) else value
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise NotAdmitted("scope is not a list of words")
    return frozenset(grant for grant in Grant if grant.value in words)


def _label(value: object, name: str, longest: int = LONGEST_LABEL) -> str:
    """A short text without control characters, which would not survive a database or a log."""
    if value is None:
        return ""
    if not isinstance(value, str) or not value.isprintable() or len(value) > longest:
        raise NotAdmitted(f"{name} is not a short line of text")
    return value.strip()


def _seconds(value: object, name: str) -> int:
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not (math.isfinite(value) and 0 <= value < NEVER)
    ):
        raise NotAdmitted(f"{name} is not a time")
    return int(value)

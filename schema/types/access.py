"""Who is let in besides the bearers of tokens, and who is shut out: for administrators."""

import datetime

import strawberry

from domain.actors import Grant, Role
from repository.reading.expressions import expression, instant, integer, text
from repository.reading.tables import Table, Visibility
from schema.connections import Connection, paged
from schema.declarations import extends, node_type
from schema.fields import Argument, formula, sorted_by, stored, to_one
from schema.filters import Filter, Members, On, TextFilter, chosen_by, optional
from schema.query import Query
from schema.types.node import Node

API_KEY = Table("terrace.api_key", Visibility.CONFIGURATION, ("id",))
REVOCATION = Table("terrace.revocation", Visibility.CONFIGURATION, ("id",))

_VALID = "({t}.revoked_at is null and {t}.expires_at > statement_timestamp())"
_IN_FORCE = "({t}.lifted_at is null)"


def _is(condition: str) -> On:
    return On(expression(condition, cast="boolean"))


@strawberry.input(description="Which API keys; all conditions must hold.")
class ApiKeyFilter:
    """Filter of API keys."""

    integrator: TextFilter | None = optional("By integrator.")
    prefix: TextFilter | None = optional("By prefix.")
    valid: Filter[bool] | None = optional("By whether they open anything now.")


@strawberry.input(description="Which revocations; all conditions must hold.")
class RevocationFilter:
    """Filter of revocations."""

    role: Filter[Role] | None = optional("By the role of whom they shut out.")
    subject: TextFilter | None = optional("By the subject that they shut out.")
    token_id: TextFilter | None = optional("By the token that they shut out.")
    in_force: Filter[bool] | None = optional("By whether they hold now.")


API_KEY_MEMBERS: Members = {
    "integrator": On(text("integrator")),
    "prefix": On(text("prefix")),
    "valid": _is(_VALID),
}
REVOCATION_MEMBERS: Members = {
    "role": On(text("role")),
    "subject": On(text("bearer")),
    "tokenId": On(text("token_id")),
    "inForce": _is(_IN_FORCE),
}


@node_type(API_KEY)
@strawberry.type(description="A key of an integrator. What opens is the key's text, shown once.")
class ApiKey(Node):
    """terrace.api_key."""

    prefix: str = stored(text("prefix"), "What names it; the first part of its text.")
    integrator: str = stored(text("integrator"), "Whose it is; the subject of its calls.")
    grants: list[Grant] = formula(
        "array(select upper(replace(g, ':', '_')) from unnest({t}.grants) g order by g)",
        "What it was granted.",
    )
    created_by: str = stored(text("created_by"), "Who made it.")
    created_at: datetime.datetime = stored(instant("created_at"), "When it was made.")
    expires_at: datetime.datetime = stored(instant("expires_at"), "When it ends by itself.")
    last_used_at: datetime.datetime | None = stored(
        instant("last_used_at"), "When it was last used, to the minute; null if it never was."
    )
    revoked_at: datetime.datetime | None = stored(
        instant("revoked_at"), "When it was revoked; null if it was not."
    )
    revoked_by: str | None = stored(text("revoked_by"), "Who revoked it.")
    revoked_reason: str | None = stored(text("revoked_reason"), "Why it was revoked.")
    valid: bool = formula(
        _VALID, "Whether it has neither ended nor been revoked; its bearer may be shut out."
    )
    replaces: "ApiKey | None" = to_one(
        API_KEY, {"id": "{t}.replaces"}, "The key that this one was rotated from."
    )


@node_type(REVOCATION)
@strawberry.type(description="Somebody, or one token, that is not let in.")
class Revocation(Node):
    """terrace.revocation."""

    role: Role | None = formula("upper({t}.role)", "The role of whom it shuts out.")
    subject: str | None = stored(text("bearer"), "The subject that it shuts out.")
    token_id: str | None = stored(text("token_id"), "The token that it shuts out, by its `jti`.")
    issued_before: datetime.datetime | None = stored(
        instant("issued_before"),
        "Only what was issued before is refused; null: all of it, that to come included.",
    )
    reason: str = stored(text("reason"), "Why.")
    revoked_by: str = stored(text("revoked_by"), "Who revoked.")
    revoked_at: datetime.datetime = stored(instant("revoked_at"), "When.")
    lifted_by: str | None = stored(text("lifted_by"), "Who lifted it.")
    lifted_at: datetime.datetime | None = stored(
        instant("lifted_at"), "When it was lifted; null while it is in force."
    )


@extends(Query)
class AccessQuery:
    """All keys and revocations."""

    api_keys: Connection[ApiKey] = paged(
        API_KEY,
        {},
        "Keys of integrators, oldest first; none for others than administrators and auditors.",
        choose=chosen_by(API_KEY_MEMBERS),
        order=sorted_by(integer("id")),
        arguments={"where": Argument(ApiKeyFilter | None, "Which keys.")},
    )
    revocations: Connection[Revocation] = paged(
        REVOCATION,
        {},
        "Who was shut out, oldest first; none for others than administrators and auditors.",
        choose=chosen_by(REVOCATION_MEMBERS),
        order=sorted_by(integer("id")),
        arguments={"where": Argument(RevocationFilter | None, "Which revocations.")},
    )

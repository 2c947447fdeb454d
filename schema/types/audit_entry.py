"""The audit trail, for auditors: who did what, when, from where, before and after."""

import datetime

import strawberry
from strawberry.scalars import JSON

from domain.actors import Role
from repository.reading.expressions import Expression, date, expression, instant, json, text
from repository.reading.tables import Table, Visibility
from schema.connections import Connection, paged
from schema.declarations import extends, node_type
from schema.fields import Argument, sorted_by, stored, to_one
from schema.filters import (
    DateFilter,
    Filter,
    InstantFilter,
    Members,
    On,
    TextFilter,
    chosen_by,
    optional,
)
from schema.query import Query
from schema.types.node import Node

AUDIT = Table("terrace.audit", Visibility.AUDIT, ("id",))
AUDIT_SEAL = Table("terrace.audit_seal", Visibility.AUDIT, ("position",))
_ROLE = Expression("upper({t}.role)", raw="{t}.role")


@strawberry.type(description="The place of a line in the chain of the audit trail.")
class AuditSeal:
    """terrace.audit_seal."""

    position: str = stored(
        expression("{t}.position::text"),
        "Its place, counted from 1; a text, since it may outgrow an Int.",
    )
    hash: str = stored(
        expression("encode({t}.hash, 'hex')"),
        "SHA-256 over the hash before it and the whole line; `POSITION:HASH` is an anchor of all "
        "lines up to this one.",
    )
    sealed_at: datetime.datetime = stored(instant("sealed_at"), "When it was sealed.")


@node_type(AUDIT)
@strawberry.type(description="A line of the audit trail; it can neither be changed nor removed.")
class AuditEntry(Node):
    """terrace.audit."""

    recorded_at: datetime.datetime = stored(
        instant("recorded_at"), "When, by the database's clock."
    )
    business_date: datetime.date | None = stored(
        date("business_date"), "The institution's day; null before the first balance."
    )
    principal: str = stored(text("principal"), "Who: role and subject, such as `manager:M1`.")
    role: Role = stored(_ROLE, "What the one who did it is to the institution.")
    channel: str = stored(
        text("channel"), "Where the call came from: a token's channel, `cli` or `worker`."
    )
    origin: str | None = stored(
        text("origin"), "The network address it came from; null where there is none."
    )
    action: str = stored(text("action"), "What was done, such as `customer.assign`.")
    subject: str = stored(text("subject"), "To whom or what: a number, a code, a day, a file.")
    before: JSON | None = stored(json("before"), "What was so before, by name.")
    after: JSON | None = stored(json("after"), "What is so since then, by the same names.")
    reason: str | None = stored(text("reason"), "Why, in the words of whoever did it.")
    detail: JSON = stored(json("detail"), "Whatever else there is to tell, by name.")
    seal: AuditSeal | None = to_one(
        AUDIT_SEAL,
        {"audit_id": "{t}.id"},
        "Its place in the chain; null for the moment before it is sealed.",
    )


@strawberry.input(description="Which lines of the audit trail; all conditions must hold.")
class AuditEntryFilter:
    """Filter of the audit trail."""

    principal: TextFilter | None = optional("By who did it: role and subject, as `manager:M1`.")
    role: Filter[Role] | None = optional("By the role of who did it.")
    channel: TextFilter | None = optional("By where the call came from.")
    origin: TextFilter | None = optional("By network address; `eq: null` has none.")
    action: TextFilter | None = optional("By what was done.")
    subject: TextFilter | None = optional("By whom or what it was done to.")
    business_date: DateFilter | None = optional("By the institution's day.")
    recorded_at: InstantFilter | None = optional("By when it was done.")
    and_: "list[AuditEntryFilter] | None" = optional("All of these.", "and")
    or_: "list[AuditEntryFilter] | None" = optional("At least one of these.", "or")
    not_: "AuditEntryFilter | None" = optional("Not this.", "not")


MEMBERS: Members = {
    "principal": On(text("principal")),
    "role": On(_ROLE),
    "channel": On(text("channel")),
    "origin": On(text("origin")),
    "action": On(text("action")),
    "subject": On(text("subject")),
    "businessDate": On(date("business_date")),
    "recordedAt": On(instant("recorded_at")),
}
NEWEST_FIRST = sorted_by(
    instant("recorded_at"), expression("{t}.id", cast="bigint"), descending=True
)


@extends(Query)
class AuditQuery:
    """The whole trail."""

    audit_entries: Connection[AuditEntry] = paged(
        AUDIT,
        {},
        "The audit trail, newest line first; it is empty for everybody but auditors.",
        order=NEWEST_FIRST,
        choose=chosen_by(MEMBERS),
        arguments={"where": Argument(AuditEntryFilter | None, "Which lines.")},
    )

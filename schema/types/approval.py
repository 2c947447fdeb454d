"""Decisions that need two people: who asked for what, what it would do, what became of it."""

import datetime
import decimal

import strawberry
from strawberry.scalars import JSON

from domain.approvals import ApprovalKind, ApprovalState
from repository.reading.expressions import expression, instant, integer, json, text
from repository.reading.tables import APPROVAL, BRANCH, CUSTOMER
from schema.connections import Connection, paged
from schema.declarations import extends, node_type
from schema.fields import Argument, elements, formula, same_row, sorted_by, stored, to_one
from schema.filters import (
    Filter,
    IdFilter,
    InstantFilter,
    Members,
    On,
    TextFilter,
    chosen_by,
    optional,
    reference,
)
from schema.query import Query
from schema.types.customer import OWN, Customer
from schema.types.node import Node
from schema.types.organisation import Branch

_STATE = (
    "case when {t}.state = 'PENDING' and {t}.expires_at <= statement_timestamp() "
    "then 'EXPIRED' else {t}.state end"
)


def _moving(movement: str, description: str) -> int:
    found: int = formula(
        f"coalesce(({{t}}.effect -> 'movements' ->> '{movement}')::integer, 0)", description
    )
    return found


@strawberry.type(description="Customers of one manager whom a decision concerns.")
class ApprovalManager:
    """A member of the managers of an effect."""

    number: str = stored(text("number"), "The manager's number.")
    customers: int = stored(integer("customers"), "How many customers it concerns.")


@strawberry.type(description="What a decision would do, as it was computed last.")
class ApprovalEffect:
    """The effect in terrace.approval."""

    hash: str = stored(
        text("effect_hash"), "What names this very effect; whoever allows it gives it back."
    )
    computed_at: datetime.datetime = stored(instant("computed_at"), "As of when.")
    customers: int = formula("({t}.effect ->> 'customers')::integer", "Customers it concerns.")
    entering: int = _moving("ENTERS", "Those who would hold a tier, and hold none.")
    rising: int = _moving("RISES", "Those who would hold a higher tier.")
    falling: int = _moving("FALLS", "Those who would hold a lower tier.")
    leaving: int = _moving("LEAVES", "Those who would hold no tier, and hold one.")
    otherwise: int = _moving(
        "OTHERWISE", "Those who would have the same tier or none, but another status or counter."
    )
    aum: decimal.Decimal = formula("({t}.effect ->> 'aum')", "AUM of those it concerns, together.")
    managers: list[ApprovalManager] = elements(
        "effect -> 'managers'",
        "number text, customers integer",
        "The managers of those it concerns, by number.",
    )
    detail: JSON = formula(
        "({t}.effect -> 'detail')", "What else there is to tell of this kind of decision, by name."
    )


@node_type(APPROVAL)
@strawberry.type(description="A decision that needs two people.")
class Approval(Node):
    """terrace.approval."""

    kind: ApprovalKind = stored(text("kind"), "What is asked for.")
    state: ApprovalState = formula(_STATE, "How far it has come.")
    subject: str = stored(text("subject"), "Whom or what it is about: a number or a month.")
    payload: JSON = stored(json("payload"), "All that was asked for, by name.")
    payload_hash: str = stored(
        text("payload_hash"),
        "SHA-256 that binds payload, reason and maker; whoever allows it gives it back.",
    )
    reason: str = stored(text("reason"), "Why it was asked for.")
    customer: Customer | None = to_one(
        CUSTOMER, {"id": "{t}.customer_id"}, "The customer it is about, if it is about one."
    )
    branch: Branch | None = to_one(
        BRANCH, {"id": "{t}.branch_id"}, "The branch it is about; null for the union."
    )
    requested_by: str = stored(text("requested_by"), "Who asked: role, subject and person.")
    requested_at: datetime.datetime = stored(instant("requested_at"), "When it was asked for.")
    expires_at: datetime.datetime = stored(
        instant("expires_at"), "Until when somebody may decide it."
    )
    effect: ApprovalEffect | None = same_row(
        "What it would do; null until a worker has computed it.", unless_null=text("effect_hash")
    )
    problem: str | None = stored(text("problem"), "Why its effect could not be computed.")
    decided_by: str | None = stored(text("decided_by"), "Who decided or took it back.")
    decided_at: datetime.datetime | None = stored(instant("decided_at"), "When that was.")
    decision_reason: str | None = stored(text("decision_reason"), "Why it was decided so.")
    result: JSON | None = stored(json("result"), "What came of it, by name; null unless APPROVED.")


@strawberry.input(description="Which requests for decisions; all conditions must hold.")
class ApprovalFilter:
    """Filter of requests."""

    kind: Filter[ApprovalKind] | None = optional("By what is asked for.")
    state: Filter[ApprovalState] | None = optional("By how far it has come.")
    subject: TextFilter | None = optional("By whom or what it is about.")
    customer: IdFilter | None = optional("By customer.")
    branch: IdFilter | None = optional("By branch.")
    requested_by: TextFilter | None = optional("By who asked.")
    requested_at: InstantFilter | None = optional("By when it was asked for.")
    decided_by: TextFilter | None = optional("By who decided; `eq: null` is undecided.")
    and_: "list[ApprovalFilter] | None" = optional("All of these.", "and")
    or_: "list[ApprovalFilter] | None" = optional("At least one of these.", "or")
    not_: "ApprovalFilter | None" = optional("Not this.", "not")


APPROVAL_MEMBERS: Members = {
    "kind": On(text("kind")),
    "state": On(expression(_STATE)),
    "subject": On(text("subject")),
    "customer": reference(integer("customer_id"), "Customer"),
    "branch": reference(integer("branch_id"), "Branch"),
    "requestedBy": On(text("requested_by")),
    "requestedAt": On(instant("requested_at")),
    "decidedBy": On(text("decided_by")),
}
APPROVAL_ARGUMENTS = {"where": Argument(ApprovalFilter | None, "Which requests.")}
APPROVAL_ORDER = sorted_by(integer("id"), descending=True)
choose_approvals = chosen_by(APPROVAL_MEMBERS)


@extends(Customer)
class CustomerApprovals:
    """From a customer to the requests."""

    approvals: Connection[Approval] = paged(
        APPROVAL,
        OWN,
        "Requests for decisions about the customer, latest first; customers do not see their own.",
        order=APPROVAL_ORDER,
        choose=choose_approvals,
        arguments=APPROVAL_ARGUMENTS,
    )


@extends(Query)
class ApprovalQuery:
    """All requests."""

    approvals: Connection[Approval] = paged(
        APPROVAL,
        {},
        "Requests for decisions that need two people, latest first: those about the own portfolio, "
        "the own branch, or all.",
        order=APPROVAL_ORDER,
        choose=choose_approvals,
        arguments=APPROVAL_ARGUMENTS,
    )

"""Warning signals."""

import datetime

import strawberry

from domain.risk import RiskSignalState, Severity
from repository.reading.expressions import instant, integer, personal_text, text
from repository.reading.tables import CUSTOMER, MANAGER, RISK_SIGNAL
from schema.connections import Connection, paged
from schema.declarations import extends, node_type
from schema.fields import Argument, sorted_by, stored, to_one
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
from schema.types.organisation import Manager


@strawberry.input(description="Which warning signals; all conditions must hold.")
class RiskSignalFilter:
    """Filter of warning signals."""

    severity: Filter[Severity] | None = optional("By severity.")
    state: Filter[RiskSignalState] | None = optional("By state.")
    code: TextFilter | None = optional("By catalogue code.")
    facts: TextFilter | None = optional("By what was observed.")
    reported_at: InstantFilter | None = optional("By when it was reported.")
    customer: IdFilter | None = optional("By customer.")
    branch: IdFilter | None = optional("By the customer's branch.")
    and_: "list[RiskSignalFilter] | None" = optional("All of these.", "and")
    or_: "list[RiskSignalFilter] | None" = optional("At least one of these.", "or")
    not_: "RiskSignalFilter | None" = optional("Not this.", "not")


RISK_SIGNAL_MEMBERS: Members = {
    "severity": On(text("severity")),
    "state": On(text("state")),
    "code": On(text("code")),
    "facts": On(personal_text("facts")),
    "reportedAt": On(instant("reported_at")),
    "customer": reference(integer("customer_id"), "Customer"),
    "branch": reference(integer("branch_id"), "Branch"),
}
RISK_SIGNAL_ARGUMENTS = {"where": Argument(RiskSignalFilter | None, "Which signals.")}
RISK_SIGNAL_ORDER = sorted_by(integer("id"))
choose_risk_signals = chosen_by(RISK_SIGNAL_MEMBERS)


@node_type(RISK_SIGNAL)
@strawberry.type(description="A warning signal about a customer.")
class RiskSignal(Node):
    """terrace.risk_signal."""

    customer: Customer = to_one(CUSTOMER, {"id": "{t}.customer_id"}, "Whom it is about.")
    code: str = stored(text("code"), "Code in the catalogue of signals.")
    severity: Severity = stored(text("severity"), "How grave it is.")
    state: RiskSignalState = stored(text("state"), "How far risk control has come with it.")
    facts: str = stored(
        personal_text("facts"),
        "What was observed; its first letter to integrators without read:personal.",
    )
    reported_by: Manager | None = to_one(
        MANAGER,
        {"id": "{t}.reporter_id"},
        "The manager who reported it, if the caller may see the manager; null for others.",
    )
    reported_at: datetime.datetime = stored(instant("reported_at"), "When it was reported.")


@extends(Customer)
class CustomerRiskSignals:
    """From a customer to the signals."""

    risk_signals: Connection[RiskSignal] = paged(
        RISK_SIGNAL,
        OWN,
        "Warning signals about the customer, oldest first; customers do not see their own.",
        order=RISK_SIGNAL_ORDER,
        choose=choose_risk_signals,
        arguments=RISK_SIGNAL_ARGUMENTS,
    )


@extends(Query)
class RiskSignalQuery:
    """All signals."""

    risk_signals: Connection[RiskSignal] = paged(
        RISK_SIGNAL,
        {},
        "Warning signals the caller may see, oldest first.",
        choose=choose_risk_signals,
        order=RISK_SIGNAL_ORDER,
        arguments=RISK_SIGNAL_ARGUMENTS,
    )

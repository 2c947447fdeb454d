"""Customers and all that is known of them."""

import datetime

import strawberry

from domain.customers import CustomerKind, CustomerStatus
from repository.reading.expressions import global_id, personal, personal_date, text
from repository.reading.tables import (
    ACCOUNT,
    AUM,
    BRANCH,
    MANAGER,
    RISK_SIGNAL,
    TIER_CHANGE,
)
from schema.connections import Connection, paged
from schema.fields import stored, to_many, to_one
from schema.types.account import ACCOUNT_ARGUMENTS, ACCOUNT_ORDER, Account, choose_accounts
from schema.types.aum import AUM_ARGUMENTS, HISTORY_ARGUMENTS, OLDEST_FIRST, Aum, in_month, recent
from schema.types.node import Node
from schema.types.organisation import Branch, Manager
from schema.types.outlook import TierOutlook, outlook_of
from schema.types.risk_signal import (
    RISK_SIGNAL_ARGUMENTS,
    RISK_SIGNAL_ORDER,
    RiskSignal,
    choose_risk_signals,
)
from schema.types.standing import Standing, standing_of
from schema.types.tier_change import BY_POSITION, PUBLISHED, TierChange

_OWN = {"customer_id": "{t}.id"}
_TO_OTHERS = "in full to the customer alone"


@strawberry.input(one_of=True, description="What names one customer: exactly one of these.")
class CustomerKey:
    """Key of a customer."""

    id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="The global identifier."
    )
    number: str | None = strawberry.field(
        default=strawberry.UNSET, description="The customer number."
    )


@strawberry.type(
    description="A customer, person or organisation, in relation with the institution."
)
class Customer(Node):
    """terrace.customer."""

    id: strawberry.ID = stored(global_id("Customer", "id"), "Opaque, global and stable identifier.")
    number: str = stored(text("number"), "Customer number.")
    name: str = stored(text("name"), "Name.")
    kind: CustomerKind = stored(text("kind"), "Person or organisation.")
    status: CustomerStatus = stored(text("status"), "Where the relation stands.")
    phone: str | None = stored(
        personal("phone", "phone"), f"Telephone number, masked as 138****1234; {_TO_OTHERS}."
    )
    email: str | None = stored(
        personal("email", "email"), f"Mail address, masked as a***@example.org; {_TO_OTHERS}."
    )
    id_document: str | None = stored(
        personal("id_document", "document"), f"Identity document, masked; {_TO_OTHERS}."
    )
    birth_date: datetime.date | None = stored(
        personal_date("birth_date"), f"Birth date, {_TO_OTHERS}, null to others."
    )
    address: str | None = stored(
        personal("address", "address"), f"Postal address, masked; {_TO_OTHERS}."
    )
    branch: Branch = to_one(BRANCH, {"id": "{t}.branch_id"}, "The branch that keeps the relation.")
    manager: Manager | None = to_one(
        MANAGER, {"id": "{t}.assigned_manager_id"}, "The relationship manager, if there is one."
    )
    accounts: list[Account] = to_many(
        ACCOUNT,
        _OWN,
        "The customer's holdings, by account number.",
        order=ACCOUNT_ORDER,
        choose=choose_accounts,
        arguments=ACCOUNT_ARGUMENTS,
    )
    aum: Aum | None = to_one(
        AUM,
        _OWN,
        "Assets under management of a month; null for a month without any figure.",
        choose=in_month,
        arguments=AUM_ARGUMENTS,
    )
    aum_history: list[Aum] = to_many(
        AUM,
        _OWN,
        "Assets under management of the last months, newest last.",
        order=OLDEST_FIRST,
        choose=recent,
        arguments=HISTORY_ARGUMENTS,
    )
    standing: Standing = standing_of("{t}.id", "Where the customer stands in the tier system.")
    outlook: TierOutlook = outlook_of("{t}.id", "What the open month will bring.")
    tier_changes: Connection[TierChange] = paged(
        TIER_CHANGE,
        _OWN,
        "Published changes of tier or status, oldest first.",
        order=BY_POSITION,
        choose=lambda _: [PUBLISHED],
    )
    risk_signals: Connection[RiskSignal] = paged(
        RISK_SIGNAL,
        _OWN,
        "Warning signals about the customer, oldest first; customers do not see their own.",
        order=RISK_SIGNAL_ORDER,
        choose=choose_risk_signals,
        arguments=RISK_SIGNAL_ARGUMENTS,
    )

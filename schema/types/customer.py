"""Customers and all that is known of them."""

import datetime

import strawberry

from domain.customers import CustomerKind, CustomerStatus
from repository.reading.expressions import personal, personal_date, personal_text, text
from repository.reading.tables import (
    AUM,
    BRANCH,
    CUSTOMER,
    MANAGER,
)
from schema.connections import Connection, paged
from schema.declarations import extends, node_type
from schema.fields import Argument, stored, to_many, to_one
from schema.keys import by_key
from schema.query import Query
from schema.types.aum import AUM_ARGUMENTS, HISTORY_ARGUMENTS, OLDEST_FIRST, Aum, in_month, recent
from schema.types.customer_list import CUSTOMER_ARGUMENTS, choose_customers, order_customers
from schema.types.node import Node
from schema.types.organisation import Branch, Manager
from schema.types.outlook import TierOutlook, outlook_of
from schema.types.standing import Standing, standing_of

OWN = {"customer_id": "{t}.id"}
"""How a customer's rows are joined to the customer."""

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


@node_type(CUSTOMER)
@strawberry.type(
    description="A customer, person or organisation, in relation with the institution."
)
class Customer(Node):
    """terrace.customer."""

    number: str = stored(text("number"), "Customer number.")
    name: str = stored(
        personal_text("name"), "Name; its first letter to integrators without read:personal."
    )
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
    aum: Aum | None = to_one(
        AUM,
        OWN,
        "Assets under management of a month; null for a month without any figure.",
        choose=in_month,
        arguments=AUM_ARGUMENTS,
    )
    aum_history: list[Aum] = to_many(
        AUM,
        OWN,
        "Assets under management of the last months, newest last.",
        order=OLDEST_FIRST,
        choose=recent,
        arguments=HISTORY_ARGUMENTS,
    )
    standing: Standing = standing_of("{t}.id", "Where the customer stands in the tier system.")
    outlook: TierOutlook = outlook_of("{t}.id", "What the open month will bring.")


@extends(Manager)
class ManagerCustomers:
    """From a manager to the portfolio."""

    customers: Connection[Customer] = paged(
        CUSTOMER,
        {"manager_id": "{t}.id"},
        "The manager's portfolio.",
        choose=choose_customers,
        order=order_customers,
        arguments=CUSTOMER_ARGUMENTS,
    )


@extends(Query)
class CustomerQuery:
    """One customer, or all."""

    customer: Customer | None = to_one(
        CUSTOMER,
        {},
        "One customer; null if there is none or the caller may not see the customer.",
        choose=by_key("Customer"),
        arguments={"by": Argument(CustomerKey, "Which one.", strawberry.UNSET)},
    )
    customers: Connection[Customer] = paged(
        CUSTOMER,
        {},
        "Customers whom the caller may see.",
        choose=choose_customers,
        order=order_customers,
        arguments=CUSTOMER_ARGUMENTS,
    )

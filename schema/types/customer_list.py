"""Which customers a list shows and in which order."""

from enum import StrEnum

import strawberry

from domain.customers import CustomerKind, CustomerStatus
from domain.standing import Status
from repository.reading.expressions import expression, integer, personal_text, text
from repository.reading.nodes import Order
from repository.reading.parameters import Constant
from repository.reading.tables import STANDING
from schema.arguments import Arguments
from schema.fields import Argument
from schema.filters import (
    Filter,
    IdFilter,
    Members,
    On,
    Own,
    TextFilter,
    Through,
    chosen_by,
    optional,
    reference,
)
from schema.types.customer_search import (
    PhoneFilter,
    matches_search,
    name_has,
    number_starts,
    phone_ends,
)
from schema.types.enums import publish

_NOW = {
    "customer_id": "{t}.id",
    "month": "(select c.open_month from terrace.calendar c)",
}


@strawberry.input(description="Which customers to list; all conditions must hold.")
class CustomerFilter:
    """Filter of customers."""

    search: str | None = optional(
        "By part of the name in Chinese, in pinyin or by its initials, of the customer number, or "
        "of the last four digits of the telephone number. Case, tones, spaces and punctuation do "
        "not matter; one or two Latin letters or digits are looked for where a word begins. "
        "1 to 100 letters."
    )
    number: TextFilter | None = optional("By customer number.")
    name: TextFilter | None = optional("By name.")
    phone: PhoneFilter | None = optional("By the end of the telephone number.")
    kind: Filter[CustomerKind] | None = optional("By kind.")
    status: Filter[CustomerStatus] | None = optional("By status of the relation.")
    branch: IdFilter | None = optional("By branch.")
    manager: IdFilter | None = optional("By relationship manager; `eq: null` has none.")
    vip_status: Filter[Status] | None = optional("By the standing now in force.")
    tier: TextFilter | None = optional("By the code of the tier now held; `eq: null` holds none.")
    and_: "list[CustomerFilter] | None" = optional("All of these.", "and")
    or_: "list[CustomerFilter] | None" = optional("At least one of these.", "or")
    not_: "CustomerFilter | None" = optional("Not this.", "not")


CUSTOMER_MEMBERS: Members = {
    "search": matches_search,
    "number": On(text("number"), also={"startsWith": number_starts}),
    "name": On(personal_text("name"), also={"contains": name_has, "startsWith": name_has}),
    "phone": Own({"endsWith": phone_ends}),
    "kind": On(text("kind")),
    "status": On(text("status")),
    "branch": reference(integer("branch_id"), "Branch"),
    "manager": reference(integer("assigned_manager_id"), "Manager"),
    "vipStatus": Through(STANDING, _NOW, On(text("status")), expression("'NON_MEMBER'::text")),
    "tier": Through(STANDING, _NOW, On(text("tier")), expression("null::text")),
}


class CustomerOrderField(StrEnum):
    """Sort keys of customers."""

    NUMBER = "NUMBER"
    NAME = "NAME"


class Direction(StrEnum):
    """Sort directions."""

    ASC = "ASC"
    DESC = "DESC"


publish(
    CustomerOrderField,
    "CustomerOrderField",
    "What customers are sorted by.",
    {"NUMBER": "Customer number.", "NAME": "Name, by code point."},
)
publish(
    Direction,
    "Direction",
    "Which way a list is sorted.",
    {"ASC": "Least first.", "DESC": "Greatest first."},
)


@strawberry.input(description="How to sort customers; ties are sorted by number.")
class CustomerOrder:
    """Order of customers."""

    field: CustomerOrderField = strawberry.field(
        default=CustomerOrderField.NUMBER, description="What to sort by."
    )
    direction: Direction = strawberry.field(default=Direction.ASC, description="Which way.")


CUSTOMER_ARGUMENTS = {
    "where": Argument(CustomerFilter | None, "Which customers."),
    "order_by": Argument(CustomerOrder | None, "How to sort; by number if not given."),
}
choose_customers = chosen_by(CUSTOMER_MEMBERS)
_SORT = {
    CustomerOrderField.NUMBER: (text("number"),),
    CustomerOrderField.NAME: (personal_text("name"),),
}


def order_customers(arguments: Arguments) -> Order:
    """The order asked for, made total by the customer's number."""
    given = arguments.members("orderBy")
    field, direction = given.get("field"), given.get("direction")
    keys = _SORT[field.value if isinstance(field, Constant) else CustomerOrderField.NUMBER]
    descending = isinstance(direction, Constant) and direction.value is Direction.DESC
    total = keys if keys == (text("number"),) else (*keys, text("number"))
    return Order(tuple((key, descending) for key in total))

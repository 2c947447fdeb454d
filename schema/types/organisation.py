"""Branches and relationship managers."""

from typing import TYPE_CHECKING, Annotated

import strawberry

from repository.reading.expressions import boolean, global_id, integer, text
from repository.reading.tables import BRANCH, CUSTOMER, MANAGER
from schema.connections import Connection, paged
from schema.fields import Argument, sorted_by, stored, to_one
from schema.filters import Filter, IdFilter, Members, On, TextFilter, chosen_by, optional, reference
from schema.types.customer_list import (
    CUSTOMER_ARGUMENTS,
    choose_customers,
    order_customers,
)
from schema.types.node import Node
from schema.types.statistics import VipStatistics, vip_statistics

if TYPE_CHECKING:
    from schema.types.customer import Customer

CustomerLink = Annotated["Customer", strawberry.lazy("schema.types.customer")]


@strawberry.input(description="Which managers to list; all conditions must hold.")
class ManagerFilter:
    """Filter of managers."""

    number: TextFilter | None = optional("By staff number.")
    name: TextFilter | None = optional("By name.")
    branch: IdFilter | None = optional("By branch.")
    active: Filter[bool] | None = optional("By whether they are active.")
    and_: "list[ManagerFilter] | None" = optional("All of these.", "and")
    or_: "list[ManagerFilter] | None" = optional("At least one of these.", "or")
    not_: "ManagerFilter | None" = optional("Not this.", "not")


MANAGER_MEMBERS: Members = {
    "number": On(text("number")),
    "name": On(text("name")),
    "branch": reference(integer("branch_id"), "Branch"),
    "active": On(boolean("active")),
}
MANAGER_ARGUMENTS = {"where": Argument(ManagerFilter | None, "Which managers.")}
MANAGER_ORDER = sorted_by(text("number"))


@strawberry.type(description="A branch of the institution, or the provincial union above them all.")
class Branch(Node):
    """terrace.branch."""

    id: strawberry.ID = stored(global_id("Branch", "id"), "Opaque, global and stable identifier.")
    code: str = stored(text("code"), "The institution's own code of the branch.")
    name: str = stored(text("name"), "Name of the branch.")
    parent: "Branch | None" = to_one(
        BRANCH, {"id": "{t}.parent_id"}, "The union above; null for the union itself."
    )
    managers: "Connection[Manager]" = paged(
        MANAGER,
        {"branch_id": "{t}.id"},
        "The branch's relationship managers whom the caller may see, by number.",
        order=MANAGER_ORDER,
    )
    vip_statistics: VipStatistics = vip_statistics(
        "VIP customers of the branch whom the caller may see.", {"branch_id": "{t}.id"}
    )


@strawberry.type(description="A relationship manager, who owns a portfolio of customers.")
class Manager(Node):
    """terrace.manager."""

    id: strawberry.ID = stored(global_id("Manager", "id"), "Opaque, global and stable identifier.")
    number: str = stored(text("number"), "Staff number.")
    name: str = stored(text("name"), "Name.")
    branch: Branch = to_one(BRANCH, {"id": "{t}.branch_id"}, "The branch the manager works for.")
    active: bool = stored(boolean("active"), "Whether the manager may be given customers.")
    customers: Connection[CustomerLink] = paged(
        CUSTOMER,
        {"manager_id": "{t}.id"},
        "The manager's portfolio.",
        choose=choose_customers,
        order=order_customers,
        arguments=CUSTOMER_ARGUMENTS,
    )
    vip_statistics: VipStatistics = vip_statistics(
        "VIP customers of the portfolio.", {"manager_id": "{t}.id"}
    )


choose_managers = chosen_by(MANAGER_MEMBERS)

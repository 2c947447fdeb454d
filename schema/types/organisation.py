"""Branches and relationship managers."""

import strawberry

from domain.field_classes import FieldClass
from repository.reading.expressions import boolean, integer, text
from repository.reading.tables import BRANCH, MANAGER
from schema.classes import fields_are
from schema.connections import Connection, paged
from schema.declarations import extends, node_type
from schema.fields import Argument, sorted_by, stored, to_many, to_one
from schema.filters import Filter, IdFilter, Members, On, TextFilter, chosen_by, optional, reference
from schema.keys import by_key
from schema.query import Query
from schema.types.node import Node
from schema.types.statistics import VipStatistics, vip_statistics


@strawberry.input(one_of=True, description="What names one manager: exactly one of these.")
class ManagerKey:
    """Key of a manager."""

    id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="The global identifier."
    )
    number: str | None = strawberry.field(default=strawberry.UNSET, description="The staff number.")


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
choose_managers = chosen_by(MANAGER_MEMBERS)


@node_type(BRANCH)
@fields_are(FieldClass.PUBLIC)
@strawberry.type(description="A branch of the institution, or the provincial union above them all.")
class Branch(Node):
    """terrace.branch."""

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


@node_type(MANAGER)
@strawberry.type(description="A relationship manager, who owns a portfolio of customers.")
class Manager(Node):
    """terrace.manager."""

    number: str = stored(text("number"), "Staff number.")
    name: str = stored(text("name"), "Name.")
    branch: Branch = to_one(BRANCH, {"id": "{t}.branch_id"}, "The branch the manager works for.")
    active: bool = stored(boolean("active"), "Whether the manager may be given customers.")
    vip_statistics: VipStatistics = vip_statistics(
        "VIP customers of the portfolio.", {"manager_id": "{t}.id"}
    )


@extends(Query)
class OrganisationQuery:
    """One manager, or all; the branches."""

    manager: Manager | None = to_one(
        MANAGER,
        {},
        "One relationship manager; null if there is none or the caller may not see the manager.",
        choose=by_key("Manager"),
        arguments={"by": Argument(ManagerKey, "Which one.", strawberry.UNSET)},
    )
    managers: Connection[Manager] = paged(
        MANAGER,
        {},
        "Relationship managers whom the caller may see, by number.",
        choose=choose_managers,
        order=MANAGER_ORDER,
        arguments=MANAGER_ARGUMENTS,
    )
    branches: list[Branch] = to_many(
        BRANCH, {}, "All branches and the union, by code.", order=sorted_by(text("code"))
    )

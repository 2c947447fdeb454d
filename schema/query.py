"""The root of all reads."""

import strawberry

from repository.reading.conditions import Compare, Condition, Operator
from repository.reading.expressions import integer, text
from repository.reading.parameters import Derived, InvalidArgument
from repository.reading.tables import (
    BRANCH,
    CALENDAR,
    CUSTOMER,
    MANAGER,
    RISK_SIGNAL,
    TIER,
    TIER_CHANGE,
    TIER_POLICY,
)
from schema.arguments import Arguments
from schema.connections import Connection, paged
from schema.fields import Argument, ById, Choose, planned, same_row, sorted_by, to_many, to_one
from schema.filters import reference
from schema.types.customer import Customer, CustomerKey
from schema.types.customer_list import CUSTOMER_ARGUMENTS, choose_customers, order_customers
from schema.types.node import Node
from schema.types.organisation import (
    MANAGER_ARGUMENTS,
    MANAGER_ORDER,
    Branch,
    Manager,
    choose_managers,
)
from schema.types.risk_signal import (
    RISK_SIGNAL_ARGUMENTS,
    RISK_SIGNAL_ORDER,
    RiskSignal,
    choose_risk_signals,
)
from schema.types.statistics import VipStatistics, vip_statistics
from schema.types.tier import BY_RANK, TIERS_ARGUMENTS, Tier, TierPolicy, tiers_as_of
from schema.types.tier_change import (
    BY_POSITION,
    TIER_CHANGE_ARGUMENTS,
    TierChange,
    choose_tier_changes,
)
from schema.types.viewer import BusinessCalendar, Viewer


@strawberry.input(one_of=True, description="What names one manager: exactly one of these.")
class ManagerKey:
    """Key of a manager."""

    id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="The global identifier."
    )
    number: str | None = strawberry.field(default=strawberry.UNSET, description="The staff number.")


def _by_key(kind: str) -> Choose:
    """The row that the argument `by` names, by identifier or by number."""
    by_id = reference(integer("id"), kind)

    def choose(arguments: Arguments) -> list[Condition]:
        key = arguments.members("by")
        if len(key) != 1:
            raise InvalidArgument("give exactly one of id and number")
        if "number" in key:
            return [Compare(text("number"), Operator.EQ, key["number"])]  # type: ignore[arg-type]
        source = Derived(key["id"], by_id.convert)  # type: ignore[arg-type]
        return [Compare(by_id.expression, Operator.EQ, source)]

    return choose


def _of_branch(arguments: Arguments) -> tuple[Condition, ...]:
    source = arguments.source("branch")
    if source is None:
        return ()
    by_id = reference(integer("branch_id"), "Branch")
    return (Compare(by_id.expression, Operator.EQ, Derived(source, by_id.convert)),)  # type: ignore[arg-type]


@strawberry.type(description="All that can be read.")
class Query:
    """Root fields; each answers only what the caller may see."""

    node: Node | None = planned(
        ById(single=True),
        "An object by its identifier; null if there is none or the caller may not see it.",
        {"id": Argument(strawberry.ID, "The identifier.", strawberry.UNSET)},
    )
    nodes: list[Node | None] = planned(
        ById(single=False),
        "Objects by their identifiers, at most 100, in the order asked for.",
        {"ids": Argument(list[strawberry.ID], "The identifiers.", strawberry.UNSET)},
    )
    viewer: Viewer = same_row("The caller.")
    calendar: BusinessCalendar = to_one(CALENDAR, {}, "The institution's business date and months.")
    customer: Customer | None = to_one(
        CUSTOMER,
        {},
        "One customer; null if there is none or the caller may not see the customer.",
        choose=_by_key("Customer"),
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
    manager: Manager | None = to_one(
        MANAGER,
        {},
        "One relationship manager; null if there is none or the caller may not see the manager.",
        choose=_by_key("Manager"),
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
    tiers: list[Tier] = to_many(
        TIER,
        {},
        "The tiers of the policy in force, lowest first.",
        order=BY_RANK,
        choose=tiers_as_of,
        arguments=TIERS_ARGUMENTS,
    )
    tier_policies: list[TierPolicy] = to_many(
        TIER_POLICY, {}, "All policy versions, oldest first.", order=sorted_by(integer("version"))
    )
    tier_changes: Connection[TierChange] = paged(
        TIER_CHANGE,
        {},
        "Published tier changes whom the caller may see, oldest first.",
        choose=choose_tier_changes,
        order=BY_POSITION,
        arguments=TIER_CHANGE_ARGUMENTS,
    )
    risk_signals: Connection[RiskSignal] = paged(
        RISK_SIGNAL,
        {},
        "Warning signals the caller may see, oldest first.",
        choose=choose_risk_signals,
        order=RISK_SIGNAL_ORDER,
        arguments=RISK_SIGNAL_ARGUMENTS,
    )
    vip_statistics: VipStatistics = vip_statistics(
        "VIP customers whom the caller may see.",
        {},
        where=_of_branch,
        arguments={"branch": Argument(strawberry.ID | None, "Only this branch's customers.")},
    )

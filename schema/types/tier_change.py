"""Changes of tier or status: what managers are notified of."""

import datetime
from collections.abc import Sequence

import strawberry

from domain.changes import ChangeKind
from domain.months import Month
from domain.standing import Status
from repository.reading.conditions import Condition, Fixed
from repository.reading.expressions import expression, instant, integer, month, text
from repository.reading.tables import CUSTOMER, MANAGER, TIER, TIER_CHANGE
from schema.arguments import Arguments
from schema.connections import Connection, paged
from schema.declarations import extends, node_type
from schema.fields import Argument, same_row, sorted_by, stored, to_one
from schema.filters import (
    Filter,
    IdFilter,
    InstantFilter,
    Members,
    MonthFilter,
    On,
    TextFilter,
    Through,
    chosen_by,
    in_month,
    optional,
    reference,
)
from schema.query import Query
from schema.types.customer import OWN, Customer
from schema.types.node import Node
from schema.types.organisation import Manager
from schema.types.standing import TierDecision
from schema.types.tier import Tier


@strawberry.input(description="Which tier changes; all conditions must hold.")
class TierChangeFilter:
    """Filter of tier changes."""

    kind: Filter[ChangeKind] | None = optional("By kind.")
    customer: IdFilter | None = optional("By customer.")
    manager: IdFilter | None = optional(
        "By the manager who was responsible; `eq: null` had none that the caller may see."
    )
    branch: IdFilter | None = optional("By the customer's branch.")
    effective_from: MonthFilter | None = optional("By the first month it is in force.")
    from_status: Filter[Status] | None = optional("By the status before it.")
    to_status: Filter[Status] | None = optional("By the status after it.")
    from_tier: TextFilter | None = optional(
        "By the code of the tier before it; `eq: null` had none."
    )
    to_tier: TextFilter | None = optional("By the code of the tier after it; `eq: null` has none.")
    recorded_at: InstantFilter | None = optional("By when it was recorded.")
    and_: "list[TierChangeFilter] | None" = optional("All of these.", "and")
    or_: "list[TierChangeFilter] | None" = optional("At least one of these.", "or")
    not_: "TierChangeFilter | None" = optional("Not this.", "not")


TIER_CHANGE_MEMBERS: Members = {
    "kind": On(text("kind")),
    "customer": reference(integer("customer_id"), "Customer"),
    "manager": Through(
        MANAGER,
        {"id": "{t}.responsible_id"},
        reference(integer("id"), "Manager"),
        expression("null::integer", cast="integer"),
    ),
    "branch": reference(integer("branch_id"), "Branch"),
    "effectiveFrom": in_month(month("effective_from")),
    "fromStatus": On(text("from_status")),
    "toStatus": On(text("to_status")),
    "fromTier": On(text("from_tier")),
    "toTier": On(text("to_tier")),
    "recordedAt": On(instant("recorded_at")),
}
TIER_CHANGE_ARGUMENTS = {"where": Argument(TierChangeFilter | None, "Which changes.")}
BY_POSITION = sorted_by(expression("{t}.position", cast="bigint"))
PUBLISHED = Fixed("{t}.position is not null")
_chosen = chosen_by(TIER_CHANGE_MEMBERS)


def choose_tier_changes(arguments: Arguments) -> Sequence[Condition]:
    """Published changes that meet the filter."""
    return [PUBLISHED, *_chosen(arguments)]


@node_type(TIER_CHANGE, PUBLISHED)
@strawberry.type(description="A change of a customer's tier or status.")
class TierChange(Node):
    """terrace.tier_change."""

    customer: Customer = to_one(CUSTOMER, {"id": "{t}.customer_id"}, "Whose standing changed.")
    manager: Manager | None = to_one(
        MANAGER,
        {"id": "{t}.responsible_id"},
        "The customer's manager at the time, if the caller may see the manager.",
    )
    kind: ChangeKind = stored(text("kind"), "What happened.")
    effective_from: Month = stored(month("effective_from"), "The first month it is in force.")
    from_status: Status = stored(text("from_status"), "The status before.")
    to_status: Status = stored(text("to_status"), "The status after.")
    from_tier: Tier | None = to_one(
        TIER,
        {"policy_version": "{t}.from_policy_version", "code": "{t}.from_tier"},
        "The tier before.",
    )
    to_tier: Tier | None = to_one(
        TIER, {"policy_version": "{t}.policy_version", "code": "{t}.to_tier"}, "The tier after."
    )
    decision: TierDecision | None = same_row("Why.")
    recorded_at: datetime.datetime = stored(instant("recorded_at"), "When it was recorded.")


@extends(Customer)
class CustomerTierChanges:
    """From a customer to the changes."""

    tier_changes: Connection[TierChange] = paged(
        TIER_CHANGE,
        OWN,
        "Published changes of tier or status, oldest first.",
        order=BY_POSITION,
        choose=lambda _: [PUBLISHED],
    )


@extends(Query)
class TierChangeQuery:
    """All changes."""

    tier_changes: Connection[TierChange] = paged(
        TIER_CHANGE,
        {},
        "Published tier changes whom the caller may see, oldest first.",
        choose=choose_tier_changes,
        order=BY_POSITION,
        arguments=TIER_CHANGE_ARGUMENTS,
    )

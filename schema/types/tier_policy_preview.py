"""Previews: what a proposed tier policy would have done to closed months."""

import datetime
import decimal

import strawberry

from domain.months import Month
from domain.policy import DemoteTo, Divisor, Floor
from domain.preview import Movement, PreviewStatus
from domain.products import ProductClass
from domain.standing import Status
from repository.reading.conditions import Compare, Condition, Operator
from repository.reading.expressions import boolean, instant, integer, month, text
from repository.reading.expressions import decimal as decimal_of
from repository.reading.parameters import Derived
from repository.reading.tables import CUSTOMER, MANAGER, Table, Visibility
from schema.arguments import Arguments
from schema.connections import Connection, paged
from schema.declarations import extends, node_type
from schema.fields import (
    Argument,
    elements,
    formula,
    same_row,
    sorted_by,
    stored,
    to_one,
)
from schema.filters import (
    Filter,
    IdFilter,
    Members,
    On,
    TextFilter,
    chosen_by,
    optional,
    reference,
)
from schema.query import Query
from schema.types.customer import Customer
from schema.types.node import Node
from schema.types.organisation import Manager

POLICY_PREVIEW = Table("terrace.policy_preview", Visibility.UNION, ("id",))
PREVIEW_CUSTOMER = Table(
    "terrace.policy_preview_customer", Visibility.UNION, ("customer_id", "preview_id")
)

_STALE = (
    "({t}.last_closed is distinct from (select c.last_closed from terrace.calendar c) "
    "or {t}.corrections_made <> (select m.last_value from terrace.corrections_made m))"
)


@strawberry.type(description="A tier of a proposed policy.")
class ProposedTier:
    """A member of the proposed policy's tiers."""

    code: str = stored(text("code"), "Its code.")
    name: str = stored(text("name"), "Its name.")
    threshold: decimal.Decimal = stored(text("threshold"), "AUM of a month that reaches it.")


@strawberry.type(description="The policy that a preview is about, with every parameter.")
class ProposedPolicy:
    """The document in terrace.policy_preview."""

    tiers: list[ProposedTier] = elements(
        "policy -> 'tiers'", "code text, name text, threshold text", "The tiers, lowest first."
    )
    watch_months: int = formula(
        "({t}.policy ->> 'watch_months')::integer", "Months below the own tier before it is lost."
    )
    exit_months: int = formula(
        "({t}.policy ->> 'exit_months')::integer",
        "Months below the entry line before the customer leaves.",
    )
    retention_months: int = formula(
        "({t}.policy ->> 'retention_months')::integer",
        "Closes a customer who left is still kept by the manager.",
    )
    demote_to: DemoteTo = formula(
        "({t}.policy ->> 'demote_to')", "Which tier a member falls to at the end of a watch."
    )
    floor: Floor = formula(
        "({t}.policy ->> 'floor')", "What becomes of who has reached no tier in a watch."
    )
    special_expiry_retention: bool = formula(
        "({t}.policy ->> 'special_expiry_retention')::boolean",
        "Whether the end of a special VIP grant leads into retention.",
    )
    divisor: Divisor = formula(
        "({t}.policy ->> 'divisor')", "What a month's sum of balances is divided by."
    )
    counted_classes: list[ProductClass] = formula(
        "({t}.policy -> 'counted_classes')", "The product classes that make up AUM."
    )


@strawberry.type(description="Customers of one place before and one place after.")
class PolicyMatrixCell:
    """A member of the migration matrix."""

    from_status: Status = stored(text("from_status"), "The status that is recorded.")
    from_tier: str | None = stored(
        text("from_tier"), "The code of the tier that is recorded; null for none."
    )
    to_status: Status = stored(text("to_status"), "The status under the proposed policy.")
    to_tier: str | None = stored(
        text("to_tier"), "The code of the tier under the proposed policy; null for none."
    )
    customers: int = stored(integer("customers"), "How many there are.")
    aum_before: decimal.Decimal = stored(
        text("aum_before"), "Their AUM of the last month, as it is shown."
    )
    aum_after: decimal.Decimal = stored(
        text("aum_after"), "The same as it would be under the proposed policy."
    )


@strawberry.type(description="Customers and AUM of one tier, or of one status without a tier.")
class PolicyPlace:
    """A member of `byTier`."""

    status: Status = stored(text("status"), "The status.")
    tier: str | None = stored(text("tier"), "The code of the tier; null for none.")
    name: str | None = stored(text("name"), "The tier's name.")
    customers_before: int = stored(integer("customers_before"), "How many are there.")
    customers_after: int = stored(integer("customers_after"), "How many would be.")
    aum_before: decimal.Decimal = stored(
        text("aum_before"), "AUM of the last month of those who are there, as it is shown."
    )
    aum_after: decimal.Decimal = stored(
        text("aum_after"), "AUM of those who would be, as the proposed policy has it."
    )


@strawberry.type(description="How many customers a policy would do one thing to.")
class PolicyMovementCount:
    """A member of `movements`."""

    movement: Movement = stored(text("movement"), "What it would do.")
    customers: int = stored(integer("customers"), "To how many.")


@strawberry.type(description="A manager whose customers would hold another tier or status.")
class PolicyTouchedManager:
    """A member of `managers`."""

    manager: Manager | None = to_one(MANAGER, {"id": "{t}.manager_id"}, "The manager.")
    customers: int = stored(integer("customers"), "How many of the portfolio are touched.")
    entering: int = stored(integer("entering"), "Those of them who would enter a tier.")
    rising: int = stored(integer("rising"), "Those who would rise.")
    falling: int = stored(integer("falling"), "Those who would fall.")
    leaving: int = stored(integer("leaving"), "Those who would leave the tiers.")


@strawberry.type(description="A customer who would stand otherwise under a proposed policy.")
class PolicyPreviewCustomer:
    """terrace.policy_preview_customer."""

    customer: Customer = to_one(CUSTOMER, {"id": "{t}.customer_id"}, "The customer.")
    manager: Manager | None = to_one(
        MANAGER, {"id": "nullif({t}.manager_id, 0)"}, "The manager now, if there is one."
    )
    movement: Movement = stored(text("movement"), "What the policy would do.")
    from_status: Status = stored(text("from_status"), "The status that is recorded.")
    from_tier: str | None = stored(
        text("from_tier"), "The code of the tier that is recorded; null for none."
    )
    from_since: Month | None = stored(month("from_since"), "Since when, as is recorded.")
    from_shortfall_months: int = stored(
        integer("from_shortfall_months"), "Months below the own tier, as is recorded."
    )
    from_below_entry_months: int = stored(
        integer("from_below_entry_months"), "Months below the entry line, as is recorded."
    )
    from_retention_closes: int = stored(
        integer("from_retention_closes"), "Closes in retention, as is recorded."
    )
    to_status: Status = stored(text("to_status"), "The status under the proposed policy.")
    to_tier: str | None = stored(
        text("to_tier"), "The code of the tier under the proposed policy; null for none."
    )
    to_since: Month | None = stored(month("to_since"), "Since when, under the proposed policy.")
    to_shortfall_months: int = stored(
        integer("to_shortfall_months"), "Months below the own tier, under the proposed policy."
    )
    to_below_entry_months: int = stored(
        integer("to_below_entry_months"), "Months below the entry line, under the proposed policy."
    )
    to_retention_closes: int = stored(
        integer("to_retention_closes"), "Closes in retention, under the proposed policy."
    )
    aum_before: decimal.Decimal = stored(
        decimal_of("aum_before"), "AUM of the last month, as it is shown."
    )
    aum_after: decimal.Decimal = stored(
        decimal_of("aum_after"), "The same as it would be under the proposed policy."
    )


@strawberry.input(description="Which customers of a preview; all conditions must hold.")
class PolicyPreviewCustomerFilter:
    """Filter of the customers of a preview."""

    movement: Filter[Movement] | None = optional("By what the policy would do.")
    from_status: Filter[Status] | None = optional("By the status that is recorded.")
    from_tier: TextFilter | None = optional(
        "By the code of the tier that is recorded; `eq: null` has none."
    )
    to_status: Filter[Status] | None = optional("By the status under the proposed policy.")
    to_tier: TextFilter | None = optional(
        "By the code of the tier under the proposed policy; `eq: null` has none."
    )
    manager: IdFilter | None = optional("By manager.")
    branch: IdFilter | None = optional("By branch.")
    customer: IdFilter | None = optional("By customer.")
    and_: "list[PolicyPreviewCustomerFilter] | None" = optional("All of these.", "and")
    or_: "list[PolicyPreviewCustomerFilter] | None" = optional("At least one of these.", "or")
    not_: "PolicyPreviewCustomerFilter | None" = optional("Not this.", "not")


_MEMBERS: Members = {
    "movement": On(text("movement")),
    "fromStatus": On(text("from_status")),
    "fromTier": On(text("from_tier")),
    "toStatus": On(text("to_status")),
    "toTier": On(text("to_tier")),
    "manager": reference(integer("manager_id"), "Manager"),
    "branch": reference(integer("branch_id"), "Branch"),
    "customer": reference(integer("customer_id"), "Customer"),
}


@node_type(POLICY_PREVIEW)
@strawberry.type(
    description="What a proposed tier policy would have done to closed months. Nothing of it is "
    "real: no standing, event or correction is written."
)
class TierPolicyPreview(Node):
    """terrace.policy_preview."""

    policy: ProposedPolicy | None = same_row("The proposed policy.")
    first_month: Month = stored(month("first_month"), "The first month that was judged under it.")
    last_month: Month = stored(month("last_month"), "The last one.")
    state: PreviewStatus = stored(text("state"), "How far it has come.")
    problem: str | None = stored(text("problem"), "What went wrong last, if anything did.")
    customers: int = stored(
        integer("customers"), "Customers to judge; 0 until a worker has taken it up."
    )
    judged: int = stored(integer("judged"), "Customers judged so far.")
    asked_by: str = stored(text("asked_by"), "Role and subject of who asked for it.")
    asked_at: datetime.datetime = stored(instant("asked_at"), "When it was asked for.")
    ended_at: datetime.datetime | None = stored(instant("ended_at"), "When it ended.")
    cancelled_by: str | None = stored(text("cancelled_by"), "Who cancelled it.")
    cancel_reason: str | None = stored(text("cancel_reason"), "Why, if a reason was given.")
    last_closed: Month = stored(
        month("last_closed"), "The last closed month when it was asked for."
    )
    from_ledger: bool = stored(
        boolean("from_ledger"),
        "Whether figures were made from the ledger as it was then, because the policy counts other "
        "product classes than the one in force; else they are those that the closes judged.",
    )
    stale: bool = formula(
        _STALE, "Whether a month was closed, or a correction made, since it was asked for."
    )
    differing: int | None = stored(
        integer("differing"), "Customers who would stand otherwise in anything; null until DONE."
    )
    moved: int | None = stored(
        integer("moved"), "Those who would have another tier or status; null until DONE."
    )
    movements: list[PolicyMovementCount] = elements(
        "movements",
        "movement text, customers integer",
        "How many customers would do what; empty until DONE.",
    )
    matrix: list[PolicyMatrixCell] = elements(
        "matrix",
        "from_status text, from_tier text, to_status text, to_tier text, customers integer, "
        "aum_before text, aum_after text",
        "Where customers stand after the last month, and where they would; empty until DONE.",
    )
    by_tier: list[PolicyPlace] = elements(
        "places",
        "status text, tier text, name text, customers_before integer, customers_after integer, "
        "aum_before text, aum_after text",
        "Customers and AUM of each tier, and of each status without one; empty until DONE.",
    )
    managers: list[PolicyTouchedManager] = elements(
        "managers",
        "manager_id integer, customers integer, entering integer, rising integer, "
        "falling integer, leaving integer",
        "The 20 managers most of whose customers would hold another tier or status; empty until "
        "DONE.",
    )
    touched_customers: Connection[PolicyPreviewCustomer] = paged(
        PREVIEW_CUSTOMER,
        {"preview_id": "case when {t}.state = 'DONE' then {t}.id end"},
        "The customers who would stand otherwise; none until DONE.",
        order=sorted_by(integer("customer_id")),
        choose=chosen_by(_MEMBERS),
        arguments={"where": Argument(PolicyPreviewCustomerFilter | None, "Which of them.")},
    )


def _by_id(arguments: Arguments) -> list[Condition]:
    by_id = reference(integer("id"), "TierPolicyPreview")
    source = arguments.source("id")
    assert source is not None
    assert by_id.convert is not None
    return [Compare(by_id.expression, Operator.EQ, Derived(source, by_id.convert))]


@extends(Query)
class TierPolicyPreviewQuery:
    """One preview, or all."""

    tier_policy_preview: TierPolicyPreview | None = to_one(
        POLICY_PREVIEW,
        {},
        "One preview; null if there is none or the caller may not see it.",
        choose=_by_id,
        arguments={"id": Argument(strawberry.ID, "Which one.", strawberry.UNSET)},
    )
    tier_policy_previews: Connection[TierPolicyPreview] = paged(
        POLICY_PREVIEW,
        {},
        "Previews of tier policies, latest first; for the union alone.",
        order=sorted_by(integer("id"), descending=True),
    )

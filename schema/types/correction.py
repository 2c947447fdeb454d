"""Corrections of closed months, and what each of them does to its customer."""

import datetime
import decimal

import strawberry

from domain.corrections import CorrectionState
from domain.months import Month
from domain.standing import Status
from repository.reading.expressions import boolean, expression, instant, integer, text
from repository.reading.expressions import month as month_of
from repository.reading.tables import CUSTOMER, TIER, Table, Visibility
from schema.connections import Connection, paged
from schema.declarations import extends, node_type
from schema.fields import Argument, elements, sorted_by, stored, to_one
from schema.filters import (
    Filter,
    IdFilter,
    InstantFilter,
    Members,
    MonthFilter,
    On,
    TextFilter,
    chosen_by,
    in_month,
    optional,
    reference,
)
from schema.query import Query
from schema.types.customer import OWN, Customer
from schema.types.node import Node
from schema.types.tier import Tier, in_force

CORRECTION = Table("terrace.correction", Visibility.INTERNAL, ("customer_id", "id"))
_POLICY = in_force("{t}.posted_in")


@strawberry.type(description="A closed month whose figure no longer follows from the ledger.")
class CorrectedFigure:
    """A member of a correction's figures."""

    month: Month = stored(text("month"), "The month.")
    old: decimal.Decimal = stored(text("old"), "Its AUM as it had been published.")
    new: decimal.Decimal = stored(text("new"), "Its AUM as it follows from the ledger.")
    complete: bool | None = stored(
        boolean("complete"),
        "Whether everything that the new figure needs is there; if not, the month is held. Null of "
        "corrections from before this was kept.",
    )


@node_type(CORRECTION)
@strawberry.type(
    description="What balances that came late, for months that were closed, make of a customer. "
    "All that came late within one open month is one correction."
)
class Correction(Node):
    """terrace.correction."""

    customer: Customer = to_one(CUSTOMER, {"id": "{t}.customer_id"}, "Whose figures they are.")
    month: Month = stored(month_of("month"), "The first month that is corrected.")
    posted_in: Month = stored(
        month_of("posted_in"), "The month that was open, from whose close on it governs."
    )
    state: CorrectionState = stored(text("state"), "How far it has come.")
    figures: list[CorrectedFigure] = elements(
        "figures",
        "month text, old text, new text, complete boolean",
        "The months that are corrected, oldest first.",
    )
    approved_by: str | None = stored(
        text("approved_by"),
        "Role and subject of who allowed one that leaves the customer worse off.",
    )
    from_status: Status = stored(text("from_status"), "The status published for the open month.")
    from_tier: Tier | None = to_one(
        TIER,
        {"policy_version": _POLICY, "code": "{t}.from_tier"},
        "The tier published for the open month.",
    )
    from_since: Month | None = stored(text("from_since"), "Since when, as is published.")
    from_shortfall_months: int = stored(
        integer("from_shortfall_months"), "Months below the own tier, as is published."
    )
    from_below_entry_months: int = stored(
        integer("from_below_entry_months"), "Months below the entry line, as is published."
    )
    from_retention_closes: int = stored(
        integer("from_retention_closes"), "Closes in retention, as is published."
    )
    to_status: Status = stored(
        text("to_status"), "The status that the open month's close would go on from."
    )
    to_tier: Tier | None = to_one(
        TIER,
        {"policy_version": _POLICY, "code": "{t}.to_tier"},
        "The tier that the open month's close would go on from.",
    )
    to_since: Month | None = stored(text("to_since"), "Since when, as is corrected.")
    to_shortfall_months: int = stored(
        integer("to_shortfall_months"), "Months below the own tier, as is corrected."
    )
    to_below_entry_months: int = stored(
        integer("to_below_entry_months"), "Months below the entry line, as is corrected."
    )
    to_retention_closes: int = stored(
        integer("to_retention_closes"), "Closes in retention, as is corrected."
    )
    recorded_at: datetime.datetime = stored(instant("recorded_at"), "When it was made.")


@strawberry.input(description="Which corrections; all conditions must hold.")
class CorrectionFilter:
    """Filter of corrections."""

    state: Filter[CorrectionState] | None = optional("By state.")
    month: MonthFilter | None = optional("By the first month that is corrected.")
    posted_in: MonthFilter | None = optional("By the month that was open.")
    from_status: Filter[Status] | None = optional("By the status published for the open month.")
    from_tier: TextFilter | None = optional(
        "By the code of the tier published for the open month; `eq: null` had none."
    )
    to_status: Filter[Status] | None = optional("By the status it would give.")
    to_tier: TextFilter | None = optional(
        "By the code of the tier it would give; `eq: null` gives none."
    )
    recorded_at: InstantFilter | None = optional("By when it was made.")
    customer: IdFilter | None = optional("By customer.")
    branch: IdFilter | None = optional("By the customer's branch.")
    and_: "list[CorrectionFilter] | None" = optional("All of these.", "and")
    or_: "list[CorrectionFilter] | None" = optional("At least one of these.", "or")
    not_: "CorrectionFilter | None" = optional("Not this.", "not")


_MEMBERS: Members = {
    "state": On(text("state")),
    "month": in_month(month_of("month")),
    "postedIn": in_month(month_of("posted_in")),
    "fromStatus": On(text("from_status")),
    "fromTier": On(text("from_tier")),
    "toStatus": On(text("to_status")),
    "toTier": On(text("to_tier")),
    "recordedAt": On(instant("recorded_at")),
    "customer": reference(integer("customer_id"), "Customer"),
    "branch": reference(integer("branch_id"), "Branch"),
}
_ARGUMENTS = {"where": Argument(CorrectionFilter | None, "Which corrections.")}
_OLDEST_FIRST = sorted_by(expression("{t}.id", cast="bigint"))
_chosen = chosen_by(_MEMBERS)


@extends(Customer)
class CustomerCorrections:
    """From a customer to the corrections."""

    corrections: Connection[Correction] = paged(
        CORRECTION,
        OWN,
        "Corrections of the customer's closed months, oldest first; customers see none.",
        order=_OLDEST_FIRST,
        choose=_chosen,
        arguments=_ARGUMENTS,
    )


@extends(Query)
class CorrectionQuery:
    """All corrections."""

    corrections: Connection[Correction] = paged(
        CORRECTION,
        {},
        "Corrections of customers whom the caller may see, oldest first.",
        order=_OLDEST_FIRST,
        choose=_chosen,
        arguments=_ARGUMENTS,
    )

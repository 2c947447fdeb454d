"""Where a customer stands, and why."""

import datetime
import decimal
from typing import Any

import strawberry

from domain.decision import Decision
from domain.explanation import explain
from domain.months import Month
from domain.standing import Status
from repository.reading.conditions import Condition, Fixed
from repository.reading.expressions import date, expression, instant, integer, json, text
from repository.reading.expressions import month as month_of
from repository.reading.nodes import Formula, Literal, Node, Value
from repository.reading.parameters import Derived
from repository.reading.tables import STANDING, TIER, TIER_POLICY
from schema.arguments import Arguments
from schema.fields import (
    Argument,
    computed,
    elements,
    same_row,
    sorted_by,
    stored,
    to_one,
)
from schema.filters import first_day
from schema.types.tier import (
    ALL_POLICIES,
    OPEN_MONTH,
    Tier,
    TierPolicy,
    in_force,
    month_or_fault,
    policies_in,
)

_JUDGED_COLUMNS = "month text, total text, reached text"


@strawberry.type(description="A month that led to a decision, with the figure that was judged.")
class JudgedMonth:
    """A member of the judged list."""

    month: Month = stored(text("month"), "The month.")
    total: decimal.Decimal = stored(text("total"), "Its AUM, as judged, rounded for show.")
    reached: Tier | None = to_one(
        TIER,
        {"policy_version": in_force("({t}.month || '-01')::date"), "code": "{t}.reached"},
        "The highest tier it reached; null below the lowest.",
    )


def _evidence(arguments: Arguments) -> dict[str, Node]:
    return {
        "month": Value(month_of("decision_month")),
        "before": Value(json("before")),
        "after": Value(json("state")),
        "rule": Value(text("rule")),
        "policy_version": Value(integer("policy_version")),
        "judged": Value(json("judged")),
        "policies": ALL_POLICIES,
    }


def _explanation(needs: dict[str, Any]) -> str:
    policies = policies_in(needs["policies"])
    decision = Decision.from_document(needs)  # type: ignore[arg-type]
    judged_under = next(p for p in policies if p.version == decision.policy_version)
    return explain(decision, judged_under, policies)


@strawberry.type(description="Why a customer stands where the customer stands.")
class TierDecision:
    """The decision columns of a standing or of a tier change."""

    month: Month = stored(
        month_of("decision_month"), "The month that was judged, or in which something was granted."
    )
    rule: str = stored(text("rule"), "The rule that fired, by its name.")
    policy: TierPolicy = to_one(
        TIER_POLICY, {"version": "{t}.policy_version"}, "The policy it was judged under."
    )
    judged: list[JudgedMonth] = elements(
        "judged", _JUDGED_COLUMNS, "The months that led to it, oldest first."
    )
    explanation: str = computed(_evidence, _explanation, "The decision in words, with its figures.")
    decided_at: datetime.datetime = stored(instant("recorded_at"), "When it was decided.")


@strawberry.type(description="The standing of a customer in force on the last day of a month.")
class Standing:
    """terrace.standing."""

    month: Month = stored(month_of("month"), "The month.")
    status: Status = stored(text("status"), "Where the customer stands.")
    tier: Tier | None = to_one(
        TIER,
        {"policy_version": "{t}.policy_version", "code": "{t}.tier"},
        "The tier held; null unless ACTIVE or WATCH.",
    )
    since: Month | None = stored(
        month_of("since"), "The first month of this tier or, for who holds none, of this status."
    )
    shortfall_months: int = stored(
        integer("shortfall_months"), "Months in a row below the own tier."
    )
    below_entry_months: int = stored(
        integer("below_entry_months"), "Months in a row below the entry line."
    )
    retention_closes: int = stored(
        integer("retention_closes"), "Month closes spent in retention after leaving."
    )
    special_until: datetime.date | None = stored(
        date("special_until"), "Last day of the special VIP grant that is valid."
    )
    decision: TierDecision | None = same_row(
        "Why; null only before the first close.", unless_null=text("rule")
    )


STANDING_ARGUMENTS = {
    "month": Argument(
        Month | None, "The month on whose last day it was in force; now if not given."
    )
}
LATEST = sorted_by(expression("{t}.month", cast="date"), descending=True)


def until_month(arguments: Arguments) -> list[Condition]:
    """Standings up to the month asked for; the latest of them is the one in force."""
    asked = arguments.source("month")
    if asked is None:
        return []
    return [Fixed("{t}.month <= {p0}", ((Derived(asked, first_day), "date"),))]


def _month_shown(arguments: Arguments) -> Node:
    asked = arguments.source("month")
    if asked is None:
        return month_or_fault(OPEN_MONTH)
    return Formula("left({p0}::text, 7)", ((Derived(asked, first_day), "date"),))


def standing_of(key: str, description: str) -> Any:
    """The standing of the customer whose key the expression gives."""
    nobody = {
        "month": _month_shown,
        "status": lambda _: Literal(Status.NON_MEMBER),
        "shortfallMonths": lambda _: Formula("0"),
        "belowEntryMonths": lambda _: Formula("0"),
        "retentionCloses": lambda _: Formula("0"),
    }
    return to_one(
        STANDING,
        {"customer_id": key},
        description,
        choose=until_month,
        order=LATEST,
        otherwise=nobody,
        arguments=STANDING_ARGUMENTS,
    )

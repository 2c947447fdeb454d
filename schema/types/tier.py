"""Tiers and the policies that define them."""

import decimal
from typing import Any

import strawberry

from domain.field_classes import FieldClass
from domain.months import Month
from domain.policy import TierPolicy as Policy
from domain.policy import parse_policy
from repository.reading.conditions import Condition, Fixed
from repository.reading.expressions import decimal as decimal_of
from repository.reading.expressions import integer, json, month, text
from repository.reading.nodes import FAULT, Formula, Join, Many, Record, Value
from repository.reading.parameters import Derived, Source
from repository.reading.tables import TIER, TIER_POLICY
from schema.arguments import Arguments
from schema.classes import fields_are
from schema.declarations import extends, node_type
from schema.fields import Argument, sorted_by, stored, to_many
from schema.filters import first_day
from schema.query import Query
from schema.types.node import Node

BY_RANK = sorted_by(integer("rank"))
OWN_TIERS = Fixed("not {t}.dropped")
"""Those a policy version has itself, without the ones of others that somebody may still hold."""


@fields_are(FieldClass.PUBLIC)
@strawberry.type(description="A customer tier of one policy version.")
class Tier:
    """terrace.tier."""

    code: str = stored(text("code"), "The tier's code, for example T1.")
    name: str = stored(text("name"), "The tier's name.")
    rank: int = stored(integer("rank"), "1 for the lowest tier, rising.")
    threshold: decimal.Decimal = stored(
        decimal_of("threshold"),
        "AUM of a month that reaches the tier; entering the lowest one takes more than this.",
    )


@node_type(TIER_POLICY)
@fields_are(FieldClass.PUBLIC)
@strawberry.type(description="A version of the rules by which customers are judged.")
class TierPolicy(Node):
    """terrace.tier_policy."""

    version: int = stored(integer("version"), "Counts up with every published policy.")
    effective_from: Month = stored(
        month("effective_from"), "The first month judged under this policy."
    )
    tiers: list[Tier] = to_many(
        TIER,
        {"policy_version": "{t}.version"},
        "The tiers, lowest first.",
        order=BY_RANK,
        choose=lambda _: [OWN_TIERS],
    )
    watch_months: int = stored(
        integer("watch_months"), "Months below the own tier before it is lost."
    )
    exit_months: int = stored(
        integer("exit_months"), "Months below the entry line before the customer leaves."
    )
    retention_months: int = stored(
        integer("retention_months"), "Closes a customer who left is still kept by the manager."
    )


def in_force(at: str) -> str:
    """The version of the policy in force in a month, as a sub-select; `at` is the month's SQL."""
    return (
        "(select p.version from terrace.tier_policy p "
        f"where p.effective_from <= coalesce({at}, 'infinity'::date) "
        "order by p.effective_from desc, p.version desc limit 1)"
    )


ALL_POLICIES = Many(
    Join(TIER_POLICY),
    Record([("version", Value(integer("version"))), ("document", Value(json("document")))]),
    sorted_by(integer("version")),
)
"""Every policy as a document, for fields that Python fills in: rules may look back at old ones."""


def policies_in(documents: list[dict[str, Any]]) -> list[Policy]:
    """What `ALL_POLICIES` fetched."""
    return [parse_policy(found["document"], found["version"]) for found in documents]


OPEN_MONTH = "(select c.open_month from terrace.calendar c)"


def month_or_fault(month: str, sources: tuple[tuple[Source, str], ...] = ()) -> Formula:
    """A month given in SQL, where it must be shown; a fault if the institution has none yet."""
    fault = f'\'{{"{FAULT}":"NO_BUSINESS_DATE"}}\'::json'
    return Formula(f"coalesce(to_json(left({month}::text, 7)), {fault})", sources)


def tiers_as_of(arguments: Arguments) -> list[Condition]:
    """The tiers of the policy in force in the month asked for, the open one if none is."""
    asked = arguments.source("asOf")
    if asked is None:
        return [OWN_TIERS, Fixed(f"{{t}}.policy_version = {in_force(OPEN_MONTH)}")]
    return [
        OWN_TIERS,
        Fixed(f"{{t}}.policy_version = {in_force('{p0}')}", ((Derived(asked, first_day), "date"),)),
    ]


TIERS_ARGUMENTS = {
    "as_of": Argument(Month | None, "The month whose policy counts; the open month if not given.")
}


@extends(Query)
class TierQuery:
    """The tiers, and where they are defined."""

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

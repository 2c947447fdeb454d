"""The outlook of the open month: what it will bring if balances stay, and what it would take."""

import datetime
import decimal
from typing import Any

import strawberry

from domain.money import Average
from domain.months import Month, parse_date
from domain.outlook import outlook
from domain.policy import TierPolicy, in_force
from domain.special import Grant
from domain.standing import NON_MEMBER, Standing, Status
from repository.reading.conditions import Fixed
from repository.reading.expressions import boolean, date, integer, json, month
from repository.reading.expressions import decimal as decimal_of
from repository.reading.nodes import Formula, Join, Many, Node, One, Record, Value
from repository.reading.parameters import InvalidArgument
from repository.reading.tables import (
    AUM,
    CALENDAR,
    REPLAYED_STANDING,
    SPECIAL_GRANT,
    STANDING,
)
from schema.failures import NO_BUSINESS_DATE
from schema.fields import computed, sorted_by
from schema.types.standing import LATEST
from schema.types.tier import ALL_POLICIES, OPEN_MONTH, Tier, policies_in


@strawberry.type(description="What the open month will bring, and what it would take.")
class TierOutlook:
    """Filled in by `domain.outlook`."""

    month: Month = strawberry.field(description="The open month.")
    as_of: datetime.date = strawberry.field(description="The last day that is in the figures.")
    average_to_date: decimal.Decimal = strawberry.field(
        description="AUM of the month so far, over the days elapsed."
    )
    projected_average: decimal.Decimal = strawberry.field(
        description="AUM of the whole month if today's balances stay."
    )
    projected_status: Status = strawberry.field(description="The status that AUM would give.")
    projected_tier: Tier | None = strawberry.field(description="The tier that AUM would give.")
    effective_from: Month = strawberry.field(description="The month from which it would be.")
    next_tier: Tier | None = strawberry.field(description="The next tier above the present one.")
    daily_balance_for_next_tier: decimal.Decimal | None = strawberry.field(
        description="Balance to hold on every remaining day to reach the next tier; null if there "
        "is none or no day remains."
    )
    daily_balance_to_keep: decimal.Decimal | None = strawberry.field(
        description="Balance to hold on every remaining day to reach the present tier; null for "
        "customers without one or if no day remains."
    )


_STATE = Record([("state", Value(json("state")))])


def _needs(customer: str) -> dict[str, Node]:
    """What the outlook follows from: the calendar, the open figure, the standing and the rules."""
    own = {"customer_id": customer}
    open_figure = Join(AUM, own, (Fixed(f"{{t}}.month = {OPEN_MONTH}"),))
    total = "{t}.deposits_sum + {t}.investments_sum + {t}.settlement_funds_sum"
    return {
        "calendar": One(
            Join(CALENDAR),
            Record(
                [
                    ("month", Value(month("open_month"))),
                    ("business_date", Value(date("business_date"))),
                ]
            ),
        ),
        "aum": One(
            open_figure,
            Record(
                [
                    ("total", Formula(f"({total})::text")),
                    ("level", Value(decimal_of("level"))),
                    ("days", Value(integer("days"))),
                    ("complete", Value(boolean("complete"))),
                ]
            ),
        ),
        "standing": One(Join(STANDING, own), _STATE, LATEST),
        "replayed": One(
            Join(REPLAYED_STANDING, own, (Fixed(f"{{t}}.month = {OPEN_MONTH}"),)), _STATE
        ),
        "policies": ALL_POLICIES,
        "grants": Many(
            Join(SPECIAL_GRANT, own),
            Record(
                [
                    ("start", Value(date("starts"))),
                    ("until", Value(date("until"))),
                    ("revoked_on", Value(date("revoked_on"))),
                ]
            ),
            sorted_by(integer("id")),
        ),
    }


def _outlook(needs: dict[str, Any]) -> TierOutlook:
    calendar = needs["calendar"]
    if calendar["business_date"] is None:
        raise InvalidArgument(
            NO_BUSINESS_DATE,
            "NO_BUSINESS_DATE",
        )
    open_month = Month.parse(calendar["month"])
    business_date = parse_date(calendar["business_date"])
    as_of = max(open_month.first_day, min(business_date, open_month.last_day))
    figure = needs["aum"] or {"total": "0", "level": "0", "days": as_of.day, "complete": True}
    standing = needs["replayed"] or needs["standing"]  # a correction governs the close
    policy = in_force(policies_in(needs["policies"]), open_month)
    seen = outlook(
        NON_MEMBER if standing is None else Standing.from_document(standing["state"]),
        Average(decimal.Decimal(figure["total"]), figure["days"]),
        decimal.Decimal(figure["level"]),
        open_month,
        as_of,
        policy,
        [_grant(grant) for grant in needs["grants"]],
        complete=figure["complete"],
    )
    return TierOutlook(
        month=seen.month,
        as_of=seen.as_of,
        average_to_date=seen.average_to_date.rounded(),
        projected_average=seen.projected_average.rounded(),
        projected_status=seen.projected_status,
        projected_tier=_tier(policy, seen.projected_tier),
        effective_from=seen.effective_from,
        next_tier=_tier(policy, seen.next_tier),
        daily_balance_for_next_tier=seen.daily_balance_for_next_tier,
        daily_balance_to_keep=seen.daily_balance_to_keep,
    )


def _tier(policy: TierPolicy, code: str | None) -> Any:
    """The policy's tier, which has the attributes that the published type has."""
    return None if code is None else policy.tier(code)


def _grant(document: dict[str, Any]) -> Grant:
    revoked = document["revoked_on"]
    read = datetime.date.fromisoformat
    return Grant(
        read(document["start"]), read(document["until"]), None if revoked is None else read(revoked)
    )


def outlook_of(customer: str, description: str) -> Any:
    """The outlook of the customer whose key the expression gives."""
    return computed(lambda arguments: _needs(customer), _outlook, description)

"""A tier policy as callers give it: the input, and the domain's policy of it."""

import decimal
import re
from typing import Any

import strawberry

from domain.months import Month
from domain.policy import DemoteTo, Divisor, Floor, InvalidPolicy, TierPolicy, parse_policy
from domain.products import ProductClass
from repository.reading.parameters import readable
from schema.mutations.operation import Refused


@strawberry.input(description="A tier of a policy.")
class TierInput:
    """A member of the tiers."""

    code: str = strawberry.field(description="Its code, for example T1; unique in the policy.")
    name: str = strawberry.field(description="Its name.")
    threshold: decimal.Decimal = strawberry.field(
        description="AUM of a month that reaches it; greater than that of the tier before."
    )


@strawberry.input(
    description="A tier policy. What is left out is as in the default policy, not as in the one in "
    "force."
)
class TierPolicyInput:
    """The rules by which customers are judged."""

    tiers: list[TierInput] = strawberry.field(description="The tiers, lowest first.")
    watch_months: int | None = strawberry.field(
        default=None, description="Months below the own tier before it is lost; 3 if not given."
    )
    exit_months: int | None = strawberry.field(
        default=None,
        description="Months below the entry line before the customer leaves; 6 if not given.",
    )
    retention_months: int | None = strawberry.field(
        default=None,
        description="Closes a customer who left is kept by the manager; 2 if not given.",
    )
    demote_to: DemoteTo | None = strawberry.field(
        default=None,
        description="Which tier a member falls to at the end of a watch; MAX_IN_WINDOW if not "
        "given.",
    )
    floor: Floor | None = strawberry.field(
        default=None,
        description="What becomes of who has reached no tier in a watch; LOWEST_TIER if not given.",
    )
    special_expiry_retention: bool | None = strawberry.field(
        default=None,
        description="Whether the end of a special VIP grant leads into retention; true if not "
        "given.",
    )
    divisor: Divisor | None = strawberry.field(
        default=None,
        description="What a month's sum of balances is divided by; ACTUAL_DAYS if not given.",
    )
    counted_classes: list[ProductClass] | None = strawberry.field(
        default=None,
        description="The product classes that make up AUM; all but insurance if not given.",
    )


_PARAMETERS = (
    *("watch_months", "exit_months", "retention_months", "demote_to", "floor"),
    *("special_expiry_retention", "divisor", "counted_classes"),
)


def policy_of(given: TierPolicyInput, effective: Month, *path: str) -> TierPolicy:
    """The policy that an input describes, in force from a month on.

    `path` leads to the input. Raises Refused with INVALID_POLICY, naming the field.
    """
    document: dict[str, Any] = {
        "effective": str(effective),
        "tiers": [
            {"code": tier.code, "name": tier.name, "threshold": readable(tier.threshold)}
            for tier in given.tiers
        ],
    }
    for name in _PARAMETERS:
        value = getattr(given, name)
        if value is not None:
            document[name] = value
    try:
        return parse_policy(document, 0)
    except InvalidPolicy as refusal:
        where, _, message = str(refusal).partition(": ")
        raise Refused("INVALID_POLICY", message or where, *path, *_path(where)) from None


def _path(where: str) -> list[str]:
    """The path of a field of the document, such as tiers[1].threshold, as a caller writes it."""
    parts = re.findall(r"[a-z_]+|[0-9]+", where)
    return [re.sub(r"_([a-z])", lambda found: found[1].upper(), part) for part in parts]

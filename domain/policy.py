"""The versioned tier policy: which tiers there are and how members rise, fall and leave.

A policy version applies from its effective month on. Everything in which banks are known to
differ is a parameter here, so that another institution changes a document and no code. The
document is a JSON object:

    {"effective": "2025-04",
     "tiers": [{"code": "T1", "name": "Gold", "threshold": "200000.00"}, …],
     "watch_months": 3, …}

`effective` and `tiers` are required; the parameters default to those of `DEFAULT_POLICY`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from typing import Any

from domain.documents import Field
from domain.money import Average
from domain.months import Month
from domain.products import COUNTED_BY_DEFAULT, ProductClass

LONGEST_RUN = 120
"""The most months a policy may watch, wait or retain: ten years."""


class InvalidPolicy(ValueError):
    """A policy document that cannot be one; the message starts with the field's path."""


class NoPolicyInForce(LookupError):
    """No policy version is effective in the month asked for."""


class UnknownTier(LookupError):
    """A tier code that neither the policy nor, as far as it knows, a former version has."""


class DemoteTo(StrEnum):
    """Which tier a member falls to at the end of a watch."""

    MAX_IN_WINDOW = "MAX_IN_WINDOW"  # the highest reached in the months watched
    LAST_MONTH = "LAST_MONTH"  # the one reached in the last of them


class Floor(StrEnum):
    """What happens at the end of a watch that leaves no tier to fall to."""

    LOWEST_TIER = "LOWEST_TIER"  # the member falls to the lowest tier
    KEEP_TIER = "KEEP_TIER"  # the member keeps the tier and is watched afresh


class Divisor(StrEnum):
    """What the sum of a whole month's daily balances is divided by."""

    ACTUAL_DAYS = "ACTUAL_DAYS"  # the calendar days of the month
    FIXED_30 = "FIXED_30"  # always 30


@dataclass(frozen=True, slots=True)
class Tier:
    """A customer level; `rank` 1 is the lowest, `threshold` is its AUM in home currency."""

    code: str
    name: str
    rank: int
    threshold: Decimal


@dataclass(frozen=True, slots=True)
class TierPolicy:
    """One version of the policy, in force from the month `effective` on.

    `tiers` are ordered from the lowest; the lowest one's threshold is the entry line.
    `watch_months` below the own tier lead to a demotion, `exit_months` below the entry line to an
    exit, `retention_months` closes after it the customer is removed. With
    `special_expiry_retention` the end of a special VIP grant is retained like an exit, without it
    the customer is removed at once. `counted` are the product classes that make up AUM.
    `dropped` are tiers of former versions whose codes this one has no more (see `in_force`).
    """

    version: int
    effective: Month
    tiers: tuple[Tier, ...]
    watch_months: int = 3
    exit_months: int = 6
    retention_months: int = 2
    demote_to: DemoteTo = DemoteTo.MAX_IN_WINDOW
    floor: Floor = Floor.LOWEST_TIER
    special_expiry_retention: bool = True
    divisor: Divisor = Divisor.ACTUAL_DAYS
    counted: frozenset[ProductClass] = COUNTED_BY_DEFAULT
    dropped: tuple[Tier, ...] = field(default=(), compare=False, repr=False)
    _by_code: dict[str, Tier] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        by_code = {former.code: self._successor(former) for former in self.dropped}
        by_code |= {tier.code: tier for tier in self.tiers}
        object.__setattr__(self, "_by_code", by_code)

    @property
    def lowest(self) -> Tier:
        """The tier of rank 1."""
        return self.tiers[0]

    @property
    def entry_line(self) -> Decimal:
        """The AUM to exceed in order to enter, and to reach in order to stay."""
        return self.tiers[0].threshold

    def enters(self, average: Average) -> bool:
        """Tell whether a customer who is not a member enters: strictly more than the line."""
        return average.exceeds(self.entry_line)

    def reached(self, average: Average) -> Tier | None:
        """Return the highest tier the average reaches, None below the entry line.

        Every tier, the lowest too, is reached at exactly its threshold.
        """
        highest = None
        for tier in self.tiers:
            if not average.at_least(tier.threshold):
                break
            highest = tier
        return highest

    def tier(self, code: str) -> Tier:
        """Return the tier of that code, or the one that succeeds a dropped tier of that code.

        The successor of a tier is the highest tier here whose threshold is not above the dropped
        one's, or the lowest tier if all are above. Raises UnknownTier.
        """
        try:
            return self._by_code[code]
        except KeyError:
            raise UnknownTier(f"policy version {self.version} knows no tier {code!r}") from None

    def knows(self, code: str) -> bool:
        """Tell whether `tier` finds a tier of that code."""
        return code in self._by_code

    def offers(self, code: str) -> bool:
        """Tell whether a tier of that code is one of this version's own."""
        return any(tier.code == code for tier in self.tiers)

    def next_above(self, tier: Tier) -> Tier | None:
        """Return the tier one rank higher, None above the highest."""
        return self.tiers[tier.rank] if tier.rank < len(self.tiers) else None

    def _successor(self, former: Tier) -> Tier:
        not_above = [tier for tier in self.tiers if tier.threshold <= former.threshold]
        return not_above[-1] if not_above else self.tiers[0]


def in_force(policies: Iterable[TierPolicy], month: Month) -> TierPolicy:
    """Return the policy a month is judged under: the latest effective one, then the latest version.

    The result also knows the tiers that earlier versions had and it has no more, so that members
    of a tier that was abolished are judged as members of its successor; tiers that it was given as
    dropped it keeps. Raises NoPolicyInForce.
    """
    effective = sorted(
        (policy for policy in policies if policy.effective <= month),
        key=lambda policy: (policy.effective, policy.version),
    )
    if not effective:
        raise NoPolicyInForce(f"no tier policy is in force in {month}")
    *former, latest = effective
    codes = {tier.code for tier in latest.tiers}
    known = (latest.dropped, *(policy.tiers for policy in former))
    dropped = {tier.code: tier for tiers in known for tier in tiers if tier.code not in codes}
    return replace(latest, dropped=tuple(dropped.values())) if dropped else latest


def parse_policy(document: Mapping[str, object], version: int) -> TierPolicy:
    """Read a policy document (shape: see the module); raises InvalidPolicy naming the field."""
    return read_policy(Field(document, "", InvalidPolicy), version)


def read_policy(document: Field, version: int) -> TierPolicy:
    """Read a policy that is part of a larger document, which says what error to raise."""
    given = document.fields(required=("effective", "tiers"), optional=tuple(_PARAMETERS))
    parameters = {key: read(given[key]) for key, read in _PARAMETERS.items() if key in given}
    if "counted_classes" in parameters:
        parameters["counted"] = parameters.pop("counted_classes")
    return TierPolicy(version, given["effective"].month(), _tiers(given["tiers"]), **parameters)


def policy_document(policy: TierPolicy) -> dict[str, object]:
    """Return the policy as a document with every parameter, the inverse of `parse_policy`."""
    return {
        "effective": str(policy.effective),
        "tiers": [
            {"code": tier.code, "name": tier.name, "threshold": str(tier.threshold)}
            for tier in policy.tiers
        ],
        "watch_months": policy.watch_months,
        "exit_months": policy.exit_months,
        "retention_months": policy.retention_months,
        "demote_to": policy.demote_to.value,
        "floor": policy.floor.value,
        "special_expiry_retention": policy.special_expiry_retention,
        "divisor": policy.divisor.value,
        "counted_classes": [name.value for name in ProductClass if name in policy.counted],
    }


def _tiers(listed: Field) -> tuple[Tier, ...]:
    """Read the tiers, lowest first, their codes unique and their thresholds strictly rising."""
    tiers: list[Tier] = []
    for item in listed.items():
        given = item.fields(required=("code", "name", "threshold"))
        code, name = given["code"].text(longest=32), given["name"].text()
        threshold = given["threshold"].amount()
        for earlier, tier in enumerate(tiers):
            if tier.code == code:
                given["code"].refuse(f"{code} is already the code of tiers[{earlier}]")
        if tiers and threshold <= tiers[-1].threshold:
            given["threshold"].refuse(f"must be greater than that of tiers[{len(tiers) - 1}]")
        if threshold < 0:
            given["threshold"].refuse("must not be negative")
        tiers.append(Tier(code, name, len(tiers) + 1, threshold))
    if not tiers:
        listed.refuse("must have at least one tier")
    return tuple(tiers)


def _months(given: Field) -> int:
    return given.whole(1, LONGEST_RUN)


def _classes(listed: Field) -> frozenset[ProductClass]:
    classes = frozenset(item.choice(ProductClass) for item in listed.items())
    if not classes:
        listed.refuse("must name at least one product class")
    return classes


_PARAMETERS: dict[str, Callable[[Field], Any]] = {
    "watch_months": _months,
    "exit_months": _months,
    "retention_months": _months,
    "demote_to": lambda given: given.choice(DemoteTo),
    "floor": lambda given: given.choice(Floor),
    "special_expiry_retention": Field.truth,
    "divisor": lambda given: given.choice(Divisor),
    "counted_classes": _classes,
}

DEFAULT_POLICY = parse_policy(
    {
        "effective": "1900-01",
        "tiers": [
            {"code": "T1", "name": "Gold", "threshold": "200000.00"},
            {"code": "T2", "name": "Platinum", "threshold": "500000.00"},
            {"code": "T3", "name": "Diamond", "threshold": "1000000.00"},
            {"code": "T4", "name": "Wealth", "threshold": "3000000.00"},
            {"code": "T5", "name": "Private", "threshold": "10000000.00"},
        ],
    },
    version=1,
)
"""The preset: the chapter's entry line and a scale of its own (its table is an image, now lost)."""

"""Scenarios: the tier machine run on worked cases, month by month.

A document is a list of scenarios, each an object:

    {"name": "…", "rule": "…",
     "policies": [{"effective": "2000-01", "tiers": […], …}],
     "initial": {"status": "WATCH", "tier": "T3", "shortfall_months": 1},
     "months": [{"month": "2025-01", "aum": "600000.00"}, {"month": "2025-02", "aum": null}],
     "grants": [{"from": "2025-01-01", "until": "2025-12-31"}],
     "revocations": [{"month": "2025-06"}], "terminations": [{"on": "2025-09-30"}],
     "manual_tiers": [{"on": "2025-03-10", "tier": "T3"}],
     "corrections": [{"posted_in": "2025-04", "month": "2025-02", "aum": "1050000.00"}]}

Only `name` and `months` are required; `rule` and `expected` are for readers. Without `policies` the
default policy applies, without `initial` the customer is NON_MEMBER, a null AUM is a missing feed.
An initial watch has no figures: its months count as having reached no tier. What happened "in" a
month shows on its last day. A grant without `until` is for one year.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TypedDict

from domain.documents import Field
from domain.happenings import Happenings
from domain.manual_tier import ManualTier
from domain.money import Average
from domain.months import Month, one_year_from
from domain.policy import DEFAULT_POLICY, NoPolicyInForce, TierPolicy, in_force, read_policy
from domain.replay import Correction, MonthInput, published
from domain.special import Grant
from domain.standing import NON_MEMBER, Standing, Status

AVERAGE_PLACES = 8
MOST_MONTHS = 1200


class InvalidScenario(ValueError):
    """A scenario that cannot be run; the message names the scenario and the field."""


class Row(TypedDict):
    """What is in force on the last day of a month; counters are 0 where they do not apply."""

    month: str
    status: str
    tier: str | None
    shortfall_months: int
    below_entry_months: int
    retention_closes: int


class Outcome(TypedDict):
    """The rows of a scenario: one for each of its months, one for the month after."""

    name: str
    months: list[Row]


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scenario as read: what `published` is called with."""

    initial: Standing
    months: Sequence[MonthInput]
    policies: Sequence[TierPolicy]
    happenings: Happenings
    corrections: Sequence[Correction]


def run_scenarios(document: object) -> list[Outcome]:
    """Run every scenario of a document (shape: see the module), in its order.

    Raises InvalidScenario for the first field that is not as it must be; nothing is run then.
    """
    listed = Field(document, "", InvalidScenario).items()
    scenarios = [_named(item, index) for index, item in enumerate(listed)]
    return [{"name": name, "months": _rows(scenario)} for name, scenario in scenarios]


def _rows(scenario: Scenario) -> list[Row]:
    standings = published(
        scenario.initial,
        scenario.months,
        scenario.policies,
        scenario.happenings,
        scenario.corrections,
    )
    first = scenario.months[0].month
    return [_row(first + distance, standing) for distance, standing in enumerate(standings)]


def _row(month: Month, standing: Standing) -> Row:
    return {
        "month": str(month),
        "status": standing.status.value,
        "tier": standing.tier,
        "shortfall_months": standing.shortfall_months,
        "below_entry_months": standing.below_entry_months,
        "retention_closes": standing.retention_closes,
    }


def _named(item: Field, index: int) -> tuple[str, Scenario]:
    """Read one scenario and its name, which every refusal is to mention."""
    name = item.value.get("name") if isinstance(item.value, Mapping) else None
    shown = isinstance(name, str) and name and name.isprintable()
    label = f"scenario {index} ({name})" if shown else f"scenario {index}"
    try:
        given = Field(item.value, "", InvalidScenario).fields(_REQUIRED, _OPTIONAL)
        return given["name"].text(longest=200), _scenario(given)
    except InvalidScenario as refusal:
        raise InvalidScenario(f"{label}: {refusal}") from None


_REQUIRED = ("name", "months")
_OPTIONAL = (
    *("rule", "policies", "initial", "grants", "revocations", "terminations", "manual_tiers"),
    *("corrections", "expected"),
)


def _scenario(given: dict[str, Field]) -> Scenario:
    months = _months(given["months"])
    first, last = months[0].month, months[-1].month
    policies = [DEFAULT_POLICY]
    if "policies" in given:
        policies = _policies(given["policies"], first)
    grants = [_grant(item) for item in _list(given, "grants")]
    for item in _list(given, "revocations"):
        grants = _revoke(grants, item)
    terminations = [_days(item)[1] for item in _list(given, "terminations")]
    tiers = [_manual_tier(item, months, policies) for item in _list(given, "manual_tiers")]
    happenings = Happenings(tuple(grants), tuple(terminations), tuple(tiers))
    corrections = [_correction(item, first, last) for item in _list(given, "corrections")]
    initial = NON_MEMBER
    if "initial" in given:
        initial = _initial(given["initial"], in_force(policies, first))
    return Scenario(initial, months, policies, happenings, corrections)


def _list(given: dict[str, Field], key: str) -> list[Field]:
    return given[key].items() if key in given else []


def _months(listed: Field) -> list[MonthInput]:
    """Read the months to judge, each following the one before."""
    months: list[MonthInput] = []
    for item in listed.items():
        given = item.fields(required=("month", "aum"))
        month = given["month"].month()
        if months and month != months[-1].month.next():
            given["month"].refuse(f"must be {months[-1].month.next()}: months are consecutive")
        months.append(MonthInput(month, _total(given["aum"])))
    if not 1 <= len(months) <= MOST_MONTHS:
        listed.refuse(f"must be 1 to {MOST_MONTHS} months")
    return months


def _total(aum: Field) -> Average | None:
    """Read a month's AUM; as it is an average, it may be finer than the cent."""
    return None if aum.value is None else Average(aum.amount(AVERAGE_PLACES), 1)


def _policies(listed: Field, first: Month) -> list[TierPolicy]:
    """Read the policy versions, numbered in their order; one must be in force from the start."""
    policies = [read_policy(item, version) for version, item in enumerate(listed.items(), start=1)]
    try:
        in_force(policies, first)
    except NoPolicyInForce as refusal:
        listed.refuse(str(refusal))
    return policies


def _grant(item: Field) -> Grant:
    given = item.fields(required=("from",), optional=("until",))
    start = given["from"].day()
    ends = "until" in given and given["until"].value is not None
    until = given["until"].day() if ends else one_year_from(start)
    if until < start:
        given["until"].refuse(f"must not be before {start}")
    return Grant(start, until)


def _revoke(grants: list[Grant], item: Field) -> list[Grant]:
    """Apply a revocation to the grants that are valid on its day or at any time in its month."""
    first, last = _days(item)
    ended = [grant.start <= last and grant.over_from > first for grant in grants]
    if not any(ended):
        item.refuse("no grant is valid then")
    return [
        replace(grant, revoked_on=last) if hit else grant
        for grant, hit in zip(grants, ended, strict=True)
    ]


def _days(item: Field) -> tuple[date, date]:
    """Read when something happened: `{"on": date}`, or `{"month": month}`, by its last day."""
    given = item.fields(required=(), optional=("month", "on"))
    if len(given) != 1:
        item.refuse('expected either "month" or "on"')
    if "month" in given:
        return given["month"].month().date_range
    day = given["on"].day()
    return day, day


def _manual_tier(
    item: Field, months: Sequence[MonthInput], policies: Sequence[TierPolicy]
) -> ManualTier:
    """Read a tier that was decided on a day, one of the policy in force in its month."""
    given = item.fields(required=("on", "tier"))
    day, code = given["on"].day(), given["tier"].text(longest=32)
    first, last = months[0].month, months[-1].month.next()
    if not first <= Month.of(day) <= last:
        given["on"].refuse(f"must be in {first} to {last}")
    policy = in_force(policies, Month.of(day))
    if not policy.offers(code):
        given["tier"].refuse(f"policy version {policy.version} has no tier {code}")
    return ManualTier(day, code)


def _correction(item: Field, first: Month, last: Month) -> Correction:
    given = item.fields(required=("posted_in", "month", "aum"))
    posted_in, month = given["posted_in"].month(), given["month"].month()
    if not first <= month <= last:
        given["month"].refuse(f"must be one of the months {first} to {last}")
    if not month < posted_in <= last.next():
        given["posted_in"].refuse(f"must be {month.next()} to {last.next()}, when it is open")
    return Correction(posted_in, month, _total(given["aum"]))


def _initial(item: Field, policy: TierPolicy) -> Standing:
    """Read the standing at the start, which must be one the state table can lead to."""
    counters = ("shortfall_months", "below_entry_months", "retention_closes")
    given = item.fields(required=("status",), optional=("tier", *counters))
    status = given["status"].choice(Status)
    counted = {key: given[key].whole(0, MOST_MONTHS) for key in counters if key in given}
    below_tier = counted.get("shortfall_months", 0)
    below_entry = counted.get("below_entry_months", 0)
    retained = counted.get("retention_closes", 0)
    tier = None
    if "tier" in given and given["tier"].value is not None:
        tier = given["tier"].text(longest=32)
        if not policy.knows(tier):
            given["tier"].refuse(f"policy version {policy.version} knows no tier {tier}")
    member = status in (Status.ACTIVE, Status.WATCH)
    if member != (tier is not None):
        item.refuse(f"{status} {'needs a' if member else 'has no'} tier")
    if (below_tier or below_entry) and status is not Status.WATCH:
        item.refuse(f"{status} has no months below a line")
    if status is Status.WATCH and not (below_tier or below_entry):
        item.refuse("WATCH needs shortfall_months or below_entry_months")
    if retained and status is not Status.EXITED_UNRATED:
        item.refuse(f"{status} has no retention_closes")
    return Standing(status, tier, None, below_tier, below_entry, retained)

"""Manual tiers: the institution decides on a day that a customer holds a tier.

The figures would give another tier or none: a family's wealth is counted elsewhere, or a tier that
was given by mistake is to be another one. Such a tier is in force at once and has no end of its
own: the closes judge from it by the ordinary rules, so whoever does not reach it is watched and
demoted. Source: decision of the institution; the design chapter is silent (docs/concepts/tiers.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from domain.decision import Decision, Rule
from domain.months import Month
from domain.policy import TierPolicy
from domain.special import CustomerTerminated
from domain.standing import Standing, Status


@dataclass(frozen=True, slots=True)
class ManualTier:
    """A tier, by its code, that a customer holds from a day on by a decision."""

    day: date
    tier: str


def set_tier(standing: Standing, given: ManualTier, policy: TierPolicy) -> Decision:
    """Decide what a manual tier does on its day: ACTIVE in it, with fresh counters.

    `policy` is the one in force in the month of that day. Whoever is ACTIVE in the tier already
    stays so. The code may be one that the policy has dropped since: the next close judges it as its
    successor. Raises CustomerTerminated.
    """
    if standing.terminated:
        raise CustomerTerminated("a terminated customer cannot be given a tier")
    month = Month.of(given.day)
    since = standing.since if standing.tier == given.tier else month
    after = Standing(Status.ACTIVE, given.tier, since)
    if after == standing:
        after = standing
    return Decision(month, standing, after, Rule.MANUAL, policy.version)

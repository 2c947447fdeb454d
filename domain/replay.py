"""Judging several months in a row, again if figures of a closed month are corrected.

Corrections are bitemporal: what was published for months up to and including the one a correction
is posted in stays on record; the replay with the corrected figures governs from the close of that
month on. An upward result takes effect by itself, a downward one after a review: `better_than`
tells them apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial

from domain.decision import Decision, Rule
from domain.happenings import NOTHING, Happenings
from domain.manual_tier import set_tier
from domain.money import Average
from domain.months import Month
from domain.policy import TierPolicy, in_force
from domain.special import Grant, grant_special, revoke_special, terminate
from domain.standing import Standing, Status
from domain.tiers import judge


@dataclass(frozen=True, slots=True)
class MonthInput:
    """The AUM a month is judged by; `total` None if the month's feed is missing."""

    month: Month
    total: Average | None


@dataclass(frozen=True, slots=True)
class Correction:
    """A new figure for the closed `month`, posted while `posted_in` is the open month."""

    posted_in: Month
    month: Month
    total: Average | None

    def __post_init__(self) -> None:
        if self.posted_in <= self.month:
            raise ValueError(f"{self.month} is not closed yet in {self.posted_in}")


def replay(
    initial: Standing,
    months: Sequence[MonthInput],
    policies: Sequence[TierPolicy],
    happenings: Happenings = NOTHING,
) -> list[Decision]:
    """Judge consecutive months from the standing `initial` at the start of the first.

    Returns the decisions in their order: each month's close, before it what a grant, its end, a
    manual tier or a termination changed within the month. The last one's `after` is the standing
    that results. Raises NoPolicyInForce for a month before the first policy.
    """
    decisions: list[Decision] = []
    for given in months:
        month, policy = given.month, in_force(policies, given.month)
        if given is months[0]:
            decisions += _carried_in(initial, month, policy, happenings)
        standing = _latest(decisions, initial)
        decisions += within_month(standing, month, policy, happenings)
        standing = _latest(decisions, initial)
        known = happenings.grants_known_on(month.last_day)
        decisions.append(judge(standing, month, given.total, policy, known))
    return decisions


def within_month(
    standing: Standing, month: Month, policy: TierPolicy, happenings: Happenings
) -> list[Decision]:
    """Decide what changes on the days of a month, between two closes, in order of the days.

    Grants show from their start and end when revoked or expired; manual tiers and terminations are
    at once. A grant that is revoked on its first day has shown on it.
    """
    decisions: list[Decision] = []
    for day in happenings.days_of(month):
        for step in _in_the_course_of(day, policy, happenings):
            decision = None if standing.terminated else step(standing)
            if decision is not None and decision.after is not standing:
                decisions.append(decision)
                standing = decision.after
    return decisions


def published(
    initial: Standing,
    months: Sequence[MonthInput],
    policies: Sequence[TierPolicy],
    happenings: Happenings = NOTHING,
    corrections: Iterable[Correction] = (),
) -> list[Standing]:
    """Return what is in force on the last day of each month, and of the month after the last.

    A correction moves the months after the one it is posted in, as if any review it needs was
    approved. Raises ValueError if it is about a month that is not among `months`.
    """
    posted: dict[Month, dict[Month, Average | None]] = {}
    for correction in corrections:
        posted.setdefault(correction.posted_in, {})[correction.month] = correction.total
    shown = _last_days(initial, months, policies, happenings)
    for posted_in, totals in sorted(posted.items()):
        if not totals.keys() <= {given.month for given in months}:
            raise ValueError(f"a correction posted in {posted_in} is about a month never judged")
        months = [
            replace(given, total=totals[given.month]) if given.month in totals else given
            for given in months
        ]
        kept = posted_in - months[0].month + 1
        corrected = _last_days(initial, months, policies, happenings)
        shown = shown[:kept] + corrected[kept:]
    return shown


def correct(
    published: Standing, replayed: Sequence[Decision], posted_in: Month, policy: TierPolicy
) -> Decision:
    """Decide what a replay (at least one month's close) makes of the standing published so far.

    `published` is the standing of the open month `posted_in`, `after` the one its close is to
    start from; the evidence is every figure judged in the replay. Publish it if
    `better_than(decision.after, decision.before, policy)`, else have it reviewed.
    """
    judged = {month.month: month for decision in replayed for month in decision.judged}
    evidence = tuple(judged[month] for month in sorted(judged))
    after = replayed[-1].after
    return Decision(posted_in, published, after, Rule.CORRECTED, policy.version, evidence)


def better_than(a: Standing, b: Standing, policy: TierPolicy) -> bool:
    """Tell whether `a` is a better standing for the customer than `b`.

    Assessed is better than SPECIAL, that than EXITED_UNRATED, that than none; then the higher tier
    of `policy`, fewer months below the entry line, fewer below the tier, fewer closes retained, and
    last the higher tier reached in the months below the own one: what a watch may end in.
    """
    return _worth(a, policy) > _worth(b, policy)


def _worth(standing: Standing, policy: TierPolicy) -> tuple[int, int, int, int, int, int]:
    """Return a key that is greater for a better standing."""
    window = (policy.tier(code).rank for code in standing.window if code is not None)
    counters = (
        -standing.below_entry_months,
        -standing.shortfall_months,
        -standing.retention_closes,
        max(window, default=0),
    )
    if standing.tier is not None:
        return (3, policy.tier(standing.tier).rank, *counters)
    return (_OVERLAY.get(standing.status, 0), 0, *counters)


_OVERLAY = {Status.SPECIAL: 2, Status.EXITED_UNRATED: 1}


def _last_days(
    initial: Standing,
    months: Sequence[MonthInput],
    policies: Sequence[TierPolicy],
    happenings: Happenings,
) -> list[Standing]:
    """Return the standings in force on the last days, one more than `months`."""
    decisions = replay(initial, months, policies, happenings)
    open_month = months[-1].month.next()
    policy = in_force(policies, open_month)
    decisions += within_month(decisions[-1].after, open_month, policy, happenings)
    standing, index, shown = initial, 0, []
    for month in [*(given.month for given in months), open_month]:
        while index < len(decisions) and decisions[index].effective_from <= month:
            standing = decisions[index].after
            index += 1
        shown.append(standing)
    return shown


def _latest(decisions: list[Decision], initial: Standing) -> Standing:
    return decisions[-1].after if decisions else initial


def _carried_in(
    initial: Standing, month: Month, policy: TierPolicy, happenings: Happenings
) -> list[Decision]:
    """Decide what a history's first month takes over from before: at most one decision.

    A termination, or a grant that began earlier and outlasts the month; of one that ends within it,
    `initial` says whether it showed. A standing that came from a close shows both.
    """
    first = month.first_day
    if any(day < first for day in happenings.terminations):
        decision = terminate(initial, first, policy)
        return [] if decision.after is initial else [decision]
    if initial.assessed or initial.terminated or initial.status is Status.SPECIAL:
        return []
    return [
        grant_special(initial, grant, first, policy)
        for grant in happenings.grants_known_on(first - timedelta(days=1))
        if grant.start < first and grant.valid_on(month.last_day)
    ][:1]


def _in_the_course_of(
    day: date, policy: TierPolicy, happenings: Happenings
) -> list[Callable[[Standing], Decision | None]]:
    """Return what decides on one day, in order: a termination alone, else grants, then tiers."""
    if day in happenings.terminations:
        return [partial(terminate, on=day, policy=policy)]
    return [
        *(
            partial(_by_grants, day=day, policy=policy, grants=known)
            for known in happenings.grants_in_the_course_of(day)
        ),
        *(
            partial(set_tier, given=given, policy=policy)
            for given in happenings.tiers
            if given.day == day
        ),
    ]


def _by_grants(
    standing: Standing, day: date, policy: TierPolicy, grants: Sequence[Grant]
) -> Decision | None:
    """Decide what grants do on a day, None if nothing."""
    for grant in grants:
        if grant.valid_on(day):
            return grant_special(standing, grant, day, policy)
    if any(grant.over_from == day for grant in grants):
        return revoke_special(standing, day, policy)
    return None

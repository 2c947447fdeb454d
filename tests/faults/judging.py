"""The oracle's own tier rules, written from the table of states and from no code of the product.

Plain values: a month is its first day, a state a frozen record, a figure a Fraction. The default
policy only; its parameters are the constants below.
"""

from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from math import floor

TIERS = (("T1", 200_000), ("T2", 500_000), ("T3", 1_000_000), ("T4", 3_000_000), ("T5", 10_000_000))
WATCH, EXIT, RETENTION = 3, 6, 2
RANK = {code: place for place, (code, _) in enumerate(TIERS)}


def following(month: date, by: int = 1) -> date:
    """The first day of the month so many months later."""
    count = month.year * 12 + month.month - 1 + by
    return date(count // 12, count % 12 + 1, 1)


def days_of(month: date) -> int:
    return (following(month) - month).days


def shown(figure: Fraction) -> str:
    """Rounded half away from zero to hundredths, as text."""
    cents = floor(abs(figure) * 100 + Fraction(1, 2))
    sign = "-" if figure < 0 and cents else ""
    return f"{sign}{cents // 100}.{cents % 100:02d}"


@dataclass(frozen=True)
class Judged:
    month: date
    total: str
    reached: str | None


@dataclass(frozen=True)
class State:
    """In force in a month; `rule` is why, and no part of what is compared between two replays."""

    status: str = "NON_MEMBER"
    tier: str | None = None
    since: date | None = None
    k: int = 0
    n: int = 0
    r: int = 0
    history: tuple[Judged, ...] = ()

    @property
    def member(self) -> bool:
        return self.tier is not None


@dataclass(frozen=True)
class Grant:
    starts: date
    until: date
    revoked: date | None = None

    def valid(self, day: date) -> bool:
        return self.starts <= day <= self.until and (self.revoked is None or day < self.revoked)


def reached(figure: Fraction) -> str | None:
    """The highest tier whose line is reached, at exactly the line too."""
    codes = [code for code, line in TIERS if figure >= line]
    return codes[-1] if codes else None


def close(
    state: State, month: date, figure: Fraction, grants: tuple[Grant, ...]
) -> tuple[State, str]:
    """The state of the month after `month`, and the name of the rule."""
    at = reached(figure)
    now = Judged(month, shown(figure), at)
    if state.member:
        return _member(state, now, grants)
    if figure > TIERS[0][1]:
        rule = "REENTERED" if state.status == "EXITED_UNRATED" else "ENTERED"
        return State("ACTIVE", at, following(month)), rule
    valid = any(grant.valid(following(month)) for grant in grants)
    if valid and state.status == "SPECIAL":
        return state, "SPECIAL_CONTINUES"
    if valid:
        return State("SPECIAL", since=following(month)), "SPECIAL_STARTED"
    if state.status == "SPECIAL":
        return State("EXITED_UNRATED", since=following(month)), "SPECIAL_ENDED"
    if state.status == "NON_MEMBER":
        return state, "NOT_ENTERED"
    if state.status == "REMOVED":
        return state, "STAYS_REMOVED"
    if state.r + 1 >= RETENTION:
        return State("REMOVED", since=following(month)), "REMOVED"
    return replace(state, r=state.r + 1, history=(*state.history, now)), "RETAINED"


def _member(state: State, now: Judged, grants: tuple[Grant, ...]) -> tuple[State, str]:
    assert state.tier is not None
    after = following(now.month)
    own = RANK[state.tier]
    rank = -1 if now.reached is None else RANK[now.reached]
    if rank > own:
        return State("ACTIVE", now.reached, after), "UPGRADED"
    if rank == own:
        return State("ACTIVE", state.tier, state.since), "KEPT"
    k, n = state.k + 1, state.n + 1 if now.reached is None else 0
    run = (*state.history, now)
    if n >= EXIT:
        if any(grant.valid(after) for grant in grants):
            return State("SPECIAL", since=after), "EXITED_TO_SPECIAL"
        return State("EXITED_UNRATED", since=after), "EXITED"
    if k >= WATCH and own > 0:
        ranks = [RANK[judged.reached] for judged in run[-k:] if judged.reached is not None]
        target = TIERS[max(ranks, default=0)][0]
        status = "WATCH" if n else "ACTIVE"
        rule = "DEMOTED" if ranks else "FLOORED"
        return State(status, target, after, 0, n, 0, run[-n:] if n else ()), rule
    return State("WATCH", state.tier, state.since, k, n, 0, run[-max(k, n) :]), "BELOW_TIER"


def worth(state: State) -> tuple[int, ...]:
    """Greater for a state that is better for the customer: how a correction is told up or down."""
    kept = {"SPECIAL": 2, "EXITED_UNRATED": 1}.get(state.status, 0)
    window = (
        [RANK[j.reached] + 1 for j in state.history[-state.k :] if j.reached] if state.k else []
    )
    place = (3, RANK[state.tier] + 1) if state.tier is not None else (kept, 0)
    return (*place, -state.n, -state.k, -state.r, max(window, default=0))


def kind_of(shown_before: State, judged_from: State, after: State, rule: str) -> str | None:
    """The kind of the event that tells of a change; None where status and tier stay."""
    if (shown_before.status, shown_before.tier) == (after.status, after.tier):
        return None
    alike = shown_before.tier == judged_from.tier and (
        shown_before.member or shown_before.status == judged_from.status
    )
    if not alike:
        return "CORRECTED"
    if after.member and not shown_before.member:
        return "REENTERED" if shown_before.status == "EXITED_UNRATED" else "ENTERED"
    if after.member:
        if after.tier == shown_before.tier:
            return "WATCH_STARTED" if after.status == "WATCH" else "WATCH_CLEARED"
        return "UPGRADED" if rule == "UPGRADED" else "DOWNGRADED"
    if shown_before.member:
        return "EXITED"
    if shown_before.status == "SPECIAL":
        return "SPECIAL_ENDED"
    return "SPECIAL_GRANTED" if after.status == "SPECIAL" else "REMOVED"

"""Members whose tier or watch a later policy version changes."""

import pytest

from domain.decision import Rule
from domain.policy import DEFAULT_POLICY, TierPolicy, UnknownTier, in_force
from domain.standing import Standing, Status
from tests.domain.builders import (
    APRIL,
    LINES,
    active,
    close,
    member,
    policy_with,
    shown,
    watch,
)


def without(*codes: str) -> TierPolicy:
    """Version 2 of the default policy, in force from April, lacking these tiers."""
    tiers = [
        {"code": code, "name": code, "threshold": str(line)}
        for code, line in LINES.items()
        if code not in codes
    ]
    changed = policy_with(tiers=tiers, effective="2025-04", version=2)
    return in_force([DEFAULT_POLICY, changed], APRIL)


def test_members_of_a_dropped_tier_are_judged_as_members_of_its_successor() -> None:
    policy = without("T3")
    kept = close(member("T3"), 600_000, policy=policy)
    assert (kept.rule, shown(kept.after)) == (Rule.KEPT, active("T2"))
    assert kept.after.since == APRIL.next()
    risen = close(member("T3"), 3_000_000, policy=policy)
    assert (risen.rule, shown(risen.after)) == (Rule.UPGRADED, active("T4"))


def test_the_watch_of_a_dropped_tier_starts_afresh_but_not_the_way_out() -> None:
    policy = without("T3")
    decision = close(member("T3", 1, 1, n=2), 300_000, policy=policy)
    assert (decision.rule, shown(decision.after)) == (Rule.BELOW_TIER, watch("T2", 1, 0))
    decision = close(member("T3", 1, 1, n=5), 0, policy=policy)
    assert decision.rule is Rule.EXITED


def test_a_dropped_tier_reached_in_the_window_stands_for_its_successor() -> None:
    decision = close(member("T5", 1_000_000, 0, n=1), 0, policy=without("T3"))
    assert (decision.rule, shown(decision.after)) == (Rule.DEMOTED, watch("T2", 0, 2))


def test_a_missing_feed_leaves_a_dropped_tier_for_the_next_close() -> None:
    standing = member("T3")
    assert close(standing, None, policy=without("T3")).after is standing


def test_a_tier_no_policy_ever_had_is_an_error() -> None:
    with pytest.raises(UnknownTier, match="X"):
        close(Standing(Status.ACTIVE, "X"), 10**6)


def test_a_demotion_never_raises_even_if_tiers_change_places() -> None:
    lines = {"T1": 200_000, "T3": 500_000, "T2": 1_000_000}
    tiers = [{"code": code, "name": code, "threshold": str(line)} for code, line in lines.items()]
    changed = policy_with(version=2, effective="2025-04", tiers=tiers)
    reached_platinum_then = member("T3", 600_000, 600_000)
    decision = close(reached_platinum_then, 300_000, policy=changed)
    assert (decision.rule, shown(decision.after)) == (Rule.DEMOTED, active("T3"))

"""Manual tiers: a decision about a day, from which the closes go on."""

from dataclasses import replace
from datetime import date

import pytest

from domain.decision import Rule
from domain.happenings import Happenings
from domain.manual_tier import ManualTier, set_tier
from domain.months import Month
from domain.policy import DEFAULT_POLICY
from domain.replay import MonthInput, published, within_month
from domain.special import CustomerTerminated, Grant
from domain.standing import NON_MEMBER, Standing, Status
from tests.domain.builders import (
    APRIL,
    REMOVED,
    SPECIAL,
    TERMINATED,
    VALID,
    aum,
    close,
    exited,
    member,
    shown,
    watch,
)

TENTH = date(2025, 4, 10)


@pytest.mark.parametrize("tier", ["T1", "T3", "T5"])
@pytest.mark.parametrize(
    "before", [NON_MEMBER, member("T2"), member("T4", 0, n=1), SPECIAL, exited(1), REMOVED]
)
def test_the_tier_is_held_at_once_with_fresh_counters(before: Standing, tier: str) -> None:
    decision = set_tier(before, ManualTier(TENTH, tier), DEFAULT_POLICY)
    assert decision.after == Standing(Status.ACTIVE, tier, APRIL)
    assert (decision.rule, decision.effective_from, decision.judged) == (Rule.MANUAL, APRIL, ())


def test_a_watch_in_the_same_tier_is_over_and_the_tier_has_the_first_month_it_had() -> None:
    before = member("T3", 600_000, 600_000)
    after = set_tier(before, ManualTier(TENTH, "T3"), DEFAULT_POLICY).after
    assert after == Standing(Status.ACTIVE, "T3", before.since)


def test_whoever_holds_it_with_clean_counters_stays_so() -> None:
    decision = set_tier(member("T3"), ManualTier(TENTH, "T3"), DEFAULT_POLICY)
    assert decision.after is decision.before


def test_a_terminated_customer_cannot_have_one() -> None:
    with pytest.raises(CustomerTerminated):
        set_tier(TERMINATED, ManualTier(TENTH, "T3"), DEFAULT_POLICY)


def test_the_close_judges_from_it_by_the_ordinary_rules() -> None:
    given = set_tier(NON_MEMBER, ManualTier(TENTH, "T4"), DEFAULT_POLICY).after
    assert close(given, 5_000_000).rule is Rule.KEPT
    assert close(given, 20_000_000).rule is Rule.UPGRADED
    assert shown(close(given, 0).after) == watch("T4", 1, 1)
    assert close(given, None).after is given


def test_on_one_day_it_stands_over_grants_and_a_termination_stands_over_it() -> None:
    granted = Grant(TENTH, date(2026, 4, 30))
    first, second = ManualTier(TENTH, "T2"), ManualTier(TENTH, "T5")
    decisions = within_month(
        NON_MEMBER, APRIL, DEFAULT_POLICY, Happenings((granted,), (), (first, second))
    )
    assert [decision.rule for decision in decisions] == [
        *(Rule.SPECIAL_GRANTED, Rule.MANUAL, Rule.MANUAL),
    ]
    assert decisions[-1].after == Standing(Status.ACTIVE, "T5", APRIL)
    [ended] = within_month(
        NON_MEMBER, APRIL, DEFAULT_POLICY, Happenings((granted,), (TENTH,), (first,))
    )
    assert ended.rule is Rule.TERMINATED


def test_on_its_day_a_grant_of_earlier_days_does_not_show_anew() -> None:
    tiers = (ManualTier(TENTH, "T2"),)
    [decision] = within_month(NON_MEMBER, APRIL, DEFAULT_POLICY, Happenings((VALID,), tiers=tiers))
    assert decision.rule is Rule.MANUAL


def test_what_was_decided_before_a_history_is_in_the_standing_it_begins_with() -> None:
    happenings = Happenings(tiers=(ManualTier(date(2024, 12, 31), "T5"),))
    january = MonthInput(Month(2025, 1), aum(0))
    assert published(NON_MEMBER, [january], [DEFAULT_POLICY], happenings) == [NON_MEMBER] * 2


def test_a_tier_that_the_policy_has_dropped_since_is_judged_as_its_successor() -> None:
    without = replace(
        DEFAULT_POLICY,
        version=2,
        effective=APRIL,
        tiers=(DEFAULT_POLICY.tiers[0], replace(DEFAULT_POLICY.tiers[2], rank=2)),
    )
    happenings = Happenings(tiers=(ManualTier(TENTH, "T2"),))
    month = MonthInput(APRIL, aum(600_000))
    now, then = published(NON_MEMBER, [month], [DEFAULT_POLICY, without], happenings)
    assert now == Standing(Status.ACTIVE, "T2", APRIL)
    assert then == Standing(Status.ACTIVE, "T1", APRIL.next())

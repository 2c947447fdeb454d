"""The sentences, one for each rule: what a manager or a customer is told."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from domain.decision import Decision, Rule
from domain.explanation import explain
from domain.manual_tier import ManualTier, set_tier
from domain.money import Average
from domain.policy import DEFAULT_POLICY, TierPolicy, in_force
from domain.replay import MonthInput, correct, replay
from domain.special import grant_special, revoke_special, terminate
from domain.standing import NON_MEMBER, Standing
from domain.tiers import judge
from tests.domain.builders import (
    APRIL,
    ENDING,
    REMOVED,
    SPECIAL,
    TERMINATED,
    VALID,
    aum,
    exited,
    member,
    policy_with,
)

TODAY = date(2025, 4, 10)
SIX_MONTHS = (
    "2024-11 (1.00), 2024-12 (2.00), 2025-01 (3.00), 2025-02 (4.00), 2025-03 (5.00) "
    "and 2025-04 (6.00)"
)


def close(standing: Standing, amount: int | None, *grants: object) -> Decision:
    total = None if amount is None else aum(amount)
    return judge(standing, APRIL, total, DEFAULT_POLICY, grants)  # type: ignore[arg-type]


TOLD: list[tuple[Decision, str]] = [
    (
        close(NON_MEMBER, 150_000),
        "Not a member in 2025-05: AUM 150,000.00 in 2025-04 is not above the entry line of "
        "200,000.00.",
    ),
    (
        close(NON_MEMBER, 550_000),
        "Platinum (T2) from 2025-05: AUM 550,000.00 in 2025-04 is above the entry line of "
        "200,000.00; the highest tier it reaches is Platinum (500,000.00).",
    ),
    (
        close(exited(), 250_000),
        "Gold (T1) again from 2025-05: AUM 250,000.00 in 2025-04 is above the entry line of "
        "200,000.00; the highest tier it reaches is Gold (200,000.00).",
    ),
    (
        close(member("T3"), 1_000_000),
        "Diamond (T3) kept in 2025-05: AUM 1,000,000.00 in 2025-04 reaches 1,000,000.00.",
    ),
    (
        close(member("T3", 1, n=1), 1_200_000),
        "Diamond (T3) kept in 2025-05: AUM 1,200,000.00 in 2025-04 reaches 1,000,000.00. "
        "The watch is over.",
    ),
    (
        close(member("T1"), 3_500_000),
        "Wealth (T4) from 2025-05, up from Gold (T1): AUM 3,500,000.00 in 2025-04 reaches "
        "Wealth (3,000,000.00).",
    ),
    (
        close(member("T3"), 800_000),
        "Diamond (T3) under watch in 2025-05: AUM 800,000.00 in 2025-04 is below Diamond "
        "(1,000,000.00), month 1 of 3 of the watch.",
    ),
    (
        close(member("T3", 600_000), 100_000),
        "Diamond (T3) under watch in 2025-05: AUM 100,000.00 in 2025-04 is below Diamond "
        "(1,000,000.00), month 2 of 3 of the watch. It is also below the entry line of "
        "200,000.00, month 1 of 6 before an exit.",
    ),
    (
        close(member("T1", 0, 0, n=2), 0),
        "Gold (T1) under watch in 2025-05: AUM 0.00 in 2025-04 is below the entry line of "
        "200,000.00, month 3 of 6 before an exit.",
    ),
    (
        close(member("T3", 600_000, 300_000), 150_000),
        "Platinum (T2) from 2025-05: below Diamond (1,000,000.00) in 2025-02 (600,000.00), "
        "2025-03 (300,000.00) and 2025-04 (150,000.00); the highest tier reached in the watch of "
        "3 months was Platinum.",
    ),
    (
        close(member("T5", 0, 0, n=2), 0),
        "Gold (T1) from 2025-05: below Private (10,000,000.00) in 2025-02 (0.00), 2025-03 (0.00) "
        "and 2025-04 (0.00); no tier was reached in the watch of 3 months, so the lowest applies.",
    ),
    (
        close(member("T1", 1, 2, 3, 4, 5, n=5), 6),
        f"Exited, unrated from 2025-05: AUM was below the entry line of 200,000.00 in {SIX_MONTHS}."
        " The customer is retained for 2 months.",
    ),
    (
        close(member("T1", 1, 2, 3, 4, 5, n=5), 6, VALID),
        f"Special VIP from 2025-05: AUM was below the entry line of 200,000.00 in {SIX_MONTHS}, "
        "which ends the membership, but a grant is valid.",
    ),
    (
        close(exited(), 200_000),
        "Exited, unrated in 2025-05: AUM 200,000.00 in 2025-04 is not above the entry line of "
        "200,000.00; close 1 of 2 in retention.",
    ),
    (
        close(exited(1), 7),
        "Removed from 2025-05: AUM did not rise above the entry line of 200,000.00 in the "
        "retention, 2025-03 (0.00) and 2025-04 (7.00).",
    ),
    (
        close(REMOVED, 7),
        "Removed in 2025-05: AUM 7.00 in 2025-04 is not above the entry line of 200,000.00.",
    ),
    (
        close(TERMINATED, 10**7),
        "Removed in 2025-05: the customer is terminated and does not enter again.",
    ),
    (
        close(NON_MEMBER, 7, VALID),
        "Special VIP from 2025-05: a grant is valid, and AUM 7.00 in 2025-04 is not above the "
        "entry line of 200,000.00.",
    ),
    (
        close(SPECIAL, None, VALID),
        "Special VIP in 2025-05: the grant is still valid, and the figures of 2025-04 are missing.",
    ),
    (
        close(SPECIAL, 7, ENDING),
        "Exited, unrated from 2025-05: the grant of special VIP has ended, and AUM 7.00 in 2025-04 "
        "is not above the entry line of 200,000.00.",
    ),
    (
        close(member("T3", 1, n=1), None),
        "Diamond (T3) under watch, unchanged in 2025-05: the figures of 2025-04 are missing, so "
        "tier and counters are held.",
    ),
    (
        grant_special(NON_MEMBER, VALID, TODAY, DEFAULT_POLICY),
        "Special VIP from 2025-04: special VIP was granted.",
    ),
    (
        grant_special(member("T2"), VALID, TODAY, DEFAULT_POLICY),
        "Platinum (T2), unchanged in 2025-04: a grant of special VIP was given or revoked that "
        "makes no difference at present.",
    ),
    (
        revoke_special(SPECIAL, TODAY, DEFAULT_POLICY),
        "Exited, unrated from 2025-04: the grant of special VIP was ended.",
    ),
    (
        set_tier(NON_MEMBER, ManualTier(TODAY, "T3"), DEFAULT_POLICY),
        "Diamond (T3) from 2025-04 instead of Not a member: set by a decision of the institution, "
        "not by AUM. The closes go on from it.",
    ),
    (
        set_tier(member("T3", 600_000), ManualTier(TODAY, "T3"), DEFAULT_POLICY),
        "Diamond (T3) from 2025-04 instead of Diamond (T3) under watch: set by a decision of the "
        "institution, not by AUM. The closes go on from it.",
    ),
    (
        terminate(member("T2"), TODAY, DEFAULT_POLICY),
        "Removed from 2025-04: the customer's termination was confirmed.",
    ),
    (
        correct(
            member("T2"),
            replay(member("T3"), [MonthInput(APRIL - 1, aum(1_050_000))], [DEFAULT_POLICY]),
            APRIL,
            DEFAULT_POLICY,
        ),
        "Diamond (T3) instead of Platinum (T2): figures of closed months were corrected in "
        "2025-04, which governs from its close on. The figures judged again: 2025-03 "
        "(1,050,000.00).",
    ),
]


@pytest.mark.parametrize(("decision", "text"), TOLD)
def test_a_decision_is_told_with_its_figures(decision: Decision, text: str) -> None:
    assert explain(decision, DEFAULT_POLICY) == text


def test_every_rule_is_in_the_table() -> None:
    assert {decision.rule for decision, _ in TOLD} == set(Rule)


def told(before: Standing, total: Average, policy: TierPolicy) -> str:
    return explain(judge(before, APRIL, total, policy), policy)


def test_a_figure_that_only_looks_like_the_line_is_told_so() -> None:
    almost = Average(Decimal("14999999.95"), 30)
    assert "AUM just under 500,000.00 in 2025-04 is below Platinum" in told(
        member("T2"), almost, DEFAULT_POLICY
    )
    barely = Average(Decimal("6000000.01"), 30)
    assert "AUM 200,000.00 in 2025-04 is just above the entry line of 200,000.00" in told(
        NON_MEMBER, barely, DEFAULT_POLICY
    )


def test_months_of_a_former_policy_are_told_by_what_they_reached_then() -> None:
    lowered = policy_with(
        version=2,
        effective="2025-04",
        tiers=[
            {"code": "T1", "name": "Gold", "threshold": "200000"},
            {"code": "T2", "name": "Platinum", "threshold": "400000"},
            {"code": "T3", "name": "Diamond", "threshold": "1000000"},
        ],
    )
    text = told(member("T3", 400_000, 1), aum(1), lowered)
    assert "2025-02 (400,000.00)" in text


@pytest.mark.parametrize(
    ("parameters", "before", "ending"),
    [
        (
            {"demote_to": "LAST_MONTH"},
            member("T4", 600_000, 1_500_000),
            "the tier reached in the last month of the watch of 3 months was Gold.",
        ),
        (
            {"watch_months": 1},
            member("T4"),
            "the highest tier reached in the watch of 1 month was Gold.",
        ),
    ],
)
def test_a_demotion_is_told_by_the_policys_own_rule(
    parameters: dict[str, Any], before: Standing, ending: str
) -> None:
    assert told(before, aum(400_000), policy_with(**parameters)).endswith(ending)


def test_a_tier_that_is_kept_for_want_of_another_is_told_so() -> None:
    policy = policy_with(floor="KEEP_TIER", demote_to="LAST_MONTH")
    assert told(member("T4", 600_000, 0, n=1), aum(0), policy) == (
        "Wealth (T4) kept in 2025-05 and watched afresh: below Wealth (3,000,000.00) in 2025-02 "
        "(600,000.00), 2025-03 (0.00) and 2025-04 (0.00); no tier was reached in the last month "
        "of the watch of 3 months, so there is none to fall to."
    )


def test_a_dropped_tier_is_told_by_its_former_name() -> None:
    tiers = [{"code": "T1", "name": "Gold", "threshold": "200000"}]
    changed = policy_with(version=2, effective="2025-04", tiers=tiers)
    policy = in_force([DEFAULT_POLICY, changed], APRIL)
    decision = judge(member("T3"), APRIL, aum(600_000), policy)
    kept = "Gold (T1) kept in 2025-05: AUM 600,000.00 in 2025-04 reaches 200,000.00."
    gone = "The policy in force no longer has"
    assert explain(decision, policy, [DEFAULT_POLICY]) == f"{kept} {gone} Diamond (T3)."
    assert explain(decision, changed) == f"{kept} {gone} T3."


def test_a_decision_is_told_under_its_own_policy_only() -> None:
    with pytest.raises(ValueError, match="version 1, not 2"):
        explain(close(NON_MEMBER, 0), policy_with(version=2))

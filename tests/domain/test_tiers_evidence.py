"""The evidence that decisions carry and standings hand on."""

from domain.decision import Rule
from domain.standing import NON_MEMBER, Standing, Status
from tests.domain.builders import (
    APRIL,
    MAY,
    active,
    close,
    judged,
    member,
    policy_with,
    run_of,
    shown,
    watch,
)


def test_the_evidence_is_normally_the_month_that_closed() -> None:
    assert close(NON_MEMBER, 250_000).judged == (judged(250_000, APRIL),)
    assert close(member("T3", 1, 2, n=2), 10**6).judged == (judged(10**6, APRIL),)
    assert close(member("T3"), None).judged == ()


def test_the_evidence_of_a_demotion_is_the_watch() -> None:
    decision = close(member("T3", 600_000, 700_000), 300_000)
    assert decision.judged == run_of(600_000, 700_000, 300_000, until=APRIL)
    assert decision.after.history == ()


def test_the_evidence_of_an_exit_is_the_run_below_the_line_also_across_a_demotion() -> None:
    standing, decisions = member("T5"), []
    for index in range(8):
        decisions.append(close(standing, index, month=APRIL + index))
        standing = decisions[-1].after
    floored, left, gone = decisions[2], decisions[5], decisions[7]
    assert [decision.rule for decision in (floored, left, gone)] == [
        *(Rule.FLOORED, Rule.EXITED, Rule.REMOVED),
    ]
    assert floored.judged == run_of(0, 1, 2, until=APRIL + 2)
    assert floored.after.history == floored.judged
    assert left.judged == run_of(0, 1, 2, 3, 4, 5, until=APRIL + 5)
    assert gone.judged == run_of(6, 7, until=APRIL + 7)
    assert gone.after.history == ()


def test_months_above_the_line_are_not_evidence_of_an_exit() -> None:
    before = member("T2", 300_000, 1, n=1)
    decision = close(before, 2, policy=policy_with(exit_months=2))
    assert decision.judged == run_of(1, 2, until=APRIL)


def test_a_held_month_is_no_evidence() -> None:
    standing = close(member("T3", 600_000), None, month=APRIL).after
    standing = close(standing, 600_000, month=MAY).after
    decision = close(standing, 600_000, month=MAY.next())
    assert decision.rule is Rule.DEMOTED
    assert [str(month.month) for month in decision.judged] == ["2025-03", "2025-05", "2025-06"]


def test_a_watch_taken_over_without_evidence_counts_what_is_known() -> None:
    taken_over = Standing(Status.WATCH, "T4", None, 2, 0)
    assert shown(close(taken_over, 600_000).after) == active("T2")
    assert shown(close(taken_over, 0).after) == watch("T1", 0, 1)

import pytest

from domain.changes import ChangeKind, changes_of
from domain.decision import Rule
from domain.policy import DEFAULT_POLICY
from domain.standing import NON_MEMBER, Standing
from tests.domain.builders import REMOVED, SPECIAL, TERMINATED, exited, member

T1, T2, T3 = member("T1"), member("T2"), member("T3")
T1_WATCH, T3_WATCH = member("T1", 0, n=1), member("T3", 600_000)

EVENTS: list[tuple[Standing, Rule, Standing, ChangeKind | None]] = [
    (NON_MEMBER, Rule.NOT_ENTERED, NON_MEMBER, None),
    (NON_MEMBER, Rule.ENTERED, T2, ChangeKind.ENTERED),
    (SPECIAL, Rule.ENTERED, T1, ChangeKind.ENTERED),
    (REMOVED, Rule.ENTERED, T1, ChangeKind.ENTERED),
    (exited(1), Rule.REENTERED, T1, ChangeKind.REENTERED),
    (T2, Rule.KEPT, T2, None),
    (T1, Rule.UPGRADED, T3, ChangeKind.UPGRADED),
    (T1_WATCH, Rule.UPGRADED, T2, ChangeKind.UPGRADED),
    (T3, Rule.BELOW_TIER, T3_WATCH, ChangeKind.WATCH_STARTED),
    (T3_WATCH, Rule.BELOW_TIER, member("T3", 600_000, 1), None),
    (T3_WATCH, Rule.HELD, T3_WATCH, None),
    (T3_WATCH, Rule.KEPT, T3, ChangeKind.WATCH_CLEARED),
    (T3_WATCH, Rule.DEMOTED, T2, ChangeKind.DOWNGRADED),
    (T3_WATCH, Rule.FLOORED, T1_WATCH, ChangeKind.DOWNGRADED),
    (T3_WATCH, Rule.FLOORED, member("T3", k=0, n=3), None),
    (T3, Rule.BELOW_TIER, member("T2", 0), ChangeKind.DOWNGRADED),
    (T1_WATCH, Rule.EXITED, exited(), ChangeKind.EXITED),
    (T1_WATCH, Rule.EXITED_TO_SPECIAL, SPECIAL, ChangeKind.EXITED),
    (exited(), Rule.RETAINED, exited(1), None),
    (exited(1), Rule.REMOVED, REMOVED, ChangeKind.REMOVED),
    (REMOVED, Rule.STAYS_REMOVED, REMOVED, None),
    (NON_MEMBER, Rule.SPECIAL_GRANTED, SPECIAL, ChangeKind.SPECIAL_GRANTED),
    (exited(1), Rule.SPECIAL_STARTED, SPECIAL, ChangeKind.SPECIAL_GRANTED),
    (SPECIAL, Rule.SPECIAL_CONTINUES, SPECIAL, None),
    (SPECIAL, Rule.SPECIAL_ENDED, exited(), ChangeKind.SPECIAL_ENDED),
    (SPECIAL, Rule.SPECIAL_ENDED, REMOVED, ChangeKind.SPECIAL_ENDED),
    (SPECIAL, Rule.SPECIAL_REVOKED, exited(), ChangeKind.SPECIAL_ENDED),
    (T3, Rule.SPECIAL_NOTED, T3, None),
    (NON_MEMBER, Rule.MANUAL, T2, ChangeKind.ENTERED),
    (exited(1), Rule.MANUAL, T2, ChangeKind.REENTERED),
    (T2, Rule.MANUAL, T3, ChangeKind.UPGRADED),
    (T3, Rule.MANUAL, T2, ChangeKind.DOWNGRADED),
    (T3_WATCH, Rule.MANUAL, T3, ChangeKind.WATCH_CLEARED),
    (T3, Rule.MANUAL, T3, None),
    (T3, Rule.TERMINATED, TERMINATED, ChangeKind.REMOVED),
    (SPECIAL, Rule.TERMINATED, TERMINATED, ChangeKind.REMOVED),
    (NON_MEMBER, Rule.TERMINATED, TERMINATED, ChangeKind.REMOVED),
    (REMOVED, Rule.TERMINATED, TERMINATED, None),
    (T2, Rule.CORRECTED, T3_WATCH, ChangeKind.CORRECTED),
    (exited(), Rule.CORRECTED, T1, ChangeKind.CORRECTED),
    (T3_WATCH, Rule.CORRECTED, member("T3", 600_000, 1), None),
]


@pytest.mark.parametrize(("before", "rule", "after", "kind"), EVENTS)
def test_the_event_of_a_decision(
    before: Standing, rule: Rule, after: Standing, kind: ChangeKind | None
) -> None:
    assert changes_of(before, after, rule, DEFAULT_POLICY) is kind


def test_every_rule_and_every_kind_is_in_the_table() -> None:
    assert {rule for _, rule, _, _ in EVENTS} == set(Rule)
    assert {kind for *_, kind in EVENTS} == {None, *ChangeKind}

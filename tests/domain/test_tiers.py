"""The state table, row by row, and which transitions there are at all."""

from datetime import date
from itertools import product
from typing import Any

import pytest

from domain.decision import Rule
from domain.special import Grant
from domain.standing import NON_MEMBER, Standing, Status
from tests.domain.builders import (
    APRIL,
    ENDING,
    GONE,
    LINES,
    MAY,
    NOTHING,
    REMOVED,
    SPECIAL,
    TERMINATED,
    VALID,
    VIP,
    Shown,
    active,
    close,
    exited,
    member,
    policy_with,
    retained,
    shown,
    watch,
)

STATE_TABLE: list[tuple[str, Standing, int | None, tuple[Grant, ...], Rule, Shown]] = [
    # entering
    ("exactly the line does not enter", NON_MEMBER, 200_000, (), Rule.NOT_ENTERED, NOTHING),
    ("more than the line enters", NON_MEMBER, 200_001, (), Rule.ENTERED, active("T1")),
    ("straight into the tier reached", NON_MEMBER, 3_200_000, (), Rule.ENTERED, active("T4")),
    ("an AUM below zero is just low", NON_MEMBER, -5, (), Rule.NOT_ENTERED, NOTHING),
    # a member who keeps or rises
    ("own tier reached", member("T3"), 1_000_000, (), Rule.KEPT, active("T3")),
    ("exactly the line keeps", member("T1"), 200_000, (), Rule.KEPT, active("T1")),
    ("own tier in mid-watch", member("T3", 1, 600_000), 1_000_000, (), Rule.KEPT, active("T3")),
    ("the line ends n", member("T1", 1, 2, n=2), 200_000, (), Rule.KEPT, active("T1")),
    ("n without k is cleared", member("T1", k=0, n=3), 200_000, (), Rule.KEPT, active("T1")),
    ("a higher tier at once", member("T1"), 500_000, (), Rule.UPGRADED, active("T2")),
    ("several tiers at once", member("T1"), 12_000_000, (), Rule.UPGRADED, active("T5")),
    ("also in mid-watch", member("T3", 1, n=1), 3_500_000, (), Rule.UPGRADED, active("T4")),
    # a member below the tier
    ("a watch starts", member("T3"), 800_000, (), Rule.BELOW_TIER, watch("T3", 1, 0)),
    ("below the line too", member("T3"), 100_000, (), Rule.BELOW_TIER, watch("T3", 1, 1)),
    (
        "a month above the line ends n, not k",
        *(member("T3", 1, n=1), 600_000, (), Rule.BELOW_TIER, watch("T3", 2, 0)),
    ),
    (
        "a lower tier does not re-rate early",
        *(member("T5", 3_000_000), 3_000_000, (), Rule.BELOW_TIER, watch("T5", 2, 0)),
    ),
    # the end of a watch
    (
        "down to the tier reached",
        *(member("T3", 600_000, 600_000), 600_000, (), Rule.DEMOTED, active("T2")),
    ),
    (
        "the highest in the window, not the last",
        *(member("T5", 5_000_000, 300_000), 300_000, (), Rule.DEMOTED, active("T4")),
    ),
    (
        "n is kept at a demotion",
        *(member("T3", 600_000, 100_000, n=1), 100_000, (), Rule.DEMOTED, watch("T2", 0, 2)),
    ),
    (
        "nothing reached: the lowest tier",
        *(member("T5", 0, 0, n=2), 0, (), Rule.FLOORED, watch("T1", 0, 3)),
    ),
    (
        "the lowest tier has nothing below",
        *(member("T1", 0, 0, n=2), 0, (), Rule.BELOW_TIER, watch("T1", 3, 3)),
    ),
    (
        "the lowest tier up to the fifth month",
        *(member("T1", 0, 0, 0, 0, n=4), 0, (), Rule.BELOW_TIER, watch("T1", 5, 5)),
    ),
    # leaving
    (
        "six months below the line",
        *(member("T1", 0, 0, 0, 0, 0, n=5), 199_999, (), Rule.EXITED, retained(0)),
    ),
    (
        "an exit goes before a demotion",
        *(member("T2", 0, 0, n=5), 0, (), Rule.EXITED, retained(0)),
    ),
    (
        "a valid grant catches the exit",
        *(member("T1", 0, 0, 0, 0, 0, n=5), 0, (VALID,), Rule.EXITED_TO_SPECIAL, VIP),
    ),
    (
        "a grant that ends does not",
        *(member("T1", 0, 0, 0, 0, 0, n=5), 0, (ENDING,), Rule.EXITED, retained(0)),
    ),
    ("a grant lies unseen", member("T3"), 800_000, (VALID,), Rule.BELOW_TIER, watch("T3", 1, 0)),
    # retention
    ("retained", exited(), 200_000, (), Rule.RETAINED, retained(1)),
    ("removed at the second close", exited(1), 0, (), Rule.REMOVED, GONE),
    ("in again", exited(1), 550_000, (), Rule.REENTERED, active("T2")),
    ("a grant saves from removal", exited(1), 0, (VALID,), Rule.SPECIAL_STARTED, VIP),
    ("removed is removed", REMOVED, 200_000, (), Rule.STAYS_REMOVED, GONE),
    ("but may enter afresh", REMOVED, 200_001, (), Rule.ENTERED, active("T1")),
    ("terminated never does", TERMINATED, 99_000_000, (VALID,), Rule.STAYS_REMOVED, GONE),
    # special VIP
    ("a grant that begins", NON_MEMBER, 0, (VALID,), Rule.SPECIAL_STARTED, VIP),
    ("a grant that goes on", SPECIAL, 200_000, (VALID,), Rule.SPECIAL_CONTINUES, VIP),
    ("a grant that ends", SPECIAL, 200_000, (ENDING,), Rule.SPECIAL_ENDED, retained(0)),
    ("renewed without a gap", SPECIAL, 0, (ENDING, VALID), Rule.SPECIAL_CONTINUES, VIP),
    ("assessed goes before special", SPECIAL, 600_000, (VALID,), Rule.ENTERED, active("T2")),
    ("qualified in the last month", SPECIAL, 250_000, (ENDING,), Rule.ENTERED, active("T1")),
    # a missing feed
    ("holds a member", member("T3", 1, 2, n=2), None, (), Rule.HELD, watch("T3", 2, 2)),
    ("holds the verge of an exit", member("T1", n=5), None, (), Rule.HELD, watch("T1", 0, 5)),
    ("postpones retention", exited(1), None, (), Rule.HELD, retained(1)),
    ("holds a stranger", NON_MEMBER, None, (), Rule.HELD, NOTHING),
    ("holds the removed", REMOVED, None, (), Rule.HELD, GONE),
    ("holds the terminated", TERMINATED, None, (VALID,), Rule.HELD, GONE),
    ("does not stop the calendar", SPECIAL, None, (ENDING,), Rule.SPECIAL_ENDED, retained(0)),
    ("nor a grant that goes on", SPECIAL, None, (VALID,), Rule.SPECIAL_CONTINUES, VIP),
    ("nor one that begins", exited(1), None, (VALID,), Rule.SPECIAL_STARTED, VIP),
]


@pytest.mark.parametrize(
    ("row", "before", "amount", "grants", "rule", "after"),
    STATE_TABLE,
    ids=[row[0].replace(" ", "-") for row in STATE_TABLE],
)
def test_the_state_table(
    row: str,
    before: Standing,
    amount: int | None,
    grants: tuple[Grant, ...],
    rule: Rule,
    after: Shown,
) -> None:
    decision = close(before, amount, *grants)
    assert (decision.rule, shown(decision.after)) == (rule, after)
    assert (decision.month, decision.before) == (APRIL, before)
    assert (decision.policy_version, decision.effective_from) == (1, MAY)


VARIANTS: list[tuple[str, dict[str, Any], Standing, int, Rule, Shown]] = [
    (
        "demoted to the last month's tier",
        {"demote_to": "LAST_MONTH"},
        *(member("T4", 600_000, 1_500_000), 400_000, Rule.DEMOTED, active("T1")),
    ),
    (
        "nothing reached in the last month",
        {"demote_to": "LAST_MONTH"},
        *(member("T4", 600_000, 1_500_000), 0, Rule.FLOORED, watch("T1", 0, 1)),
    ),
    (
        "the tier is kept and watched afresh",
        {"floor": "KEEP_TIER"},
        *(member("T4", 0, 0, n=2), 0, Rule.FLOORED, watch("T4", 0, 3)),
    ),
    (
        "a watch of one month",
        {"watch_months": 1},
        *(member("T4"), 1_000_000, Rule.DEMOTED, active("T3")),
    ),
    (
        "a longer watch",
        {"watch_months": 6},
        *(member("T4", 2, 2, 2, 2, n=4), 600_000, Rule.BELOW_TIER, watch("T4", 5, 0)),
    ),
    (
        "a watch the policy has shortened meanwhile",
        {"watch_months": 2},
        *(member("T5", 3_000_000, 1, 1, n=2), 500_000, Rule.DEMOTED, active("T4")),
    ),
    ("a shorter exit", {"exit_months": 2}, member("T4", 1, n=1), 0, Rule.EXITED, retained(0)),
    ("a longer retention", {"retention_months": 3}, exited(1), 0, Rule.RETAINED, retained(2)),
    (
        "an expiry without retention",
        {"special_expiry_retention": False},
        *(SPECIAL, 0, Rule.SPECIAL_ENDED, GONE),
    ),
    (
        "an exit is retained all the same",
        {"special_expiry_retention": False},
        *(member("T1", 0, 0, 0, 0, 0, n=5), 0, Rule.EXITED, retained(0)),
    ),
]


@pytest.mark.parametrize(
    ("variant", "parameters", "before", "amount", "rule", "after"),
    VARIANTS,
    ids=[row[0].replace(" ", "-") for row in VARIANTS],
)
def test_the_parameters_in_which_banks_differ(
    variant: str,
    parameters: dict[str, Any],
    before: Standing,
    amount: int,
    rule: Rule,
    after: Shown,
) -> None:
    decision = close(before, amount, policy=policy_with(**parameters))
    assert (decision.rule, shown(decision.after)) == (rule, after)


REACHABLE = {
    (Status.NON_MEMBER, Rule.NOT_ENTERED, Status.NON_MEMBER),
    (Status.NON_MEMBER, Rule.HELD, Status.NON_MEMBER),
    (Status.NON_MEMBER, Rule.ENTERED, Status.ACTIVE),
    (Status.NON_MEMBER, Rule.SPECIAL_STARTED, Status.SPECIAL),
    (Status.ACTIVE, Rule.KEPT, Status.ACTIVE),
    (Status.ACTIVE, Rule.HELD, Status.ACTIVE),
    (Status.ACTIVE, Rule.UPGRADED, Status.ACTIVE),
    (Status.ACTIVE, Rule.BELOW_TIER, Status.WATCH),
    (Status.WATCH, Rule.KEPT, Status.ACTIVE),
    (Status.WATCH, Rule.HELD, Status.WATCH),
    (Status.WATCH, Rule.UPGRADED, Status.ACTIVE),
    (Status.WATCH, Rule.BELOW_TIER, Status.WATCH),
    (Status.WATCH, Rule.DEMOTED, Status.ACTIVE),
    (Status.WATCH, Rule.DEMOTED, Status.WATCH),
    (Status.WATCH, Rule.FLOORED, Status.WATCH),
    (Status.WATCH, Rule.EXITED, Status.EXITED_UNRATED),
    (Status.WATCH, Rule.EXITED_TO_SPECIAL, Status.SPECIAL),
    (Status.SPECIAL, Rule.SPECIAL_CONTINUES, Status.SPECIAL),
    (Status.SPECIAL, Rule.SPECIAL_ENDED, Status.EXITED_UNRATED),
    (Status.SPECIAL, Rule.ENTERED, Status.ACTIVE),
    (Status.EXITED_UNRATED, Rule.RETAINED, Status.EXITED_UNRATED),
    (Status.EXITED_UNRATED, Rule.HELD, Status.EXITED_UNRATED),
    (Status.EXITED_UNRATED, Rule.REENTERED, Status.ACTIVE),
    (Status.EXITED_UNRATED, Rule.REMOVED, Status.REMOVED),
    (Status.EXITED_UNRATED, Rule.SPECIAL_STARTED, Status.SPECIAL),
    (Status.REMOVED, Rule.STAYS_REMOVED, Status.REMOVED),
    (Status.REMOVED, Rule.HELD, Status.REMOVED),
    (Status.REMOVED, Rule.ENTERED, Status.ACTIVE),
    (Status.REMOVED, Rule.SPECIAL_STARTED, Status.SPECIAL),
}
"""Every way a close can lead from one status to another under the default policy."""


def every_standing() -> list[Standing]:
    """Standings of every status with every value of the counters the default policy allows."""
    outsiders = [NON_MEMBER, SPECIAL, REMOVED, TERMINATED, exited(0), exited(1)]
    members = [
        member(tier, *[0 if month >= k - n else 200_000 for month in range(k)], n=n)
        for tier, k, n in product(LINES, range(6), range(6))
        if (tier == "T1" or k < 3) and (tier != "T1" or n >= k)
    ]
    return outsiders + members


def test_no_close_leads_anywhere_else() -> None:
    events = product(every_standing(), [None, 0, *LINES.values(), 200_001], [(), (VALID,)])
    met = {
        (decision.before.status, decision.rule, decision.after.status)
        for decision in (close(standing, amount, *grants) for standing, amount, grants in events)
    }
    assert met == REACHABLE


def test_the_terminated_stay_removed_whatever_happens() -> None:
    for amount, grants in product([None, 0, 10**9], [(), (VALID,)]):
        assert close(TERMINATED, amount, *grants).after is TERMINATED


def test_a_standing_that_does_not_change_is_the_same_object() -> None:
    for standing, amount in [(NON_MEMBER, 0), (member("T2"), 500_000), (member("T3", 1), None)]:
        assert close(standing, amount).after is standing


def test_since_is_the_month_in_which_the_tier_took_effect() -> None:
    entered = close(NON_MEMBER, 600_000).after
    watched = close(entered, 0, month=MAY).after
    cleared = close(watched, 600_000, month=MAY.next()).after
    assert entered.since == watched.since == cleared.since == MAY
    assert close(cleared, 10**6, month=MAY + 2).after.since == MAY + 3


def test_a_grant_counts_from_the_first_of_a_month_if_it_is_valid_on_that_day() -> None:
    valid = Grant(date(2025, 5, 1), date(2025, 5, 31))
    over = Grant(date(2024, 5, 1), date(2025, 4, 30))
    revoked = Grant(date(2025, 1, 1), date(2025, 12, 31), revoked_on=date(2025, 5, 1))
    begins = Grant(date(2025, 5, 2), date(2026, 5, 31))
    leaving = member("T1", 0, 0, 0, 0, 0, n=5)
    assert close(SPECIAL, 0, valid).rule is Rule.SPECIAL_CONTINUES
    assert close(leaving, 0, valid).rule is Rule.EXITED_TO_SPECIAL
    for grant in (over, revoked, begins):
        assert close(SPECIAL, 0, grant).rule is Rule.SPECIAL_ENDED
        assert close(leaving, 0, grant).rule is Rule.EXITED
        assert close(NON_MEMBER, 0, grant).rule is Rule.NOT_ENTERED

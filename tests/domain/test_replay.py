"""Histories: several months in a row, what happens between closes, and corrections."""

from collections.abc import Sequence
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.decision import Rule
from domain.happenings import NOTHING, Happenings
from domain.manual_tier import ManualTier, set_tier
from domain.months import Month
from domain.policy import DEFAULT_POLICY, NoPolicyInForce, TierPolicy
from domain.replay import (
    Correction,
    MonthInput,
    better_than,
    correct,
    published,
    replay,
    within_month,
)
from domain.special import Grant, terminate
from domain.standing import NON_MEMBER, Standing, Status
from domain.tiers import judge
from tests.domain.builders import (
    APRIL,
    LINES,
    REMOVED,
    SPECIAL,
    TERMINATED,
    aum,
    exited,
    member,
    policy_with,
    run_of,
)

JANUARY = Month(2025, 1)


def months(*figures: int | None, first: Month = JANUARY) -> list[MonthInput]:
    return [
        MonthInput(first + index, None if figure is None else aum(figure))
        for index, figure in enumerate(figures)
    ]


def in_force(
    initial: Standing,
    figures: Sequence[int | None],
    *,
    policy: TierPolicy = DEFAULT_POLICY,
    grants: Sequence[Grant] = (),
    terminations: Sequence[date] = (),
    corrections: Sequence[Correction] = (),
) -> list[tuple[Status, str | None]]:
    """Status and tier on the last day of each month, and of the one after."""
    happenings = Happenings(tuple(grants), tuple(terminations))
    standings = published(initial, months(*figures), [policy], happenings, corrections)
    return [(standing.status, standing.tier) for standing in standings]


A1, A2, A3 = ((Status.ACTIVE, tier) for tier in ("T1", "T2", "T3"))
W1, W2, W3 = ((Status.WATCH, tier) for tier in ("T1", "T2", "T3"))
NOBODY, VIP = (Status.NON_MEMBER, None), (Status.SPECIAL, None)
OUT, GONE = (Status.EXITED_UNRATED, None), (Status.REMOVED, None)


def test_a_replay_is_a_chain_of_closes() -> None:
    decisions = replay(NON_MEMBER, months(250_000, None, 600_000), [DEFAULT_POLICY])
    assert [decision.rule for decision in decisions] == [Rule.ENTERED, Rule.HELD, Rule.UPGRADED]
    assert [decision.before for decision in decisions[1:]] == [
        decision.after for decision in decisions[:-1]
    ]


def test_no_months_no_decisions() -> None:
    assert replay(NON_MEMBER, [], [DEFAULT_POLICY]) == []


def test_each_month_is_judged_under_the_policy_in_force_in_it() -> None:
    higher = policy_with(
        version=2,
        effective="2025-02",
        tiers=[{"code": "T1", "name": "Gold", "threshold": "300000"}],
    )
    decisions = replay(NON_MEMBER, months(250_000, 250_000), [DEFAULT_POLICY, higher])
    assert [decision.policy_version for decision in decisions] == [1, 2]
    assert [decision.rule for decision in decisions] == [Rule.ENTERED, Rule.BELOW_TIER]
    with pytest.raises(NoPolicyInForce):
        replay(NON_MEMBER, months(1), [higher])


# within a month


def test_a_grant_shows_from_the_month_it_begins_in_and_ends_by_the_calendar() -> None:
    grants = [Grant(date(2025, 2, 10), date(2025, 3, 31))]
    assert in_force(NON_MEMBER, [0, 0, 0, 0, 0, 0], grants=grants) == [
        *(NOBODY, VIP, VIP, OUT, OUT, GONE, GONE),
    ]


def test_a_grant_older_than_the_history_shows_from_its_start() -> None:
    grants = [Grant(date(2024, 2, 10), date(2025, 2, 28))]
    assert in_force(NON_MEMBER, [0, 0], grants=grants) == [VIP, VIP, OUT]


def test_a_grant_that_ends_within_a_month_is_over_on_its_last_day() -> None:
    grants = [Grant(date(2024, 2, 10), date(2025, 1, 15))]
    assert in_force(SPECIAL, [0, 0], grants=grants) == [OUT, OUT, GONE]


def test_a_grant_within_one_month_leads_into_retention() -> None:
    grants = [Grant(date(2025, 2, 3), date(2025, 2, 20))]
    decisions = replay(NON_MEMBER, months(0, 0), [DEFAULT_POLICY], Happenings(tuple(grants)))
    assert [decision.rule for decision in decisions] == [
        *(Rule.NOT_ENTERED, Rule.SPECIAL_GRANTED, Rule.SPECIAL_REVOKED, Rule.RETAINED),
    ]


def test_special_without_a_known_grant_lasts_until_the_close() -> None:
    assert in_force(SPECIAL, [0]) == [VIP, OUT]


@pytest.mark.parametrize(("retention", "after"), [(True, [OUT, OUT, GONE]), (False, [GONE] * 3)])
def test_a_revocation_is_at_once(retention: bool, after: list[tuple[Status, str | None]]) -> None:
    grants = [Grant(date(2025, 1, 1), date(2025, 12, 31), revoked_on=date(2025, 2, 28))]
    policy = policy_with(special_expiry_retention=retention)
    assert in_force(NON_MEMBER, [0, 0, 0], policy=policy, grants=grants) == [VIP, *after]


def test_a_grant_that_is_revoked_on_its_first_day_has_shown_on_it() -> None:
    day = date(2025, 2, 9)
    grant = Grant(day, date(2026, 2, 28), revoked_on=day)
    rules = [
        d.rule
        for d in within_month(NON_MEMBER, Month(2025, 2), DEFAULT_POLICY, Happenings((grant,)))
    ]
    assert rules == [Rule.SPECIAL_GRANTED, Rule.SPECIAL_REVOKED]


def test_a_revocation_is_not_known_before_its_day() -> None:
    grants = [Grant(date(2025, 1, 1), date(2025, 12, 31), revoked_on=date(2025, 2, 3))]
    decisions = replay(NON_MEMBER, months(0, 0), [DEFAULT_POLICY], Happenings(tuple(grants)))
    assert [(decision.month.month, decision.rule) for decision in decisions] == [
        (1, Rule.SPECIAL_GRANTED),
        (1, Rule.SPECIAL_CONTINUES),
        (2, Rule.SPECIAL_REVOKED),
        (2, Rule.RETAINED),
    ]


def test_a_member_of_a_revoked_grant_is_not_touched() -> None:
    grants = [Grant(date(2025, 1, 1), date(2025, 12, 31), revoked_on=date(2025, 3, 3))]
    assert in_force(NON_MEMBER, [600_000] * 3, grants=grants) == [VIP, A2, A2, A2]


def test_a_termination_is_at_once_and_for_good() -> None:
    grants = [Grant(date(2025, 2, 10), date(2026, 2, 28))]
    shown = in_force(member("T2"), [600_000] * 3, grants=grants, terminations=[date(2025, 2, 1)])
    assert shown == [A2, GONE, GONE, GONE]


def test_a_termination_in_the_month_after_the_last_shows_too() -> None:
    assert in_force(member("T2"), [600_000], terminations=[date(2025, 2, 1)]) == [A2, GONE]


def test_a_termination_before_the_history_holds_from_its_start() -> None:
    assert in_force(NON_MEMBER, [600_000], terminations=[date(2024, 2, 1)]) == [GONE, GONE]


def test_nothing_happens_within_an_ordinary_month() -> None:
    assert within_month(member("T2"), APRIL, DEFAULT_POLICY, NOTHING) == []


# corrections


def correction(posted_in: int, month: int, figure: int | None) -> Correction:
    return Correction(
        Month(2025, posted_in), Month(2025, month), None if figure is None else aum(figure)
    )


def test_an_upward_correction_cancels_a_demotion_from_the_close_of_its_posting_on() -> None:
    shown = in_force(
        member("T3"),
        [600_000, 600_000, 600_000, 600_000, 1_100_000],
        corrections=[correction(4, 2, 1_050_000)],
    )
    assert shown == [A3, W3, W3, A2, W3, A3]


def test_a_downward_correction_moves_later_months_only() -> None:
    shown = in_force(NON_MEMBER, [250_000] * 4, corrections=[correction(3, 1, 100_000)])
    assert shown == [NOBODY, A1, A1, A1, A1]
    shown = in_force(
        NON_MEMBER, [250_000, 100_000, 100_000, 0], corrections=[correction(3, 1, 100_000)]
    )
    assert shown == [NOBODY, A1, W1, NOBODY, NOBODY]


def test_a_figure_that_arrives_late_is_a_correction() -> None:
    shown = in_force(
        member("T3"), [600_000, None, 600_000, 600_000], corrections=[correction(3, 2, 700_000)]
    )
    assert shown == [A3, W3, W3, A2, A2]


def test_a_figure_may_be_withdrawn() -> None:
    shown = in_force(NON_MEMBER, [250_000, None], corrections=[correction(2, 1, None)])
    assert shown == [NOBODY, A1, NOBODY]


def test_corrections_are_taken_up_in_the_order_of_their_posting() -> None:
    shown = in_force(
        NON_MEMBER,
        [0, None, None, None],
        corrections=[correction(4, 1, 0), correction(2, 1, 600_000), correction(3, 1, 250_000)],
    )
    assert shown == [NOBODY, NOBODY, A2, A1, NOBODY]


def test_a_correction_posted_after_the_last_close_does_not_show_yet() -> None:
    assert in_force(NON_MEMBER, [0], corrections=[correction(2, 1, 10**6)]) == [NOBODY, NOBODY]


def test_what_can_be_corrected_is_a_closed_month_that_was_judged() -> None:
    with pytest.raises(ValueError, match="not closed yet"):
        correction(2, 2, 0)
    with pytest.raises(ValueError, match="never judged"):
        in_force(NON_MEMBER, [0], corrections=[Correction(Month(2025, 1), Month(2024, 12), None)])


def test_the_decision_of_a_correction_keeps_old_new_and_the_figures() -> None:
    replayed = replay(member("T3"), months(600_000, 1_050_000, 600_000), [DEFAULT_POLICY])
    decision = correct(member("T2"), replayed, APRIL, DEFAULT_POLICY)
    assert (decision.rule, decision.month) == (Rule.CORRECTED, APRIL)
    assert decision.before == member("T2")
    assert decision.after == member("T3", 600_000, n=0)
    assert decision.judged == run_of(600_000, 1_050_000, 600_000)
    assert decision.effective_from == APRIL.next()
    assert better_than(decision.after, decision.before, DEFAULT_POLICY)


def test_standings_from_the_best_to_the_worst() -> None:
    ladder = [
        member("T5"),
        member("T3"),
        member("T3", 600_000),
        member("T3", 600_000, 600_000),
        member("T3", 0, n=1),
        member("T2"),
        member("T1", 0, 0, n=2),
        SPECIAL,
        exited(0),
        exited(1),
        NON_MEMBER,
    ]
    for place, standing in enumerate(ladder):
        for other, lower in enumerate(ladder):
            assert better_than(standing, lower, DEFAULT_POLICY) == (place < other)
    for none in (REMOVED, TERMINATED):
        assert not better_than(none, NON_MEMBER, DEFAULT_POLICY)
        assert not better_than(NON_MEMBER, none, DEFAULT_POLICY)


def test_what_a_watch_may_end_in_tells_equal_standings_apart() -> None:
    high, low = member("T4", 1_000_000, 600_000), member("T4", 300_000, 600_000)
    assert better_than(high, low, DEFAULT_POLICY)
    assert not better_than(low, high, DEFAULT_POLICY)


# properties

figures = st.lists(
    st.none() | st.sampled_from([0, 200_000, *(line + 1 for line in LINES.values())]),
    min_size=2,
    max_size=15,
)
days = st.dates(date(2024, 10, 1), date(2026, 6, 30))
grants = st.lists(
    st.tuples(days, days, st.none() | days).map(
        lambda drawn: Grant(min(drawn[:2]), max(drawn[:2]), drawn[2])
    ),
    max_size=3,
)
terminations = st.lists(days, max_size=1)
tiers = st.lists(st.builds(ManualTier, days, st.sampled_from(sorted(LINES))), max_size=3)
happenings = st.builds(Happenings, *(each.map(tuple) for each in (grants, terminations, tiers)))


@settings(max_examples=100)
@given(figures, happenings, st.data())
def test_a_replay_from_any_month_equals_the_first_run(
    figures: list[int | None], happenings: Happenings, data: st.DataObject
) -> None:
    history = months(*figures)
    first_run = replay(NON_MEMBER, history, [DEFAULT_POLICY], happenings)
    cut = data.draw(st.integers(1, len(history) - 1))
    until = replay(NON_MEMBER, history[:cut], [DEFAULT_POLICY], happenings)
    again = replay(until[-1].after, history[cut:], [DEFAULT_POLICY], happenings)
    assert until + again == first_run


@settings(max_examples=100)
@given(figures, happenings, st.data())
def test_a_correction_governs_from_its_posting_as_if_the_figure_had_always_been_right(
    figures: list[int | None], happenings: Happenings, data: st.DataObject
) -> None:
    corrected = data.draw(st.integers(0, len(figures) - 1))
    posted = data.draw(st.integers(corrected + 1, len(figures)))
    figure = data.draw(st.none() | st.integers(0, 4_000_000))
    right = [*figures[:corrected], figure, *figures[corrected + 1 :]]
    facts = ([DEFAULT_POLICY], happenings)
    posting = Correction(
        JANUARY + posted, JANUARY + corrected, None if figure is None else aum(figure)
    )
    shown = published(NON_MEMBER, months(*figures), *facts, [posting])
    as_was = published(NON_MEMBER, months(*figures), *facts)
    as_right = published(NON_MEMBER, months(*right), *facts)
    assert shown == as_was[: posted + 1] + as_right[posted + 1 :]


@settings(max_examples=100)
@given(figures, terminations, tiers)
def test_what_is_published_is_what_living_day_by_day_gives(
    figures: list[int | None], terminations: list[date], tiers: list[ManualTier]
) -> None:
    standing, shown = NON_MEMBER, []
    if any(day < JANUARY.first_day for day in terminations):
        standing = terminate(standing, JANUARY.first_day, DEFAULT_POLICY).after
    for index, figure in enumerate([*figures, None]):
        month = JANUARY + index
        for day in (month.first_day + timedelta(offset) for offset in range(month.days)):
            for by_hand in tiers:
                if by_hand.day == day and not standing.terminated:
                    standing = set_tier(standing, by_hand, DEFAULT_POLICY).after
            if day in terminations:
                standing = terminate(standing, day, DEFAULT_POLICY).after
        shown.append(standing)
        total = None if figure is None else aum(figure)
        standing = judge(standing, month, total, DEFAULT_POLICY).after
    happened = Happenings((), tuple(terminations), tuple(tiers))
    assert published(NON_MEMBER, months(*figures), [DEFAULT_POLICY], happened) == shown


@settings(max_examples=100)
@given(figures, happenings, st.data())
def test_no_correction_takes_a_manual_tier_away(
    figures: list[int | None], happenings: Happenings, data: st.DataObject
) -> None:
    corrected = data.draw(st.integers(0, len(figures) - 1))
    posting = Correction(
        JANUARY + data.draw(st.integers(corrected + 1, len(figures))), JANUARY + corrected, None
    )
    shown = published(NON_MEMBER, months(*figures), [DEFAULT_POLICY], happenings, [posting])
    last = {Month.of(given.day): given for given in sorted(happenings.tiers, key=_by_day)}
    for index, standing in enumerate(shown):
        given = last.get(JANUARY + index)
        if given is not None and not standing.terminated:
            assert standing == Standing(Status.ACTIVE, given.tier, standing.since)


def _by_day(given: ManualTier) -> date:
    return given.day


@given(figures)
def test_what_is_published_is_what_the_closes_decided(figures: list[int | None]) -> None:
    standing, expected = NON_MEMBER, [NON_MEMBER]
    for index, figure in enumerate(figures):
        total = None if figure is None else aum(figure)
        standing = judge(standing, JANUARY + index, total, DEFAULT_POLICY).after
        expected.append(standing)
    assert published(NON_MEMBER, months(*figures), [DEFAULT_POLICY]) == expected

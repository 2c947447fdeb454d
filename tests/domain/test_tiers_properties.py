"""What holds for every history, whatever the figures."""

from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.decision import Decision, Rule
from domain.policy import DEFAULT_POLICY, TierPolicy
from domain.special import Grant
from domain.standing import NON_MEMBER, Standing, Status
from domain.tiers import judge
from tests.domain.builders import APRIL, LINES, aum, policy_with, tier_of

figures = st.lists(
    st.none()
    | st.sampled_from([0, 199_999, 200_000, 200_001, *LINES.values()])
    | st.integers(-1000, 12_000_000),
    max_size=30,
)
policies = st.builds(
    policy_with,
    watch_months=st.integers(1, 5),
    exit_months=st.integers(1, 8),
    retention_months=st.integers(1, 3),
    demote_to=st.sampled_from(["MAX_IN_WINDOW", "LAST_MONTH"]),
    floor=st.sampled_from(["LOWEST_TIER", "KEEP_TIER"]),
    special_expiry_retention=st.booleans(),
)
days = st.dates(date(2025, 1, 1), date(2027, 12, 31))
grants = st.lists(st.tuples(days, days).map(lambda pair: Grant(min(pair), max(pair))), max_size=3)


def history(
    figures: list[int | None],
    policy: TierPolicy = DEFAULT_POLICY,
    grants: list[Grant] | None = None,
) -> list[Decision]:
    """The closes of consecutive months of a customer who begins as nobody."""
    standing, decisions = NON_MEMBER, []
    for index, figure in enumerate(figures):
        total = None if figure is None else aum(figure)
        decisions.append(judge(standing, APRIL + index, total, policy, grants or ()))
        standing = decisions[-1].after
    return decisions


@settings(max_examples=150)
@given(figures, policies, grants)
def test_counters_go_up_by_one_or_back_to_zero(
    figures: list[int | None], policy: TierPolicy, grants: list[Grant]
) -> None:
    for decision in history(figures, policy, grants):
        before, after = decision.before, decision.after
        for counter in ("shortfall_months", "below_entry_months", "retention_closes"):
            was, now = getattr(before, counter), getattr(after, counter)
            if decision.rule is Rule.HELD:
                assert now == was
            else:
                assert now in (0, was + 1) or (decision.rule is Rule.STAYS_REMOVED)


@settings(max_examples=150)
@given(figures, policies, grants)
def test_a_standing_is_well_formed(
    figures: list[int | None], policy: TierPolicy, grants: list[Grant]
) -> None:
    for decision in history(figures, policy, grants):
        standing = decision.after
        k, n = standing.shortfall_months, standing.below_entry_months
        assert standing.assessed == (standing.status in (Status.ACTIVE, Status.WATCH))
        assert (standing.status is Status.WATCH) == bool(k or n)
        assert n < policy.exit_months
        assert standing.tier == "T1" or k < policy.watch_months
        assert standing.retention_closes < policy.retention_months
        assert standing.status is Status.EXITED_UNRATED or not standing.retention_closes
        assert len(standing.history) == max(k, n, standing.retention_closes)
        assert len(standing.window) == k
        assert all(month.reached is None for month in standing.history[len(standing.history) - n :])


@settings(max_examples=150)
@given(figures, policies)
def test_nobody_is_in_a_tier_never_reached(figures: list[int | None], policy: TierPolicy) -> None:
    reached = {"T1"}  # the floor
    for figure, decision in zip(figures, history(figures, policy), strict=True):
        if figure is not None:
            reached |= {tier_of(figure) or "T1"}
        assert decision.after.tier is None or decision.after.tier in reached


@settings(max_examples=150)
@given(figures, policies, grants)
def test_decisions_follow_each_other_and_carry_their_evidence(
    figures: list[int | None], policy: TierPolicy, grants: list[Grant]
) -> None:
    seen: dict[object, object] = {}
    before = NON_MEMBER
    for figure, decision in zip(figures, history(figures, policy, grants), strict=True):
        assert decision.before is before
        before = decision.after
        if figure is None:
            assert not decision.judged
            continue
        seen[decision.month] = (figure, tier_of(figure))
        assert decision.judged[-1].month == decision.month
        assert all(seen[month.month] == (month.total, month.reached) for month in decision.judged)


@settings(max_examples=100)
@given(figures, st.sampled_from([400_000, 5_000_000]))
def test_missing_months_only_delay(figures: list[int | None], last: int) -> None:
    """Without grants the calendar plays no part: a run with gaps ends like one without."""
    delivered = [figure for figure in figures if figure is not None]
    with_gaps, without = history([*figures, last]), history([*delivered, last])
    shown = [
        (end.status, end.tier, end.shortfall_months, end.below_entry_months, end.retention_closes)
        for end in (with_gaps[-1].after, without[-1].after)
    ]
    assert shown[0] == shown[1]


@settings(max_examples=150)
@given(figures, policies, grants)
def test_standings_and_decisions_are_read_back_from_their_documents(
    figures: list[int | None], policy: TierPolicy, grants: list[Grant]
) -> None:
    for decision in history(figures, policy, grants):
        assert Standing.from_document(decision.after.to_document()) == decision.after
        assert Decision.from_document(decision.to_document()) == decision

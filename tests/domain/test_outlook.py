from datetime import date
from decimal import Decimal

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from domain.aum import divisor_of
from domain.money import Average
from domain.months import Month
from domain.outlook import Outlook, outlook
from domain.policy import DEFAULT_POLICY, TierPolicy
from domain.standing import NON_MEMBER, Standing, Status
from tests.domain.builders import (
    APRIL,
    ENDING,
    LINES,
    MAY,
    REMOVED,
    SPECIAL,
    TERMINATED,
    VALID,
    exited,
    member,
    policy_with,
)

FIXED_30 = policy_with(divisor="FIXED_30")


def on(
    day: int,
    standing: Standing,
    held_so_far: str,
    level: str,
    *,
    month: Month = APRIL,
    policy: TierPolicy = DEFAULT_POLICY,
    grants: tuple[object, ...] = (),
) -> Outlook:
    """The outlook on a day of the month, the balance having been `held_so_far` on each day."""
    to_date = Average(Decimal(held_so_far) * day, day)
    as_of = date(month.year, month.month, day)
    return outlook(
        standing,
        to_date,
        Decimal(level),
        month,
        as_of,
        policy,
        grants,  # type: ignore[arg-type]
    )


def test_the_projection_assumes_that_todays_balance_stays() -> None:
    seen = on(10, NON_MEMBER, "150000", "300000")
    assert seen.average_to_date.rounded() == 150_000
    assert seen.projected_average.rounded() == 250_000
    assert (seen.projected_status, seen.projected_tier) == (Status.ACTIVE, "T1")
    assert (seen.month, seen.as_of, seen.effective_from) == (APRIL, date(2025, 4, 10), MAY)


def test_what_is_missing_is_spread_over_the_remaining_days() -> None:
    seen = on(10, member("T2"), "400000", "400000")
    assert (seen.projected_status, seen.projected_tier) == (Status.WATCH, "T2")
    assert seen.next_tier == "T3"
    assert seen.daily_balance_for_next_tier == Decimal("1300000.00")
    assert seen.daily_balance_to_keep == Decimal("550000.00")


def test_amounts_are_rounded_up_to_the_cent() -> None:
    seen = on(23, member("T2"), "400000", "400000")
    assert seen.daily_balance_to_keep == Decimal("828571.43")


def test_who_is_no_member_must_exceed_the_line() -> None:
    for outsider in (NON_MEMBER, exited(), SPECIAL, REMOVED):
        seen = on(10, outsider, "200000", "200000")
        assert seen.next_tier == "T1"
        assert seen.daily_balance_for_next_tier == Decimal("200000.01")
        assert seen.daily_balance_to_keep is None


def test_what_is_safe_already_needs_nothing() -> None:
    seen = on(29, member("T1"), "600000", "0")
    assert seen.daily_balance_for_next_tier == Decimal("0.00")
    assert seen.daily_balance_to_keep == Decimal("0.00")


def test_there_is_nothing_above_the_highest_tier() -> None:
    seen = on(10, member("T5"), "1", "1")
    assert (seen.next_tier, seen.daily_balance_for_next_tier) == (None, None)
    assert seen.daily_balance_to_keep == Decimal("14999999.50")


def test_on_the_last_day_nothing_can_be_done_any_more() -> None:
    seen = on(30, member("T2"), "600000", "600000")
    assert (seen.next_tier, seen.daily_balance_for_next_tier) == ("T3", None)
    assert seen.daily_balance_to_keep == Decimal("0.00")
    assert on(30, NON_MEMBER, "200000", "0").daily_balance_for_next_tier is None
    assert on(30, NON_MEMBER, "200001", "0").daily_balance_for_next_tier == 0


def test_the_terminated_have_nothing_to_strive_for() -> None:
    seen = on(10, TERMINATED, "900000", "900000")
    assert (seen.next_tier, seen.daily_balance_for_next_tier) == (None, None)
    assert seen.projected_status is Status.REMOVED


def test_grants_are_part_of_the_projection() -> None:
    assert on(10, SPECIAL, "1", "1", grants=(VALID,)).projected_status is Status.SPECIAL
    assert on(10, SPECIAL, "1", "1", grants=(ENDING,)).projected_status is Status.EXITED_UNRATED


def test_dividing_by_30_is_taken_into_account() -> None:
    january = Month(2025, 1)
    seen = on(1, NON_MEMBER, "0", "200000", month=january, policy=FIXED_30)
    assert seen.projected_average == Average(Decimal(6_000_000), 30)
    assert seen.projected_status is Status.NON_MEMBER
    assert seen.daily_balance_for_next_tier == Decimal("200000.01")


def test_the_day_lies_in_the_month() -> None:
    nothing = Average(Decimal(0), 1)
    with pytest.raises(ValueError, match="not a day of 2025-04"):
        outlook(NON_MEMBER, nothing, Decimal(0), APRIL, date(2025, 5, 1), DEFAULT_POLICY)


@settings(max_examples=300)
@given(
    st.sampled_from([NON_MEMBER, *(member(tier) for tier in LINES)]),
    st.decimals(-(10**7), 4 * 10**8, places=4),
    st.dates(date(2024, 1, 1), date(2025, 12, 31)),
    st.sampled_from([DEFAULT_POLICY, FIXED_30]),
)
def test_holding_that_much_reaches_the_line_and_one_cent_less_does_not(
    standing: Standing, held: Decimal, as_of: date, policy: TierPolicy
) -> None:
    month = Month.of(as_of)
    remaining = (month.last_day - as_of).days
    seen = outlook(standing, Average(held, as_of.day), Decimal(0), month, as_of, policy)

    def ending_with(balance: Decimal) -> Average:
        return Average(held + balance * remaining, divisor_of(month, policy))

    def rank(total: Average) -> int:
        tier = policy.reached(total)
        return 0 if tier is None else tier.rank

    for code, daily in (
        (seen.next_tier, seen.daily_balance_for_next_tier),
        (standing.tier, seen.daily_balance_to_keep),
    ):
        if code is None or daily is None:
            assert code is None or remaining == 0 or daily is seen.daily_balance_to_keep
            continue
        assert daily == daily.quantize(Decimal("0.01"))
        reaches = (
            policy.enters
            if standing is NON_MEMBER
            else lambda total, code=code: rank(total) >= policy.tier(code).rank
        )
        assert reaches(ending_with(daily))
        if daily > 0:
            assert not reaches(ending_with(daily - Decimal("0.01")))


@given(st.decimals(0, 10**8, places=2), st.integers(1, 29))
def test_the_projection_is_what_the_close_will_give_if_nothing_moves(
    level: Decimal, day: int
) -> None:
    assume(level)
    seen = on(day, NON_MEMBER, str(level), str(level))
    assert seen.projected_average == Average(level * 30, 30)
    entered = level > 200_000
    assert seen.projected_status is (Status.ACTIVE if entered else Status.NON_MEMBER)

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.months import Month
from domain.policy import (
    DEFAULT_POLICY,
    DemoteTo,
    Divisor,
    Floor,
    InvalidPolicy,
    NoPolicyInForce,
    TierPolicy,
    UnknownTier,
    in_force,
    parse_policy,
    policy_document,
)
from domain.products import ProductClass
from tests.domain.builders import LINES, aum, policy_with

Document = dict[str, Any]


def document() -> Document:
    return {
        "effective": "2025-04",
        "tiers": [
            {"code": "G", "name": "Gold", "threshold": "200000.00"},
            {"code": "P", "name": "Platinum", "threshold": "500000.00"},
        ],
    }


def test_the_default_policy_is_the_documented_preset() -> None:
    policy = DEFAULT_POLICY
    assert (policy.version, policy.effective) == (1, Month(1900, 1))
    assert {tier.code: tier.threshold for tier in policy.tiers} == LINES
    assert [tier.rank for tier in policy.tiers] == [1, 2, 3, 4, 5]
    assert [tier.name for tier in policy.tiers] == [
        *("Gold", "Platinum", "Diamond", "Wealth", "Private"),
    ]
    assert (policy.watch_months, policy.exit_months, policy.retention_months) == (3, 6, 2)
    assert (policy.demote_to, policy.floor) == (DemoteTo.MAX_IN_WINDOW, Floor.LOWEST_TIER)
    assert (policy.special_expiry_retention, policy.divisor) == (True, Divisor.ACTUAL_DAYS)
    assert ProductClass.INSURANCE not in policy.counted


def test_parameters_that_are_not_given_are_the_defaults() -> None:
    policy = parse_policy(document(), version=7)
    assert (policy.version, policy.effective) == (7, Month(2025, 4))
    assert (policy.watch_months, policy.counted) == (3, DEFAULT_POLICY.counted)


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        (lambda d: d.pop("effective"), "effective: is missing"),
        (lambda d: d.pop("tiers"), "tiers: is missing"),
        (lambda d: d.update(effective="April"), "effective: expected a month written YYYY-MM"),
        (lambda d: d.update(tiers=[]), "tiers: must have at least one tier"),
        (lambda d: d.update(tiers={}), "tiers: expected a list, got an object"),
        (lambda d: d.update(tiers=["G"]), "tiers[0]: expected an object, got a text"),
        (lambda d: d.update(wach_months=3), "wach_months: unknown key; known are effective, tiers"),
        (lambda d: d["tiers"][1].pop("name"), "tiers[1].name: is missing"),
        (lambda d: d["tiers"][1].update(rank=2), "tiers[1].rank: unknown key"),
        (lambda d: d["tiers"][0].update(code=""), "tiers[0].code: expected a text of 1 to 32"),
        (lambda d: d["tiers"][0].update(code=" G"), "tiers[0].code: expected a text of 1 to 32"),
        (lambda d: d["tiers"][0].update(name=None), "tiers[0].name: expected a text, got null"),
        (lambda d: d["tiers"][1].update(code="G"), "tiers[1].code: G is already the code of ti"),
        (
            lambda d: d["tiers"][1].update(threshold="200000.00"),
            "tiers[1].threshold: must be greater than that of tiers[0]",
        ),
        (lambda d: d["tiers"][0].update(threshold="-1"), "tiers[0].threshold: must not be negati"),
        (lambda d: d["tiers"][0].update(threshold=2e5), "tiers[0].threshold: 200000.0 is not an"),
        (lambda d: d["tiers"][0].update(threshold="1.001"), "tiers[0].threshold: '1.001' has 3 de"),
        (lambda d: d.update(watch_months=0), "watch_months: must be 1 to 120"),
        (lambda d: d.update(exit_months=121), "exit_months: must be 1 to 120"),
        (lambda d: d.update(retention_months=True), "retention_months: expected a whole number"),
        (lambda d: d.update(exit_months="6"), "exit_months: expected a whole number, got a text"),
        (lambda d: d.update(demote_to="LAST"), "demote_to: expected one of MAX_IN_WINDOW, LAST_M"),
        (lambda d: d.update(floor=None), "floor: expected one of LOWEST_TIER, KEEP_TIER"),
        (lambda d: d.update(divisor=["FIXED_30"]), "divisor: expected one of ACTUAL_DAYS, FIXED"),
        (lambda d: d.update(special_expiry_retention=1), "special_expiry_retention: expected true"),
        (lambda d: d.update(counted_classes=[]), "counted_classes: must name at least one"),
        (lambda d: d.update(counted_classes=["LOAN"]), "counted_classes[0]: expected one of DEM"),
    ],
)
def test_what_is_wrong_with_a_policy_is_said_with_its_field(
    change: Callable[[Document], object], refusal: str
) -> None:
    changed = document()
    change(changed)
    with pytest.raises(InvalidPolicy) as refused:
        parse_policy(changed, version=1)
    assert str(refused.value).startswith(refusal)


def test_a_policy_is_an_object() -> None:
    with pytest.raises(InvalidPolicy, match="expected an object, got a list"):
        parse_policy([], version=1)  # type: ignore[arg-type]


@given(
    st.lists(st.integers(0, 10**12), min_size=1, max_size=8, unique=True).map(sorted),
    st.tuples(st.integers(1, 120), st.integers(1, 120), st.integers(1, 120)),
    st.tuples(st.sampled_from(DemoteTo), st.sampled_from(Floor), st.sampled_from(Divisor)),
    st.booleans(),
    st.frozensets(st.sampled_from(ProductClass), min_size=1),
)
def test_a_policy_is_read_back_from_its_document(
    lines: list[int],
    months: tuple[int, int, int],
    choices: tuple[DemoteTo, Floor, Divisor],
    retention: bool,
    counted: frozenset[ProductClass],
) -> None:
    policy = parse_policy(
        {
            "effective": "2025-04",
            "tiers": [
                {"code": f"T{line}", "name": "Tier", "threshold": str(line)} for line in lines
            ],
            **dict(zip(("watch_months", "exit_months", "retention_months"), months, strict=True)),
            **dict(zip(("demote_to", "floor", "divisor"), choices, strict=True)),
            "special_expiry_retention": retention,
            "counted_classes": sorted(counted),
        },
        version=3,
    )
    assert parse_policy(policy_document(policy), version=3) == policy
    assert [tier.threshold for tier in policy.tiers] == [Decimal(line) for line in lines]
    assert policy.counted == counted


@pytest.mark.parametrize(
    ("amount", "reached", "enters"),
    [
        ("-1", None, False),
        ("199999.99", None, False),
        ("200000", "T1", False),
        ("200000.01", "T1", True),
        ("499999.99", "T1", True),
        ("500000", "T2", True),
        ("9999999.99", "T4", True),
        ("10000000", "T5", True),
    ],
)
def test_a_line_is_reached_exactly_but_entered_above(
    amount: str, reached: str | None, enters: bool
) -> None:
    tier = DEFAULT_POLICY.reached(aum(amount))
    assert (tier and tier.code) == reached
    assert DEFAULT_POLICY.enters(aum(amount)) is enters


def version(number: int, effective: str, *codes: str) -> TierPolicy:
    tiers = [
        {"code": code, "name": code, "threshold": str(LINES[code[:2]])} for code in codes or LINES
    ]
    return parse_policy({"effective": effective, "tiers": tiers}, number)


def test_the_latest_effective_version_is_in_force() -> None:
    old, new, newer = version(1, "2000-01"), version(2, "2025-04"), version(3, "2025-04")
    earlier_but_later_written = version(4, "2024-01")
    policies = [newer, old, earlier_but_later_written, new]
    assert in_force(policies, Month(2025, 3)) == earlier_but_later_written
    assert in_force(policies, Month(2025, 4)) == newer
    assert in_force(policies, Month(2023, 12)) == old
    with pytest.raises(NoPolicyInForce, match="1999-12"):
        in_force(policies, Month(1999, 12))


def test_a_dropped_tier_is_succeeded_by_the_highest_not_above_it() -> None:
    policies = [version(1, "2000-01"), version(2, "2025-04", "T1", "T2", "T5")]
    policy = in_force(policies, Month(2025, 4))
    assert [policy.tier(code).code for code in LINES] == ["T1", "T2", "T2", "T2", "T5"]
    assert not in_force(policies, Month(2025, 3)).dropped


def test_a_dropped_tier_below_all_others_is_succeeded_by_the_lowest() -> None:
    policies = [version(1, "2000-01"), version(2, "2025-04", "T3", "T4")]
    assert in_force(policies, Month(2025, 4)).tier("T1").code == "T3"


def test_a_renamed_tier_is_succeeded_by_the_one_with_its_line() -> None:
    renamed = [
        {"code": f"G{index}", "name": "Tier", "threshold": str(line)}
        for index, line in enumerate(LINES.values(), start=1)
    ]
    policies = [version(1, "2000-01"), policy_with(version=2, effective="2025-04", tiers=renamed)]
    assert in_force(policies, Month(2025, 4)).tier("T3").code == "G3"


def test_a_tier_that_never_was_is_an_error() -> None:
    assert not DEFAULT_POLICY.knows("T9")
    with pytest.raises(UnknownTier, match="T9"):
        DEFAULT_POLICY.tier("T9")


def test_the_tier_above_is_one_rank_higher() -> None:
    first, *_, top = DEFAULT_POLICY.tiers
    above = DEFAULT_POLICY.next_above(first)
    assert above is not None
    assert above.code == "T2"
    assert DEFAULT_POLICY.next_above(top) is None


def test_builders_change_what_they_say() -> None:
    assert policy_with(watch_months=1, floor="KEEP_TIER").floor is Floor.KEEP_TIER

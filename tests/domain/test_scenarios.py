"""Scenario documents: what they mean, and what is said about those that cannot be run."""

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.scenarios import InvalidScenario, run_scenarios
from tests.domain.builders import golden

Document = dict[str, Any]

TIERS = [
    {"code": "T1", "name": "Gold", "threshold": "200000.00"},
    {"code": "T2", "name": "Platinum", "threshold": "500000.00"},
]


def scenario(*figures: str | None, **changes: Any) -> Document:
    """A scenario of consecutive months from 2025-01."""
    months = [
        {"month": f"2025-{index:02}", "aum": figure} for index, figure in enumerate(figures, 1)
    ]
    return {"name": "example", "months": months, **changes}


def states(document: Document) -> list[str]:
    """Status and tier of each row."""
    [outcome] = run_scenarios([document])
    return [" ".join(filter(None, (row["status"], row["tier"]))) for row in outcome["months"]]


def test_rows_are_the_months_and_the_one_after_with_all_their_counters() -> None:
    first, second = scenario("250000.00", "100000.00"), scenario("0", name="other")
    assert run_scenarios([first, second]) == [
        {
            "name": "example",
            "months": [
                row("2025-01", "NON_MEMBER", None, 0, 0, 0),
                row("2025-02", "ACTIVE", "T1", 0, 0, 0),
                row("2025-03", "WATCH", "T1", 1, 1, 0),
            ],
        },
        {
            "name": "other",
            "months": [
                row("2025-01", "NON_MEMBER", None, 0, 0, 0),
                row("2025-02", "NON_MEMBER", None, 0, 0, 0),
            ],
        },
    ]


def row(month: str, status: str, tier: str | None, k: int, n: int, r: int) -> Document:
    return {
        "month": month,
        "status": status,
        "tier": tier,
        "shortfall_months": k,
        "below_entry_months": n,
        "retention_closes": r,
    }


def test_outcomes_are_plain_json() -> None:
    outcome = run_scenarios([scenario("250000.00", None)])
    assert json.loads(json.dumps(outcome)) == outcome


def test_no_scenarios_no_outcomes() -> None:
    assert run_scenarios([]) == []


@pytest.mark.parametrize(
    ("figures", "changes", "expected"),
    [
        ([None], {}, ["NON_MEMBER", "NON_MEMBER"]),
        (["200000.004"], {}, ["NON_MEMBER", "ACTIVE T1"]),
        (
            ["550000"],
            {"initial": {"status": "WATCH", "tier": "T3", "shortfall_months": 2}},
            ["WATCH T3", "ACTIVE T2"],
        ),
        (
            ["0"],
            {"initial": {"status": "EXITED_UNRATED", "retention_closes": 1}},
            ["EXITED_UNRATED", "REMOVED"],
        ),
        (["300000"], {"initial": {"status": "REMOVED", "tier": None}}, ["REMOVED", "ACTIVE T1"]),
        (["0"], {"grants": [{"from": "2025-01-31"}]}, ["SPECIAL", "SPECIAL"]),
        (
            ["0", "0"],
            {"grants": [{"from": "2025-01-01"}], "revocations": [{"month": "2025-02"}]},
            ["SPECIAL", "EXITED_UNRATED", "EXITED_UNRATED"],
        ),
        (
            ["0"],
            {"grants": [{"from": "2025-01-05"}], "revocations": [{"on": "2025-01-20"}]},
            ["EXITED_UNRATED", "EXITED_UNRATED"],
        ),
        (
            ["0", "0"],
            {
                "grants": [{"from": "2025-01-01", "until": "2025-01-31"}, {"from": "2025-02-01"}],
                "revocations": [{"month": "2025-01"}],
            },
            ["EXITED_UNRATED", "SPECIAL", "SPECIAL"],
        ),
        (
            ["600000", "600000"],
            {"terminations": [{"on": "2025-02-14"}]},
            ["NON_MEMBER", "REMOVED", "REMOVED"],
        ),
        (
            ["0", "0"],
            {"manual_tiers": [{"on": "2025-02-14", "tier": "T3"}]},
            ["NON_MEMBER", "ACTIVE T3", "WATCH T3"],
        ),
        (
            ["600000"],
            {"manual_tiers": [{"on": "2025-02-01", "tier": "T1"}]},
            ["NON_MEMBER", "ACTIVE T1"],
        ),
        (
            ["600000", "600000"],
            {"corrections": [{"posted_in": "2025-02", "month": "2025-01", "aum": "0"}]},
            ["NON_MEMBER", "ACTIVE T2", "ACTIVE T2"],
        ),
        (
            ["600000", None],
            {"corrections": [{"posted_in": "2025-02", "month": "2025-01", "aum": None}]},
            ["NON_MEMBER", "ACTIVE T2", "NON_MEMBER"],
        ),
        (
            ["600000", "600000"],
            {
                "initial": {"status": "ACTIVE", "tier": "T2"},
                "policies": [
                    {"effective": "2000-01", "tiers": TIERS, "watch_months": 1},
                    {"effective": "2025-02", "tiers": TIERS[:1]},
                ],
            },
            ["ACTIVE T2", "ACTIVE T2", "ACTIVE T1"],
        ),
    ],
)
def test_what_a_scenario_means(
    figures: list[str | None], changes: Document, expected: list[str]
) -> None:
    assert states(scenario(*figures, **changes)) == expected


def test_years_pass() -> None:
    months = [
        {"month": f"{2024 + index // 12}-{index % 12 + 1:02}", "aum": "250000"}
        for index in range(24)
    ]
    [outcome] = run_scenarios([{"name": "two years", "months": months}])
    assert outcome["months"][-1] == row("2026-01", "ACTIVE", "T1", 0, 0, 0)


def remove(key: str) -> Callable[[Document], object]:
    return lambda document: document.pop(key)


def put(**values: object) -> Callable[[Document], object]:
    return lambda document: document.update(values)


def put_initial(**values: object) -> Callable[[Document], object]:
    return put(initial=values)


def put_correction(posted_in: str, month: str, aum: object = "1") -> Callable[[Document], object]:
    return put(corrections=[{"posted_in": posted_in, "month": month, "aum": aum}])


def put_tier(on: str, tier: object) -> Callable[[Document], object]:
    return put(manual_tiers=[{"on": on, "tier": tier}])


def month(index: int, **values: object) -> Callable[[Document], object]:
    return lambda document: document["months"][index].update(values)


REFUSALS: list[tuple[Callable[[Document], object], str]] = [
    (remove("name"), "scenario 1: name: is missing"),
    (put(name=""), "scenario 1: name: expected a text"),
    (put(name="a\nb"), "scenario 1: name: holds a control character"),
    (put(name="\ud800"), "scenario 1: name: holds a control character"),
    (put(**{"a\nb": 1}), "'a\\nb': unknown key"),
    (put(name=7), "scenario 1: name: expected a text, got a number"),
    (remove("months"), "months: is missing"),
    (put(surprise=1), "surprise: unknown key; known are name, months, rule, policies"),
    # months
    (put(months=[]), "months: must be 1 to 1200 months"),
    (put(months={}), "months: expected a list, got an object"),
    (put(months=["2025-01"]), "months[0]: expected an object, got a text"),
    (month(0, month="2025-1"), "months[0].month: expected a month written YYYY-MM, got '2025-1'"),
    (month(1, month="2025-03"), "months[1].month: must be 2025-02: months are consecutive"),
    (month(1, month="2025-01"), "months[1].month: must be 2025-02: months are consecutive"),
    (month(0, month="9999-12"), "months[0].month: the year 9999 is not between 1900 and 2999"),
    (month(0, month="0001-01"), "months[0].month: the year 1 is not between 1900 and 2999"),
    (month(0, amount="1"), "months[0].amount: unknown key; known are month, aum"),
    (lambda document: document["months"][1].pop("aum"), "months[1].aum: is missing"),
    (month(0, aum="1e400"), "months[0].aum: '1e400' is not an amount"),
    (month(0, aum="NaN"), "months[0].aum: 'NaN' is not an amount"),
    (month(0, aum="1,234.00"), "months[0].aum: '1,234.00' is not an amount"),
    (month(0, aum=250000.0), "months[0].aum: 250000.0 is not an amount"),
    (month(0, aum=True), "months[0].aum: True is not an amount"),
    (month(0, aum="9" * 17), "months[0].aum: '99999999999999999' has too many digits"),
    (month(0, aum="0.123456789"), "months[0].aum: '0.123456789' has 9 decimals"),
    # policies
    (put(policies=[]), "policies: no tier policy is in force in 2025-01"),
    (put(policies=None), "policies: expected a list, got null"),
    (
        put(policies=[{"effective": "2025-02", "tiers": TIERS}]),
        "policies: no tier policy is in force in 2025-01",
    ),
    (put(policies=[{"tiers": TIERS}]), "policies[0].effective: is missing"),
    (
        put(policies=[{"effective": "2025-01", "tiers": [TIERS[1], TIERS[0]]}]),
        "policies[0].tiers[1].threshold: must be greater than that of tiers[0]",
    ),
    (
        put(policies=[{"effective": "2025-01", "tiers": TIERS, "watch": 3}]),
        "policies[0].watch: unknown key; known are effective, tiers, watch_months",
    ),
    # the standing at the start
    (put(initial=[]), "initial: expected an object, got a list"),
    (put_initial(), "initial.status: is missing"),
    (put_initial(status="VIP"), "initial.status: expected one of NON_MEMBER, ACTIVE, WATCH"),
    (put_initial(status=[]), "initial.status: expected one of NON_MEMBER, ACTIVE, WATCH"),
    (put_initial(status="ACTIVE"), "initial: ACTIVE needs a tier"),
    (put_initial(status="SPECIAL", tier="T1"), "initial: SPECIAL has no tier"),
    (put_initial(status="ACTIVE", tier="T9"), "initial.tier: policy version 1 knows no tier T9"),
    (put_initial(status="ACTIVE", tier=1), "initial.tier: expected a text, got a number"),
    (
        put_initial(status="ACTIVE", tier="T1", shortfall_months=1),
        "initial: ACTIVE has no months below a line",
    ),
    (
        put_initial(status="WATCH", tier="T1"),
        "initial: WATCH needs shortfall_months or below_entry_months",
    ),
    (
        put_initial(status="WATCH", tier="T1", shortfall_months=-1),
        "initial.shortfall_months: must be 0 to",
    ),
    (
        put_initial(status="WATCH", tier="T1", below_entry_months="1"),
        "initial.below_entry_months: expected a whole number, got a text",
    ),
    (
        put_initial(status="NON_MEMBER", retention_closes=1),
        "initial: NON_MEMBER has no retention_closes",
    ),
    (put_initial(status="NON_MEMBER", window=[]), "initial.window: unknown key"),
    # what happens on a day
    (put(grants=[{"until": "2025-12-31"}]), "grants[0].from: is missing"),
    (put(grants=[{"from": "2025-02-30"}]), "grants[0].from: there is no day 2025-02-30"),
    (
        put(grants=[{"from": "9999-01-01"}]),
        "grants[0].from: the year 9999 is not between 1900 and 2999",
    ),
    (
        put(grants=[{"from": "2025-02-01", "until": "2025-01-31"}]),
        "grants[0].until: must not be before 2025-02-01",
    ),
    (put(revocations=[{"month": "2025-01"}]), "revocations[0]: no grant is valid then"),
    (
        put(grants=[{"from": "2025-02-01"}], revocations=[{"on": "2025-01-31"}]),
        "revocations[0]: no grant is valid then",
    ),
    (
        put(
            grants=[{"from": "2024-01-01", "until": "2024-12-31"}],
            revocations=[{"month": "2025-01"}],
        ),
        "revocations[0]: no grant is valid then",
    ),
    (put(terminations=[{}]), 'terminations[0]: expected either "month" or "on"'),
    (
        put(terminations=[{"month": "2025-01", "on": "2025-01-01"}]),
        'terminations[0]: expected either "month" or "on"',
    ),
    (put(terminations=["2025-01"]), "terminations[0]: expected an object, got a text"),
    (put_tier("2024-12-31", "T1"), "manual_tiers[0].on: must be in 2025-01 to 2025-03"),
    (put_tier("2025-04-01", "T1"), "manual_tiers[0].on: must be in 2025-01 to 2025-03"),
    (put_tier("2025-01-01", "T9"), "manual_tiers[0].tier: policy version 1 has no tier T9"),
    (put_tier("2025-01-01", None), "manual_tiers[0].tier: expected a text, got null"),
    (put(manual_tiers=[{"tier": "T1"}]), "manual_tiers[0].on: is missing"),
    # corrections
    (put_correction("2025-02", "2024-12"), "corrections[0].month: must be one of the months 2025"),
    (put_correction("2025-01", "2025-01"), "corrections[0].posted_in: must be 2025-02 to 2025-03"),
    (put_correction("2025-04", "2025-01"), "corrections[0].posted_in: must be 2025-02 to 2025-03"),
    (put_correction("2025-02", "2025-01", "much"), "corrections[0].aum: 'much' is not an amount"),
    (put(corrections=[{"month": "2025-01"}]), "corrections[0].posted_in: is missing"),
]


@pytest.mark.parametrize(("change", "refusal"), REFUSALS)
def test_what_is_wrong_is_said_with_scenario_and_field(
    change: Callable[[Document], object], refusal: str
) -> None:
    changed = scenario("1", "2", name="changed")
    change(changed)
    with pytest.raises(InvalidScenario) as refused:
        run_scenarios([scenario("1"), changed])
    where = "" if refusal.startswith("scenario") else "scenario 1 (changed): "
    assert str(refused.value).startswith(where + refusal)


@pytest.mark.parametrize("document", [None, {}, "[]", 7, scenario("1")])
def test_a_document_is_a_list(document: object) -> None:
    with pytest.raises(InvalidScenario, match="expected a list"):
        run_scenarios(document)


def test_a_scenario_is_an_object() -> None:
    with pytest.raises(InvalidScenario, match="scenario 0: expected an object, got null"):
        run_scenarios([None])


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    # what is meant, in the wrong or in the right place
    | st.sampled_from(["2025-01", "2025-02", "9998-12", "2025-01-31", "9999-12-31", "250000.00"])
    | st.sampled_from(["ACTIVE", "SPECIAL", "T1", "KEEP_TIER", TIERS]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["month", "on", "from", "until", "aum", "status", "tier"]), inner
        )
    ),
    max_leaves=8,
)
keys = st.sampled_from(
    [
        *("name", "rule", "policies", "initial", "grants", "revocations", "terminations"),
        *("manual_tiers", "corrections"),
    ]
)


@settings(max_examples=300)
@given(st.dictionaries(keys, values, max_size=3), st.booleans() | values)
def test_a_document_is_run_or_refused_and_nothing_else(changes: Document, months: object) -> None:
    document = scenario("1", None, "250000") | changes
    if not isinstance(months, bool):
        document["months"] = months
    with suppress(InvalidScenario):
        [outcome] = run_scenarios([document])
        assert len(outcome["months"]) == len(document["months"]) + 1


def test_the_worked_cases() -> None:
    cases = golden("tiers.json")
    outcomes = run_scenarios(cases)
    assert [outcome["name"] for outcome in outcomes] == [case["name"] for case in cases]
    for case, outcome in zip(cases, outcomes, strict=True):
        for expected, found in zip(case["expected"], outcome["months"], strict=True):
            assert {**found, **expected} == found, case["name"]

"""Averages of a month: the rules in examples, and a day-by-day sum to compare with."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.aum import Account, Aum, Rates, aum_of
from domain.months import Month, parse_date
from domain.policy import DEFAULT_POLICY, Divisor, TierPolicy
from domain.products import COMPONENT_OF, Component, ProductClass
from tests.domain.builders import APRIL, golden, policy_with

LONG_AGO = date(2020, 1, 1)
APRIL_30 = date(2025, 4, 30)
FIXED_30 = policy_with(divisor="FIXED_30")


def account(*balances: tuple[str, str], **changes: Any) -> Account:
    """A demand deposit in CNY, opened long ago."""
    details: dict[str, Any] = {
        "product_class": ProductClass.DEMAND_DEPOSIT,
        "currency": "CNY",
        "opened_on": LONG_AGO,
        "balances": tuple((parse_date(day), Decimal(amount)) for day, amount in balances),
    }
    return Account(**(details | changes))


def april(
    *accounts: Account,
    month: Month = APRIL,
    through: date = date(2025, 12, 31),
    policy: TierPolicy = DEFAULT_POLICY,
    rates: Rates | None = None,
) -> Aum:
    return aum_of(
        accounts,
        month,
        through=through,
        policy=policy,
        rates=rates or Rates(),
        home_currency="CNY",
    )


def shown(aum: Aum) -> str:
    return str(aum.total.rounded())


@pytest.mark.parametrize(
    ("rule", "given", "average"),
    [
        ("a balance stays until the next", account(("2025-03-01", "250000")), "250000.00"),
        ("days before it are zero", account(("2025-04-16", "600000")), "300000.00"),
        (
            "the opening day counts",
            account(("2025-01-01", "3000000"), opened_on=APRIL_30),
            "100000.00",
        ),
        (
            "the closing day counts",
            account(("2025-01-01", "900000"), closed_on=date(2025, 4, 10)),
            "300000.00",
        ),
        (
            "balances after closing do not",
            account(("2025-04-11", "900000"), closed_on=date(2025, 4, 10)),
            "0.00",
        ),
        (
            "one night is one day",
            account(("2025-04-10", "6000000"), ("2025-04-11", "0")),
            "200000.00",
        ),
        ("an overdraft counts as it stands", account(("2025-04-01", "-300")), "-300.00"),
        ("closed before the month", account(("2025-01-01", "9"), closed_on=LONG_AGO), "0.00"),
        ("opened after the month", account(opened_on=date(2025, 5, 1)), "0.00"),
        ("rounded only for show", account(("2025-04-11", "250000")), "166666.67"),
    ],
)
def test_an_account_is_averaged_over_the_days_of_the_month(
    rule: str, given: Account, average: str
) -> None:
    assert shown(april(given)) == average, rule


def test_components_are_added_and_insurance_is_not() -> None:
    amounts = {
        ProductClass.DEMAND_DEPOSIT: 30_000,
        ProductClass.TERM_DEPOSIT: 50_000,
        ProductClass.CERTIFICATE_BOND: 20_000,
        ProductClass.GOLD: 15_600,
        ProductClass.SETTLEMENT_FUNDS: 15_000,
        ProductClass.INSURANCE: 100_000,
    }
    accounts = [
        account(("2025-04-01", str(amount)), product_class=name) for name, amount in amounts.items()
    ]
    aum = april(*accounts)
    parts = (aum.deposits, aum.investments, aum.settlement_funds, aum.total)
    assert [part.rounded() for part in parts] == [80_000, 35_600, 15_000, 130_600]
    counting_it = policy_with(counted_classes=["INSURANCE", "GOLD"])
    assert april(*accounts, policy=counting_it).total.rounded() == 115_600


def test_a_closed_month_is_final_over_all_its_days() -> None:
    aum = april(account(("2025-04-01", "100")))
    assert (aum.month, aum.days, aum.as_of) == (APRIL, 30, APRIL_30)
    assert (aum.final, aum.complete) == (True, True)


def test_an_open_month_is_provisional_over_the_days_elapsed() -> None:
    aum = april(account(("2025-04-06", "100")), through=date(2025, 4, 10))
    assert (aum.days, aum.as_of, aum.final) == (10, date(2025, 4, 10), False)
    assert shown(aum) == "50.00"


def test_a_month_that_has_not_begun_has_no_figure() -> None:
    with pytest.raises(ValueError, match="has not begun"):
        april(through=date(2025, 3, 31))


def test_dividing_by_30_applies_to_whole_months_only() -> None:
    january = Month(2025, 1)
    deposit = account(("2025-01-01", "195000"))
    assert shown(april(deposit, month=january, policy=FIXED_30)) == "201500.00"
    open_month = april(deposit, month=january, policy=FIXED_30, through=date(2025, 1, 30))
    assert (shown(open_month), open_month.days) == ("195000.00", 30)
    february = april(deposit, month=Month(2025, 2), policy=FIXED_30)
    assert (shown(february), february.days) == ("182000.00", 30)


RATES = Rates(
    {
        "USD": (
            (date(2025, 3, 31), Decimal("7.17")),
            (date(2025, 4, 16), Decimal("7.21")),
        ),
        "HKD": ((date(2025, 4, 21), Decimal("0.9")),),
    }
)


def test_foreign_balances_are_valued_at_the_rate_of_each_day() -> None:
    aum = april(account(("2025-04-01", "30000"), currency="USD"), rates=RATES)
    assert (shown(aum), aum.complete) == ("215700.00", True)


def test_a_balance_without_a_rate_is_left_out_and_said_to_be_missing() -> None:
    aum = april(account(("2025-04-01", "300"), currency="HKD"), rates=RATES)
    assert (shown(aum), aum.complete) == ("90.00", False)
    unknown = april(account(("2025-04-01", "300"), currency="JPY"), rates=RATES)
    assert (shown(unknown), unknown.complete) == ("0.00", False)


@pytest.mark.parametrize(
    "needless",
    [
        account(("2025-04-01", "0"), currency="HKD"),
        account(("2025-04-21", "5"), currency="HKD"),
        account(("2025-04-01", "5"), currency="HKD", product_class=ProductClass.INSURANCE),
    ],
)
def test_a_rate_that_is_not_needed_is_not_missing(needless: Account) -> None:
    assert april(needless, rates=RATES).complete


def test_contradictory_facts_are_refused() -> None:
    with pytest.raises(ValueError, match="one end-of-day balance per day"):
        account(("2025-04-01", "1"), ("2025-04-01", "2"))
    with pytest.raises(ValueError, match="before opening"):
        account(closed_on=date(2019, 1, 1))
    with pytest.raises(ValueError, match="not in the order"):
        Rates({"USD": ((APRIL_30, Decimal(7)), (LONG_AGO, Decimal(7)))})


days = st.dates(date(2025, 3, 20), date(2025, 5, 5))
money = st.decimals(-(10**9), 10**9, places=2)
steps = st.dictionaries(days, money, max_size=6).map(lambda found: tuple(found.items()))
rates = st.dictionaries(
    st.sampled_from(["USD", "HKD"]),
    st.dictionaries(days, st.decimals(1, 10, places=6), max_size=5).map(
        lambda found: tuple(sorted(found.items()))
    ),
).map(Rates)


@st.composite
def accounts(draw: st.DrawFn) -> Account:
    opened = draw(days)
    closed = draw(st.none() | st.dates(opened, date(2025, 5, 10)))
    return Account(
        draw(st.sampled_from(ProductClass)),
        draw(st.sampled_from(["CNY", "USD", "HKD"])),
        opened,
        closed,
        draw(steps),
    )


def value_on(steps: tuple[tuple[date, Decimal], ...], day: date) -> Decimal | None:
    """What the last step up to a day says."""
    return max(((at, value) for at, value in steps if at <= day), default=(day, None))[1]


def day_by_day(
    account: Account, through: date, rates: Rates, policy: TierPolicy
) -> tuple[Decimal, bool]:
    """The sum of an account's balances in April, added up naively."""
    total, priced, day = Decimal(0), True, APRIL.first_day
    while day <= min(through, APRIL_30) and account.product_class in policy.counted:
        balance = value_on(tuple(account.balances), day)
        held = account.opened_on <= day <= (account.closed_on or day)
        if balance and held:
            price: Decimal | None = Decimal(1)
            if account.currency != "CNY":
                price = value_on(tuple(rates.published.get(account.currency, ())), day)
            priced = priced and price is not None
            total += balance * (price or 0)
        day += timedelta(days=1)
    return total, priced


@settings(max_examples=150)
@given(
    st.lists(accounts(), max_size=4),
    rates,
    st.dates(APRIL.first_day, date(2025, 5, 3)),
    st.sampled_from([DEFAULT_POLICY, FIXED_30]),
    st.randoms(use_true_random=False),
)
def test_aum_is_the_sum_of_the_days_in_any_order(
    held: list[Account], rates: Rates, through: date, policy: TierPolicy, shuffled: Any
) -> None:
    aum = april(*held, through=through, policy=policy, rates=rates)
    sums = [day_by_day(account, through, rates, policy) for account in held]
    assert aum.total.sum == sum(total for total, _ in sums)
    assert aum.complete == all(priced for _, priced in sums)
    for component, part in (
        (Component.DEPOSITS, aum.deposits),
        (Component.INVESTMENTS, aum.investments),
        (Component.SETTLEMENT_FUNDS, aum.settlement_funds),
    ):
        assert part.days == aum.days == aum.total.days
        assert part.sum == sum(
            total
            for account, (total, _) in zip(held, sums, strict=True)
            if COMPONENT_OF[account.product_class] is component
        )
    whole = aum.final and policy.divisor is Divisor.FIXED_30
    assert aum.days == (30 if whole else min(through, APRIL_30).day)
    disordered = [
        Account(
            account.product_class,
            account.currency,
            account.opened_on,
            account.closed_on,
            shuffled.sample(list(account.balances), len(account.balances)),
        )
        for account in shuffled.sample(held, len(held))
    ]
    assert april(*disordered, through=through, policy=policy, rates=rates) == aum


def worked_case(inputs: dict[str, Any]) -> tuple[Aum, TierPolicy]:
    """The figure of a case that is given by segments of days, or by the sum over the days."""
    month = Month.parse(inputs["month"])
    balances: dict[date, Decimal] = {}
    published: list[tuple[date, Decimal]] = []
    for period, amount, *rate in inputs.get("segments", []):
        first, last = map(parse_date, period.split(".."))
        balances |= {first: Decimal(amount), last + timedelta(days=1): Decimal(0)}
        published += [(first, Decimal(rate[0]))] if rate else []
    if "sum_of_eod" in inputs:
        balances = {month.last_day: Decimal(inputs["sum_of_eod"])}
    currency = inputs.get("currency", "CNY")
    policy = policy_with(divisor=inputs.get("denominator", "ACTUAL_DAYS"))
    deposit = account(currency=currency, balances=tuple(balances.items()))
    return april(deposit, month=month, policy=policy, rates=Rates({currency: published})), policy


def test_the_worked_cases() -> None:
    cases = [case for case in golden("aum.json") if "constant_balances" not in case["inputs"]]
    assert len(cases) >= 10
    for case in cases:
        aum, policy = worked_case(case["inputs"])
        assert shown(aum) == case["expected_month_daily_avg_yuan"], case["name"]
        if "reaches_T1_entry" in case:
            assert policy.enters(aum.total) == case["reaches_T1_entry"], case["name"]
        if "reaches_T2" in case:
            platinum = policy.tier("T2").threshold
            assert aum.total.at_least(platinum) == case["reaches_T2"], case["name"]


def test_the_worked_case_of_all_components() -> None:
    [case] = [case for case in golden("aum.json") if "constant_balances" in case["inputs"]]
    given = case["inputs"]["constant_balances"]
    fund, gold = given["fund"], given["gold"]
    values = {
        ProductClass.DEMAND_DEPOSIT: Decimal(given["demand_deposit"]),
        ProductClass.TERM_DEPOSIT: Decimal(given["term_deposit"]),
        ProductClass.CERTIFICATE_BOND: Decimal(given["certificate_treasury_bond"]),
        ProductClass.WEALTH_PRODUCT: Decimal(given["wealth_product"]),
        ProductClass.FUND: Decimal(fund["units"]) * Decimal(fund["nav"]),
        ProductClass.GOLD: Decimal(gold["grams"]) * Decimal(gold["price"]),
        ProductClass.SETTLEMENT_FUNDS: Decimal(given["cts_cash"]),
        ProductClass.INSURANCE: Decimal(given["insurance"]),
    }
    accounts = [
        account(product_class=name, balances=((APRIL.first_day, value),))
        for name, value in values.items()
    ]
    assert shown(april(*accounts)) == case["expected_month_daily_avg_yuan"]

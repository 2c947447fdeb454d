"""The statement that computes AUM says the same as the rules in `domain.aum`."""

import random
from datetime import date, timedelta
from decimal import Decimal

import pytest

from domain.actors import Actor, Role
from domain.aum import Account, Rates, aum_of
from domain.feeds import FeedSource, lacks_feed
from domain.months import Month
from domain.policy import DEFAULT_POLICY, parse_policy, policy_document
from domain.products import ProductClass
from repository.calendar import publish_policy
from repository.feeds import register
from repository.figures import write_aum
from tests.house import House

FIRST, LAST = date(2024, 11, 20), date(2025, 3, 31)
HQ = Actor(Role.HQ, "operator", 0, "test")
FIXED_30 = parse_policy({**policy_document(DEFAULT_POLICY), "divisor": "FIXED_30"}, 2)
WITH_INSURANCE = parse_policy(
    {**policy_document(DEFAULT_POLICY), "counted_classes": [str(c) for c in ProductClass]}, 3
)


def some_day(dice: random.Random) -> date:
    return FIRST + timedelta(days=dice.randrange((LAST - FIRST).days + 1))


def some_account(dice: random.Random) -> Account:
    opened = FIRST if dice.random() < 0.5 else some_day(dice)
    closed = None
    if dice.random() < 0.4:
        closed = opened + timedelta(days=dice.randrange(90))
    end = min(closed or LAST, LAST)
    days = {opened + timedelta(days=dice.randrange((end - opened).days + 1)) for _ in range(8)}
    balances = [
        (day, Decimal(dice.randrange(-50_000, 90_000_000)) / 100)
        for day in sorted(days)
        if dice.random() < 0.8
    ]
    return Account(
        dice.choice(list(ProductClass)),
        dice.choice(["CNY", "CNY", "CNY", "USD", "EUR"]),
        opened,
        closed,
        balances,
    )


def some_rates(dice: random.Random) -> dict[str, list[tuple[date, Decimal]]]:
    return {
        "USD": [
            (FIRST + timedelta(days=n), Decimal(dice.randrange(70_000, 73_000)) / 10_000)
            for n in range(0, 130, 1 + dice.randrange(5))
        ],
        "EUR": [(date(2025, 1, 20), Decimal("7.9"))],  # none before: figures are incomplete
    }


async def stored(
    house: House, holdings: list[list[Account]], rates: dict[str, list[tuple[date, Decimal]]]
) -> None:
    await house.people(0)
    async with house.database.unit() as connection:
        for number, accounts in enumerate(holdings, start=1):
            customer = await connection.fetchval(
                """insert into terrace.customer (number, name, kind, branch_id)
                values ($1, 'x', 'INDIVIDUAL', 2) returning id""",
                f"C{number}",
            )
            for place, account in enumerate(accounts):
                key = await connection.fetchval(
                    """insert into terrace.account (customer_id, manager_id, branch_id, number,
                        product_class, currency, opened_on, closed_on)
                    values ($1, 0, 2, $2, $3, $4, $5, $6) returning id""",
                    customer,
                    f"A{number}.{place}",
                    account.product_class,
                    account.currency,
                    account.opened_on,
                    account.closed_on,
                )
                await connection.executemany(
                    """insert into terrace.balance_update
                    (customer_id, account_id, as_of, entry, amount) values ($1, $2, $3, 0, $4)""",
                    [(customer, key, day, amount) for day, amount in account.balances],
                )
        await connection.executemany(
            "insert into terrace.rate (currency, as_of, rate) values ($1, $2, $3)",
            [(currency, day, rate) for currency, rows in rates.items() for day, rate in rows],
        )


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(
    "policy",
    [DEFAULT_POLICY, FIXED_30, WITH_INSURANCE],
    ids=["actual days", "30 days", "insurance"],
)
async def test_the_statement_agrees_with_the_rules(house: House, seed: int, policy) -> None:
    dice = random.Random(seed)
    holdings = [[some_account(dice) for _ in range(dice.randrange(5))] for _ in range(25)]
    published = some_rates(dice)
    await stored(house, holdings, published)
    rates = Rates(published)
    customers = list(range(1, len(holdings) + 1))
    for month in (Month(2024, 12), Month(2025, 1), Month(2025, 2), Month(2025, 3)):
        for through in (month.last_day, date(month.year, month.month, 1 + dice.randrange(28))):
            async with house.database.unit() as connection:
                await write_aum(connection, customers, month, through, policy, "CNY")
            rows = await house.fetch(
                "select * from terrace.aum where month = $1 order by customer_id", month.first_day
            )
            for row, accounts in zip(rows, holdings, strict=True):
                expected = aum_of(
                    accounts,
                    month,
                    through=through,
                    policy=policy,
                    rates=rates,
                    home_currency="CNY",
                )
                found = [
                    row["deposits_sum"],
                    row["investments_sum"],
                    row["settlement_funds_sum"],
                    row["complete"],
                    row["as_of"],
                ]
                assert found == [
                    expected.deposits.sum,
                    expected.investments.sum,
                    expected.settlement_funds.sum,
                    expected.complete,
                    expected.as_of,
                ], (seed, month, through, row["customer_id"])


def some_feeds(dice: random.Random) -> tuple[list[FeedSource], dict[str, set[date]]]:
    """Sources with their marked days: in some months a few are missing, in others none."""
    sources, marked = [], {}
    for code in "abcd":
        since = FIRST if dice.random() < 0.5 else some_day(dice)
        until = None if dice.random() < 0.5 else since + timedelta(days=dice.randrange(90))
        classes = frozenset(dice.sample(list(ProductClass), dice.randrange(1, 4)))
        sources.append(FeedSource(code, code, classes, since, until))
        days = {FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)}
        marked[code] = days - {some_day(dice) for _ in range(dice.randrange(2, 7))}
    return sources, marked


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("policy", [DEFAULT_POLICY, WITH_INSURANCE], ids=["usual", "insurance"])
async def test_the_database_knows_whose_figure_lacks_a_feed_as_the_rules_do(
    house: House, seed: int, policy
) -> None:
    dice = random.Random(seed)
    holdings = [[some_account(dice) for _ in range(dice.randrange(4))] for _ in range(25)]
    await stored(house, holdings, {"USD": [(FIRST, Decimal(7))], "EUR": [(FIRST, Decimal(8))]})
    await publish_policy(house.database, {**policy_document(policy), "effective": "2024-11"}, HQ)
    sources, marked = some_feeds(dice)
    for source in sources:
        await register(house.database, source, HQ)
        await house.fetch(
            """insert into terrace.feed_day (source, day, marked_by)
            select $1, day, 'test' from unnest($2::date[]) day""",
            source.code,
            sorted(marked[source.code]),
        )
    customers, seen = list(range(1, len(holdings) + 1)), set()
    for month in (Month(2024, 12), Month(2025, 1), Month(2025, 2), Month(2025, 3)):
        for through in (month.last_day, date(month.year, month.month, 1 + dice.randrange(28))):
            expected = [
                lacks_feed(accounts, sources, marked, month, through, policy)
                for accounts in holdings
            ]
            by_view = await house.fetch(
                "select terrace.lacks_feed(c, $2, $3) as lacks from unnest($1::integer[]) c",
                customers,
                month.first_day,
                through,
            )
            assert [row["lacks"] for row in by_view] == expected, (seed, month, through)
            for last_closed, judged in ((month.previous(), False), (month, True)):
                await house.fetch(
                    "update terrace.calendar set last_closed = $1", last_closed.first_day
                )
                async with house.database.unit() as connection:
                    await write_aum(connection, customers, month, through, policy, "CNY")
                    rows = await connection.fetch(
                        "select customer_id, complete from terrace.aum where month = $1",
                        month.first_day,
                    )
                complete = {row["customer_id"]: row["complete"] for row in rows}
                by_close = [not complete[customer] for customer in customers]
                assert by_close == [judged and lacks for lacks in expected], (seed, month, through)
            seen |= set(expected)
    assert seen == {True, False}


async def test_the_database_rounds_averages_as_the_rules_do(house: House) -> None:
    from domain.money import Average

    dice = random.Random(7)
    sums = [Decimal(dice.randrange(-(10**14), 10**14)) / 100 for _ in range(2000)]
    sums += [Decimal(n) * 31 / 200 for n in range(-50, 50)]  # halves of a cent exactly
    for days in (28, 30, 31):
        rows = await house.fetch(
            "select terrace.average(s, $2) as shown from unnest($1::numeric[]) s", sums, days
        )
        for total, row in zip(sums, rows, strict=True):
            assert str(row["shown"]) == str(Average(total, days).rounded()), (total, days)

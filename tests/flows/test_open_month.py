"""Figures of the open month: what changes them though no balance arrives."""

import pytest

from domain.actors import Actor, Role
from domain.months import Month, parse_date
from repository.calendar import publish_policy, set_business_date
from repository.figures import mark_changing
from tests.house import House

OPERATOR = Actor(Role.HQ, "operator", 0, "test")


async def day(house: House, text: str) -> None:
    await set_business_date(house.database, parse_date(text), OPERATOR)
    await house.work()


async def total(house: House, month: str | None = None) -> str:
    figure = await house.aum("C1", month)
    assert figure is not None
    return figure["total"]


@pytest.mark.parametrize("months_later", [1, 3])
async def test_an_account_that_closes_months_after_its_last_balance(
    house: House, months_later: int
) -> None:
    await house.people(2)
    closed = f"2025-{1 + months_later:02}-10"
    await house.fetch("update terrace.account set closed_on = $1::text::date", closed)
    await house.record(("A1", "2025-01-05", "300000.00"))
    for month in range(1, 1 + months_later):
        await house.close(f"2025-{month:02}")
    await day(house, f"{closed[:8]}20")
    assert await total(house) == "150000.00"
    async with house.database.unit() as connection:
        await mark_changing(connection)
    assert await house.value("select count(*) from terrace.dirty") == 0


async def test_a_rate_known_beforehand_counts_from_its_day_in_a_later_month(house: House) -> None:
    await house.people(2)
    await house.fetch("update terrace.account set currency = 'USD'")
    await house.fetch("""insert into terrace.rate values
        ('USD', '2025-01-01', 7), ('USD', '2025-03-11', 8)""")
    await house.record(("A1", "2025-01-01", "100.00"))
    await house.close("2025-01")
    await house.close("2025-02")
    await day(house, "2025-03-20")
    assert await total(house) == "750.00"


async def test_a_month_that_counts_other_classes_is_not_carried_on_from_the_one_before(
    house: House,
) -> None:
    await house.people(2)
    await house.fetch("""insert into terrace.account
        (customer_id, manager_id, branch_id, number, product_class, currency, opened_on)
        select id, manager_id, branch_id, 'I1', 'INSURANCE', 'CNY', '2024-01-01'
        from terrace.customer where number = 'C1'""")
    await house.record(("A1", "2025-01-01", "50000.00"), ("I1", "2025-01-01", "100000.00"))
    tiers = [{"code": "T1", "name": "Gold", "threshold": "200000.00"}]
    document = {"effective": "2025-02", "tiers": tiers, "counted_classes": ["INSURANCE"]}
    await publish_policy(house.database, document, OPERATOR)
    await house.work()
    assert await total(house) == "50000.00"
    await house.close("2025-01")
    assert (await total(house, "2025-01"), await total(house)) == ("50000.00", "100000.00")


async def test_sums_of_more_digits_than_a_usual_decimal_holds_are_exact(house: House) -> None:
    await house.people(2)
    await house.fetch("update terrace.account set currency = 'XAU' where number = 'A2'")
    await house.fetch("insert into terrace.rate values ('XAU', '2025-01-01', 1.0123456789)")
    largest = "-9999999999999999.99"
    await house.record(("A1", "2025-01-01", largest), ("A2", "2025-01-02", "1234567890123456.78"))
    run = await house.close("2025-01")
    assert (run.state, run.problem) == ("CLOSED", None)


@pytest.mark.parametrize(
    ("days", "business_date", "open_month"),
    [
        (["2025-03-05"], "2025-03-05", "2025-03"),
        (["2025-03-05", "2025-03-01"], "2025-03-05", "2025-03"),
        (["2025-03-05", "2025-01-31"], "2025-03-05", "2025-01"),
        (["2025-03-05", "2025-01-31", "2025-04-01"], "2025-04-01", "2025-01"),
    ],
)
async def test_the_first_month_is_that_of_the_earliest_balance_until_one_is_closed(
    house: House, days: list[str], business_date: str, open_month: str
) -> None:
    await house.people(1)
    for day in days:
        await house.record(("A1", day, "1.00"))
    found = await house.data("{ calendar { businessDate openMonth } }")
    assert found["calendar"] == {"businessDate": business_date, "openMonth": open_month}
    await house.close(open_month)
    following = str(Month.parse(open_month).next())
    await house.record(("A1", "2024-12-31", "1.00"))
    found = await house.data("{ calendar { businessDate openMonth } }")
    assert found["calendar"]["openMonth"] == following

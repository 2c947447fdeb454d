"""Sources of balances for tests, and short ways to mark their days."""

from datetime import date
from typing import Any

from domain.actors import Actor, Role
from domain.feeds import FeedSource, parse_days
from domain.months import Month
from domain.products import ProductClass
from repository.closing import request_close
from repository.feeds import Marked, mark_complete, register, reopen
from tests.house import House

OPERATOR = Actor(Role.HQ, "operator", 0, "test")
GOLD = ProductClass.GOLD
DEPOSITS = ProductClass.DEMAND_DEPOSIT
INSURANCE = ProductClass.INSURANCE
SAVINGS_BONDS = ProductClass.SAVINGS_BOND
MARK = """mutation ($input: MarkFeedCompleteInput!) { markFeedComplete(input: $input) {
    marked alreadyComplete errors { code field message } } }"""


async def source(
    house: House, code: str, *classes: ProductClass, since: str = "2025-01-01", until: str = ""
) -> None:
    """Expect a source."""
    days = date.fromisoformat(since), date.fromisoformat(until) if until else None
    await register(
        house.database, FeedSource(code, code.title(), frozenset(classes), *days), OPERATOR
    )


async def complete(house: House, code: str, days: str) -> Marked:
    """Mark days of a source."""
    first, last = parse_days(days)
    return await mark_complete(house.database, code, first, last, OPERATOR, future_days=366)


async def take_back(house: House, code: str, days: str) -> int:
    """Reopen days of a source."""
    first, last = parse_days(days)
    return await reopen(house.database, code, first, last, "sent again", OPERATOR)


async def close_without(house: House, month: str, reason: str = "the gold desk is down") -> Any:
    """Close a month though feeds are missing."""
    override = reason
    await request_close(house.database, Month.parse(month), OPERATOR, override)
    await house.work()


async def gold_account(house: House, customer: str = "C1", number: str = "G1") -> None:
    """A customer holds gold as well, since before everything."""
    await house.fetch(
        """insert into terrace.account
        (customer_id, manager_id, branch_id, number, product_class, currency, opened_on)
        select id, manager_id, branch_id, $2, 'GOLD', 'CNY', '2024-01-01'
        from terrace.customer where number = $1""",
        customer,
        number,
    )


async def is_complete(house: House, customer: str, month: str | None = None) -> bool:
    """What a customer's figure says of itself."""
    figure = await house.aum(customer, month)
    assert figure is not None
    return bool(figure["complete"])

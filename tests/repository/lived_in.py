"""A house that has been lived in: months of balances, late ones, gaps, and what happens on days."""

from random import Random
from typing import Any

from cli.session import OPERATOR
from domain.months import Month, months_between
from domain.policy import TierPolicy, policy_document
from domain.products import ProductClass
from repository.calendar import publish_policy, set_business_date
from repository.database import Connection
from repository.manual_tier import TierRefused, set_tier
from repository.on_days import effective_day, today
from repository.special import GrantRefused, end_relation, grant, revoke, start_due_grants
from repository.statements import sql
from tests.feeding import close_without, complete, source
from tests.house import House

FIRST, LAST = Month(2025, 1), Month(2025, 9)
CUSTOMERS = 30
AMOUNTS = ["0.00", "0.00", "150000.00", "150000.00", "200000.00", "200000.01", "600000.00"]
AMOUNTS += ["1100000.00", "3200000.00"]
GOLD = [3, 7, 8]
"""Customers who hold gold as well, whose feed is late."""


async def people(house: House) -> None:
    """Thirty customers with a deposit each; some hold gold and insurance as well."""
    await house.people(CUSTOMERS)
    await house.fetch(
        """insert into terrace.account
            (customer_id, manager_id, branch_id, number, product_class, currency, opened_on)
        select id, manager_id, branch_id, k.letter || id, k.class, 'CNY', '2024-01-01'
        from terrace.customer
        cross join (values ('G', 'GOLD'), ('I', 'INSURANCE')) k(letter, class)
        where id = any($1::integer[])""",
        GOLD,
    )


def balances(seed: int) -> dict[Month, list[tuple[str, str, str]]]:
    """Balances by month, each dated in it."""
    dice = Random(seed)
    found: dict[Month, list[tuple[str, str, str]]] = {}
    for month in months_between(FIRST, LAST):
        rows = [
            (
                f"A{n}",
                str(month.first_day.replace(day=dice.choice([1, 1, 9]))),
                dice.choice(AMOUNTS),
            )
            for n in range(1, CUSTOMERS + 1)
            if month == FIRST or dice.random() < 0.45
        ]
        rows += [(f"G{n}", str(month.first_day), dice.choice(AMOUNTS)) for n in GOLD]
        rows += [(f"I{n}", str(month.first_day), dice.choice(AMOUNTS)) for n in GOLD]
        found[month] = rows
    return found


async def customer(connection: Connection, number: str) -> Any:
    """A customer's row, locked as a mutation locks it."""
    key = int(number[1:])
    await connection.execute(sql("share_ledger"))
    await connection.execute(sql("lock_accounts_of"), key)
    return await connection.fetchrow(sql("customer_in_scope"), key)


async def live(
    house: House, seed: int, policy: TierPolicy | None = None, *, late: bool = True
) -> None:
    """Nine months closed, under the default policy or another from the start.

    Grants are given and revoked, tiers are set by hand, relations end, and a feed is missing for a
    month. If balances are `late` they come to closed months, and what was missing does as well.
    """
    if policy is not None:
        await publish_policy(house.database, policy_document(policy), OPERATOR)
    dice, by_hand = Random(seed + 1), Random(seed + 4)
    await people(house)
    await source(house, "desk", ProductClass.GOLD)
    gap = FIRST + 3
    for month, rows in balances(seed).items():
        await house.record(*rows)
        await start_due_grants(house.database)
        await _happen(house, month, dice, late=late)
        await _tier(house, f"C{by_hand.randint(1, CUSTOMERS)}", by_hand, late=late)
        if late and month == gap + 2:
            await complete(house, "desk", f"{gap.first_day}..{gap.last_day}")
            await house.work()
        if month == gap:
            await close_without(house, str(month))
        else:
            await complete(house, "desk", f"{month.first_day}..{month.last_day}")
            await house.close(str(month))


async def _happen(house: House, month: Month, dice: Random, *, late: bool) -> None:
    """What happens in a month beside its balances."""
    if month > FIRST:
        for _ in range(4):
            back = month + -dice.randint(1, min(3, month - FIRST))
            row = (f"A{dice.randint(1, CUSTOMERS)}", str(back.last_day), dice.choice(AMOUNTS))
            first = (row[0], str(back.first_day), row[2])
            if late:
                await house.record(first, row)
                await house.work()
    for _ in range(2):
        await _special(house, f"C{dice.randint(1, CUSTOMERS)}", dice)
        await start_due_grants(house.database)
    if dice.random() < 0.5:  # the business date runs ahead of the open month
        await set_business_date(house.database, month.next().first_day.replace(day=3), OPERATOR)
        await _special(house, f"C{dice.randint(1, CUSTOMERS)}", dice)
    if month - FIRST in (2, 4, 6):
        async with house.database.unit() as connection:
            row = await customer(connection, f"C{20 + month.month}")
            if row["status"] != "TERMINATED":
                await end_relation(connection, row, "settled", OPERATOR)


async def _tier(house: House, number: str, dice: Random, *, late: bool) -> None:
    """Set somebody's tier by hand.

    Where others live under another policy beside this one, it is one that both have, and is on
    record though it makes no difference here: there it may.
    """
    tier = dice.choice(["T1", "T2", "T3", "T4"]) if late else "T1"
    async with house.database.unit() as connection:
        row = await customer(connection, number)
        try:
            await set_tier(connection, row, tier, "family", OPERATOR)
        except TierRefused as refusal:
            if refusal.code == "TIER_HELD" and not late:
                day = effective_day(*await today(connection))
                await connection.execute(
                    sql("write_manual_tier"), row["id"], day, tier, "family", "nobody"
                )


async def _special(house: House, number: str, dice: Random) -> None:
    """Revoke a grant that shows, or give somebody one."""
    shown = await house.fetch(
        """select distinct 'C' || customer_id as number from terrace.special_grant g
        where revoked_on is null order by 1"""
    )
    revoking = bool(shown) and dice.random() < 0.4
    async with house.database.unit() as connection:
        name = dice.choice(shown)["number"] if revoking else number
        row = await customer(connection, name)
        try:
            if revoking:
                await revoke(connection, row, "over", OPERATOR)
            else:
                await grant(connection, row, None, "important", OPERATOR)
        except GrantRefused:
            return

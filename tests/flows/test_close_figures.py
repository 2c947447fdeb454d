"""The figures of a close: carried on where they may be, made from the ledger else, summed again."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from cli.embedded import Addresses
from cli.session import OPERATOR
from domain.aum import Account, Rates, aum_of
from domain.months import Month
from domain.policy import DEFAULT_POLICY
from repository.closing import close_state, request_close
from repository.figures import write_aum
from repository.judging import Chunk, final_figures, resum
from tests.house import House, new_house
from tests.repository.test_figures import some_account, some_rates, stored
from workers import close
from workers.close import carry_out

MONTHS = [Month(2024, 12), Month(2025, 1), Month(2025, 2), Month(2025, 3)]
FIGURES = """select customer_id, month_sum, deposits, investments, settlement_funds, total,
    complete, divisor from terrace.aum where month = $1 order by customer_id"""


async def totals(house: House, month: Month) -> list[tuple[Decimal, bool]]:
    rows = await house.fetch(FIGURES, month.first_day)
    return [(row["month_sum"], row["complete"]) for row in rows]


async def some_holdings(house: House, dice: random.Random) -> tuple[list[list[Account]], Rates]:
    holdings = [[some_account(dice) for _ in range(dice.randrange(5))] for _ in range(30)]
    published = some_rates(dice)
    published["EUR"] = [(date(2025, 1, 1) + timedelta(dice.randrange(60)), Decimal("7.9"))]
    await stored(house, holdings, published)
    return holdings, Rates(published)


@pytest.mark.parametrize("seed", range(8))
async def test_a_figure_carried_on_is_the_one_the_ledger_gives(house: House, seed: int) -> None:
    dice = random.Random(seed)
    holdings, rates = await some_holdings(house, dice)
    chunk = Chunk(range(1, len(holdings) + 1))
    for month in MONTHS:
        for key, accounts in enumerate(holdings, start=1):
            # A worker brings everyone to a day after which nothing has been recorded.
            days = [day for account in accounts for day, _ in account.balances]
            last = max((day for day in days if Month.of(day) == month), default=month.first_day)
            some = last + timedelta(days=dice.randrange((month.last_day - last).days + 1))
            if dice.random() < 0.9:
                async with house.database.unit() as unit:
                    await write_aum(unit, [key], month, some, DEFAULT_POLICY, "CNY")
        async with house.database.unit() as connection:
            await final_figures(connection, chunk, month, DEFAULT_POLICY, "CNY", anew=False)
            found = await resum(connection, chunk, month, DEFAULT_POLICY, "CNY")
        carried = await house.fetch(FIGURES, month.first_day)
        expected = [
            aum_of(
                accounts,
                month,
                through=month.last_day,
                policy=DEFAULT_POLICY,
                rates=rates,
                home_currency="CNY",
            )
            for accounts in holdings
        ]
        assert await totals(house, month) == [(aum.total.sum, aum.complete) for aum in expected]
        assert found.differs is None
        assert found.total == found.again == sum(aum.total.sum for aum in expected)
        async with house.database.unit() as connection:
            await connection.execute("delete from terrace.aum where month = $1", month.first_day)
            await final_figures(connection, chunk, month, DEFAULT_POLICY, "CNY", anew=False)
        assert [dict(row) for row in await house.fetch(FIGURES, month.first_day)] == [
            dict(row) for row in carried
        ]


@pytest.mark.parametrize("seed", range(4))
async def test_the_second_sum_notices_any_change_of_a_figure_or_of_the_ledger(
    house: House, seed: int
) -> None:
    dice = random.Random(seed)
    holdings, _ = await some_holdings(house, dice)
    chunk, month = Chunk(range(1, len(holdings) + 1)), Month(2025, 1)
    async with house.database.unit() as connection:
        await final_figures(connection, chunk, month, DEFAULT_POLICY, "CNY", anew=False)

    async def differing(statement: str, *values: Any) -> int | None:
        async with house.database.writing() as connection:
            transaction = connection.transaction()
            await transaction.start()
            await connection.execute(statement, *values)
            found = await resum(connection, chunk, month, DEFAULT_POLICY, "CNY")
            await transaction.rollback()
        return found.differs

    key = dice.randrange(1, len(holdings) + 1)
    figure = (
        "update terrace.aum set investments_sum = investments_sum + 0.01 where customer_id = $1"
    )
    assert await differing(figure, key) == key
    # Two errors that make up for each other are two errors.
    assert (
        await differing(
            """update terrace.aum set deposits_sum = deposits_sum
                + case customer_id when 3 then 1 when 9 then -1 else 0 end
            where month = $1""",
            month.first_day,
        )
        == 3
    )
    entries = await house.fetch(
        """select b.customer_id, account_id, as_of from terrace.balance_update b
        join terrace.account a on a.customer_id = b.customer_id and a.id = b.account_id
        where as_of between opened_on and least(closed_on, '2025-01-31') and as_of >= '2025-01-01'
            and product_class <> 'INSURANCE' and amount <> 0 and currency <> 'EUR'"""
    )
    entry = dice.choice(entries)
    late = """insert into terrace.balance_update (customer_id, account_id, as_of, entry, amount)
        select customer_id, account_id, as_of, entry + 1, amount + 1 from terrace.balance_update
        where customer_id = $1 and account_id = $2 and as_of = $3"""
    assert await differing(late, *entry) == entry["customer_id"]


async def test_what_no_longer_follows_from_the_ledger_is_not_carried_on(house: House) -> None:
    await house.people(3)
    await house.record(*[(f"A{n}", "2025-01-05", "31.00") for n in (1, 2, 3)])
    await house.work()
    await house.record(("A2", "2025-01-07", "310.00"))  # marked, and no worker comes
    await request_close(house.database, Month(2025, 1), OPERATOR)
    await house.record(("A3", "2025-01-08", "1.00"), ("A1", "2025-02-01", "7.00"))  # held; later
    while await carry_out(house.database, chunk=2, batch=10):
        pass
    corrected = Decimal("31.00") * 3 + Decimal("1.00") * 24
    await house.work()
    january = [total for total, _ in await totals(house, Month(2025, 1))]
    assert january == [Decimal("31.00") * 27, Decimal("31") * 2 + Decimal("310") * 25, corrected]
    assert await house.value("select state from terrace.close_run") == "CLOSED"
    corrections = await house.fetch("select customer_id from terrace.correction")
    assert [row["customer_id"] for row in corrections] == [3]


async def test_a_wrong_figure_stops_the_close_and_the_next_one_makes_all_of_them_anew(
    house: House,
) -> None:
    await house.people(4)
    balances = ["31.00", "31.00", "250000.00", "250000.00"]
    await house.record(*[(f"A{n}", "2025-01-05", b) for n, b in enumerate(balances, start=1)])
    await house.work()
    # Errors of two customers that make up for each other are two errors.
    await house.fetch(
        """update terrace.aum set deposits_level = deposits_level + case customer_id
            when 3 then 1000000 else -1000000 end where customer_id in (3, 4)"""
    )
    january = Month(2025, 1)
    await request_close(house.database, january, OPERATOR)
    await carry_out(house.database, chunk=2, batch=10, at_once=1)  # the first chunk is done
    async with house.database.writing() as connection:
        run = await close_state(connection, january)
    assert run.state == "FAILED"
    assert "customer 3 differs" in (run.problem or "")
    assert await house.value("select count(*) from terrace.standing") == 2
    assert await house.value("select last_closed from terrace.calendar") is None
    assert (await house.close("2025-01")).state == "CLOSED"
    assert [total for total, _ in await totals(house, january)] == [
        Decimal(balance) * 27 for balance in balances
    ]
    standings = await house.fetch("select tier from terrace.standing order by customer_id")
    assert [row["tier"] for row in standings] == [None, None, "T1", "T1"]


@pytest.mark.parametrize(
    ("loss", "told"),
    [
        ("delete from terrace.aum where customer_id = 4", "figures 1, standings 2 of 2"),
        ("delete from terrace.standing where customer_id = 4", "figures 2, standings 1 of 2"),
        ("update terrace.aum set deposits_sum = 1 where customer_id = 3", "figures sum to"),
        ("update terrace.aum set as_of = as_of - 1 where customer_id = 3", "figures sum to"),
    ],
)
async def test_what_is_lost_or_changed_after_its_chunk_stops_the_publication(
    house: House, loss: str, told: str
) -> None:
    await house.people()
    await house.record(("A1", "2025-01-01", "250000.00"), ("A3", "2025-01-01", "7.00"))
    await house.work()
    await request_close(house.database, Month(2025, 1), OPERATOR)
    await close._prepare(house.database, Month(2025, 1), 2, 10)
    while await close._judge_chunk(house.database, Month(2025, 1), lambda run: None):
        pass
    await house.fetch(loss)
    with pytest.raises(close.VerificationFailed, match=f"customers 3 to 4: .*{told}"):
        await close._publish(house.database, Month(2025, 1), 2)


# The same results however the work is cut

RESULTS = [
    "terrace.aum_figure where final order by customer_id, month",
    "terrace.standing order by customer_id, month",
    "terrace.tier_change order by customer_id, effective_from",
    "(select sum(total), sum(changes) as changes from terrace.close_chunk group by month)"
    " order by 1",
]


@asynccontextmanager
async def year_in_motion(addresses: Addresses) -> AsyncIterator[House]:
    """Customers who enter, rise, fall, leave, and are granted: some of each in every month."""
    async with new_house(addresses) as house:
        await house.people(23)
        dice = random.Random(1)
        for month in range(1, 5):
            rows = [
                (
                    f"A{n}",
                    f"2025-{month:02d}-{1 + dice.randrange(28):02d}",
                    f"{dice.choice([1, 199_999, 200_001, 650_000, 1_200_000])}.00",
                )
                for n in range(1, 24)
                if dice.random() < 0.7
            ]
            await house.record(*rows)
        yield house


async def results(house: House) -> list[list[str]]:
    found = []
    for rows in RESULTS:
        found.append(
            [
                row["told"]
                for row in await house.fetch(
                    f"""select (to_jsonb(t) - '{{recorded_at,id,position}}'::text[])::text as told
                    from (select * from {rows}) t"""
                )
            ]
        )
    return found


async def closed(house: House, chunk: int, at_once: int, *, killed: bool = False) -> None:
    for month in range(1, 5):
        await request_close(house.database, Month(2025, month), OPERATOR)
        while await house.value("select closing is not null from terrace.calendar"):
            work = asyncio.create_task(
                carry_out(house.database, chunk=chunk, batch=10, at_once=at_once)
            )
            if killed:  # at some statement or other, over and over
                await asyncio.sleep(0.02)
                work.cancel()
                await asyncio.wait([work])
                killed = month % 2 == 0
            else:
                await work
                killed = month % 2 == 1


async def test_results_do_not_depend_on_how_the_work_is_cut_or_cut_off(
    addresses: Addresses,
) -> None:
    found = []
    for chunk, at_once, killed in ((1000, 1, False), (1, 3, False), (4, 2, True)):
        async with year_in_motion(addresses) as house:
            await closed(house, chunk, at_once, killed=killed)
            found.append(await results(house))
    assert found[0][2], "somebody must change tier"
    assert found[1] == found[0]
    assert found[2] == found[0]


async def test_a_close_that_is_taken_up_again_shows_what_is_done_already(house: House) -> None:
    await house.people(7)
    await house.record(("A1", "2025-01-01", "250000.00"))
    january, seen = Month(2025, 1), []
    await request_close(house.database, january, OPERATOR)
    await close._prepare(house.database, january, 2, 10)
    await close._judge_chunk(house.database, january, lambda run: seen.append(run.judged))
    async with house.database.writing() as connection:
        again = await close_state(connection, january)
    assert (again.judged, again.customers, again.chunks_left) == (2, 7, 3)
    await carry_out(
        house.database,
        chunk=100,
        batch=10,
        at_once=1,
        progress=lambda run: seen.append(run.judged),
    )
    assert seen == [2, 4, 6, 7, 7]

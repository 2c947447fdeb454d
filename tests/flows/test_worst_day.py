"""Everything at once, and what is left over when it stops."""

import asyncio
import random
from datetime import date, timedelta

import pytest

from cli.session import OPERATOR
from domain.aum import Account, Rates, aum_of
from domain.months import Month
from domain.policy import DEFAULT_POLICY
from domain.products import ProductClass
from repository.calendar import CalendarError
from repository.closing import fail, request_close
from repository.figures import claim_dirty
from tests.house import House
from workers.close import _judge_chunk, _prepare, _publish, carry_out
from workers.recompute import recompute


async def every_figure_follows_from_the_ledger(house: House) -> None:
    """Each customer's figures, closed and open, equal the rules over the ledger as it is."""
    calendar = (await house.data("{ calendar { businessDate openMonth } }"))["calendar"]
    through = date.fromisoformat(calendar["businessDate"])
    rows = await house.fetch("""
        select c.number, a.id, a.opened_on, a.closed_on, b.as_of, b.amount
        from terrace.customer c join terrace.account a on a.customer_id = c.id
        left join terrace.balance b on b.account_id = a.id""")
    held_back = {
        row["number"]
        for row in await house.fetch("""select number from terrace.correction
            join terrace.customer c on c.id = customer_id where state = 'PENDING_REVIEW'""")
    }
    accounts: dict[str, dict[int, list]] = {}
    for row in rows:
        points = accounts.setdefault(row["number"], {}).setdefault(
            row["id"], [row["opened_on"], row["closed_on"], []]
        )
        if row["as_of"]:
            points[2].append((row["as_of"], row["amount"]))
    assert accounts
    for number, holdings in accounts.items():
        for month in (Month(2025, 1), Month(2025, 2)):
            if month.first_day > through or (number in held_back and month == Month(2025, 1)):
                continue
            expected = aum_of(
                [
                    Account(ProductClass.DEMAND_DEPOSIT, "CNY", opened, closed, sorted(points))
                    for opened, closed, points in holdings.values()
                ],
                month,
                through=through,
                policy=DEFAULT_POLICY,
                rates=Rates({}),
                home_currency="CNY",
            )
            found = await house.aum(number, str(month))
            assert found is not None, (number, month)
            assert found["total"] == str(expected.total.rounded()), (number, month)


async def test_recorders_workers_and_a_close_at_once_lose_nothing(house: House) -> None:
    count = 40
    await house.people(count)
    await house.record(*[(f"A{n}", "2025-01-01", f"{n}1000.37") for n in range(1, count + 1)])
    await house.record(("A1", "2025-02-03", "5.00"))
    await house.work()
    stop = asyncio.Event()

    async def recorder(seed: int) -> int:
        dice = random.Random(seed)
        sent = 0
        while not stop.is_set():
            rows = []
            for _ in range(dice.randrange(1, 8)):
                day = date(2025, 1, 1) + timedelta(days=dice.randrange(50))
                balance = f"{dice.randrange(900_000)}.{dice.randrange(10, 99)}"
                rows.append((f"A{dice.randrange(1, count + 1)}", str(day), balance))
            recorded = await house.record(*rows)
            assert recorded["accepted"] == len(rows)
            sent += len(rows)
        return sent

    async def worker() -> None:
        while not stop.is_set():
            await recompute(house.database, 10)
            await asyncio.sleep(0.01)

    async def closer() -> None:
        await asyncio.sleep(0.5)
        await request_close(house.database, Month(2025, 1), OPERATOR)
        while await carry_out(house.database, chunk=5, batch=10):
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.5)
        stop.set()

    tasks = [recorder(seed) for seed in range(8)]
    sent = await asyncio.gather(*tasks, worker(), worker(), closer(), closer())
    await house.work()
    assert await house.value("select count(*) from terrace.dirty") == 0
    assert await house.value("select count(*) from terrace.balance_update where held") == 0
    accepted = await house.value("select count(*) from terrace.balance_update")
    assert accepted == sum(n for n in sent if n) + count + 1
    newest = await house.value("""
        select count(*) from terrace.balance b join lateral (
            select amount from terrace.balance_update u
            where u.customer_id = b.customer_id and u.account_id = b.account_id
                and u.as_of = b.as_of
            order by entry desc limit 1) u on u.amount <> b.amount""")
    assert newest == 0
    await every_figure_follows_from_the_ledger(house)


async def test_held_updates_are_posted_though_the_closer_was_killed(house: House) -> None:
    await house.people()
    await house.record(("A1", "2025-01-01", "100.00"))
    await request_close(house.database, Month(2025, 1), OPERATOR)
    await house.record(("A1", "2025-01-05", "999.00"), ("A2", "2025-01-05", "7.00"))
    await _prepare(house.database, Month(2025, 1), 10, 10)
    while await _judge_chunk(house.database, Month(2025, 1), lambda run: None):
        pass
    await _publish(house.database, Month(2025, 1), 1)  # and here the closer is gone
    await house.record(("A1", "2025-01-05", "400.00"))
    await house.work()
    assert await house.value("select count(*) from terrace.balance_update where held") == 0
    rows = await house.fetch("select account_id, amount from terrace.balance order by 1, as_of")
    assert [str(row["amount"]) for row in rows] == ["100.00", "400.00", "7.00"]


async def test_an_update_between_claim_and_recompute_is_not_lost(house: House) -> None:
    await house.people()
    await house.record(("A1", "2025-01-01", "100.00"))
    async with house.database.unit() as connection:
        assert len(await claim_dirty(connection, 10)) == 1
        recording = asyncio.create_task(house.record(("A1", "2025-01-02", "200.00")))
        await asyncio.sleep(0.3)
        await connection.execute("delete from terrace.dirty")
    await recording
    assert await house.value("select count(*) from terrace.dirty") == 1
    await house.work()
    assert (await house.aum("C1"))["total"] == "150.00"  # type: ignore[index]


async def test_a_close_that_failed_takes_balances_and_starts_anew(house: House) -> None:
    await house.people()
    await house.record(("A1", "2025-01-01", "250000.00"))
    month = Month(2025, 1)
    await request_close(house.database, month, OPERATOR)
    await _prepare(house.database, month, 2, 10)
    assert await _judge_chunk(house.database, month, lambda run: None)
    async with house.database.unit() as connection:
        await fail(connection, month, 1, "a test said so")
    await house.record(("A1", "2025-01-01", "600000.00"))
    assert await house.value("select count(*) from terrace.balance_update where held") == 0
    run = await house.close("2025-01")
    assert (run.state, run.epoch) == ("CLOSED", 2)
    events = await house.fetch("select to_tier from terrace.tier_change")
    assert [event["to_tier"] for event in events] == ["T2"]


async def test_an_account_opened_later_than_its_balances_does_not_stop_the_close(
    house: House,
) -> None:
    await house.people()
    await house.record(("A1", "2025-01-01", "310000.00"), ("A1", "2025-01-20", "0.00"))
    async with house.database.unit() as connection:
        await connection.execute(
            "update terrace.account set opened_on = '2025-01-11' where number = 'A1'"
        )
    assert (await house.close("2025-01")).state == "CLOSED"
    assert (await house.aum("C1", "2025-01"))["total"] == "90000.00"  # type: ignore[index]


async def test_older_balances_during_the_first_close_do_not_open_an_older_month(
    house: House,
) -> None:
    await house.people()
    await house.record(("A1", "2025-01-10", "1.00"))
    await request_close(house.database, Month(2025, 1), OPERATOR)
    await house.record(("A1", "2024-12-01", "1.00"))
    with pytest.raises(CalendarError):
        await request_close(house.database, Month(2024, 12), OPERATOR)
    await house.work()
    calendar = (await house.data("{ calendar { openMonth lastClosedMonth } }"))["calendar"]
    assert calendar == {"openMonth": "2025-02", "lastClosedMonth": "2025-01"}


async def test_a_customer_who_came_after_the_close_can_have_balances_before_it(
    house: House,
) -> None:
    await house.people(2)
    await house.record(("A1", "2025-01-01", "1.00"))
    await house.close("2025-01")
    async with house.database.unit() as connection:
        await connection.execute("""
            insert into terrace.customer (number, name, kind, branch_id, manager_id)
                values ('C9', 'Late', 'INDIVIDUAL', 2, 1);
            insert into terrace.account (customer_id, manager_id, branch_id, number, product_class,
                currency, opened_on)
            select id, manager_id, branch_id, 'A9', 'FUND', 'CNY', '2024-01-01'
            from terrace.customer where number = 'C9'""")
    await house.record(("A9", "2025-01-01", "5000000.00"))
    await house.work()
    assert (await house.aum("C9", "2025-01"))["total"] == "5000000.00"  # type: ignore[index]
    await house.close("2025-02")
    standing = await house.standing("C9")
    assert (standing["status"], standing["tier"]) == ("ACTIVE", {"code": "T4"})


async def test_a_correction_under_review_is_taken_up_whole_by_the_next_one(house: House) -> None:
    await house.people(2)
    await house.record(("A1", "2025-01-01", "11000000.00"), ("A1", "2025-02-01", "600000.00"))
    for month in ("2025-01", "2025-02"):
        await house.close(month)
    await house.record(("A1", "2025-01-01", "600000.00"))
    await house.work()
    await house.record(("A1", "2025-02-01", "600000.01"))
    await house.work()
    states = "select state, figures from terrace.correction order by id"
    rows = await house.fetch(states)
    assert [row["state"] for row in rows] == ["SUPERSEDED", "PENDING_REVIEW"]
    assert [figure["month"] for figure in rows[1]["figures"]] == ["2025-01", "2025-02"]
    await house.record(("A1", "2025-01-01", "11000000.00"), ("A1", "2025-02-01", "600000.00"))
    await house.work()
    assert [row["state"] for row in await house.fetch(states)] == ["SUPERSEDED", "SUPERSEDED"]


async def test_a_mutation_whose_answer_cannot_be_given_is_not_done(house: House) -> None:
    await house.people(1)
    found = await house.data('{ customer(by: {number: "C1"}) { id } }')
    answer = await house.ask(
        """mutation ($c: ID!) { raiseRiskSignal(input: {customer: $c, code: "OUTFLOW",
            severity: RED, facts: "x"}) { signal { customer { riskSignals { totalCount } } } } }""",
        {"c": found["customer"]["id"]},
    )
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert await house.value("select count(*) from terrace.risk_signal") == 0


async def test_what_a_running_close_has_found_is_not_seen_before_it_is_published(
    house: House,
) -> None:
    await house.people()
    await house.record(("A1", "2025-01-10", "900000.00"))
    await house.work()
    before = await house.aum("C1")
    await request_close(house.database, Month(2025, 1), OPERATOR)
    await _prepare(house.database, Month(2025, 1), 10, 10)
    assert await _judge_chunk(house.database, Month(2025, 1), lambda run: None)
    change = (await house.fetch("select customer_id, id from terrace.tier_change"))[0]
    from schema.identifiers import encode

    identifier = encode("TierChange", change["customer_id"], change["id"])
    assert (await house.data("query ($i: ID!) { node(id: $i) { id } }", {"i": identifier})) == {
        "node": None
    }
    now = await house.aum("C1")
    assert before is not None
    assert now is not None
    assert (now["final"], now["total"] in (before["total"], "638709.68")) == (False, True)
    assert (await house.standing("C1"))["status"] == "NON_MEMBER"

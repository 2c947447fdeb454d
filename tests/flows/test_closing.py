"""Months close once and in order, whoever closes them and whatever happens meanwhile."""

import asyncio

import pytest

from cli.session import OPERATOR
from domain.months import Month
from domain.policy import DEFAULT_POLICY, policy_document
from repository.calendar import CalendarError, publish_policy
from repository.closing import request_close
from repository.database import Connection
from repository.relay import relay
from tests.house import House
from workers import close
from workers.close import carry_out
from workers.recompute import recompute

CLOSE = (
    "mutation ($m: Month!) { closeMonth(input: {month: $m}) { close { state } errors { code } } }"
)


async def test_months_close_in_order_and_once(house: House) -> None:
    await house.people()
    await house.record(("A1", "2025-01-05", "1.00"))
    refused = {}
    for month in ("2025-02", "2024-12"):
        answer = await house.data(CLOSE, {"m": month})
        refused[month] = [e["code"] for e in answer["closeMonth"]["errors"]]
    assert refused == {"2025-02": ["OUT_OF_ORDER"], "2024-12": ["OUT_OF_ORDER"]}
    assert (await house.close("2025-01")).state == "CLOSED"
    answer = await house.data(CLOSE, {"m": "2025-01"})
    assert [e["code"] for e in answer["closeMonth"]["errors"]] == ["MONTH_CLOSED"]
    calendar = (await house.data("{ calendar { businessDate openMonth lastClosedMonth } }"))[
        "calendar"
    ]
    assert calendar == {
        "businessDate": "2025-02-01",
        "openMonth": "2025-02",
        "lastClosedMonth": "2025-01",
    }


async def test_nothing_was_loaded_so_nothing_can_be_closed(house: House) -> None:
    with pytest.raises(CalendarError, match="no balance"):
        await request_close(house.database, Month(2025, 1), OPERATOR)


async def test_only_head_office_closes(house: House) -> None:
    await house.people()
    for role, subject in (("manager", "M1"), ("integrator", "i"), ("auditor", "a"), ("risk", "r")):
        answer = await house.ask(CLOSE, {"m": "2025-01"}, role=role, subject=subject)
        assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_many_closers_at_once_do_what_one_does(house: House) -> None:
    await house.people(40)
    await house.record(*[(f"A{n}", "2025-01-01", f"{n * 25_000}.00") for n in range(1, 41)])
    await request_close(house.database, Month(2025, 1), OPERATOR)
    await request_close(house.database, Month(2025, 1), OPERATOR)  # which is no harm
    await asyncio.gather(*[carry_out(house.database, chunk=3, batch=10) for _ in range(6)])
    while await carry_out(house.database, chunk=3, batch=10):
        pass
    await asyncio.gather(*[relay(house.database) for _ in range(6)])
    for action in ("close.request", "close.publish"):
        assert len(await house.trail("select from terrace.audit where action = $1", action)) == 1
    assert await house.value("select count(*) from terrace.standing") == 40
    assert await house.value("select count(*) from terrace.aum where month = '2025-01-01'") == 40
    positions = [
        row["position"]
        for row in await house.fetch("select position from terrace.tier_change order by position")
    ]
    assert positions == list(range(1, 33))  # 25,000 x n is above the entry line from n = 9 on


async def test_updates_for_the_month_being_closed_wait_and_become_corrections(
    house: House,
) -> None:
    await house.people()
    await house.record(("A1", "2025-01-01", "100000.00"))
    await house.work()
    await request_close(house.database, Month(2025, 1), OPERATOR)
    late = await house.record(("A1", "2025-01-01", "900000.00"), ("A2", "2025-02-01", "5.00"))
    assert late["accepted"] == 2
    assert await house.value("select count(*) from terrace.balance_update where held") == 1
    await house.record(("A3", "2025-01-31", "1.00"))  # the first one that its account has
    assert await house.value("select count(*) from terrace.balance_update where held") == 2
    await house.work()
    assert await house.value("select count(*) from terrace.balance_update where held") == 0
    standing = await house.standing("C1", "2025-02")
    assert standing["status"] == "NON_MEMBER"  # as it was judged and published
    assert (await house.aum("C1", "2025-01"))["total"] == "900000.00"  # type: ignore[index]
    corrections = await house.fetch("select state, figures from terrace.correction")
    assert [c["state"] for c in corrections] == ["APPLIED"] * 2
    await house.close("2025-02")
    assert (await house.standing("C1"))["tier"] == {"code": "T2"}


async def test_every_customer_has_a_figure_of_a_closed_month_also_without_any_account(
    house: House,
) -> None:
    await house.people(2)
    async with house.database.unit() as connection:
        await connection.execute("delete from terrace.account where number = 'A2'")
    await house.record(("A1", "2025-01-01", "1.00"))
    await house.close("2025-01")
    assert (await house.aum("C2", "2025-01"))["total"] == "0.00"  # type: ignore[index]
    assert (await house.standing("C2"))["decision"]["rule"] == "NOT_ENTERED"


async def test_a_missing_rate_holds_the_standing_instead_of_judging_a_wrong_figure(
    house: House,
) -> None:
    await house.people(2)
    await house.record(("A1", "2025-01-01", "300000.00"))
    await house.close("2025-01")
    async with house.database.unit() as connection:
        await connection.execute("""
            insert into terrace.account (customer_id, manager_id, branch_id, number, product_class,
                currency, opened_on)
            select id, manager_id, branch_id, 'USD1', 'FUND', 'USD', '2025-02-01'
            from terrace.customer where number = 'C1'""")
    await house.record(("USD1", "2025-02-01", "10.00"), ("A1", "2025-02-01", "0.00"))
    await house.close("2025-02")
    figure = await house.aum("C1", "2025-02")
    assert figure is not None
    assert (figure["complete"], figure["total"]) == (False, "0.00")
    standing = await house.standing("C1")
    assert (standing["status"], standing["shortfallMonths"]) == ("ACTIVE", 0)
    assert standing["decision"]["rule"] == "HELD"


async def test_a_customer_removed_by_a_close_leaves_the_managers_portfolio(house: House) -> None:
    await house.people(2)
    await house.record(("A1", "2025-01-01", "300000.00"))
    await house.close("2025-01")
    await house.record(("A1", "2025-02-01", "0.00"))
    seen = []
    for month in range(2, 10):
        await house.close(f"2025-{month:02d}")
        standing = await house.standing("C1")
        mine = await house.data(
            "{ customers(first: 5) { nodes { number } } }", role="manager", subject="M1"
        )
        seen.append((standing["status"], [c["number"] for c in mine["customers"]["nodes"]]))
    assert seen == [
        *[("WATCH", ["C1"])] * 5,
        ("EXITED_UNRATED", ["C1"]),
        ("EXITED_UNRATED", ["C1"]),
        ("REMOVED", []),
    ]


async def test_a_policy_published_just_before_a_close_opens_its_first_month_counts_in_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.people()
    await house.record(("A1", "2025-01-01", "250000.00"))
    own = close.own_ledger

    async def after_a_publication(connection: Connection) -> None:
        document = policy_document(DEFAULT_POLICY)
        later = {**document, "effective": "2025-02", "counted_classes": ["FUND"]}
        await publish_policy(house.database, later, await house.actor("hq"))
        await recompute(house.database, 100)  # which has no open month of that policy yet
        await own(connection)

    monkeypatch.setattr(close, "own_ledger", after_a_publication)
    assert (await house.close("2025-01")).state == "CLOSED"
    await recompute(house.database, 100)
    found = await house.aum("C1", "2025-02")
    assert found is not None
    assert (found["total"], found["days"]) == ("0.00", 1)

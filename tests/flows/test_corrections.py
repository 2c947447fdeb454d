"""Backdated balances: the record stays, an upward result takes effect, a downward one waits."""

import pytest

from cli.embedded import Addresses
from cli.session import OPERATOR
from domain.months import Month
from repository.closing import request_close
from repository.special import end_relation
from repository.statements import sql
from tests.deciding import granted
from tests.flows.test_special_vip import identifier
from tests.house import House, new_house
from workers.recompute import recompute


async def statuses(house: House, months: list[str]) -> list[tuple[str, str | None]]:
    found = [await house.standing("C1", month) for month in months]
    return [(s["status"], s["tier"] and s["tier"]["code"]) for s in found]


async def changes(house: House) -> dict[str, tuple[str, str | None, str | None]]:
    """First month, tier before and tier after of the latest change of each kind."""
    rows = await house.fetch("select * from terrace.tier_change order by id")
    return {r["kind"]: (str(r["effective_from"]), r["from_tier"], r["to_tier"]) for r in rows}


async def test_an_upward_correction_governs_from_the_open_months_close_on(house: House) -> None:
    """The worked case: below the tier for three months, the middle one corrected upwards."""
    await house.three_months_below_their_tier()
    published = [("ACTIVE", "T3"), ("WATCH", "T3"), ("WATCH", "T3"), ("ACTIVE", "T2")]
    months = ["2025-01", "2025-02", "2025-03", "2025-04"]
    assert await statuses(house, months) == published

    await house.record(("A1", "2025-02-01", "1050000.00"), ("A1", "2025-03-01", "600000.00"))
    await house.work()
    assert await statuses(house, months) == published
    assert (await house.aum("C1", "2025-02"))["total"] == "1050000.00"  # type: ignore[index]
    assert "CORRECTED" not in await changes(house)

    await house.close("2025-04")
    assert (await changes(house))["CORRECTED"] == ("2025-05-01", "T2", "T3")
    assert await statuses(house, ["2025-05"]) == [("WATCH", "T3")]
    assert (await house.standing("C1"))["shortfallMonths"] == 2
    await house.record(("A1", "2025-05-01", "1100000.00"))
    await house.close("2025-05")
    assert await statuses(house, [*months, "2025-05", "2025-06"]) == [
        *published,
        ("WATCH", "T3"),
        ("ACTIVE", "T3"),
    ]


async def test_a_downward_correction_waits_for_review_and_changes_nothing(house: House) -> None:
    await house.people(2)
    await house.record(("A1", "2025-01-01", "600000.00"))
    await house.close("2025-01")
    await house.record(("A1", "2025-01-01", "100.00"), ("A1", "2025-02-01", "600000.00"))
    await house.work()
    correction = (await house.fetch("select * from terrace.correction"))[0]
    assert correction["state"] == "PENDING_REVIEW"
    assert correction["figures"] == [
        {"month": "2025-01", "old": "600000.00", "new": "100.00", "complete": True}
    ]
    assert (correction["before"]["tier"], correction["after"]["tier"]) == ("T2", None)
    assert (await house.aum("C1", "2025-01"))["total"] == "600000.00"  # type: ignore[index]
    await house.close("2025-02")
    assert (await house.standing("C1"))["tier"] == {"code": "T2"}


async def test_a_correction_without_consequence_is_recorded_and_publishes_no_event(
    house: House,
) -> None:
    await house.people(2)
    await house.record(("A1", "2025-01-01", "600000.00"))
    await house.close("2025-01")
    await house.record(("A1", "2025-01-01", "610000.00"))
    await house.work()
    assert [c["state"] for c in await house.fetch("select state from terrace.correction")] == [
        "APPLIED"
    ]
    kinds = [row["kind"] for row in await house.fetch("select kind from terrace.tier_change")]
    assert kinds == ["ENTERED"]


async def test_a_balance_carried_over_a_month_end_corrects_the_months_after_it_too(
    house: House,
) -> None:
    await house.people(2)
    await house.record(("A1", "2025-01-01", "10.00"))
    await house.close("2025-01")
    await house.close("2025-02")
    await house.record(("A1", "2025-01-16", "320010.00"))
    await house.work()
    months = ("2025-01", "2025-02", "2025-03")
    totals = [(await house.aum("C1", month))["total"] for month in months]  # type: ignore[index]
    assert totals == ["165171.29", "320010.00", "320010.00"]
    await house.close("2025-03")
    assert (await house.standing("C1"))["since"] == "2025-03"


async def test_a_correction_that_the_open_month_undoes_publishes_nothing(house: House) -> None:
    """Replayed, the customer holds T3 again in May, whose own figure is the third below it."""
    await house.people(2)
    await house.record(("A1", "2025-01-01", "1100000.00"), ("A1", "2025-02-01", "600000.00"))
    for month in ("2025-01", "2025-02", "2025-03", "2025-04"):
        await house.close(month)
    assert (await house.standing("C1"))["tier"] == {"code": "T2"}
    await house.record(("A1", "2025-02-01", "1050000.00"), ("A1", "2025-03-01", "600000.00"))
    await house.work()
    await house.close("2025-05")
    assert (await house.standing("C1"))["tier"] == {"code": "T2"}
    assert "CORRECTED" not in await changes(house)


async def test_a_correction_that_lowers_what_a_watch_may_end_in_waits(house: House) -> None:
    await house.people(2)
    await house.record(("A1", "2025-01-01", "3500000.00"))
    await house.close("2025-01")
    await house.record(("A1", "2025-02-01", "1200000.00"))
    await house.close("2025-02")
    await house.record(("A1", "2025-03-01", "600000.00"))
    await house.close("2025-03")
    await house.record(("A1", "2025-02-01", "300000.00"))
    await house.work()
    assert await house.value("select state from terrace.correction") == "PENDING_REVIEW"
    await house.close("2025-04")
    assert (await house.standing("C1"))["tier"] == {"code": "T3"}


async def test_what_lies_before_the_first_month_is_carried_into_it_and_not_judged(
    house: House,
) -> None:
    await house.people(2)
    await house.record(("A1", "2025-01-01", "100000.00"))
    await house.close("2025-01")
    await house.record(("A1", "2024-12-01", "600000.00"))
    await house.work()
    assert await house.aum("C1", "2024-12") is None
    await house.close("2025-02")
    assert (await house.standing("C1"))["status"] == "NON_MEMBER"


async def test_months_closed_before_a_customer_came_count_as_empty_not_as_missing(
    house: House,
) -> None:
    await house.people(2)
    await house.record(("A2", "2025-01-01", "1.00"))
    for month in ("2025-01", "2025-02", "2025-03"):
        await house.close(month)
    await house.fetch("""
        with customer as (
            insert into terrace.customer (number, name, kind, branch_id, manager_id)
            values ('C9', 'Late', 'INDIVIDUAL', 2, 1) returning id, manager_id, branch_id)
        insert into terrace.account
            (customer_id, manager_id, branch_id, number, product_class, currency, opened_on)
        select id, manager_id, branch_id, 'A9', 'FUND', 'CNY', '2025-01-01' from customer""")
    await house.record(("A9", "2025-01-01", "300000.00"), ("A9", "2025-02-01", "0.00"))
    await house.work()
    await house.close("2025-04")
    standing = await house.standing("C9")
    assert (standing["status"], standing["belowEntryMonths"]) == ("WATCH", 3)


async def test_a_termination_stands_over_a_correction_of_the_same_month(house: House) -> None:
    await house.people(2)
    await house.record(("A1", "2026-01-01", "250000.00"))
    await house.close("2026-01")
    await house.record(("A1", "2026-01-10", "90000000.00"))
    await house.work()
    async with house.database.unit() as connection:
        customer = await connection.fetchrow(sql("customer_by_number"), "C1")
        await end_relation(connection, customer, "deceased", await house.actor("hq"))
    await house.close("2026-02")
    assert (await house.standing("C1"))["status"] == "REMOVED"
    assert "CORRECTED" not in await changes(house)


async def corrections(house: House) -> list[str]:
    return [
        r["state"] for r in await house.fetch("select state from terrace.correction order by id")
    ]


async def test_a_correction_counts_what_happened_in_the_open_month(house: House) -> None:
    await house.people(2)
    await house.record(("A1", "2025-01-15", "50000.00"))
    await house.close("2025-01")
    await house.record(("A1", "2025-02-10", "50000.00"))
    assert await granted(house, await identifier(house, "C1")) == []
    await house.record(("A1", "2025-01-15", "60000.00"))
    await house.work()
    assert await corrections(house) == ["APPLIED"]
    assert await house.value("select count(*) from terrace.replayed_standing") == 0


async def test_a_grant_and_a_correction_of_a_month_may_come_in_any_order(
    addresses: Addresses,
) -> None:
    """Corrected, the customer has left a month later: there is a replay, and no member in it."""
    ends = []
    for grant_first in (True, False):
        async with new_house(addresses) as house:
            await house.people(2)
            await house.record(("A1", "2025-01-15", "900000.00"))
            for month in ("2025-01", "2025-02"):
                await house.close(month)
            await house.record(("A1", "2025-03-01", "50000.00"))
            for number in range(3, 10):
                month = f"2025-{number:02d}"
                await house.close(month)
            customer = await identifier(house, "C1")
            if grant_first:
                assert await granted(house, customer) == []
            late = (("A1", "2025-03-01", "900000.00"), ("A1", "2025-04-01", "50000.00"))
            await house.record(*late)
            await house.work()
            if not grant_first:
                assert await house.value("select count(*) from terrace.replayed_standing") == 1
                assert await granted(house, customer) == []
            await house.close("2025-10")
            ends.append(await lasting(house))
    assert ends[0]["standing"] == ends[1]["standing"]
    assert ends[0]["event"] == ends[1]["event"]


async def test_a_corrected_month_without_a_rate_is_held_and_not_judged(house: House) -> None:
    await house.people(2)
    await house.record(("A1", "2025-01-01", "250000.00"))
    await house.close("2025-01")
    await house.fetch("""
        insert into terrace.account
            (customer_id, manager_id, branch_id, number, product_class, currency, opened_on)
        select id, manager_id, branch_id, 'A9', 'FUND', 'USD', '2024-01-01'
        from terrace.customer where number = 'C1'""")
    await house.record(("A9", "2025-01-10", "1.00"))
    await house.work()
    (found,) = await house.fetch("select state, after, figures from terrace.correction")
    assert [figure["complete"] for figure in found["figures"]] == [False]
    assert (found["state"], found["after"]["tier"]) == ("PENDING_REVIEW", None)


async def test_a_replay_governs_the_close_of_its_own_month_only(house: House) -> None:
    await house.three_months_below_their_tier()
    await house.record(("A1", "2025-02-01", "1050000.00"), ("A1", "2025-03-01", "600000.00"))
    await house.work()
    for month in ("2025-04", "2025-05"):
        await house.close(month)
    assert (await house.standing("C1"))["tier"] == {"code": "T2"}


async def test_a_later_correction_of_the_same_month_takes_the_place_of_the_earlier(
    house: House,
) -> None:
    await house.people(2)
    await house.record(("A1", "2025-01-01", "100.00"))
    await house.close("2025-01")
    for amount, tier in (("250000.00", "T1"), ("600000.00", "T2")):
        await house.record(("A1", "2025-01-01", amount))
        await house.work()
        found = await house.value("select state ->> 'tier' from terrace.replayed_standing")
        assert found == tier


async def test_a_correction_takes_up_the_earlier_one_of_its_month(house: House) -> None:
    await house.people(2)
    await house.record(("A1", "2025-01-01", "100.00"))
    for month in ("2025-01", "2025-02"):
        await house.close(month)
    await house.record(("A1", "2025-01-01", "600000.00"), ("A1", "2025-02-01", "100.00"))
    await house.work()
    await house.record(("A1", "2025-02-01", "200.00"))
    await house.work()
    assert await corrections(house) == ["SUPERSEDED", "APPLIED"]
    figures = await house.value("select figures from terrace.correction where state = 'APPLIED'")
    assert [(f["month"], f["old"], f["new"]) for f in figures] == [
        ("2025-01", "100.00", "600000.00"),
        ("2025-02", "100.00", "200.00"),
    ]


async def test_a_correction_goes_on_from_those_of_earlier_months(house: House) -> None:
    await house.people(2)
    await house.record(("A1", "2025-01-01", "100.00"))
    for month in ("2025-01", "2025-02"):
        await house.close(month)
    await house.record(("A1", "2025-01-01", "600000.00"), ("A1", "2025-02-01", "100.00"))
    await house.close("2025-03")
    assert await statuses(house, ["2025-04"]) == [("WATCH", "T2")]
    await house.record(("A1", "2025-02-01", "600000.00"), ("A1", "2025-03-01", "600000.00"))
    await house.work()
    assert await corrections(house) == ["APPLIED", "APPLIED"]
    await house.close("2025-04")
    assert await statuses(house, ["2025-04", "2025-05"]) == [("WATCH", "T2"), ("ACTIVE", "T2")]


LATE = (
    ("A1", "2025-01-20", "900000.00"),
    ("A1", "2025-02-05", "30000.00"),
    ("A1", "2025-02-10", "1400000.00"),
    ("A1", "2025-01-25", "100.00"),
)
LASTING = {
    "aum": "select customer_id, month, total, complete from terrace.aum_figure order by 1, 2",
    "standing": """select to_jsonb(s) - 'recorded_at' from terrace.standing s
        order by customer_id, month""",
    "replayed": "select customer_id, month, state from terrace.replayed_standing order by 1, 2",
    "event": "select to_jsonb(t) - 'recorded_at' from terrace.tier_change t order by id",
    "correction": """select to_jsonb(c) - '{id,recorded_at}'::text[] from terrace.correction c
        where state <> 'SUPERSEDED' order by customer_id, posted_in""",
    "replaced": "select to_jsonb(r) from terrace.replaced_aum r order by customer_id, month",
}


async def lasting(house: House) -> dict[str, list[tuple[object, ...]]]:
    return {name: [tuple(r) for r in await house.fetch(query)] for name, query in LASTING.items()}


@pytest.mark.parametrize("at_once", [True, False])
async def test_the_order_of_late_balances_makes_no_difference(
    addresses: Addresses, at_once: bool
) -> None:
    """Up and down, caught up with one by one or all together: the same figures, states, events."""
    ends = []
    for order in [LATE, LATE[::-1], (LATE[2], LATE[0], LATE[3], LATE[1]), *([LATE] * at_once)]:
        async with new_house(addresses) as house:
            await house.people(2)
            await house.record(("A1", "2025-01-01", "300000.00"))
            for month in ("2025-01", "2025-02"):
                await house.close(month)
            for place, update in enumerate(order):
                await house.record(update)
                if not at_once or place == 1:
                    await house.work()
            await house.work()
            before = await lasting(house)
            await house.close("2025-03")
            ends.append((before, await lasting(house)))
    assert ends[0][0]["correction"]
    assert all(end == ends[0] for end in ends)


async def test_a_late_balance_that_is_taken_back_leaves_what_was_published(house: House) -> None:
    await house.people(2)
    await house.record(("A1", "2025-01-01", "300000.00"))
    await house.close("2025-01")
    published = await lasting(house)
    await house.record(("A1", "2025-01-10", "900000.00"))
    await house.work()
    assert await lasting(house) != published
    await house.record(("A1", "2025-01-10", "300000.00"))
    await house.work()
    assert await lasting(house) == published
    assert await corrections(house) == ["SUPERSEDED"]


async def test_a_late_balance_seen_twice_corrects_once(house: House) -> None:
    await house.people(2)
    await house.record(("A1", "2025-01-01", "300000.00"))
    await house.close("2025-01")
    for amount in ("900000.00", "900000.00"):
        await house.record(("A1", "2025-01-10", amount))
        await house.work()
    assert await corrections(house) == ["APPLIED"]


async def test_while_a_month_is_closed_only_its_closer_corrects(house: House) -> None:
    await house.people()
    await house.record(("A1", "2025-01-01", "250000.00"))
    await house.close("2025-01")
    await house.record(("A1", "2025-01-01", "600000.00"), ("A1", "2025-02-01", "210000.00"))
    await request_close(house.database, Month(2025, 2), OPERATOR)
    assert await recompute(house.database, 100) == 0
    assert await corrections(house) == []
    await house.work()
    assert await corrections(house) == ["APPLIED"]
    assert (await house.standing("C1"))["tier"] == {"code": "T2"}

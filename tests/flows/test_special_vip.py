"""Special VIP: granted for a year, unseen under a tier, revoked at once."""

import logging
from typing import Any

import pytest

from cli.session import OPERATOR
from domain.months import Month
from repository import special
from repository.closing import plan_chunks, request_close
from repository.special import end_relation, start_due_grants
from repository.statements import sql
from schema import identifiers
from tests.deciding import GRANT, granted
from tests.house import House

REVOKE = """mutation ($c: ID!) { revokeSpecialVip(input: {customer: $c, reason: "moved"}) {
    customer { standing { status } } errors { code } } }"""

ASSIGN = """mutation ($c: ID!, $m: ID) { assignManager(input: {customer: $c, manager: $m}) {
    errors { code } } }"""


async def identifier(house: House, number: str) -> str:
    found = await house.data(
        "query ($n: String!) { customer(by: {number: $n}) { id } }", {"n": number}
    )
    return found["customer"]["id"]


async def kinds(house: House) -> list[str]:
    return [
        r["kind"] for r in await house.fetch("select kind from terrace.tier_change order by id")
    ]


async def test_a_grant_shows_at_once_and_lasts_to_the_end_of_the_month_a_year_later(
    house: House,
) -> None:
    await house.people()
    await house.record(("A1", "2025-01-15", "50000.00"))
    customer = await identifier(house, "C1")
    assert await granted(house, customer) == []
    standing = await house.standing("C1")
    assert (standing["status"], standing["specialUntil"]) == ("SPECIAL", "2026-01-31")
    await house.close("2025-01")
    assert (await house.standing("C1"))["status"] == "SPECIAL"
    kinds = [row["kind"] for row in await house.fetch("select kind from terrace.tier_change")]
    assert kinds == ["SPECIAL_GRANTED"]
    statistics = (await house.data("{ vipStatistics { assessed special total } }"))["vipStatistics"]
    assert statistics == {"assessed": 0, "special": 1, "total": 1}


async def test_a_tier_covers_the_grant_and_its_end_is_judged_at_the_close(house: House) -> None:
    await house.people()
    await house.record(("A1", "2025-01-01", "50000.00"))
    customer = await identifier(house, "C1")
    await granted(house, customer)
    await house.record(("A1", "2025-01-02", "900000.00"))
    await house.close("2025-01")
    assert (await house.standing("C1"))["tier"] == {"code": "T2"}
    await house.record(("A1", "2025-02-01", "0.00"))
    for month in range(2, 8):
        await house.close(f"2025-{month:02d}")
    assert (await house.standing("C1"))["status"] == "SPECIAL"
    for month in range(8, 13):
        await house.close(f"2025-{month:02d}")
    assert (await house.standing("C1"))["status"] == "EXITED_UNRATED"


async def test_a_revocation_ends_it_on_the_business_date(house: House) -> None:
    await house.people()
    await house.record(("A1", "2025-01-15", "50000.00"))
    customer = await identifier(house, "C1")
    await granted(house, customer)
    revoked = (await house.data(REVOKE, {"c": customer}))["revokeSpecialVip"]
    assert revoked["customer"]["standing"]["status"] == "EXITED_UNRATED"
    again = (await house.data(REVOKE, {"c": customer}))["revokeSpecialVip"]
    assert [e["code"] for e in again["errors"]] == ["NOT_GRANTED"]


async def test_a_second_grant_is_a_renewal_near_the_end_and_a_mistake_before(house: House) -> None:
    await house.people()
    await house.record(("A1", "2025-01-15", "50000.00"))
    customer = await identifier(house, "C1")
    await granted(house, customer)
    assert await granted(house, customer) == ["ALREADY_GRANTED"]
    assert await granted(house, customer, "2025-01-14") == ["START_IN_PAST"]


async def test_a_grant_shows_from_its_own_day_on(house: House) -> None:
    await house.people()
    await house.record(("A1", "2025-01-15", "50000.00"))
    customer = await identifier(house, "C1")
    await granted(house, customer, "2025-02-10")
    await house.close("2025-01")
    await house.record(("A1", "2025-02-09", "50000.00"))
    await house.work()
    assert await start_due_grants(house.database) == 0
    assert (await house.standing("C1"))["status"] == "NON_MEMBER"
    await house.record(("A1", "2025-02-10", "50000.00"))
    assert await start_due_grants(house.database) == 1
    assert await start_due_grants(house.database) == 0
    standing = await house.standing("C1")
    assert (standing["status"], standing["specialUntil"]) == ("SPECIAL", "2026-02-28")
    assert await kinds(house) == ["SPECIAL_GRANTED"]


async def test_a_grant_whose_day_no_balance_reached_shows_by_the_close(house: House) -> None:
    await house.people()
    await house.record(("A1", "2025-01-15", "50000.00"))
    customer = await identifier(house, "C1")
    await granted(house, customer, "2025-01-20")
    assert (await house.standing("C1"))["status"] == "NON_MEMBER"
    await house.close("2025-01")
    shown = [(await house.standing("C1", month))["status"] for month in ("2025-01", "2025-02")]
    assert shown == ["SPECIAL", "SPECIAL"]
    assert await kinds(house) == ["SPECIAL_GRANTED"]


async def test_a_grant_revoked_before_its_day_leaves_no_trace(house: House) -> None:
    await house.people()
    await house.record(("A1", "2025-01-15", "50000.00"))
    customer = await identifier(house, "C1")
    await granted(house, customer, "2025-02-10")
    await house.close("2025-01")
    await house.data(REVOKE, {"c": customer})
    await house.close("2025-02")
    assert (await house.standing("C1"))["status"] == "NON_MEMBER"
    assert await kinds(house) == []


async def test_a_grant_starts_within_a_year(house: House) -> None:
    await house.people()
    await house.record(("A1", "2025-01-15", "50000.00"))
    customer = await identifier(house, "C1")
    for day, codes in (("2026-02-01", ["START_TOO_LATE"]), ("2026-01-31", [])):
        assert await granted(house, customer, day) == codes


@pytest.mark.parametrize(
    ("role", "subject", "codes"),
    [
        ("hq", "x", []),
        ("branch", "B1", []),
        ("manager", "M1", []),
        ("branch", "B2", ["NOT_FOUND"]),
        ("manager", "M2", ["NOT_FOUND"]),
    ],
)
async def test_a_grant_is_asked_for_within_the_own_scope_only(
    house: House, role: str, subject: str, codes: list[str]
) -> None:
    await house.people()
    await house.record(("A1", "2025-01-15", "50000.00"))
    customer = await identifier(house, "C1")
    given = {"c": customer, "r": "mayor"}
    asked = await house.data(GRANT, given, role=role, subject=subject)
    assert [e["code"] for e in asked["grantSpecialVip"]["errors"]] == codes


async def test_a_manager_does_not_revoke(house: House) -> None:
    await house.people()
    customer = await identifier(house, "C1")
    answer = await house.ask(REVOKE, {"c": customer}, role="manager", subject="M1")
    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_a_grant_that_cannot_be_started_holds_no_other_up(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await house.people()
    await house.record(("A1", "2025-01-15", "50000.00"))
    for number in ("C1", "C2"):
        customer = await identifier(house, number)
        await granted(house, customer, "2025-01-20")
    await house.record(("A1", "2025-01-20", "50000.00"))
    broken = await house.value("select id from terrace.customer where number = 'C1'")
    start = special._start_due

    async def start_unless_broken(connection: Any, customer_id: int, closing: Any) -> None:
        if customer_id == broken:
            raise ValueError("broken")
        await start(connection, customer_id, closing)

    monkeypatch.setattr(special, "_start_due", start_unless_broken)
    assert await start_due_grants(house.database) == 2
    found = [(await house.standing(number))["status"] for number in ("C1", "C2")]
    assert found == ["NON_MEMBER", "SPECIAL"]
    assert f"the grant of customer {broken} could not be started" in caplog.text
    monkeypatch.undo()
    assert await start_due_grants(house.database) == 1
    assert (await house.standing("C1"))["status"] == "SPECIAL"


async def granted_on_the_20th(house: House) -> str:
    await house.people()
    await house.record(("A1", "2025-01-15", "50000.00"))
    customer = await identifier(house, "C1")
    await granted(house, customer, "2025-01-20")
    await house.record(("A1", "2025-01-20", "50000.00"))
    return customer


async def test_after_a_revocation_a_new_grant_can_be_given(house: House) -> None:
    await house.people()
    await house.record(("A1", "2025-01-15", "50000.00"))
    customer = await identifier(house, "C1")
    await granted(house, customer)
    await house.data(REVOKE, {"c": customer})
    assert await granted(house, customer) == []
    assert (await house.standing("C1"))["status"] == "SPECIAL"


async def test_a_grant_that_is_over_cannot_be_revoked(house: House) -> None:
    await house.people()
    await house.record(("A1", "2025-01-15", "50000.00"))
    customer = await identifier(house, "C1")
    await granted(house, customer)
    await house.record(("A1", "2025-12-31", "50000.00"))
    await house.record(("A1", "2026-02-01", "50000.00"))
    revoked = (await house.data(REVOKE, {"c": customer}))["revokeSpecialVip"]
    assert [e["code"] for e in revoked["errors"]] == ["NOT_GRANTED"]


async def test_nothing_is_decided_about_a_customer_while_a_month_is_closed(house: House) -> None:
    customer = await granted_on_the_20th(house)
    await request_close(house.database, Month(2025, 1), OPERATOR)
    [answer] = (await house.data(REVOKE, {"c": customer})).values()
    assert [e["code"] for e in answer["errors"]] == ["MONTH_CLOSING"]
    assert await granted(house, customer) == ["MONTH_CLOSING"]
    assert await start_due_grants(house.database) == 0


async def test_no_grant_starts_once_the_close_judges(house: House) -> None:
    await granted_on_the_20th(house)
    await request_close(house.database, Month(2025, 1), OPERATOR)
    async with house.database.unit() as connection:
        await plan_chunks(connection, Month(2025, 1), 1, 3)
    await start_due_grants(house.database, Month(2025, 1))
    assert await house.value("select count(*) from terrace.standing") == 0


async def test_no_grant_is_due_for_who_was_terminated(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    await granted_on_the_20th(house)
    async with house.database.unit() as connection:
        customer = await connection.fetchrow(sql("customer_by_number"), "C1")
        await end_relation(connection, customer, "deceased", await house.actor("hq"))
    with caplog.at_level(logging.ERROR):
        assert await start_due_grants(house.database) == 0
    assert not caplog.records


async def test_who_was_terminated_is_in_no_portfolio_and_comes_into_none(house: House) -> None:
    await granted_on_the_20th(house)
    async with house.database.unit() as connection:
        customer = await connection.fetchrow(sql("customer_by_number"), "C1")
        await end_relation(connection, customer, "deceased", await house.actor("hq"))
    key = await house.value("select id from terrace.manager where number = 'M1'")
    given = {"c": await identifier(house, "C1"), "m": identifiers.encode("Manager", key)}
    for manager, codes in ((given["m"], ["TERMINATED"]), (None, [])):
        answer = await house.data(ASSIGN, {**given, "m": manager})
        assert [error["code"] for error in answer["assignManager"]["errors"]] == codes
    assert await house.value("select manager_id from terrace.customer where number = 'C1'") == 0


async def test_a_grant_shows_on_its_day_also_after_one_that_was_revoked(house: House) -> None:
    await house.people()
    await house.record(("A1", "2025-01-15", "50000.00"))
    customer = await identifier(house, "C1")
    await granted(house, customer)
    await house.data(REVOKE, {"c": customer})
    await granted(house, customer, "2025-01-20")
    await house.record(("A1", "2025-01-20", "50000.00"))
    assert await start_due_grants(house.database) == 1
    assert (await house.standing("C1"))["status"] == "SPECIAL"


async def test_a_grant_revoked_before_its_day_is_never_due(house: House) -> None:
    await house.people()
    await house.record(("A1", "2025-01-15", "50000.00"))
    customer = await identifier(house, "C1")
    await granted(house, customer, "2025-01-20")
    await house.data(REVOKE, {"c": customer})
    await house.record(("A1", "2025-01-20", "50000.00"))
    assert await start_due_grants(house.database) == 0


async def test_grants_wait_while_the_database_is_away(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await granted_on_the_20th(house)

    async def away(*_: Any) -> None:
        raise ConnectionResetError

    monkeypatch.setattr(special, "_start_due", away)
    with pytest.raises(ConnectionResetError):  # for the worker's loop, which looks again later
        await start_due_grants(house.database)


async def test_what_is_revoked_while_the_business_date_is_ahead_stays_revoked(house: House) -> None:
    """The close of the month in which it showed does not find the grant valid again."""
    await house.people()
    await house.record(("A1", "2025-01-09", "50000.00"), ("A2", "2025-01-09", "50000.00"))
    first, second = await identifier(house, "C1"), await identifier(house, "C2")
    await granted(house, first)
    await granted(house, second)
    await house.record(("A2", "2025-02-03", "50000.00"))
    await house.data(REVOKE, {"c": first})
    assert (await house.standing("C1", "2025-01"))["status"] == "EXITED_UNRATED"
    await house.close("2025-01")
    assert (await house.standing("C1", "2025-02"))["status"] == "EXITED_UNRATED"
    assert (await house.standing("C2", "2025-02"))["status"] == "SPECIAL"

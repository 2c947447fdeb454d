"""Importing branches, managers, customers, accounts and rates: what is taken, refused, marked."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cli.embedded import Addresses
from cli.session import OPERATOR
from domain.months import Month
from repository.calendar import CalendarError
from repository.closing import request_close
from tests.cli.imported import Desk
from tests.house import House, new_house


@pytest.fixture
def desk(house: House, tmp_path: Path) -> Desk:
    return Desk(house, tmp_path)


@pytest.fixture(scope="module")
async def bank(
    addresses: Addresses, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Desk]:
    """A bank that the tests of refusals share: they leave it as it is."""
    async with new_house(addresses) as house:
        desk = Desk(house, tmp_path_factory.mktemp("bank"))
        await desk.bank()
        await desk.account("A1", "C1", "DEMAND_DEPOSIT,CNY,2025-01-01,2025-12-31")
        await desk.account("A2", "C1")
        await desk.takes("balances", "A1,2025-01-01,5.00")
        yield desk


REFUSED = {
    "branches": [
        ("B9,Nine,B99", "UNKNOWN_BRANCH"),
        ("B1,North,B1", "CIRCULAR_PARENT"),
        ("U,Union,B1", "CIRCULAR_PARENT"),
        (",Nameless,U", "MISSING_VALUE"),
        ("B9,,U", "MISSING_VALUE"),
        ("B9 ,Nine,U", "BLANKS_AROUND"),
        (f"B9,{'x' * 201},U", "TOO_LONG"),
        ("B9,Nine", "MALFORMED_ROW"),
        ("B9,Nine,U,more", "MALFORMED_ROW"),
    ],
    "managers": [
        ("M9,Eve,B9,true", "UNKNOWN_BRANCH"),
        ("M9,Eve,,true", "MISSING_VALUE"),
        ("M9,Eve,B1,perhaps", "INVALID_BOOLEAN"),
        ("M9,Eve,B1,", "MISSING_VALUE"),
        ("M1,Ann,B2,true", "MANAGER_HAS_CUSTOMERS"),
    ],
    "customers": [
        ("C9,Nine,INDIVIDUAL,B9,,,,,,", "UNKNOWN_BRANCH"),
        ("C9,Nine,INDIVIDUAL,B1,M9,,,,,", "UNKNOWN_MANAGER"),
        ("C9,Nine,INDIVIDUAL,B1,M2,,,,,", "MANAGER_OF_OTHER_BRANCH"),
        ("C1,One,INDIVIDUAL,B2,M1,,,,,", "MANAGER_OF_OTHER_BRANCH"),
        ("C9,Nine,PERSON,B1,,,,,,", "INVALID_KIND"),
        ("C9,Nine,,B1,,,,,,", "MISSING_VALUE"),
        ("C9,,INDIVIDUAL,B1,,,,,,", "MISSING_VALUE"),
        ("C9,Nine,INDIVIDUAL,B1,,,,,31.12.1980,", "INVALID_DATE"),
        (f"C9,Nine,INDIVIDUAL,B1,,{'1' * 51},,,,", "TOO_LONG"),
        (f"C9,Nine,INDIVIDUAL,B1,,,,,,{'x' * 501}", "TOO_LONG"),
    ],
    "accounts": [
        ("A9,C9,FUND,CNY,2025-01-01,", "UNKNOWN_CUSTOMER"),
        ("A9,C1,LOAN,CNY,2025-01-01,", "INVALID_PRODUCT_CLASS"),
        ("A9,C1,FUND,RMB¥,2025-01-01,", "INVALID_CURRENCY"),
        ("A9,C1,FUND,CNY,,", "MISSING_VALUE"),
        ("A9,C1,FUND,CNY,2025-02-30,", "INVALID_DATE"),
        ("A9,C1,FUND,CNY,2025-01-01,never", "INVALID_DATE"),
        ("A9,C1,FUND,CNY,2025-01-02,2025-01-01", "CLOSED_BEFORE_OPENING"),
        ("A1,C1,DEMAND_DEPOSIT,USD,2025-01-01,2025-12-31", "ACCOUNT_FIXED"),
        ("A1,C2,DEMAND_DEPOSIT,CNY,2025-01-01,2025-12-31", "ACCOUNT_FIXED"),
    ],
    "rates": [
        ("2025-01-01,CNY,1", "HOME_CURRENCY"),
        ("2025-01-01,Euro,8", "INVALID_CURRENCY"),
        ("2025-01-01,EUR,0", "INVALID_RATE"),
        ("2025-01-01,EUR,-8", "INVALID_RATE"),
        ("2025-01-01,EUR,8.12345678901", "TOO_MANY_DECIMALS"),
        ("2025-01-01,EUR,12345678901234567", "AMOUNT_OUT_OF_RANGE"),
        ("2025-01-01,EUR,", "MISSING_VALUE"),
        ("yesterday,EUR,8", "INVALID_DATE"),
        ("2026-01-03,EUR,8", "FUTURE_DATE"),
    ],
    "balances": [
        ("A9,2025-01-01,1.00", "UNKNOWN_ACCOUNT"),
        (" A1,2025-01-01,1.00", "UNKNOWN_ACCOUNT"),
        (",2025-01-01,1.00", "MISSING_VALUE"),
        ("A1,2024-12-31,1.00", "BEFORE_OPENING"),
        ("A1,2026-01-01,1.00", "AFTER_CLOSING"),
        ("A2,2026-01-03,1.00", "FUTURE_DATE"),
        ("A1,2025-1-1,1.00", "INVALID_DATE"),
        ("A1,,1.00", "MISSING_VALUE"),
        ("A1,2025-01-01,", "MISSING_VALUE"),
        ("A1,2025-01-01,one", "INVALID_AMOUNT"),
        ("A1,2025-01-01, 1.00", "INVALID_AMOUNT"),
        ("A1,2025-01-01,1.001", "TOO_MANY_DECIMALS"),
        ("A1,2025-01-01,12345678901234567", "AMOUNT_OUT_OF_RANGE"),
        ("A1,2025-01-01", "MALFORMED_ROW"),
        ('A1,2025-01-01,"1.00', "MALFORMED_ROW"),
    ],
}


@pytest.mark.parametrize(
    ("kind", "row", "code"), [(kind, *case) for kind, cases in REFUSED.items() for case in cases]
)
async def test_a_row_that_is_refused(bank: Desk, kind: str, row: str, code: str) -> None:
    before = await bank.content()
    imported = await bank.takes(kind, row)
    assert imported.counts == (1, 0, 0, 1)
    [told] = imported.rejects
    assert (told["line"], told["code"], told["row"]) == ("2", code, row)
    assert told["reason"]
    assert await bank.content() == before


async def test_refused_rows_keep_no_other_row_out(desk: Desk) -> None:
    await desk.bank()
    imported = await desk.takes(
        "customers",
        "C5,Five,INDIVIDUAL,B1,M1,,,,,",
        "C6,Six,INDIVIDUAL,B1,M9,,,,,",
        'C7,"Seven\nand a half",ORGANISATION,B1,M3,,,,,"Long Road 1,\nNorth"',
        "C8,Eight,INDIVIDUAL",
        "C9,Nine,INDIVIDUAL,B2,,,,,,",
    )
    assert imported.counts == (5, 3, 0, 2)
    assert imported.codes == {3: "UNKNOWN_MANAGER", 7: "MALFORMED_ROW"}
    address = "select address from terrace.customer where number = 'C7'"
    assert await desk.house.value(address) == "Long Road 1,\nNorth"


SAME = {
    "branches": "B1,North,U",
    "managers": "M1,Ann,B1,yes",
    "customers": "C1,One,INDIVIDUAL,B1,M1,,,,,",
    "accounts": "A1,C1,DEMAND_DEPOSIT,CNY,2025-01-01,2025-12-31",
    "balances": "A1,2025-01-01,5",
}


@pytest.mark.parametrize(("kind", "row"), SAME.items())
async def test_a_row_that_is_stored_changes_nothing(bank: Desk, kind: str, row: str) -> None:
    before = await bank.content()
    imported = await bank.takes(kind, row)
    assert imported.counts == (1, 0, 1, 0)
    assert await bank.content() == before


CHANGED = {
    "branches": "B1,Far North,U",
    "managers": "M3,Cid,B2,no",
    "customers": "C1,Won,ORGANISATION,B1,M1,138,c@x.example,110,1980-01-02,North",
}


async def test_a_changed_row_is_stored_once(desk: Desk) -> None:
    await desk.bank()
    for kind, row in CHANGED.items():
        assert (await desk.takes(kind, row)).counts == (1, 1, 0, 0)
        before = await desk.content()
        assert (await desk.takes(kind, row)).counts == (1, 0, 1, 0)
        assert await desk.content() == before


async def test_the_last_row_of_several_for_the_same_thing_wins(desk: Desk) -> None:
    await desk.bank()
    for kind, rows, query in [
        ("branches", ["B3,x,U", "B3,y,"], "select name from terrace.branch where code = 'B3'"),
        (
            "managers",
            ["M5,x,B1,true", "M5,y,B2,true"],
            "select name from terrace.manager where number = 'M5'",
        ),
        (
            "customers",
            ["C5,x,INDIVIDUAL,B1,,,,,,", "C5,y,INDIVIDUAL,B2,M2,,,,,"],
            "select name from terrace.customer where number = 'C5'",
        ),
        (
            "rates",
            ["2025-01-01,USD,7.1", "2025-01-01,USD,7.2"],
            "select case rate when 7.2 then 'y' end from terrace.rate",
        ),
    ]:
        assert (await desk.takes(kind, *rows)).counts == (2, 2, 0, 0)
        assert await desk.house.value(query) == "y"


# Branches


async def test_parents_may_come_after_their_children(desk: Desk) -> None:
    imported = await desk.takes(
        "branches", "B11,Deep,B1", "B1,North,U", "B9,Lost,B99", "B91,Lost too,B9", "U,Union,"
    )
    swapped = await desk.takes("branches", "B1,North,B11", "B11,Deep,U")
    assert swapped.counts == (2, 2, 0, 0)
    await desk.takes("branches", "B11,Deep,B1", "B1,North,U")
    assert imported.counts == (5, 3, 0, 2)
    assert imported.codes == {4: "UNKNOWN_BRANCH", 5: "UNKNOWN_BRANCH"}
    rows = await desk.house.fetch("""
        select b.code, p.code as parent from terrace.branch b
        left join terrace.branch p on p.id = b.parent_id order by 1""")
    assert {row["code"]: row["parent"] for row in rows} == {"B1": "U", "B11": "B1", "U": None}


@pytest.mark.parametrize(
    "rows",
    [["X,x,X"], ["X,x,Y", "Y,y,X"], ["X,x,Y", "Y,y,Z", "Z,z,X"]],
    ids=["own parent", "two in a circle", "three in a circle"],
)
async def test_branches_in_a_circle_are_refused(bank: Desk, rows: list[str]) -> None:
    imported = await bank.takes("branches", *rows)
    assert imported.counts == (len(rows), 0, 0, len(rows))
    assert set(imported.codes.values()) == {"CIRCULAR_PARENT"}


# Customers


async def test_a_new_customer_is_a_prospect_and_an_account_ends_that(desk: Desk) -> None:
    await desk.bank()
    status = "select status from terrace.customer where number = 'C1'"
    assert await desk.house.value(status) == "PROSPECT"
    await desk.account()
    assert await desk.house.value(status) == "CURRENT"
    await desk.takes("customers", "C1,Renamed,INDIVIDUAL,B1,M3,,,,,")
    assert await desk.house.value(status) == "CURRENT"


async def test_another_manager_or_branch_moves_the_customer_with_all_rows(desk: Desk) -> None:
    await desk.bank()
    await desk.account()
    await desk.takes("customers", "C1,One,INDIVIDUAL,B2,M2,,,,,")
    held_by = """
        select m.number || ' ' || b.code from terrace.account a
        join terrace.manager m on m.id = a.manager_id join terrace.branch b on b.id = a.branch_id"""
    assert await desk.house.value(held_by) == "M2 B2"
    await desk.takes("customers", "C1,One,INDIVIDUAL,B2,,,,,,")
    assert await desk.house.value("select manager_id from terrace.account") == 0
    assert await desk.dirty() == {}


LEFT = {
    "terminated": "update terrace.customer set status = 'TERMINATED', manager_id = 0",
    "removed": """
        update terrace.standing set status = 'REMOVED' where month = '2025-02-01';
        update terrace.customer set manager_id = 0""",
}


@pytest.mark.parametrize("how", LEFT.values(), ids=LEFT)
async def test_who_has_left_for_good_is_given_no_manager_by_a_file(desk: Desk, how: str) -> None:
    """The export still names the manager, night after night."""
    await desk.bank()
    await desk.account()
    await desk.takes("balances", "A1,2025-01-10,1.00")
    await desk.house.close("2025-01")
    async with desk.house.database.unit() as connection:
        await connection.execute(how)
    before = await desk.content()
    assert (await desk.takes("customers", "C1,One,INDIVIDUAL,B1,M1,,,,,")).counts == (1, 0, 1, 0)
    assert await desk.content() == before


async def test_nothing_is_opened_for_a_customer_who_has_left(desk: Desk) -> None:
    await desk.bank()
    async with desk.house.database.unit() as connection:
        await connection.execute(LEFT["terminated"])
    refused = await desk.takes("accounts", "A1,C1,FUND,CNY,2025-01-01,")
    assert refused.codes == {2: "CUSTOMER_TERMINATED"}


# Accounts: what is computed anew, and from when

JANUARY = "DEMAND_DEPOSIT,CNY,2025-01-10,"
MARKS = {
    "nothing": (JANUARY, None),
    "another class": ("FUND,CNY,2025-01-10,", "2025-02"),
    "opened later": ("DEMAND_DEPOSIT,CNY,2025-02-20,", "2025-02"),
    "opened earlier": ("DEMAND_DEPOSIT,CNY,2024-11-05,", "2025-02"),
    "closed in May": ("DEMAND_DEPOSIT,CNY,2025-01-10,2025-05-05", "2025-05"),
    "closed at the end of April": ("DEMAND_DEPOSIT,CNY,2025-01-10,2025-04-30", "2025-05"),
    "to be closed": ("DEMAND_DEPOSIT,CNY,2025-01-10,2030-01-01", "2025-06"),
}


@pytest.fixture(scope="module")
async def june(
    addresses: Addresses, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Desk]:
    """A customer for each case, with a balance of February and one of the business date in June."""
    async with new_house(addresses) as house:
        desk = Desk(house, tmp_path_factory.mktemp("june"))
        await desk.bank()
        await desk.takes("customers", *[f"{case},x,INDIVIDUAL,B1,,,,,," for case in MARKS])
        await desk.takes("accounts", *[f"{case},{case},{JANUARY}" for case in MARKS])
        for day in ("2025-02-10", "2025-06-15"):
            await desk.takes("balances", *[f"{case},{day},1.00" for case in MARKS])
        yield desk


@pytest.mark.parametrize("case", MARKS)
async def test_a_changed_account_marks_its_owner_from_the_first_affected_month(
    june: Desk, case: str
) -> None:
    account, month = MARKS[case]
    await june.caught_up()
    imported = await june.takes("accounts", f"{case},{case},{account}")
    assert imported.rejects == []
    assert await june.dirty() == ({case: month} if month else {})


async def test_a_new_account_marks_nobody(desk: Desk) -> None:
    await desk.bank()
    await desk.account()
    assert await desk.dirty() == {}


async def test_an_account_without_balances_may_change_hands_and_currency(desk: Desk) -> None:
    await desk.bank()
    await desk.account()
    assert (await desk.takes("accounts", "A1,C2,FUND,USD,2025-01-01,")).counts == (1, 1, 0, 0)
    assert await desk.dirty() == {"C1": "2025-01", "C2": "2025-01"}
    owner = """
        select c.number || ' ' || c.status from terrace.account a
        join terrace.customer c on c.id = a.customer_id and c.branch_id = a.branch_id"""
    assert await desk.house.value(owner) == "C2 CURRENT"


# Rates


async def test_a_rate_marks_who_holds_the_currency_from_its_month_on(desk: Desk) -> None:
    await desk.bank()
    await desk.account("A1", "C1", "FUND,USD,2025-01-01,")
    await desk.account("A2", "C2", "FUND,CNY,2025-01-01,")
    await desk.account("A3", "C2", "FUND,EUR,2024-01-01,2025-01-31")
    await desk.takes("balances", "A1,2025-06-15,1.00")
    await desk.caught_up()
    both = await desk.takes("rates", "2025-04-01,USD,7.1", "2025-03-03,USD,7.10")
    assert both.counts == (2, 2, 0, 0)
    assert await desk.dirty() == {"C1": "2025-03"}
    await desk.caught_up()
    again = await desk.takes("rates", "2025-04-01,USD,7.1000", "2025-03-03,USD,7.1")
    assert again.counts == (2, 0, 2, 0)
    assert await desk.dirty() == {}
    await desk.takes("rates", "2025-04-01,USD,7.2", "2025-03-03,USD,7.1", "2025-05-01,EUR,8")
    assert await desk.dirty() == {"C1": "2025-04"}
    await desk.takes("rates", "2025-02-01,USD,7.2")
    assert await desk.dirty() == {"C1": "2025-02"}


# A month being closed


async def test_while_a_month_is_closed_some_kinds_wait_and_balances_do_not(desk: Desk) -> None:
    await desk.bank()
    await desk.account()
    await desk.takes("balances", "A1,2025-01-10,1.00")
    await request_close(desk.house.database, Month(2025, 1), OPERATOR)
    for kind, row in [
        ("customers", "C3,Three,INDIVIDUAL,B1,,,,,,"),
        ("accounts", "A3,C1,FUND,CNY,2025-01-01,"),
        ("rates", "2025-01-01,USD,7"),
    ]:
        with pytest.raises(CalendarError, match=f"2025-01 is being closed: {kind} cannot be"):
            await desk.takes(kind, row)
    held = await desk.takes("balances", "A1,2025-01-20,2.00", "A1,2025-02-03,3.00")
    assert held.counts == (2, 2, 0, 0)
    asked = "select count(*) from terrace.balance_update where held"
    assert await desk.house.value(asked) == 1
    assert (await desk.takes("branches", "B3,West,U")).counts == (1, 1, 0, 0)
    await desk.house.work()
    assert (await desk.takes("customers", "C3,Three,INDIVIDUAL,B1,,,,,,")).counts == (1, 1, 0, 0)


# The trail


async def test_an_import_that_changes_something_is_in_the_audit_trail(desk: Desk) -> None:
    await desk.bank()
    await desk.account()
    for _ in range(2):
        await desk.takes("balances", "A1,2025-01-10,1.00", "A1,2025-01-11,1.00")
    trail = "select * from terrace.audit where action = 'balances.import'"
    told = await desk.house.trail(trail)
    [entry] = [row for row in told if row["detail"]["rows"]]
    assert (entry["principal"], entry["channel"]) == ("hq:operator", "cli")
    assert entry["subject"].endswith("balances.csv")
    assert entry["detail"] == {"rows": 2, "unchanged": 0, "rejected": 0, "lines": [2, 3]}

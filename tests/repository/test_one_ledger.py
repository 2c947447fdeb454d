"""The migration that made one table of journal and balances keeps what was in force."""

import shutil
from datetime import date
from pathlib import Path

from cli.embedded import Addresses
from cli.session import OPERATOR
from repository.database import Database
from repository.load_balances import BalanceRecorder, Chunk
from repository.migrate import FOLDER, migrate
from tests.house import KEY, new_database

BEFORE = """
insert into terrace.branch (code, name) values ('B1', 'North');
insert into terrace.customer (number, name, kind, branch_id) values ('C1', 'Li', 'INDIVIDUAL', 1);
insert into terrace.account
    (customer_id, manager_id, branch_id, number, product_class, currency, opened_on)
    values (1, 0, 1, 'A1', 'DEMAND_DEPOSIT', 'CNY', '2024-01-01');
insert into terrace.balance_update
    (customer_id, account_id, update_id, as_of, amount, held, recorded_at)
values
    (1, 1, 'A1:2025-01-01:100.00', '2025-01-01', 100, false, '2025-03-01 10:00Z'),
    (1, 1, 'A1:2025-01-01:200.00', '2025-01-01', 200, false, '2025-03-01 11:00Z'),
    (1, 1, 'A1:2025-01-01:100.00#2', '2025-01-01', 100, false, '2025-03-01 12:00Z'),
    (1, 1, 'u1', '2025-01-02', 10, false, '2025-03-01 12:00Z'),
    (1, 1, 'u2', '2025-01-02', 20, false, '2025-03-01 11:00Z'), -- by a clock that was set back
    (1, 1, 'u3', '2025-01-02', 30, true, '2025-03-01 13:00Z'),
    (1, 1, 'u4', '2025-01-03', 40, true, '2025-03-01 13:00Z'),
    (1, 1, 'u5', '2025-01-03', 50, false, '2025-03-01 14:00Z');
insert into terrace.balance values
    (1, 1, '2025-01-01', 100), (1, 1, '2025-01-02', 20), (1, 1, '2025-01-03', 50),
    (1, 1, '2025-01-04', 7);
"""
AFTER = [
    ("01", 0, "100.00", False, None),
    ("01", 1, "200.00", False, None),
    ("01", 2, "100.00", False, None),
    ("02", 0, "10.00", False, "u1"),
    ("02", 1, "20.00", False, "u2"),
    ("02", 2, "30.00", True, "u3"),
    ("03", 0, "40.00", True, "u4"),
    ("03", 1, "50.00", False, "u5"),
    ("04", 0, "7.00", False, None),
]


async def test_journal_and_balances_become_one_ledger(addresses: Addresses, tmp_path: Path) -> None:
    for file in [*FOLDER.glob("000*.sql"), *FOLDER.glob("001[0-3]*.sql")]:
        shutil.copy(file, tmp_path)
    async with new_database(addresses, folder=tmp_path) as url:
        async with Database(url, KEY) as database, database.unit() as connection:
            await connection.execute(BEFORE)
        await migrate(url, KEY, home_currency="CNY")
        async with Database(url, KEY) as database:
            async with database.writing() as connection:
                rows = await connection.fetch("""
                    select to_char(as_of, 'DD'), entry, amount::text, held, update_id
                    from terrace.balance_update order by as_of, entry""")
                assert [tuple(row) for row in rows] == AFTER
                rows = await connection.fetch(
                    "select amount::text from terrace.balance order by as_of"
                )
                assert [row["amount"] for row in rows] == ["100.00", "20.00", "50.00", "7.00"]
                forced = "select relforcerowsecurity from pg_class where relname = 'account'"
                assert await connection.fetchval(forced)
            recorder = BalanceRecorder(database, OPERATOR, "the same file again", 366)
            day = date(2025, 1, 1)
            again = Chunk([2, 3, 4], ["A1"] * 3, [day] * 3, [100_00, 200_00, 100_00])
            assert (await recorder.start(again)).unchanged == 3

"""The migration after which a figure tells its month to the end changes nothing that is shown."""

import shutil
from pathlib import Path

from cli.embedded import Addresses
from repository.database import Database
from repository.migrate import FOLDER, migrate
from tests.house import KEY, new_database

# January is closed, February open. The second customer's figure of January is as a close left it,
# the first one's of February as a worker did.
BEFORE = """
insert into terrace.branch (code, name) values ('B1', 'North');
insert into terrace.customer (number, name, kind, branch_id)
    values ('C1', 'Li', 'INDIVIDUAL', 1), ('C2', 'Wu', 'INDIVIDUAL', 1);
insert into terrace.aum (customer_id, month, manager_id, branch_id, deposits_sum, investments_sum,
    settlement_funds_sum, deposits_level, investments_level, settlement_funds_level, as_of, divisor,
    complete)
values
    (1, '2025-01-01', 0, 1, 3100.31, 0.00, -62.00, 100.00, 0.00, -2.00, '2025-01-31', 31, true),
    (2, '2025-01-01', 0, 1, 0.00, 31.00, 0.01, 0.00, 1.00, 0.01, '2025-01-31', 30, false),
    (1, '2025-02-01', 0, 1, 1000.00, 70.00, -20.00, 100.00, 7.00, -2.00, '2025-02-10', 28, true);
update terrace.calendar set first_month = '2025-01-01', last_closed = '2025-01-01',
    business_date = '2025-02-20';
"""
SHOWN = "select * from terrace.aum_figure order by customer_id, month"


async def test_what_is_shown_stays_as_it_was(addresses: Addresses, tmp_path: Path) -> None:
    for file in [*FOLDER.glob("000*.sql"), *FOLDER.glob("001[0-8]*.sql")]:
        shutil.copy(file, tmp_path)
    async with new_database(addresses, folder=tmp_path) as url:
        async with Database(url, KEY) as database, database.unit() as connection:
            await connection.execute(BEFORE)
            before = [dict(row) for row in await connection.fetch(SHOWN)]
        await migrate(url, KEY, home_currency="CNY")
        async with Database(url, KEY) as database, database.writing() as connection:
            assert [dict(row) for row in await connection.fetch(SHOWN)] == before
            sums = await connection.fetch(
                "select month_sum::text, total::text from terrace.aum order by month, customer_id"
            )
            assert [tuple(row) for row in sums] == [
                ("3038.31", "98.01"),
                ("31.01", "1.03"),
                ("2940.00", "105.00"),  # 1050 by the tenth, and 105 on each of 18 days
            ]
            assert [row["as_of"].day for row in before] == [31, 20, 31, 20]

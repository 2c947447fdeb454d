"""Lines that were written before there was a chain are in it, too."""

import shutil
from pathlib import Path

from cli.embedded import Addresses
from domain.actors import Scope
from repository.database import Database
from repository.migrate import FOLDER, migrate
from repository.sealing import seal
from repository.verification import verify
from tests.house import KEY, new_database

BEFORE = """
insert into terrace.audit (principal, channel, action, subject, detail) values
    ('branch:B1', 'web', 'special.grant', 'C1', '{"reason": "mayor"}'),
    ('hq:operator', 'cli', 'demo.begin', 'demo data', '{}')
"""


async def test_lines_from_before_the_chain_are_sealed_first(
    addresses: Addresses, tmp_path: Path
) -> None:
    for file in [*FOLDER.glob("00[01]*.sql"), *FOLDER.glob("002[0-2]*.sql")]:
        shutil.copy(file, tmp_path)
    async with new_database(addresses, folder=tmp_path) as url:
        async with Database(url, KEY) as database, database.unit() as connection:
            await connection.execute(BEFORE)
        await migrate(url, KEY, home_currency="CNY")
        async with Database(url, KEY) as database:
            assert await seal(database) == 2
            assert (await verify(database)).seals == 2
            async with database.reading(Scope.AUDIT) as connection:
                rows = await connection.fetch(
                    """select s.position, a.role, a.detail from terrace.audit a
                    join terrace.audit_seal s on s.audit_id = a.id order by 1"""
                )
    assert [tuple(row) for row in rows] == [
        (1, "branch", {"reason": "mayor"}),
        (2, "hq", {}),
    ]

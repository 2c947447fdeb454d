"""Connections: what a process may hold of the server."""

from domain.actors import Scope
from repository.database import STATEMENTS_KEPT
from tests.house import House


async def test_ever_new_statements_do_not_fill_the_servers_memory(house: House) -> None:
    async with house.database.reading(Scope.ALL) as connection:
        for number in range(STATEMENTS_KEPT + 30):
            assert await connection.fetchval(f"select {number}::integer") == number
        kept = await connection.fetchval("select count(*) from pg_prepared_statements")
    assert kept <= STATEMENTS_KEPT

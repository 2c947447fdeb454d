"""A server that is told to stop: clients are told, requests finish, and it ends in time."""

import asyncio
from pathlib import Path

import httpx

from benchmarks.crowd import crowd
from domain.actors import Role
from tests.cli.group import running
from tests.cli.test_group import token
from tests.house import House

RECORD = """mutation ($i: RecordBalancesInput!) { recordBalances(input: $i) { accepted } }"""
SOCKETS, DEAF = 300, 3
SUBSCRIPTIONS = "terrace_subscriptions_open"
MANY = {
    "TERRACE_MAX_SOCKETS": '{{"hq": 400}}',
    "TERRACE_MAX_SUBSCRIPTIONS": '{{"hq": 400}}',
}


async def test_the_end_of_a_server_with_many_sockets_and_a_request_in_flight(
    house: House, tmp_path: Path
) -> None:
    await house.people(1)
    await house.record(("A1", "2025-01-01", "1.00"))
    update = {"updateId": "u", "account": "A1", "asOf": "2025-01-02", "balance": "2.00"}
    given = {"i": {"idempotencyKey": "k", "updates": [update]}}
    async with (
        running(house, tmp_path, "serve", **MANY) as command,
        crowd(command.port, token(), SOCKETS, DEAF) as clients,
        httpx.AsyncClient(timeout=30) as client,
    ):
        await command.until(lambda: command.figure(SUBSCRIPTIONS) == SOCKETS)
        async with house.database.unit() as connection:
            await connection.execute("select * from terrace.calendar for update")
            recording = asyncio.create_task(
                client.post(
                    f"http://127.0.0.1:{command.port}/graphql",
                    json={"query": RECORD, "variables": given},
                    headers={"Authorization": f"Bearer {token(Role.INTEGRATOR)}"},
                )
            )
            writers = 'terrace_writer_connections{state="in_use"}'
            await command.until(lambda: command.figure(writers) >= 1)
            stopping = asyncio.create_task(command.stop(20))
            await asyncio.wait_for(clients.all_closed(), 20)
            assert not recording.done()
        answer = await recording
        assert answer.json() == {"data": {"recordBalances": {"accepted": 1}}}
        assert await stopping == 0
        assert clients.closed == {1001: SOCKETS}
        assert command.lines() == []

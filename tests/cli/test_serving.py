"""What /readyz looks at, and connections that nobody serves any more."""

import asyncio
import contextlib
from collections.abc import Iterator

import asyncpg
import pytest
from starlette.applications import Starlette
from websockets.asyncio.client import connect

from api.app import build
from api.sockets import SocketLimits
from benchmarks import load
from cli import serving, telling
from cli.http_protocol import OneWriteProtocol
from cli.serving import Server
from cli.telling import readiness
from domain.actors import Scope
from repository.database import Database
from repository.roles import WRITER, login_name
from settings import Settings
from tests.api.echo_engine import EchoEngine
from tests.api.serving import KEY as API_KEY
from tests.api.serving import (
    all_is_well,
    authenticator_of,
    known_subject,
    listening,
    no_lifespan,
    port_of,
    say,
    subscribe,
    token,
)
from tests.house import KEY, House


@pytest.mark.parametrize("kind", [WRITER, Scope.ALL.value])
async def test_an_api_that_cannot_log_in_is_not_ready(house: House, kind: str) -> None:
    role = login_name(kind, house.database.name)
    owner = await asyncpg.connect(house.url)
    try:
        for can, said in (
            ("login", {"postgresql": "ok", "migrations": "ok"}),
            ("nologin", {"postgresql": "does not answer"}),
        ):
            await owner.execute(f'alter role "{role}" {can}')
            async with Database(house.url, KEY) as database:
                assert await readiness(database) == said
    finally:
        await owner.close()


async def test_an_api_before_its_migrations_is_not_ready(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def one(url: str) -> int:
        return 1

    monkeypatch.setattr(telling, "pending", one)
    found = await readiness(house.database)
    assert found == {"postgresql": "ok", "migrations": "1 not applied"}


class Quiet(Server):
    """Takes no signals of the test's own process."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def application(limits: SocketLimits | None = None) -> Starlette:
    return build(
        Settings(),
        EchoEngine(),
        authenticator_of(API_KEY, known_subject),
        all_is_well,
        lifespan=no_lifespan,
        limits=limits,
    )


async def test_who_has_connected_just_before_the_end_is_served() -> None:
    request = load.post("/graphql", b'{"query": "{ hello }"}', token())
    async with listening(application(), Settings(), Quiet, http=OneWriteProtocol) as server:
        port = port_of(server)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        _, idle = await asyncio.open_connection("127.0.0.1", port)
        async with asyncio.timeout(5):
            while len(server.server_state.connections) < 2:
                await asyncio.sleep(0.01)
        server.should_exit = True
        await asyncio.sleep(0.5)
        writer.write(request)
        async with asyncio.timeout(5):
            answer = await reader.read()  # to the end: it is closed after it
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert b'{"data"' in answer
    writer.close()
    idle.close()


async def test_whoever_never_says_what_he_wants_is_cut_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A head that comes a byte at a time, or not at all, holds a connection for nothing."""
    monkeypatch.setattr(serving, "_DEAF_TICKS", 3)
    request = load.post("/graphql", b'{"query": "{ hello }"}', token())
    async with listening(application(), Settings(), Quiet, http=OneWriteProtocol) as server:
        port = port_of(server)
        patient, idle = await asyncio.open_connection("127.0.0.1", port)
        silent, _ = await asyncio.open_connection("127.0.0.1", port)
        dripping, drip = await asyncio.open_connection("127.0.0.1", port)
        idle.write(request)
        assert b"HTTP/1.1 200 " in await patient.readuntil(b"}}")
        over = [asyncio.create_task(one.read()) for one in (silent, dripping)]
        drip.write(b"POST /graphql HTTP/1.1\r\nx: ")
        async with asyncio.timeout(20):
            while not all(one.done() for one in over):
                drip.write(b"x")
                await asyncio.sleep(0.02)
        assert all(one.exception() or not one.result() for one in over)
        idle.write(request)  # whoever asked once may wait before asking again
        async with asyncio.timeout(20):
            assert b"HTTP/1.1 200 " in await patient.readuntil(b"}}")
        idle.close()


async def test_whoever_reads_nothing_is_cut_off_when_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A transport that is told to close waits for its buffer, and such a client's never empties."""
    monkeypatch.setattr(serving, "_DEAF_TICKS", 3)
    app = application(SocketLimits(send_seconds=0.3, close_seconds=0.3))
    async with listening(app, Settings(), Quiet, http=OneWriteProtocol) as server:
        port = port_of(server)
        deaf = await connect(
            f"ws://127.0.0.1:{port}/graphql",
            subprotocols=["graphql-transport-ws"],  # type: ignore[list-item]
            compression=None,
            ping_interval=None,
        )
        await say(deaf, type="connection_init", payload={"token": token()})
        await deaf.recv()
        deaf.transport.pause_reading()
        await deaf.send(subscribe("subscription { flood(bytes: 100000) }"))
        connections = server.server_state.connections
        async with asyncio.timeout(10):
            while not any(one.transport.is_closing() for one in connections):
                await asyncio.sleep(0.02)
            while connections:
                await asyncio.sleep(0.02)
        deaf.transport.abort()

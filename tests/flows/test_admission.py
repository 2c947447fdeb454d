"""An API process in production: who is let in with which credential, and who is not any more."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from api.identity import REMEMBERED_SECONDS
from api.sockets import SocketLimits
from api.tokens import sign
from cli.session import OPERATOR
from domain.actors import Grant, Role
from repository.api_keys import create_key, revoke_key, rotate_key
from repository.revocations import let_in_again, shut_out_bearer, shut_out_token
from tests.api.issuing import Issuer, Pair, issuing
from tests.cli.group import Command, running
from tests.house import KEY, House

RSA = Pair.new("one")
VIEWER = "{ viewer { role subject scope channel } customers(first: 10) { totalCount } }"
NO_BALANCES = """mutation { recordBalances(input: {idempotencyKey: "k", updates: [
    {updateId: "u", account: "A1", asOf: "2025-01-01", balance: "5.00"}]}) { accepted } }"""


def test_a_revocation_is_in_force_within_ten_seconds() -> None:
    assert REMEMBERED_SECONDS + SocketLimits().recheck_seconds < 10


class Caller:
    """Somebody with a credential in front of a process."""

    def __init__(self, command: Command, credential: str) -> None:
        self.address = f"127.0.0.1:{command.port}/graphql"
        self.credential = credential

    async def ask(self, query: str = VIEWER) -> tuple[int, dict[str, Any]]:
        async with httpx.AsyncClient(verify=False) as client:
            answer = await client.post(
                f"http://{self.address}",
                json={"query": query},
                headers={"authorization": f"Bearer {self.credential}"},
            )
        return answer.status_code, answer.json()

    async def refused(self) -> str:
        """Ask until it is refused; why it was."""
        async with asyncio.timeout(30):
            while True:
                status, answer = await self.ask()
                if status == 401:
                    return answer["errors"][0]["message"].removeprefix("The token was refused: ")
                await asyncio.sleep(0.2)

    @asynccontextmanager
    async def silent_socket(self) -> AsyncIterator[ClientConnection]:
        """A subscription that nothing happens on."""
        async with connect(
            f"ws://{self.address}",
            subprotocols=["graphql-transport-ws"],  # type: ignore[list-item]
        ) as socket:
            init = {"type": "connection_init", "payload": {"token": self.credential}}
            await socket.send(orjson.dumps(init).decode())
            await socket.recv()
            payload = {"query": "subscription { tierChanged { cursor } }"}
            subscribe = {"id": "1", "type": "subscribe", "payload": payload}
            await socket.send(orjson.dumps(subscribe).decode())
            yield socket


async def closed(socket: ClientConnection) -> tuple[int, str]:
    """How the server closes a socket."""
    async with asyncio.timeout(30):
        with pytest.raises(ConnectionClosed) as ended:
            while True:
                await socket.recv()
    assert ended.value.rcvd is not None
    return ended.value.rcvd.code, ended.value.rcvd.reason


@asynccontextmanager
async def in_production(house: House, folder: Path, issuer: Issuer) -> AsyncIterator[Command]:
    await house.people(2)
    async with running(
        house,
        folder,
        "serve",
        TERRACE_MODE="production",
        TERRACE_ISSUER=issuer.name,
        TERRACE_DATA_DIR=str(folder / "data"),
        TERRACE_LOG_FORMAT="json",
    ) as command:
        yield command


async def test_who_is_let_in_and_who_is_not_any_more(house: House, tmp_path: Path) -> None:
    async with issuing(RSA) as issuer, in_production(house, tmp_path, issuer) as command:
        manager, lost = await _tokens_of_the_issuer(command, issuer)
        await _development_tokens(command)
        key = await _keys(house, command)
        async with (
            manager.silent_socket() as first,
            lost.silent_socket() as second,
            key.silent_socket() as third,
        ):
            revocation = await shut_out_bearer(
                house.database, Role.MANAGER, "M1", None, "left", OPERATOR
            )
            await shut_out_token(house.database, "lost", "lost", OPERATOR)
            await revoke_key(house.database, key.credential[4:12], "leaked", OPERATOR)
            for socket in (first, second, third):
                assert await closed(socket) == (4403, "Forbidden: The token was refused: revoked")
        for caller in (manager, lost, key):
            assert await caller.refused() == "revoked"
        assert (await Caller(command, issuer.token(RSA, jti="found", role="hq")).ask())[0] == 200
        await let_in_again(house.database, revocation, "is back", OPERATOR)
        assert (await manager.ask())[0] == 200
        secrets = command.log.read_text()
        assert "trc_" not in secrets
        assert "eyJ" not in secrets


async def _tokens_of_the_issuer(command: Command, issuer: Issuer) -> tuple[Caller, Caller]:
    """A manager, and head office with a token that has a name."""
    manager = Caller(command, issuer.token(RSA))
    viewer = {"role": "MANAGER", "subject": "M1", "scope": "MANAGER", "channel": "web"}
    assert (await manager.ask()) == (
        200,
        {"data": {"viewer": viewer, "customers": {"totalCount": 1}}},
    )
    judge = Caller(command, issuer.token(RSA, role="risk", sub="R1", branch="B2"))
    answer = (await judge.ask())[1]
    assert answer["data"]["viewer"]["scope"] == "BRANCH"
    assert answer["data"]["customers"]["totalCount"] == 1
    nowhere = Caller(command, issuer.token(RSA, role="risk", sub="R1", branch="B9"))
    assert await nowhere.refused() == "unknown subject"
    lost = Caller(command, issuer.token(RSA, jti="lost", role="hq"))
    assert (await lost.ask())[0] == 200
    return manager, lost


async def _development_tokens(command: Command) -> None:
    own = sign(KEY, Role.HQ, "hq", hours=1, now=datetime.now(UTC))
    caller = Caller(command, own)
    assert await caller.refused() == "development tokens are not taken in production"
    assert "a development token was presented and refused" in command.log.read_text()


async def _keys(house: House, command: Command) -> Caller:
    """The bearer of a key that was rotated from another."""
    made = await create_key(house.database, "core", [Grant.FEEDS], 30, OPERATOR)
    caller = Caller(command, made.text)
    status, answer = await caller.ask()
    assert (status, answer["data"]["customers"]["totalCount"]) == (200, 0)
    assert answer["data"]["viewer"] == {
        "role": "INTEGRATOR",
        "subject": "core",
        "scope": "NONE",
        "channel": "integrator",
    }
    accepted = {"data": {"recordBalances": {"accepted": 1}}}
    assert (await caller.ask(NO_BALANCES))[1] == accepted
    reader = await create_key(house.database, "mart", [Grant.READ_INTERNAL], 30, OPERATOR)
    answer = (await Caller(command, reader.text).ask())[1]
    assert answer["data"]["customers"]["totalCount"] == 2
    refused = (await Caller(command, reader.text).ask(NO_BALANCES))[1]
    assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    wrong = caller.credential[:20] + ("A" if caller.credential[20] != "A" else "B")
    for text in (wrong + caller.credential[21:], "trc_", caller.credential + "0", "trc_x_y"):
        assert await Caller(command, text).refused() == "unknown API key"
    new = await rotate_key(house.database, made.prefix, 30, 1, OPERATOR)
    successor = Caller(command, new.text)
    assert (await caller.ask())[0] == 200  # for an hour
    assert (await successor.ask(NO_BALANCES))[1] == accepted  # a replay: the integrator is the same
    await shut_out_bearer(house.database, Role.INTEGRATOR, "mart", None, "contract over", OPERATOR)
    assert await Caller(command, reader.text).refused() == "revoked"
    return successor

"""Credentials abused against an API process in production: what is no credential opens nothing.

Whatever it is, it is refused with 401 or 4403, the process goes on, and a good one is taken after.
"""

import asyncio
import contextlib
import hashlib
import hmac
import json
import re
import time
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from websockets.asyncio.client import connect

from api.tokens import sign
from cli.embedded import Addresses
from cli.session import OPERATOR
from domain.actors import Grant, Role
from repository.api_keys import create_key
from tests.api.issuing import Issuer, Pair, issuing
from tests.cli.group import Command, running
from tests.enemies.texts import EVERY
from tests.flows.test_admission import Caller, closed
from tests.house import KEY, House, new_house

RSA, STRANGE = Pair.new("one"), Pair.new("one")
VIEWER = {"query": "{ viewer { role subject channel } }"}
LONGEST_SAFE = 100
MOST = 512  # pieces: more than the buffers of any system hold


@dataclass
class Target:
    """A process in production, and the issuer whose tokens it takes."""

    house: House
    issuer: Issuer
    command: Command
    client: httpx.AsyncClient

    async def status(self, authorization: str | bytes) -> int:
        """What comes of an Authorization header; it is no fault of the process."""
        url = f"http://127.0.0.1:{self.command.port}/graphql"
        headers = {"Authorization": authorization}
        answer = await self.client.post(url, json=VIEWER, headers=headers)  # type: ignore[arg-type]
        assert answer.status_code < 500, answer.text
        if answer.status_code == 401:
            assert set(answer.json()) == {"errors"}
        return answer.status_code

    async def refuses(self, *credentials: str) -> None:
        for credential in credentials:
            assert await self.status(f"Bearer {credential}") == 401, credential[:200]

    async def lives(self) -> None:
        assert await self.status(f"Bearer {self.issuer.token(RSA)}") == 200

    def socket(self, path: str = "/graphql", **options: Any) -> connect:
        return connect(
            f"ws://127.0.0.1:{self.command.port}{path}",
            subprotocols=["graphql-transport-ws"],  # type: ignore[list-item]
            **options,
        )


@pytest.fixture(scope="module")
async def target(
    addresses: Addresses, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Target]:
    folder: Path = tmp_path_factory.mktemp("target")
    async with (
        new_house(addresses) as house,
        issuing(RSA) as issuer,
        running(
            house,
            folder,
            "serve",
            TERRACE_MODE="production",
            TERRACE_ISSUER=issuer.name,
            TERRACE_DATA_DIR=str(folder / "data"),
            TERRACE_LOG_FORMAT="json",
            TERRACE_LOG_REQUESTS="1",
            TERRACE_FAILURES_PER_MINUTE="100000",  # this is about what they are, not how many
        ) as command,
        httpx.AsyncClient(timeout=30) as client,
    ):
        await house.people(2)
        yield Target(house, issuer, command, client)


def encoded(part: Any) -> bytes:
    return urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=")


def by_hand(header: dict[str, Any], payload: dict[str, Any], secret: bytes | None) -> str:
    """A token that no library makes: any header, and a signature by HMAC or none."""
    text = encoded(header) + b"." + encoded(payload)
    signature = b"" if secret is None else hmac.new(secret, text, hashlib.sha256).digest()
    return (text + b"." + urlsafe_b64encode(signature).rstrip(b"=")).decode()


async def test_no_public_key_is_taken_for_a_secret(target: Target) -> None:
    token = target.issuer.token(RSA, role="hq")
    payload = jwt.decode(token, options={"verify_signature": False})
    public = RSA.private.public_key()
    secrets = [
        None,
        b"",
        public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        json.dumps(RSA.public).encode(),
        json.dumps({"keys": [RSA.public]}).encode(),
        RSA.public["n"].encode(),
        KEY.encode(),  # that of the installation, which is in production
    ]
    for algorithm in ("HS256", "none", "nOnE", "RS256", "HS512"):
        for named in ({}, {"kid": "one"}):
            for secret in secrets:
                header = {"alg": algorithm, "typ": "JWT", **named}
                await target.refuses(
                    by_hand(header, payload, secret),
                    by_hand(header, {**payload, "iss": "terrace"}, secret),
                )
    await target.refuses(
        target.issuer.token(RSA, iss="terrace"),
        target.issuer.token(STRANGE),
        sign(KEY, Role.HQ, "x", hours=1, now=datetime.now(UTC)),
    )
    await target.lives()


async def test_what_another_installation_admits_is_nothing_here(
    target: Target, addresses: Addresses
) -> None:
    async with new_house(addresses) as other, issuing(RSA) as elsewhere:
        key = await create_key(other.database, "core", [Grant.READ_PERSONAL], 30, OPERATOR)
        await target.refuses(
            key.text,
            elsewhere.token(RSA),  # the same key, in the name of another issuer
            target.issuer.token(RSA, aud="terrace-of-another-bank"),
            target.issuer.token(RSA, aud=["terrace-of-another-bank"]),
            sign(
                "the key of another installation...", Role.HQ, "x", hours=1, now=datetime.now(UTC)
            ),
        )
    await target.lives()


async def test_no_name_of_a_key_leads_anywhere(target: Target) -> None:
    before = target.issuer.asked
    names = [*EVERY, "", "one\0", "ONE", " one", "one ", "x" * 3_000, 7, ["one"], {"a": "one"}]
    payload = jwt.decode(target.issuer.token(RSA), options={"verify_signature": False})
    for name in names:
        header = {"alg": "RS256", "typ": "JWT", "kid": name}
        await target.refuses(by_hand(header, payload, None))
        if isinstance(name, str) and len(name) <= LONGEST_SAFE:
            await target.refuses(target.issuer.token(RSA, headers={"kid": name}))
    assert target.issuer.asked <= before + 2
    assert not [line for line in target.command.lines() if line["level"] == "error"]
    await target.lives()


async def test_a_genuine_token_that_says_strange_things_harms_nobody(target: Target) -> None:
    for text in EVERY[::3]:
        token = target.issuer.token
        await target.refuses(token(RSA, role=text), token(RSA, sub=text))
        await target.refuses(token(RSA, role="risk", sub="x", branch=text))
        for claim in ("sub", "jti", "scope", "channel"):
            strange = token(RSA, **{"role": "integrator", "sub": "x", claim: text})
            status = await target.status(f"Bearer {strange}")
            fits = text.isprintable() and len(text) <= 128
            if claim in ("sub", "jti"):
                assert status == (200 if fits else 401), (claim, text)
            else:
                assert status == (401 if claim == "channel" else 200) or len(text) > LONGEST_SAFE
    lines = target.command.log.read_text(encoding="utf-8").splitlines()
    assert all(json.loads(line)["level"] != "error" for line in lines)
    await target.lives()


async def test_only_one_credential_in_one_place_is_taken(target: Target) -> None:
    good = target.issuer.token(RSA)
    base = f"http://127.0.0.1:{target.command.port}/graphql"
    query = "query={viewer{role}}"
    for parameters in (f"token={good}", f"access_token={good}", f"authorization=Bearer%20{good}"):
        assert (await target.client.get(f"{base}?{query}&{parameters}")).status_code == 401
        async with target.socket(f"/graphql?{parameters}") as socket:
            await socket.send('{"type":"connection_init"}')
            assert (await closed(socket))[0] == 4403
    bearer = ("Authorization", f"Bearer {good}")
    bad = ("Authorization", "Bearer x")
    for twice in ([bearer, bearer], [bearer, bad], [bad, bearer]):
        answer = await target.client.post(base, json=VIEWER, headers=twice)
        assert answer.status_code == 401
        async with target.socket(additional_headers=twice) as socket:
            await socket.send('{"type":"connection_init"}')
            assert (await closed(socket))[0] == 4403
    for other in (
        ("Cookie", f"token={good}; Authorization=Bearer {good}"),
        ("Proxy-Authorization", f"Bearer {good}"),
        ("X-Authorization", f"Bearer {good}"),
        ("Authorization", f"Basic {good}"),
        ("Authorization", f"Bearer {good},"),
        ("Authorization", f"Bearer {good} {good}"),
        ("Authorization", good),
    ):
        assert (await target.client.post(base, json=VIEWER, headers=[other])).status_code == 401
    assert good not in target.command.log.read_text()
    await target.lives()


async def test_headers_without_end_are_refused_before_they_have_come(target: Target) -> None:
    for start, piece in (
        (b"Authorization: Bearer ", b"x" * 65_536),  # one that does not end
        (b"", b"x: y\r\n" * 10_000),  # many that do
        (b"X", b"x" * 65_536),  # the name of one
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", target.command.port)
        writer.write(b"POST /graphql HTTP/1.1\r\nHost: x\r\n" + start)
        sent = 0
        answer = asyncio.create_task(reader.read(10_000))
        with contextlib.suppress(ConnectionError):
            while not answer.done() and sent < MOST:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0)
                sent += 1
        assert sent < MOST, f"32 MB of {start!r} were taken"
        with contextlib.suppress(ConnectionError):
            told = await answer
            assert not told or re.match(rb"HTTP/1\.1 4(00|31) ", told)
        writer.close()
    await target.lives()


async def test_a_token_is_over_on_a_live_socket_and_opens_no_other(target: Target) -> None:
    token = target.issuer.token(RSA, exp=int(time.time()) + 3)
    caller = Caller(target.command, token)
    async with caller.silent_socket() as socket:
        assert (await caller.ask())[0] == 200  # it is remembered from now on
        code, reason = await closed(socket)
        assert code == 4403
        assert reason in (
            "Forbidden: the token expired",
            "Forbidden: The token was refused: expired",
        )
    assert await caller.refused() == "expired"
    async with target.socket() as again:
        await again.send(json.dumps({"type": "connection_init", "payload": {"token": token}}))
        assert await closed(again) == (4403, "Forbidden: The token was refused: expired")
    await target.lives()

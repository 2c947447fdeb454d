"""Tokens of an issuer: what is taken, what is not, and what becomes of its keys."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from api import jwks
from api.claims import ClaimNames
from api.issuer import IssuedTokens, verifying_key
from api.jwks import PublishedKeys
from domain.actors import Channel, Grant, Role
from domain.claims import Claims, NotAdmitted
from tests.api.issuing import Issuer, Pair, issuing

RSA, EC, ED = Pair.new("rsa"), Pair.new("ec", "ES256"), Pair.new("ed", "EdDSA")
OTHER = Pair.new("rsa")


def write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


@dataclass
class Door:
    """The keys of an issuer, and what verifies by them; its clocks can be moved on."""

    issuer: Issuer
    keys: PublishedKeys
    tokens: IssuedTokens
    ahead: float = 0.0

    async def takes(self, token: str) -> Claims:
        return await self.tokens.verified(token, time.time())

    async def refuses(self, token: str, reason: str) -> None:
        with pytest.raises(NotAdmitted) as refused:
            await self.takes(token)
        assert str(refused.value) == reason
        assert token not in str(refused.value)


@asynccontextmanager
async def door(
    issuer: Issuer,
    folder: Path,
    *,
    names: ClaimNames | None = None,
    source: str | None = None,
    stale: float = 3600.0,
) -> AsyncIterator[Door]:
    made: Door

    def clock() -> float:
        return time.time() + made.ahead

    def ticks() -> float:
        return time.monotonic() + made.ahead

    keys = PublishedKeys(
        issuer.name,
        source,
        folder / "jwks.json",
        every_seconds=3600,
        stale_seconds=stale,
        write=write,
        clock=clock,
        ticks=ticks,
    )
    tokens = IssuedTokens(issuer.name, "terrace-api", keys, names or ClaimNames())
    made = Door(issuer, keys, tokens)
    async with keys.kept_current():
        yield made


@pytest.mark.parametrize("pair", [RSA, EC, ED], ids=lambda pair: pair.algorithm)
async def test_each_algorithm_is_taken(pair: Pair, tmp_path: Path) -> None:
    async with issuing(RSA, EC, ED) as issuer, door(issuer, tmp_path) as opened:
        claims = await opened.takes(issuer.token(pair, jti="t-1"))
        assert (claims.role, claims.subject) == (Role.MANAGER, "M1")
        assert (claims.channel, claims.token_id) == (Channel.WEB, "t-1")


async def test_what_a_token_says_is_found_where_the_installation_says(tmp_path: Path) -> None:
    names = ClaimNames("realm.roles", "staff", "https://bank/channel", "office", "scp")
    said: dict[str, Any] = {
        "role": None,
        "channel": None,
        "realm": {"roles": ["offline_access", "risk"]},
        "staff": "R7",
        "https://bank/channel": "Call Centre",
        "office": "B1",
    }
    async with issuing(RSA) as issuer, door(issuer, tmp_path, names=names) as opened:
        claims = await opened.takes(issuer.token(RSA, **said))
        assert (claims.role, claims.subject, claims.branch) == (Role.RISK, "R7", "B1")
        assert claims.channel is Channel.CALL_CENTRE
        said["realm"] = {"roles": ["integrator"]}
        assert (await opened.takes(issuer.token(RSA, **said))).grants == frozenset()
        granted = issuer.token(RSA, **said, scp="openid feeds read:internal write:all")
        assert (await opened.takes(granted)).grants == {Grant.FEEDS, Grant.READ_INTERNAL}
        said["realm"] = {"roles": ["hq", "auditor"]}
        await opened.refuses(issuer.token(RSA, **said), "more than one role")


async def test_a_token_of_staff_says_whose_it_is_where_that_is_looked_for(tmp_path: Path) -> None:
    names = ClaimNames(subject="office", person="preferred_username")
    async with issuing(RSA) as issuer, door(issuer, tmp_path, names=names) as opened:
        said: dict[str, Any] = {"role": "branch", "office": "B1"}
        found = await opened.takes(issuer.token(RSA, **said, preferred_username="Li.Hua"))
        assert (found.subject, found.person) == ("B1", "Li.Hua")
        assert found.actor(2).human == found.actor(2).human.lower() == "li.hua"
        await opened.refuses(
            issuer.token(RSA, **said), "missing person, whom a token of staff must name"
        )
        assert (await opened.takes(issuer.token(RSA, role="customer", office="C1"))).person == ""


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"aud": "another"}, "wrong audience"),
        ({"aud": None}, "missing aud"),
        ({"iss": "https://elsewhere"}, "wrong issuer"),
        ({"exp": 1}, "expired"),
        ({"exp": None}, "missing exp"),
        ({"iat": None}, "missing iat"),
        ({"iat": 99_999_999_999}, "issued in the future"),
        ({"nbf": 99_999_999_999}, "not valid yet"),
        ({"role": "root"}, "unknown role"),
        ({"role": None}, "missing role"),
        ({"sub": None}, "missing subject, which a manager's token must name"),
        ({"channel": "telex"}, "unknown channel"),
        ({"headers": {"kid": "unknown"}}, "unknown key"),
        ({"headers": {"kid": "ec"}}, "unknown key"),  # another kind of key than the algorithm's
        ({"headers": {"kid": "../../etc/passwd"}}, "unknown key"),
        ({"headers": {"kid": "' or 1=1 --"}}, "unknown key"),
        ({"headers": {"crit": ["exp"]}}, "malformed"),
        ({"headers": {"typ": "logout+jwt"}}, "not an access token"),
        ({"filler": "x" * 5000}, "too long"),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_a_token_that_is_not_for_us_is_refused(
    changes: dict[str, Any], reason: str, tmp_path: Path
) -> None:
    async with issuing(RSA, EC) as issuer, door(issuer, tmp_path) as opened:
        await opened.refuses(issuer.token(RSA, **changes), reason)
        await opened.takes(issuer.token(RSA))


async def test_an_audience_among_others_is_ours(tmp_path: Path) -> None:
    async with issuing(RSA) as issuer, door(issuer, tmp_path) as opened:
        await opened.takes(issuer.token(RSA, aud=["another", "terrace-api"]))


async def test_signatures_of_others_are_refused(tmp_path: Path) -> None:
    async with issuing(RSA) as issuer, door(issuer, tmp_path) as opened:
        await opened.refuses(issuer.token(OTHER), "bad signature")
        token = issuer.token(RSA)
        head, payload, signature = token.split(".")
        forged = payload[:-4] + ("AAAA" if payload[-4:] != "AAAA" else "BBBB")
        with pytest.raises(NotAdmitted):
            await opened.takes(f"{head}.{forged}.{signature}")
        await opened.refuses(f"{head}.{payload}.", "bad signature")


def unsigned(issuer: Issuer, header: dict[str, Any], sign: Any = lambda text: b"") -> str:
    payload = jwt.decode(issuer.token(RSA), options={"verify_signature": False})
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=")
        for part in (header, payload)
    ]
    text = b".".join(parts)
    return (text + b"." + base64.urlsafe_b64encode(sign(text)).rstrip(b"=")).decode()


async def test_no_token_chooses_how_it_is_verified(tmp_path: Path) -> None:
    public = RSA.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def by_public_key(text: bytes) -> bytes:
        return hmac.new(public, text, hashlib.sha256).digest()

    mine = Pair.new("mine")
    async with issuing(RSA) as issuer, door(issuer, tmp_path) as opened:
        for name in ("none", "None", "NONE", "HS256", "RS512", "PS256", "", None, 7, ["RS256"]):
            header = {"alg": name, "kid": "rsa", "typ": "JWT"}
            with pytest.raises(NotAdmitted):
                await opened.takes(unsigned(issuer, header, by_public_key))
        brought: list[dict[str, Any]] = [
            {"jwk": mine.public},
            {"jku": f"{issuer.name}/mine", "kid": "mine"},
            {"x5u": f"{issuer.name}/mine", "kid": "mine"},
            {"kid": ["rsa"]},
        ]
        asked = issuer.asked
        for headers in brought:
            token = unsigned(issuer, {"alg": "RS256", **headers})
            with pytest.raises(NotAdmitted):
                await opened.takes(token)
        assert issuer.asked <= asked + 1  # for the name that is unknown, and nothing else


async def test_a_token_without_a_name_is_verified_if_one_key_fits(tmp_path: Path) -> None:
    async with issuing(RSA, EC) as issuer, door(issuer, tmp_path) as opened:
        nameless = issuer.token(RSA, headers={"kid": None})
        await opened.takes(nameless)
        issuer.keys.append(Pair.new("second").public)
        await opened.keys.look()
        await opened.refuses(nameless, "the header must name one of the issuer's keys")


@pytest.mark.parametrize(
    "member",
    [
        Pair.new("weak", bits=1024).public,
        {**RSA.public, "use": "enc"},
        {**RSA.public, "key_ops": ["sign"]},
        {**RSA.public, "alg": "RS512"},
        {**EC.public, "alg": "RS256"},
        {"kty": "oct", "k": "c2VjcmV0", "kid": "shared"},
        json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(RSA.private)) | {"kid": "private"},
        {"kty": "RSA", "kid": "rsa"},
        {**RSA.public, "kid": 7},
        json.loads(
            jwt.algorithms.ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP384R1()).public_key())
        ),
        "a key",
        None,
    ],
    ids=[
        "weak",
        "for encryption",
        "to sign",
        "RS512",
        "RS256 on a curve",
        "shared",
        "private",
        "empty",
        "named by a number",
        "P-384",
        "text",
        "nothing",
    ],
)
def test_a_member_that_is_no_key_to_verify_with_is_left_out(member: object) -> None:
    assert verifying_key(member) is None


async def test_new_keys_are_found_and_withdrawn_ones_forgotten(tmp_path: Path) -> None:
    new = Pair.new("new")
    async with issuing(RSA) as issuer, door(issuer, tmp_path) as opened:
        await opened.takes(issuer.token(RSA))
        before, asked = opened.tokens.epoch, issuer.asked
        issuer.keys = [new.public]
        opened.ahead += jwks.AGAIN_SECONDS
        await opened.takes(issuer.token(new))
        assert issuer.asked == asked + 1
        assert opened.tokens.epoch != before  # what was verified by other keys is verified anew
        await opened.refuses(issuer.token(RSA), "unknown key")


async def test_an_issuer_that_withdraws_every_key_admits_nobody(tmp_path: Path) -> None:
    async with issuing(RSA) as issuer, door(issuer, tmp_path) as opened:
        await opened.takes(issuer.token(RSA))
        issuer.keys = []
        await opened.keys.look()
        await opened.refuses(issuer.token(RSA), "unknown key")


async def test_all_who_come_while_new_keys_are_fetched_wait_for_them(tmp_path: Path) -> None:
    new = Pair.new("new")
    async with issuing(RSA) as issuer, door(issuer, tmp_path) as opened:
        await opened.takes(issuer.token(RSA))
        issuer.keys = [new.public]
        opened.ahead += jwks.AGAIN_SECONDS
        asked = issuer.asked
        await asyncio.gather(*[opened.takes(issuer.token(new)) for _ in range(20)])
        assert issuer.asked == asked + 1


async def test_keys_that_grew_old_are_looked_at_by_who_needs_them(tmp_path: Path) -> None:
    async with issuing(RSA) as issuer, door(issuer, tmp_path, stale=60.0) as opened:
        await opened.takes(issuer.token(RSA))
        opened.ahead += 61
        await opened.takes(issuer.token(RSA))


async def test_the_watch_outlives_what_it_does_not_understand(tmp_path: Path) -> None:
    async with issuing(RSA) as issuer:
        issuer.discovery = {"jwks_uri": "http://127.0.0.1:1/" + "x" * 70_000}
        async with door(issuer, tmp_path) as opened:
            await opened.refuses(issuer.token(RSA), "the issuer's keys are not known at the moment")
            issuer.discovery = {}
            opened.ahead += jwks.AGAIN_SECONDS
            await opened.takes(issuer.token(RSA))


async def test_an_invented_name_asks_the_issuer_only_now_and_then(tmp_path: Path) -> None:
    async with issuing(RSA) as issuer, door(issuer, tmp_path) as opened:
        await opened.takes(issuer.token(RSA))
        asked = issuer.asked
        for number in range(20):
            await opened.refuses(issuer.token(RSA, headers={"kid": f"k{number}"}), "unknown key")
        assert issuer.asked == asked
        opened.ahead += jwks.AGAIN_SECONDS
        await opened.refuses(issuer.token(RSA, headers={"kid": "k"}), "unknown key")
        assert issuer.asked == asked + 1


async def test_the_kept_keys_admit_while_the_issuer_is_away(tmp_path: Path) -> None:
    async with issuing(RSA) as issuer:
        async with door(issuer, tmp_path) as opened:
            await opened.takes(issuer.token(RSA))
        kept = json.loads((tmp_path / "jwks.json").read_text())
        assert [member["kid"] for member in kept["keys"]] == ["rsa"]
    async with door(issuer, tmp_path, stale=60.0) as opened:  # nobody listens there any more
        await opened.takes(issuer.token(RSA))
        first = opened.tokens.epoch
        opened.ahead += 61
        await opened.refuses(issuer.token(RSA), "the issuer's keys are not known at the moment")
        assert opened.tokens.epoch != first
    issuer.port += 1  # kept keys are of the issuer they were kept for
    async with door(issuer, tmp_path) as opened:
        await opened.refuses(issuer.token(RSA), "the issuer's keys are not known at the moment")


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (b"[]", 200),
        (b"{}", 200),
        (b"nonsense", 200),
        (b"\xff", 200),
        (b'{"keys": [' + b"null, " * 100 + b"null]}", 200),
        (b'{"filler": "' + b"x" * 600_000 + b'"}', 200),
        (json.dumps({"keys": [RSA.public]}).encode(), 302),
        (json.dumps({"keys": [RSA.public]}).encode(), 500),
    ],
    ids=["list", "empty", "text", "bytes", "many", "large", "moved", "broken"],
)
async def test_an_answer_that_is_no_key_set_changes_nothing(
    answer: bytes, status: int, tmp_path: Path
) -> None:
    async with issuing(RSA) as issuer, door(issuer, tmp_path) as opened:
        await opened.takes(issuer.token(RSA))
        issuer.answer, issuer.status = answer, status
        await opened.keys.look()
        await opened.takes(issuer.token(RSA))


@pytest.mark.parametrize(
    "discovery",
    [{"issuer": "https://elsewhere"}, {"jwks_uri": 5}, {"jwks_uri": "file:///etc/passwd"}],
    ids=str,
)
async def test_a_discovery_document_that_leads_astray_is_not_followed(
    discovery: dict[str, Any], tmp_path: Path
) -> None:
    async with issuing(RSA) as issuer:
        issuer.discovery = discovery
        async with door(issuer, tmp_path) as opened:
            await opened.refuses(issuer.token(RSA), "the issuer's keys are not known at the moment")
            assert issuer.asked == 0


async def test_the_keys_can_lie_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.write_text(json.dumps({"keys": [EC.public]}))
    async with issuing() as issuer, door(issuer, tmp_path, source=str(path)) as opened:
        await opened.takes(issuer.token(EC))
        assert issuer.asked == 0


@pytest.mark.parametrize("kept", ["", "[]", '{"issuer": 5}', "\x00", '{"seen_at": "x"}'])
async def test_a_damaged_file_is_as_good_as_none(kept: str, tmp_path: Path) -> None:
    (tmp_path / "jwks.json").write_text(kept)
    async with issuing(RSA) as issuer, door(issuer, tmp_path) as opened:
        await opened.takes(issuer.token(RSA))

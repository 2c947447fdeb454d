"""An OpenID Connect issuer on a free port: discovery, keys, tokens."""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ALGORITHMS = {"RS256": jwt.algorithms.RSAAlgorithm, "ES256": jwt.algorithms.ECAlgorithm}


@dataclass
class Pair:
    """A key of the issuer with its public half as a member of a JWK set."""

    kid: str
    algorithm: str
    private: Any

    @classmethod
    def new(cls, kid: str, algorithm: str = "RS256", *, bits: int = 2048) -> "Pair":
        made: Any = {
            "RS256": lambda: rsa.generate_private_key(65537, bits),
            "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
            "EdDSA": ed25519.Ed25519PrivateKey.generate,
        }[algorithm]()
        return cls(kid, algorithm, made)

    @property
    def public(self) -> dict[str, Any]:
        key = self.private.public_key()
        if self.algorithm == "EdDSA":
            raw = key.public_bytes(Encoding.Raw, PublicFormat.Raw)
            x = base64.urlsafe_b64encode(raw).decode().rstrip("=")
            member = {"kty": "OKP", "crv": "Ed25519", "x": x}
        else:
            member = json.loads(ALGORITHMS[self.algorithm].to_jwk(key))
        member.pop("key_ops", None)
        return {**member, "kid": self.kid, "use": "sig", "alg": self.algorithm}


@dataclass
class Issuer:
    """What it publishes now, and how often it was asked for its keys."""

    port: int = 0
    keys: list[dict[str, Any]] = field(default_factory=list)
    asked: int = 0
    answer: bytes | None = None
    status: int = 200
    discovery: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"http://127.0.0.1:{self.port}/realm"

    def token(self, pair: Pair, headers: dict[str, Any] | None = None, **changes: Any) -> str:
        now = int(time.time())
        payload = {
            "iss": self.name,
            "aud": "terrace-api",
            "iat": now,
            "exp": now + 300,
            "sub": "M1",
            "role": "manager",
            "channel": "web",
        }
        said = {name: value for name, value in (payload | changes).items() if value is not None}
        named = {"kid": pair.kid} if headers is None or "kid" not in headers else {}
        given = {name: value for name, value in (headers or {}).items() if value is not None}
        return jwt.encode(said, pair.private, pair.algorithm, headers=named | given)

    def body(self, path: str) -> bytes:
        if path.endswith("/.well-known/openid-configuration"):
            known = {"issuer": self.name, "jwks_uri": f"{self.name}/keys"}
            return json.dumps(known | self.discovery).encode()
        self.asked += 1
        return json.dumps({"keys": self.keys}).encode() if self.answer is None else self.answer

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        body = self.body(head.split(b" ")[1].decode())
        start = f"HTTP/1.1 {self.status} -\r\ncontent-length: {len(body)}\r\nconnection: close"
        writer.write(start.encode() + b"\r\n\r\n" + body)
        await writer.drain()
        writer.close()


@asynccontextmanager
async def issuing(*pairs: Pair, port: int = 0) -> AsyncIterator[Issuer]:
    """An issuer that publishes these keys."""
    issuer = Issuer(keys=[pair.public for pair in pairs])
    server = await asyncio.start_server(issuer.serve, "127.0.0.1", port)
    issuer.port = server.sockets[0].getsockname()[1]
    try:
        yield issuer
    finally:
        server.close()
        await server.wait_closed()

"""The database's login roles: one for each kind of scope, one that writes, one that seals.

Groups (`terrace_manager`, ...) are shared by all databases of a server and carry the grants; each
database has login roles of its own in them, whose passwords follow from the installation's key.
"""

import base64
import hashlib
import hmac

from domain.actors import Scope

WRITER = "writer"
SEALER = "sealer"
"""Reads the audit trail and adds seals to it."""
GROUPS: dict[str, str] = {
    **{scope.value: f"terrace_{scope.value}" for scope in Scope},
    WRITER: "terrace_writer",
    SEALER: "terrace_sealer",
}

_MAX_NAME = 63
_SCRAM_ROUNDS = 4096


def login_name(kind: str, database: str) -> str:
    """The login role of a kind (`manager`, `writer`, ...) in a database of the server."""
    name = f"{GROUPS[kind]}__{database}"
    if len(name.encode()) > _MAX_NAME:
        name = f"{GROUPS[kind]}__{hashlib.sha256(database.encode()).hexdigest()[:24]}"
    return name


def login_password(key: str, kind: str, database: str) -> str:
    """The password of that role; nobody has to store it, who knows the key can derive it."""
    message = f"database role {kind} of {database}".encode()
    return hmac.new(key.encode(), message, hashlib.sha256).hexdigest()


def key_digest(key: str) -> str:
    """What tells one key from another and nothing about it."""
    return hmac.new(key.encode(), b"which key this is", hashlib.sha256).hexdigest()


def scram_verifier(password: str, salt: bytes) -> str:
    """What PostgreSQL stores of a password, so that the password itself is in no statement.

    Source: RFC 5802 (SCRAM), RFC 7677 (SHA-256), PostgreSQL's `pg_authid.rolpassword`.
    """
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _SCRAM_ROUNDS)
    stored = hashlib.sha256(hmac.new(salted, b"Client Key", hashlib.sha256).digest()).digest()
    server = hmac.new(salted, b"Server Key", hashlib.sha256).digest()
    salt64, stored64, server64 = (base64.b64encode(x).decode() for x in (salt, stored, server))
    return f"SCRAM-SHA-256${_SCRAM_ROUNDS}:{salt64}${stored64}:{server64}"

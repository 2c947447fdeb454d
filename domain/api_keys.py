"""API keys of integrators: how they look, and what is kept of them.

A key reads `trc_<prefix>_<secret><checksum>`. The prefix names the key in lists and logs, the
secret is 256 random bits, the checksum tells a mistyped or invented key without asking anybody.
Only the SHA-256 of the whole is stored: nothing of that size can be guessed back, and who reads
the table cannot use what is in it.
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass

START = "trc_"
_PREFIX_BYTES = 5  # 8 letters
_SECRET_BYTES = 32
_FORM = re.compile(r"trc_([a-z2-7]{8})_([A-Za-z0-9_-]{43})([0-9a-f]{8})", re.ASCII)


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key as it is shown once, and what is kept of it."""

    prefix: str
    digest: bytes
    text: str


def new_key() -> NewKey:
    """A new random key."""
    prefix = base64.b32encode(secrets.token_bytes(_PREFIX_BYTES)).decode().lower()
    body = f"{START}{prefix}_{secrets.token_urlsafe(_SECRET_BYTES)}"
    text = body + _checksum(body)
    return NewKey(prefix, digest_of(text), text)


def prefix_of(text: str) -> str | None:
    """The prefix of a key that may be one of ours; None for a text that cannot be."""
    found = _FORM.fullmatch(text)
    if found is None or not hmac.compare_digest(_checksum(text[:-8]), found[3]):
        return None
    return found[1]


def digest_of(text: str) -> bytes:
    """What is stored of a key."""
    return hashlib.sha256(text.encode()).digest()


def _checksum(body: str) -> str:
    return f"{binascii.crc32(body.encode()):08x}"

"""A chain of hashes: each link holds for everything that came before it.

Whoever knows one link can tell whether anything up to it was changed, taken away, put in or moved.
Of a whole chain that was computed anew, only a link that was kept elsewhere can tell.
"""

import hashlib
import re
from dataclasses import dataclass

_FORM = re.compile(r"([0-9]{1,18}):([0-9a-f]{64})\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Link:
    """A place in a chain, counted from 1, and the hash of everything up to it."""

    position: int
    hash: bytes

    def next(self, content: str) -> "Link":
        """The link of what comes next: SHA-256 over this hash (32 bytes) and the text in UTF-8."""
        return Link(self.position + 1, hashlib.sha256(self.hash + content.encode()).digest())

    def __str__(self) -> str:
        """POSITION:HASH, as an anchor is written down."""
        return f"{self.position}:{self.hash.hex()}"

    @classmethod
    def parse(cls, text: str) -> "Link":
        """Read POSITION:HASH; raises ValueError."""
        found = _FORM.match(text)
        if found is None:
            raise ValueError(f"'{text[:90]}' is no POSITION:HASH with a hash of 64 digits 0-9, a-f")
        return cls(int(found[1]), bytes.fromhex(found[2]))


BEGINNING = Link(0, bytes(32))
"""What the first link follows."""

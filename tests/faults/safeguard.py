"""What a safeguard is, and what goes red without it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Safeguard:
    """`text` of a file is replaced by `without`; then `proof` must fail."""

    why: str
    file: str
    text: str
    without: str
    proof: str

"""What the running task is doing: the request or job that its log lines and spans belong to."""

import itertools
import re
import secrets
from contextvars import ContextVar

_SANE = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_process = secrets.token_hex(6)
_numbers = itertools.count(1)


class Doing:
    """A request or a job. What is learnt of it on the way is set on it, and log lines have it."""

    __slots__ = ("hash", "id", "kind", "label", "operation", "role")

    def __init__(self, label: str, identifier: str) -> None:
        """`label` is the id's name in the log: `request_id` or `job_id`."""
        self.label = label
        self.id = identifier
        self.operation: str | None = None
        self.kind: str | None = None
        self.role: str | None = None
        self.hash: str | None = None

    def fields(self) -> dict[str, str]:
        """What is known of it, for a log line."""
        found = {self.label: self.id}
        for name in ("operation", "kind", "role"):
            value = getattr(self, name)
            if value is not None:
                found[name] = value
        return found


CURRENT: ContextVar[Doing | None] = ContextVar("doing", default=None)
"""What the running task does; None outside of requests and jobs."""


def new_id() -> str:
    """An id that no other request or job has, of this process or another."""
    return f"{_process}-{next(_numbers):x}"


def request_id(given: bytes | None) -> str:
    """The id a caller gave, if it is up to 64 letters, digits, `.`, `_` and `-`; else a new one."""
    if given is not None and _SANE.fullmatch(given):
        return given.decode()
    return new_id()

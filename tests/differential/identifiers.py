"""Identifiers and cursors as the plain side writes and reads them."""

import base64
import json
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from tests.differential.refusals import bad_cursor, bad_id
from tests.differential.rows import Row

KEYS = {
    "AuditEntry": ("audit", ("id",)),
    "Account": ("account", ("customer_id", "id")),
    "Approval": ("approval", ("id",)),
    "ApiKey": ("api_key", ("id",)),
    "Branch": ("branch", ("id",)),
    "Correction": ("correction", ("customer_id", "id")),
    "Customer": ("customer", ("id",)),
    "Manager": ("manager", ("id",)),
    "Revocation": ("revocation", ("id",)),
    "RiskSignal": ("risk_signal", ("customer_id", "id")),
    "TierChange": ("tier_change", ("customer_id", "id")),
    "TierPolicy": ("tier_policy", ("version",)),
    "TierPolicyPreview": ("policy_preview", ("id",)),
}
"""Where the rows of a type are, and the columns that its identifiers name."""


def encoded(text: str) -> str:
    """Text in base64."""
    return base64.b64encode(text.encode()).decode()


def id_of(row: Row) -> str:
    """The identifier of a row."""
    _, columns = KEYS[row.kind]
    return encoded(f"{row.kind}:{'.'.join(str(row[column]) for column in columns)}")


def read_id(given: str) -> tuple[str, tuple[int, ...]]:
    """Type and numbers of an identifier; raises INVALID_ID."""
    try:
        text = base64.b64decode(given, validate=True).decode()
    except ValueError:
        raise bad_id() from None
    found = re.fullmatch(r"([A-Za-z]+):([0-9]{1,18}(?:\.[0-9]{1,18})?)", text)
    if found is None or encoded(text) != given:
        raise bad_id()
    numbers = found[2].split(".")
    if any(str(int(number)) != number for number in numbers):
        raise bad_id()
    return found[1], tuple(map(int, numbers))


def key_of(kind: str, given: str) -> int | None:
    """The number that an identifier of a type holds; None, which no row has, for another type."""
    found, numbers = read_id(given)
    return numbers[0] if found == kind and len(numbers) == 1 else None


def said(value: Any) -> str:
    """A sort value as PostgreSQL writes it."""
    if not isinstance(value, datetime):
        return str(value)
    return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}".rstrip("0").rstrip(".") + "+00"


class Cursors:
    """The cursors of one installation.

    What tells the cursors of one connection and order from others is a few letters that are the
    engine's own affair; they are learned from its first pages. All else is written here.
    """

    def __init__(self, marks: dict[str, str]) -> None:
        self.marks = marks

    def write(self, order: str, values: list[Any]) -> str:
        """The cursor of a row by its sort values."""
        mark = self.marks.get(order, "unknown")
        return encoded(json.dumps([mark, *map(said, values)], ensure_ascii=False))

    def read(self, order: str, cursor: str, kinds: Sequence[Callable[[str], Any]]) -> list[Any]:
        """The sort values; raises INVALID_CURSOR for any other text."""
        try:
            found = json.loads(base64.b64decode(cursor, validate=True))
            mark, *values = found
            if mark != self.marks.get(order) or len(values) != len(kinds):
                raise ValueError("of another order")
            return [kind(value) for kind, value in zip(kinds, values, strict=True)]
        except (ValueError, TypeError):
            raise bad_cursor() from None

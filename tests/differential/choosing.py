"""Filters in plain Python: whether one row meets a `where`."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from domain.names import folded
from tests.differential.approvals import state_of
from tests.differential.figures import latest
from tests.differential.identifiers import key_of
from tests.differential.refusals import refused
from tests.differential.rows import Row, View

Look = Callable[[View, Row], Any]
Given = Mapping[str, Any]


def column(name: str) -> Look:
    """The value of a column."""
    return lambda view, row: row[name]


def _vip_status(view: View, row: Row) -> str:
    now = latest(view, row["id"])
    return "NON_MEMBER" if now is None else now["status"]


def _tier(view: View, row: Row) -> str | None:
    now = latest(view, row["id"])
    return None if now is None else now["tier"]


def _responsible(view: View, row: Row) -> int | None:
    seen = view.where("manager", id=row["responsible_id"])
    return seen[0]["id"] if seen else None


def is_valid(row: Row) -> bool:
    """Whether a key opens anything now."""
    return row["revoked_at"] is None and row["expires_at"] > datetime.now(UTC)


LOOKS: dict[str, dict[str, Look]] = {
    "account": {
        "number": column("number"),
        "productClass": column("product_class"),
        "currency": column("currency"),
        "openedOn": column("opened_on"),
        "closedOn": column("closed_on"),
        "balance": column("balance"),
        "balanceAsOf": column("balance_as_of"),
    },
    "customer": {
        "number": column("number"),
        "name": column("name"),
        "kind": column("kind"),
        "status": column("status"),
        "branch": column("branch_id"),
        "manager": lambda view, row: row["manager_id"] or None,
        "vipStatus": _vip_status,
        "tier": _tier,
        "search": column("search_key"),
        "phone": lambda view, row: shown_end(row["phone"]),
    },
    "manager": {
        "number": column("number"),
        "name": column("name"),
        "branch": column("branch_id"),
        "active": column("active"),
    },
    "tier_change": {
        "kind": column("kind"),
        "customer": column("customer_id"),
        "manager": _responsible,
        "branch": column("branch_id"),
        "effectiveFrom": column("effective_from"),
        "toStatus": column("to_status"),
        "toTier": column("to_tier"),
        "fromStatus": column("from_status"),
        "fromTier": column("from_tier"),
        "recordedAt": column("recorded_at"),
    },
    "audit": {
        "principal": column("principal"),
        "role": lambda view, row: row["role"].upper(),
        "channel": column("channel"),
        "origin": column("origin"),
        "action": column("action"),
        "subject": column("subject"),
        "businessDate": column("business_date"),
        "recordedAt": column("recorded_at"),
    },
    "approval": {
        "kind": column("kind"),
        "state": lambda view, row: state_of(row),
        "subject": column("subject"),
        "customer": column("customer_id"),
        "branch": column("branch_id"),
        "requestedBy": column("requested_by"),
        "requestedAt": column("requested_at"),
        "decidedBy": column("decided_by"),
    },
    "risk_signal": {
        "severity": column("severity"),
        "state": column("state"),
        "code": column("code"),
        "facts": column("facts"),
        "reportedAt": column("reported_at"),
        "customer": column("customer_id"),
        "branch": column("branch_id"),
    },
    "correction": {
        "state": column("state"),
        "month": column("month"),
        "postedIn": column("posted_in"),
        "fromStatus": column("from_status"),
        "fromTier": column("from_tier"),
        "toStatus": column("to_status"),
        "toTier": column("to_tier"),
        "recordedAt": column("recorded_at"),
        "customer": column("customer_id"),
        "branch": column("branch_id"),
    },
    "api_key": {
        "integrator": column("integrator"),
        "prefix": column("prefix"),
        "valid": lambda view, row: is_valid(row),
    },
    "revocation": {
        "role": lambda view, row: row["role"] and row["role"].upper(),
        "subject": column("bearer"),
        "tokenId": column("token_id"),
        "inForce": lambda view, row: row["lifted_at"] is None,
    },
    "policy_preview_customer": {
        "movement": column("movement"),
        "fromStatus": column("from_status"),
        "fromTier": column("from_tier"),
        "toStatus": column("to_status"),
        "toTier": column("to_tier"),
        "manager": column("manager_id"),
        "branch": column("branch_id"),
        "customer": column("customer_id"),
    },
}
"""What each member of each filter looks at."""

REFERENCES = {"branch": "Branch", "manager": "Manager", "customer": "Customer"}

TESTS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda value, given: value == given,
    "in": lambda value, given: value in given,
    "gt": lambda value, given: value > given,
    "gte": lambda value, given: value >= given,
    "lt": lambda value, given: value < given,
    "lte": lambda value, given: value <= given,
    "between": lambda value, given: given["from"] <= value <= given["to"],
    "contains": lambda value, given: given.lower() in value.lower(),
    "startsWith": lambda value, given: value.startswith(given),
    "found": lambda value, given: given in value,
    "endsWith": lambda value, given: value.endswith(given),
}


def resolved(where: Given | None, references: Mapping[str, str] = REFERENCES) -> dict[str, Any]:
    """The filter with keys for identifiers; raises for those that are none, whatever rows exist."""
    if where is None:
        return {}
    found: dict[str, Any] = {}
    for name, given in where.items():
        if given is None:
            continue
        if name in ("and", "or"):
            found[name] = [resolved(part) for part in given]
        elif name == "not":
            found[name] = resolved(given)
        elif name == "search":
            found[name] = {"found": _needle(given)}
        elif name == "phone":
            found[name] = {"endsWith": _digits(given.get("endsWith"))}
        elif name in references:
            found[name] = _keys(references[name], given)
        else:
            found[name] = given
    return found


def shown_end(phone: str | None) -> str | None:
    """The digits of a telephone number that are shown to everyone."""
    return None if phone is None else phone[len(phone) - min(4, max(len(phone) - 7, 0)) :]


def _needle(given: str) -> str:
    """What is looked for in a customer's search key: few letters only where a word begins."""
    needle = folded(given)
    if not needle:
        raise refused("a search needs at least one letter or digit")
    return f" {needle}" if len(needle) <= 2 and needle.isascii() else needle


def _digits(given: str | None) -> str | None:
    if given is not None and not re.fullmatch("[0-9]{1,4}", given):
        raise refused(
            "the end of a telephone number is given as 1 to 4 digits: a masked number shows no more"
        )
    return given


def _keys(kind: str, tests: Given) -> dict[str, Any]:
    read: dict[str, Any] = {}
    for name, given in tests.items():
        if isinstance(given, list):
            read[name] = [_key(kind, one) for one in given]
        else:
            read[name] = None if given is None else _key(kind, given)
    return read


def _key(kind: str, given: str) -> int:
    key = key_of(kind, given)
    return -1 if key is None else key


def meets(view: View, table: str, row: Row, where: Given) -> bool:
    """Whether the row meets every condition."""
    for name, given in where.items():
        if name == "and":
            holds = all(meets(view, table, row, part) for part in given)
        elif name == "or":
            holds = any(meets(view, table, row, part) for part in given)
        elif name == "not":
            holds = not meets(view, table, row, given)
        else:
            holds = passes(LOOKS[table][name](view, row), given)
        if not holds:
            return False
    return True


def passes(value: Any, tests: Given) -> bool:
    """Whether a value passes every test; a missing one passes none but `eq: null`."""
    for name, given in tests.items():
        if given is None:
            if name == "eq" and value is not None:
                return False
        elif value is None or not TESTS[name](value, given):
            return False
    return True


def chosen(view: View, table: str, rows: list[Row], where: Given | None) -> list[Row]:
    """The rows that meet a filter."""
    conditions = resolved(where)
    return [row for row in rows if meets(view, table, row, conditions)]

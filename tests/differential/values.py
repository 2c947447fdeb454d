"""Argument values: taken from the data, altered a little, or from nowhere."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta, timezone
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    get_nullable_type,
    is_required_input_field,
)

from tests.differential.identifiers import KEYS, Cursors, encoded, id_of
from tests.differential.paging import (
    BY_APPROVAL,
    BY_CORRECTION,
    BY_KEY,
    BY_MANAGER,
    BY_POSITION,
    BY_PREVIEW,
    BY_REVOCATION,
    BY_SIGNAL,
    BY_TOUCHED,
    NEWEST_FIRST,
    Ordering,
    customers_by,
)
from tests.differential.rows import Row, Rows

TABLES = {
    "AccountFilter": "account",
    "CustomerFilter": "customer",
    "ManagerFilter": "manager",
    "TierChangeFilter": "tier_change",
    "RiskSignalFilter": "risk_signal",
    "ApprovalFilter": "approval",
    "CorrectionFilter": "correction",
    "ApiKeyFilter": "api_key",
    "RevocationFilter": "revocation",
    "AuditEntryFilter": "audit",
    "PolicyPreviewCustomerFilter": "policy_preview_customer",
    "CustomerKey": "customer",
    "ManagerKey": "manager",
}
COLUMNS = {
    "balanceAsOf": "balance_as_of",
    "openedOn": "opened_on",
    "businessDate": "business_date",
    "closedOn": "closed_on",
    "toTier": "to_tier",
    "tier": "tier",
    "subject": "bearer",
    "tokenId": "token_id",
    "requestedBy": "requested_by",
    "decidedBy": "decided_by",
}
PAGED = {
    "customers": "customer",
    "managers": "manager",
    "tierChanges": "tier_change",
    "riskSignals": "risk_signal",
    "approvals": "approval",
    "corrections": "correction",
    "apiKeys": "api_key",
    "revocations": "revocation",
    "auditEntries": "audit",
    "tierPolicyPreviews": "policy_preview",
    "touchedCustomers": "policy_preview_customer",
}
FIXED = {
    "managers": BY_MANAGER,
    "tierChanges": BY_POSITION,
    "riskSignals": BY_SIGNAL,
    "approvals": BY_APPROVAL,
    "corrections": BY_CORRECTION,
    "apiKeys": BY_KEY,
    "revocations": BY_REVOCATION,
    "auditEntries": NEWEST_FIRST,
    "tierPolicyPreviews": BY_PREVIEW,
    "touchedCustomers": BY_TOUCHED,
}
BAD_IDS = ["", "garbage", "Q3VzdG9tZXI6", "Q3VzdG9tZXI6MDE=", "Q3VzdG9tZXI6MQ", "张"]
BAD_CURSORS = ["", "x", "WyJhIiwgImIiXQ==", "bnVsbA==", "e30=", "张"]
UNREADABLE = {
    "Month": ["2025-13", "2025-1", "x", "2025-01-01", ""],
    "Date": ["2025-02-30", "20250101", "", "1.1.2025"],
    "Decimal": ["1e3", "1,5", "", "1.234", "NaN"],
}


class EnumValue(str):
    """The name of an enumeration's value; as JSON it is text, in a document it is bare."""


@dataclass
class Values:
    """Draws values for arguments. `faulty` is the share of those that a field refuses.

    A field is given one of them at the most: which of several it would tell of is its own affair.
    """

    dice: random.Random
    rows: Rows
    cursors: Cursors
    faulty: float = 0.0
    spared: bool = False

    def fault(self) -> bool:
        """Whether the next value is to be a faulty one."""
        if self.spared or not self.faulty or self.dice.random() >= self.faulty:
            return False
        self.spared = True
        return True

    # Leaves

    def identifier(self, kind: str | None = None) -> str:
        """An identifier of a row, mostly of a type; sometimes of another or of nothing."""
        if self.fault():
            return self.dice.choice(BAD_IDS)
        chance = self.dice.random()
        if kind is None or chance < 0.06:
            kind = self.dice.choice([*KEYS])
        rows = self.rows.tables[KEYS[kind][0]]
        if chance > 0.92 or not rows:
            given = [f"{kind}:999999", f"{kind}:1.1.1"[: len(kind) + 4], f"{kind}:0", "Nothing:1"]
            return encoded(self.dice.choice([*given, f"{kind}:{2**31}", f"{kind}:{10**17}"]))
        return id_of(self.dice.choice(rows))

    def text(self, owner: str, member: str) -> str:
        """A text of the column that a filter member looks at, or a piece of it."""
        if member == "phone":
            return self.dice.choice(["", "12345", "1a"] if self.fault() else self._phone_ends())
        if member == "search":
            if self.fault():
                return self.dice.choice(["", " ", "!"])
            member = self.dice.choice(["name", "number"])
            piece = self.text(owner, member)
            return piece if any(map(str.isalnum, piece)) else "a"
        table = (
            "tier" if member in ("tier", "toTier", "fromTier") else TABLES.get(owner, "customer")
        )
        column = "code" if table == "tier" else member
        known = [row[column] for row in self.rows.tables[table] if row.get(column) is not None]
        chance = self.dice.random()
        if chance < 0.12 or not known:
            return self.dice.choice(["", "nobody", "%", "_", "\\", "'", '"', "张", "É", "a"])
        whole: str = self.dice.choice(known)
        if chance < 0.55:
            return whole
        start = self.dice.randint(0, len(whole))
        piece = whole[start : self.dice.randint(start, len(whole))]
        if chance < 0.75:
            piece = self.dice.choice([whole[:start], whole[start:]])
        return self.dice.choice([piece, piece.swapcase(), piece.upper()])

    def _phone_ends(self) -> list[str]:
        phones = [row["phone"] for row in self.rows.tables["customer"] if row["phone"]]
        ends = [phone[-self.dice.randint(1, 4) :] for phone in phones]
        return [end for end in ends if end.isdigit()] or ["1"]

    def instant(self, owner: str, member: str) -> str:
        """An instant of the data, in one zone or another, or any."""
        table, column = {
            "recordedAt": (TABLES.get(owner, "tier_change"), "recorded_at"),
            "reportedAt": ("risk_signal", "reported_at"),
            "requestedAt": ("approval", "requested_at"),
        }[member]
        known = [row[column] for row in self.rows.tables[table]]
        if not known or self.dice.random() < 0.2:
            return self.dice.choice(["2025-01-01T00:00:00Z", "2999-12-31T23:59:59.999999+08:00"])
        zone = timezone(timedelta(hours=self.dice.choice([0, 8, -5])))
        moment: str = self.dice.choice(known).astimezone(zone).isoformat()
        return moment

    def month(self) -> str:
        """A month, most often one that was closed, or is open."""
        if self.fault():
            return self.dice.choice(UNREADABLE["Month"])
        far = ["1999-12", "2024-12", "2025-11", "2026-06", "2999-12", "1900-01"]
        near = [f"2025-{month:02}" for month in range(1, 11)]
        return self.dice.choice(far if self.dice.random() < 0.15 else near)

    def date(self, owner: str, member: str) -> str:
        """A day of the data, or any."""
        if self.fault():
            return self.dice.choice(UNREADABLE["Date"])
        column = COLUMNS.get(member, member)
        table = "audit" if column == "business_date" else "account"
        known = [r[column] for r in self.rows.tables[table] if r.get(column) is not None]
        if not known or self.dice.random() < 0.2:
            return self.dice.choice(["2025-03-09", "1900-01-01", "2999-12-31", "2024-02-29"])
        return str(self.dice.choice(known))

    def decimal(self, owner: str, member: str) -> str:
        """An amount of the data, or any."""
        if self.fault():
            return self.dice.choice(UNREADABLE["Decimal"])
        known = [str(row["balance"]) for row in self.rows.tables["account"]]
        if not known or self.dice.random() < 0.3:
            return self.dice.choice(["0", "-0.00", "0.1", "123456.78", "9" * 16, "-1"])
        return self.dice.choice(known)

    # Inputs

    def member(self, type_: Any, owner: str, member: str, depth: int = 2) -> Any:
        """A value for a member of an input type."""
        type_ = get_nullable_type(type_)
        if isinstance(type_, GraphQLList):
            item = type_.of_type
            if self.dice.random() < 0.05:
                return self.member(item, owner, member, depth)  # one stands for a list of one
            count = self.dice.choice([0, 1, 1, 2, 2, 3, 5])
            return [self.member(item, owner, member, depth) for _ in range(count)]
        if isinstance(type_, GraphQLEnumType):
            return EnumValue(self.dice.choice([*type_.values]))
        if isinstance(type_, GraphQLInputObjectType):
            return self.object(type_, owner, member, depth)
        leaves: dict[str, Callable[[], Any]] = {
            "ID": lambda: self.identifier(_kind_of(owner, member)),
            "String": lambda: self.text(owner, member),
            "Boolean": lambda: self.dice.random() < 0.5,
            "Month": self.month,
            "DateTime": lambda: self.instant(owner, member),
            "Date": lambda: self.date(owner, member),
            "Decimal": lambda: self.decimal(owner, member),
            "Int": lambda: self.dice.choice([1, 2, 3, 12, 120]),
        }
        return leaves[type_.name]()

    def object(self, type_: GraphQLInputObjectType, owner: str, member: str, depth: int) -> Any:
        """An input object: a key, an order, a filter, or the conditions on one value."""
        if type_.is_one_of:
            name = self.dice.choice([*type_.fields])
            return {name: self.member(type_.fields[name].type, type_.name, name)}
        filters = type_.name in TABLES
        inner = type_.name if filters else owner
        fields = [
            name for name in type_.fields if not (name in ("and", "or", "not") and depth <= 0)
        ]
        if "not" in fields:
            fields.append("not")  # twice as often: what is unknown must not come back by it
        counts = [0, *[1] * 6, 2, 2, 3] if filters else [0, *[1] * 8, 2]
        if type_.name == "CustomerOrder":
            counts = [0, 1, 2, 2, 2]
        count = min(self.dice.choice(counts), len(fields))
        found: dict[str, Any] = {}
        needed = [name for name in type_.fields if is_required_input_field(type_.fields[name])]
        for name in [*needed, *self.dice.sample(fields, 0 if needed else count)]:
            of = type_.fields[name]
            nullable = get_nullable_type(of.type) is of.type
            if nullable and self.dice.random() < (0.04 if filters else 0.07):
                found[name] = None
            else:
                nested = depth - 1 if name in ("and", "or", "not") else depth
                found[name] = self.member(of.type, inner, name if filters else member, nested)
        return found

    # Pages

    def ordering(self, field: str, order_by: Any) -> Ordering:
        """The order in which a connection lists its rows."""
        return FIXED[field] if field in FIXED else customers_by(order_by)

    def cursor(self, field: str, order_by: Any) -> str | None:
        """The cursor of any row there is, or None when there is none."""
        if self.fault():
            return self.dice.choice(BAD_CURSORS)
        if self.fault():
            field = self.dice.choice([*PAGED])
        ordering = self.ordering(field, order_by)
        rows: list[Row] = [
            row for row in self.rows.tables[PAGED[field]] if None not in ordering.key(row)
        ]
        if not rows:
            return None
        return self.cursors.write(ordering.name, ordering.key(self.dice.choice(rows)))

    def size(self) -> int:
        """A page's size."""
        if self.fault():
            return self.dice.choice([0, -1, 101, 2**31 - 1])
        return self.dice.choice([1, 1, 2, 2, 3, 3, 5, 8, 13, 24, 25, 26, 27, 50, 100])


def _kind_of(owner: str, member: str) -> str | None:
    if member == "id":
        kinds = {"CustomerKey": "Customer", "ManagerKey": "Manager"}
        return {**kinds, "tierPolicyPreview": "TierPolicyPreview"}.get(owner)
    return {"branch": "Branch", "manager": "Manager", "customer": "Customer"}.get(member)

"""All rows of an installation, read once with plain SELECTs, and which of them an actor may see.

Nothing here knows of plans or of the engine: whose rows a caller sees is said a second time, in
Python, row by row.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from domain.actors import Actor
from tests.house import House

KINDS = {
    "branch": "Branch",
    "manager": "Manager",
    "tier_policy": "TierPolicy",
    "tier": "Tier",
    "customer": "Customer",
    "account": "Account",
    "tier_change": "TierChange",
    "risk_signal": "RiskSignal",
    "correction": "Correction",
    "calendar": "BusinessCalendar",
    "aum": "",
    "standing": "Standing",
    "replayed_standing": "",
    "special_grant": "",
    "feed_source": "Feed",
    "feed_day": "",
    "feed": "",
    "api_key": "ApiKey",
    "revocation": "Revocation",
    "audit": "AuditEntry",
    "audit_seal": "AuditSeal",
    "policy_preview": "TierPolicyPreview",
    "policy_preview_customer": "PolicyPreviewCustomer",
    "corrections_made": "",
    "approval": "Approval",
}
"""Every table that is read, and the published type that its rows are shown as."""

OPEN = ("branch", "tier_policy", "tier", "calendar", "feed_source", "feed_day", "feed")
OPEN += ("corrections_made",)
UNION = ("policy_preview", "policy_preview_customer")
INTERNAL = ("risk_signal", "approval", "correction")
CONFIGURATION = ("api_key", "revocation")
TRAIL = ("audit", "audit_seal")


class Row(dict[str, Any]):
    """A row by its columns, which knows the name of its published type."""

    def __init__(self, kind: str, values: Any) -> None:
        super().__init__(values)
        self.kind = kind


@dataclass
class Rows:
    """All rows by table."""

    tables: dict[str, list[Row]]

    @property
    def calendar(self) -> Row:
        return self.tables["calendar"][0]


async def load(house: House) -> Rows:
    """Read everything there is, as the writer, who sees every row, and the trail as an auditor."""
    tables = {}
    for name, kind in KINDS.items():
        read = house.trail if name in TRAIL else house.fetch
        found = await read(f"select * from terrace.{name} order by 1, 2")
        tables[name] = [Row(kind, dict(row)) for row in found]
    return Rows(tables)


def sees(actor: Actor, table: str, row: Row, rows: Rows) -> bool:
    """Whether the actor may see one row."""
    role, own = str(actor.role), actor.scope_id
    if table in OPEN:
        return True
    if table in CONFIGURATION:
        return role in ("administrator", "auditor")
    if table in TRAIL:
        return role == "auditor"
    if role in ("hq", "risk", "auditor"):
        return True
    if role in ("integrator", "administrator") or table in UNION:
        return False
    if table == "manager":
        if role == "customer":
            return any(
                c["id"] == own and c["manager_id"] == row["id"] for c in rows.tables["customer"]
            )
        return bool(row["id" if role == "manager" else "branch_id"] == own)
    if role == "manager":
        return bool(row["manager_id"] == own)
    if role == "branch":
        return bool(row["branch_id"] == own)
    return table not in INTERNAL and row["id" if table == "customer" else "customer_id"] == own


@dataclass
class View:
    """What one actor sees."""

    rows: Rows
    actor: Actor
    _tables: dict[str, list[Row]] = field(default_factory=dict)
    _indexes: dict[tuple[str, ...], dict[tuple[Any, ...], list[Row]]] = field(default_factory=dict)

    def all(self, table: str) -> list[Row]:
        """The rows of a table that the actor sees."""
        if table not in self._tables:
            self._tables[table] = [
                row for row in self.rows.tables[table] if sees(self.actor, table, row, self.rows)
            ]
        return self._tables[table]

    def where(self, table: str, **values: Any) -> list[Row]:
        """Those with these values."""
        columns = (table, *values)
        if columns not in self._indexes:
            index: dict[tuple[Any, ...], list[Row]] = {}
            for row in self.all(table):
                index.setdefault(tuple(row[name] for name in values), []).append(row)
            self._indexes[columns] = index
        return self._indexes[columns].get(tuple(values.values()), [])

    def one(self, table: str, **values: Any) -> Row | None:
        """The only one with these values, if there is one."""
        found = self.where(table, **values)
        assert len(found) <= 1, (table, values)
        return found[0] if found else None

    @property
    def calendar(self) -> Row:
        return self.rows.calendar

    @cached_property
    def figures(self) -> list[Row]:
        """The AUM figures of every month, carried to the business date."""
        from tests.differential.feeds import lacks_feed
        from tests.differential.figures import aum_figures

        found = aum_figures(self.all("aum"), self.calendar)
        for figure in found:
            open_still = figure["complete"] and not figure["final"]
            if open_still and lacks_feed(
                self, figure["customer_id"], figure["month"], figure["as_of"]
            ):
                figure["complete"] = False
        return found

    @cached_property
    def figures_by_customer(self) -> dict[int, list[Row]]:
        """The same by customer, oldest first."""
        return grouped(sorted(self.figures, key=lambda row: row["month"]), "customer_id")

    @cached_property
    def standings_by_customer(self) -> dict[int, list[Row]]:
        """Standings for months up to the open one by customer, oldest first."""
        opened = self.calendar["open_month"]
        rows = [s for s in self.all("standing") if opened is not None and s["month"] <= opened]
        return grouped(sorted(rows, key=lambda row: row["month"]), "customer_id")


def grouped(rows: Iterable[Row], column: str) -> dict[int, list[Row]]:
    """The rows by the value of a column, in their order."""
    found: dict[int, list[Row]] = {}
    for row in rows:
        found.setdefault(row[column], []).append(row)
    return found

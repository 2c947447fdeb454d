"""The state of an installation as text, without clocks, ids of events and, if wanted, positions."""

import hashlib
from typing import Any

from tests.faults.servers import World

LEAVES_OUT = ("recorded_at", "cutoff_at", "closed_at", "marked_at", "id", "epoch")
DUMPED = (
    *("aum_figure", "standing", "tier_change", "replayed_standing", "correction", "calendar"),
    "balance",
)
"""Figures as they read: the rows below them lie as of the day of the last recompute."""
CUSTOMERS = """select row(id, number, status, manager_id)::text as line
    from terrace.customer order by id"""


async def dump(
    world: World, *, positions: bool, tables: tuple[str, ...] = DUMPED
) -> dict[str, Any]:
    """The rows of each table in the order of their customers, as text."""
    found: dict[str, Any] = {}
    leaves_out = [*LEAVES_OUT, *(() if positions else ("position",))]
    for table in tables:
        columns = [
            row["column_name"]
            for row in await world.fetch(
                """select column_name from information_schema.columns where table_schema = 'terrace'
                and table_name = $1 and column_name <> all($2::text[]) order by 1""",
                table,
                leaves_out,
            )
        ]
        text = ", ".join(f'"{column}"' for column in columns)
        order = "1" if table == "calendar" else "t.customer_id, t::text"
        if table == "tier_change":  # of one customer, in their order
            order = "t.customer_id, t.position, t.id"
        rows = await world.fetch(
            f"select row({text})::text as line from terrace.{table} t order by {order}"
        )
        found[table] = [row["line"] for row in rows]
    customers = (
        "select row(id, number, status, manager_id)::text as line from terrace.customer order by id"
    )
    found["customer"] = [row["line"] for row in await world.fetch(customers)]
    return found


def compared(name: str, found: dict[str, Any], expected: dict[str, Any]) -> list[str]:
    """The tables that differ, with a row of each."""
    problems = []
    for table, rows in expected.items():
        if found[table] != rows:
            only = [row for row in found[table] if row not in set(rows)][:1]
            missing = [row for row in rows if row not in set(found[table])][:1]
            problems.append(f"{name}: {table} differs: {only} instead of {missing}"[:900])
    return problems


def digest(found: dict[str, Any]) -> str:
    """A short name of a state."""
    return hashlib.sha256(repr(sorted(found.items())).encode()).hexdigest()[:12]

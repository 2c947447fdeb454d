"""Connections in plain Python: sort everything, then cut."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.differential.identifiers import Cursors
from tests.differential.refusals import refused
from tests.differential.rows import Row


@dataclass(frozen=True)
class Ordering:
    """An order by columns: its name among the marks, and which way."""

    name: str
    columns: tuple[str, ...]
    kinds: tuple[Callable[[str], Any], ...]
    descending: bool = False

    def key(self, row: Row) -> list[Any]:
        return [row[column] for column in self.columns]


BY_POSITION = Ordering("tierChanges", ("position",), (int,))
BY_SIGNAL = Ordering("riskSignals", ("id",), (int,))
BY_APPROVAL = Ordering("approvals", ("id",), (int,), descending=True)
BY_CORRECTION = Ordering("corrections", ("id",), (int,))
BY_KEY = Ordering("apiKeys", ("id",), (int,))
BY_REVOCATION = Ordering("revocations", ("id",), (int,))
NEWEST_FIRST = Ordering(
    "auditEntries", ("recorded_at", "id"), (datetime.fromisoformat, int), descending=True
)
BY_PREVIEW = Ordering("tierPolicyPreviews", ("id",), (int,), descending=True)
BY_TOUCHED = Ordering("touchedCustomers", ("customer_id",), (int,))
BY_MANAGER = Ordering("managers", ("number",), (str,))


def customers_by(order: dict[str, str] | None) -> Ordering:
    """The order of a list of customers."""
    field, direction = (order or {}).get("field", "NUMBER"), (order or {}).get("direction", "ASC")
    columns = ("number",) if field == "NUMBER" else ("name", "number")
    name = f"customers {field} {direction}"
    return Ordering(name, columns, (str,) * len(columns), direction == "DESC")


def page(
    rows: Callable[[], Iterable[Row]],
    ordering: Ordering,
    cursors: Cursors,
    *,
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
) -> Row:
    """A connection: one page of the rows, and what lies around it."""
    if (first is None) == (last is None):
        raise refused("give either first or last, between 1 and 100")
    if first is not None and before is not None:
        raise refused("first goes with after; before goes with last")
    if last is not None and after is not None:
        raise refused("last goes with before; after goes with first")
    size = first if first is not None else last
    assert size is not None
    if not 1 <= size <= 100:
        raise refused(f"first and last take 1 to 100, not {size}")
    cursor = after if first is not None else before
    start = None
    if cursor is not None:
        start = cursors.read(ordering.name, cursor, list(ordering.kinds))
    everything = sorted(rows(), key=ordering.key, reverse=ordering.descending)
    shown = everything
    if start is not None:
        later = (first is not None) != ordering.descending
        shown = [row for row in shown if later_than(ordering.key(row), start, later=later)]
    cut = shown[:size] if first is not None else shown[-size:]
    more, came_from = len(shown) > size, len(shown) < len(everything)
    edges = [
        Row("", {"cursor": cursors.write(ordering.name, ordering.key(row)), "node": row})
        for row in cut
    ]
    around = {
        "has_next_page": more if first is not None else came_from,
        "has_previous_page": came_from if first is not None else more,
        "start_cursor": edges[0]["cursor"] if edges else None,
        "end_cursor": edges[-1]["cursor"] if edges else None,
    }
    connection = {"edges": edges, "nodes": cut, "total_count": len(everything)}
    return Row("", {**connection, "page_info": Row("PageInfo", around)})


def later_than(key: list[Any], start: list[Any], *, later: bool) -> bool:
    """Whether a row lies strictly beyond a cursor."""
    return key > start if later else key < start

"""Loading an institution's reference data: branches, managers, customers, accounts, rates.

Every load is an upsert in one transaction: a row that says what is stored already changes nothing,
not even a mark; a changed one marks the customers whose figures follow from it. What a row refers
to must be there. Balances have a module of their own, `load_balances`.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import asyncpg

from domain.actors import Actor
from repository.calendar import Calendar, CalendarError, audit, share_ledger
from repository.database import Connection, Database
from repository.ledger import MESSAGES as LEDGER_MESSAGES
from repository.ledger import Rejection, horizon
from repository.statements import sql

T = TypeVar("T")
Rows = Sequence[tuple[Any, ...]]

MESSAGES = {
    **LEDGER_MESSAGES,
    "UNKNOWN_BRANCH": "there is no branch with this code",
    "CIRCULAR_PARENT": "a branch cannot lie under itself or under one of its own branches",
    "UNKNOWN_MANAGER": "there is no manager with this number",
    "MANAGER_HAS_CUSTOMERS": "the manager still has customers in the former branch: "
    "hand them over first",
    "MANAGER_OF_OTHER_BRANCH": "the manager belongs to another branch than the customer",
    "UNKNOWN_CUSTOMER": "there is no customer with this number",
    "CUSTOMER_TERMINATED": "the relation with this customer has ended: no account can be added",
    "ACCOUNT_FIXED": "the account has balances: its customer and currency cannot change any more",
    "HOME_CURRENCY": "this is the home currency: its rate is always 1",
}
_TRIES = 5
_CLASHES = (
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.ForeignKeyViolationError,  # a handover moved the customer after it was looked up
)


@dataclass(frozen=True, slots=True)
class Loaded:
    """What came of rows: `unchanged` were stored already; a rejection's place is its line."""

    recorded: int = 0
    unchanged: int = 0
    rejections: list[Rejection] = field(default_factory=list)


async def load(
    database: Database, kind: str, rows: Rows, *, actor: Actor, source: str, future_days: int
) -> Loaded:
    """Load rows of a kind: tuples of the line and the columns' values, in the columns' order.

    Raises CalendarError with the code MONTH_CLOSING while a close would miss what is loaded.
    """
    if not rows:
        return Loaded()

    async def once() -> Loaded:
        async with database.unit() as connection:
            await connection.execute(sql("one_loader"))
            calendar = await share_ledger(connection)
            refuse_while_closing(kind, calendar)
            await connection.execute(sql("loading_settings"))
            loaded = await _load(connection, kind, rows, calendar, future_days)
            if loaded.recorded:
                detail = {"rows": loaded.recorded, "lines": [rows[0][0], rows[-1][0]]}
                await audit(connection, actor, f"{kind}.import", source, detail)
            return loaded

    return await persistently(once)


def refuse_while_closing(kind: str, calendar: Calendar) -> None:
    """Raise CalendarError when a close is running that the kind's rows would disturb."""
    if calendar.closing is not None and kind in ("customers", "accounts", "rates"):
        raise CalendarError(
            f"{calendar.closing} is being closed: {kind} cannot be imported now; "
            "try again when it is over",
            "MONTH_CLOSING",
        )


async def persistently(work: Callable[[], Awaitable[T]]) -> T:
    """Do a transaction again when another one got in its way; the last try's error is raised."""
    for _ in range(_TRIES - 1):
        try:
            return await work()
        except _CLASHES:
            continue
    return await work()


async def _load(
    connection: Connection, kind: str, rows: Rows, calendar: Calendar, future_days: int
) -> Loaded:
    if kind == "branches":
        return await _load_branches(connection, rows)
    columns = [list(column) for column in zip(*rows, strict=True)]
    more: tuple[Any, ...] = ()
    if kind == "rates":
        more = (horizon(calendar, future_days), calendar.home_currency)
    answer = await connection.fetch(sql(f"load_{kind}"), *columns, *more)
    totals = answer[-1]
    return Loaded(
        totals["recorded"],
        totals["unchanged"],
        [_rejection(row["line"], row["refused"]) for row in answer[:-1]],
    )


def _rejection(line: int, code: str) -> Rejection:
    return Rejection(line, code, MESSAGES[code])


@dataclass(slots=True)
class _Branch:
    """A branch as it is to be; `id` is None until it is stored."""

    line: int
    name: str
    parent: str | None
    id: int | None = None
    changed: bool = True


async def _load_branches(connection: Connection, rows: Rows) -> Loaded:
    """Store branches, parents before children in whatever order they come.

    An institution's branches are few: they are put in order here, all of them at once.
    """
    stored = await connection.fetch(sql("known_branches"))
    code_of = {row["id"]: row["code"] for row in stored}
    tree = {
        row["code"]: _Branch(0, row["name"], code_of.get(row["parent_id"]), row["id"], False)
        for row in stored
    }
    last = {code: line for line, code, _, _ in rows}  # a later line for the same code wins
    asked = {row[1]: row for row in rows if row[0] == last[row[1]]}
    rejections: list[Rejection] = []
    for code, (line, _, name, parent) in _parents_first(asked, tree):
        known = tree.get(code)
        if parent is not None and parent not in tree:
            circular = _leads_to(code, parent, {c: row[3] for c, row in asked.items()})
            rejections.append(_rejection(line, "CIRCULAR_PARENT" if circular else "UNKNOWN_BRANCH"))
        elif known is None:
            tree[code] = _Branch(line, name, parent)
        elif _leads_to(code, parent, {c: branch.parent for c, branch in tree.items()}):
            rejections.append(_rejection(line, "CIRCULAR_PARENT"))
        elif (known.name, known.parent) != (name, parent):
            tree[code] = _Branch(line, name, parent, known.id)
    await _store_branches(connection, tree)
    refused = {rejection.place for rejection in rejections}
    kept = [code for _, code, _, _ in rows if last[code] not in refused]
    recorded = sum(tree[code].changed for code in kept)
    superseded = [
        Rejection(line, rejection.code, rejection.message)
        for rejection in rejections
        for line, code, _, _ in rows
        if last[code] == rejection.place
    ]
    return Loaded(recorded, len(kept) - recorded, superseded)


def _parents_first(
    asked: dict[str, Any], tree: dict[str, _Branch]
) -> list[tuple[str, tuple[int, str, str, str | None]]]:
    """The rows by code, each after that of its parent if there is one, else in their order."""
    ordered: dict[str, Any] = {}
    for code in asked:
        path: list[str] = []
        step: str | None = code
        while step in asked and step not in ordered and step not in path:
            path.append(step)
            step = asked[step][3]
        for each in reversed(path):
            ordered[each] = asked[each]
    return list(ordered.items())


def _leads_to(code: str, parent: str | None, parent_of: dict[str, str | None]) -> bool:
    """Whether going up from `parent` comes to `code`."""
    seen: set[str] = set()
    while parent is not None and parent not in seen:
        if parent == code:
            return True
        seen.add(parent)
        parent = parent_of.get(parent)
    return False


async def _store_branches(connection: Connection, tree: dict[str, _Branch]) -> None:
    """Write what is new or changed, level by level: a parent's key must be there first."""
    waiting = {code: branch for code, branch in tree.items() if branch.id is None}
    while waiting:
        level = {
            code: branch
            for code, branch in waiting.items()
            if branch.parent is None or branch.parent not in waiting
        }
        added = await connection.fetch(
            sql("add_branches"),
            list(level),
            [branch.name for branch in level.values()],
            [_key(tree, branch.parent) for branch in level.values()],
        )
        for row in added:
            tree[row["code"]].id = row["id"]
        waiting = {code: branch for code, branch in waiting.items() if code not in level}
    changed = [branch for branch in tree.values() if branch.changed]
    if changed:
        await connection.execute(
            sql("change_branches"),
            [branch.id for branch in changed],
            [branch.name for branch in changed],
            [_key(tree, branch.parent) for branch in changed],
        )


def _key(tree: dict[str, _Branch], parent: str | None) -> int | None:
    return None if parent is None else tree[parent].id

"""Loading an institution's reference data: branches, managers, customers, accounts, rates.

Every load is an upsert in one transaction: a row that says what is stored already changes nothing,
not even a mark; a changed one marks the customers whose figures follow from it. What a row refers
to must be there. Balances have a module of their own, `load_balances`.
"""

from typing import Any

from domain.actors import Actor
from repository.audit import audit
from repository.calendar import Calendar, CalendarError, read_calendar, share_ledger
from repository.database import FOR_A_MINUTE, Connection, Database, persistently
from repository.ledger import horizon
from repository.load_branches import load_branches
from repository.loaded import Loaded, Rows, refusal
from repository.readings import readings
from repository.statements import sql


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
            _refuse_while_closing(kind, calendar)
            await connection.execute(sql("loading_settings"))
            if kind == "accounts":
                await connection.execute(sql("lock_accounts"), sorted({row[1] for row in rows}))
            loaded = await _load(connection, kind, rows, calendar, future_days)
            if loaded.recorded:
                detail = {
                    "rows": loaded.recorded,
                    "unchanged": loaded.unchanged,
                    "rejected": len(loaded.rejections),
                    "lines": [rows[0][0], rows[-1][0]],
                }
                await audit(connection, actor, f"{kind}.import", source, detail=detail)
            return loaded

    return await persistently(once, patience=FOR_A_MINUTE)


async def check_open(database: Database, kind: str) -> None:
    """Raise CalendarError (MONTH_CLOSING) when rows of a kind cannot be loaded at present."""
    async with database.writing() as connection:
        _refuse_while_closing(kind, await read_calendar(connection))


def _refuse_while_closing(kind: str, calendar: Calendar) -> None:
    if calendar.closing is not None and kind in ("customers", "accounts", "rates"):
        raise CalendarError(
            f"{calendar.closing} is being closed: {kind} cannot be imported now; "
            "try again when it is over",
            "MONTH_CLOSING",
        )


async def _load(
    connection: Connection, kind: str, rows: Rows, calendar: Calendar, future_days: int
) -> Loaded:
    if kind == "branches":
        return await load_branches(connection, rows)
    columns = [list(column) for column in zip(*rows, strict=True)]
    more: tuple[Any, ...] = ()
    if kind == "customers":
        more = (readings(columns[2]),)
    elif kind == "rates":
        more = (horizon(calendar, future_days), calendar.home_currency)
    answer = await connection.fetch(sql(f"load_{kind}"), *columns, *more)
    totals = answer[-1]
    return Loaded(
        totals["recorded"],
        totals["unchanged"],
        [refusal(row["line"], row["refused"]) for row in answer[:-1]],
    )

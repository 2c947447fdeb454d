"""Corrections of closed months, with their evidence."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from domain.months import Month
from repository.database import Connection
from repository.statements import sql


async def first_applied_correction(connection: Connection, customer_id: int) -> Month | None:
    """The first month that a correction in force has changed."""
    month = await connection.fetchval(sql("first_applied_correction"), customer_id)
    return None if month is None else Month.of(month)


async def pending_corrections(connection: Connection, customers: Sequence[int]) -> dict[int, Month]:
    """The first month of the correction under review, for those customers who have one."""
    rows = await connection.fetch(sql("pending_corrections"), customers)
    return {row["customer_id"]: Month.of(row["month"]) for row in rows}


async def supersede_pending(connection: Connection, customer_id: int) -> None:
    """A correction still under review is taken up in a newer one."""
    await connection.execute(sql("supersede_pending_correction"), customer_id)


async def write_correction(
    connection: Connection,
    customer_id: int,
    month: Month,
    posted_in: Month,
    state: str,
    figures: Sequence[Mapping[str, str]],
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> None:
    """A correction from `month` on: old and new figures, the standing before and after."""
    await connection.execute(
        sql("write_correction"),
        customer_id,
        month.first_day,
        posted_in.first_day,
        state,
        figures,
        before,
        after,
    )


async def write_replayed_standing(
    connection: Connection, customer_id: int, month: Month, state: Mapping[str, Any]
) -> None:
    """What the close of the open month will go on from instead of the published standing."""
    await connection.execute(sql("write_replayed_standing"), customer_id, month.first_day, state)


async def terminated_on(connection: Connection, customer_id: int) -> date | None:
    """The day a customer's relation ended for good."""
    day: date | None = await connection.fetchval(sql("terminated_on"), customer_id)
    return day

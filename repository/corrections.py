"""Corrections of closed months, with their evidence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from domain.corrections import CorrectionState
from domain.months import Month
from repository.database import Connection
from repository.statements import sql

Figures = Sequence[Mapping[str, str | bool]]
"""By month, what was published and what follows from the ledger, rounded for show; and whether all
was there that it needs, without which the month is held."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a correction says: months, figures, and the open month's standing before and after.

    Two that say the same are the same correction, whatever has become of them.
    """

    month: Month  # the first that it corrects
    posted_in: Month
    figures: Figures
    before: Mapping[str, Any]
    after: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CorrectionInForce:
    """A correction that is looked at again when more comes late for its customer."""

    id: int
    state: CorrectionState
    told: Told
    approved_by: str | None


async def first_applied_correction(
    connection: Connection, customer_id: int, open_month: Month
) -> Month | None:
    """The first month that a correction in force, posted before the open month, has changed."""
    month = await connection.fetchval(
        sql("first_applied_correction"), customer_id, open_month.first_day
    )
    return None if month is None else Month.of(month)


async def corrections_in_force(
    connection: Connection, customers: Sequence[int], open_month: Month
) -> dict[int, list[CorrectionInForce]]:
    """What is under review or was applied in the open month, by customer."""
    found: dict[int, list[CorrectionInForce]] = {}
    rows = await connection.fetch(sql("corrections_in_force"), customers, open_month.first_day)
    for row in rows:
        found.setdefault(row["customer_id"], []).append(_in_force(row))
    return found


def _in_force(row: Any) -> CorrectionInForce:
    told = Told(
        Month.of(row["month"]),
        Month.of(row["posted_in"]),
        row["figures"],
        row["before"],
        row["after"],
    )
    return CorrectionInForce(row["id"], CorrectionState(row["state"]), told, row["approved_by"])


async def correction_of(
    connection: Connection, customer_id: int, correction_id: int
) -> CorrectionInForce | None:
    """One correction of a customer, whatever has become of it."""
    row = await connection.fetchrow(sql("correction_of"), customer_id, correction_id)
    return None if row is None else _in_force(row)


async def supersede(
    connection: Connection, customer_id: int, corrections: Sequence[CorrectionInForce]
) -> None:
    """These corrections are taken up in a newer one, or have nothing left to correct."""
    if corrections:
        ids = [correction.id for correction in corrections]
        await connection.execute(sql("supersede_corrections"), customer_id, ids)


async def keep_published_figures(
    connection: Connection, customer_id: int, open_month: Month, months: Sequence[Month]
) -> None:
    """Keep what was published for closed months that a correction is about to replace."""
    days = [month.first_day for month in months]
    await connection.execute(sql("keep_published_figures"), customer_id, open_month.first_day, days)


async def restore_published_figures(
    connection: Connection, customers: Sequence[int], open_month: Month
) -> None:
    """Put back what corrections in the open month replaced: figures, and where to go on from."""
    await connection.execute(sql("restore_published_figures"), customers, open_month.first_day)


async def write_correction(
    connection: Connection,
    customer_id: int,
    told: Told,
    state: CorrectionState,
    approved_by: str | None,
) -> int:
    """Write a correction with its evidence; returns its number."""
    written: int = await connection.fetchval(
        sql("write_correction"),
        customer_id,
        told.month.first_day,
        told.posted_in.first_day,
        state.value,
        told.figures,
        told.before,
        told.after,
        approved_by,
    )
    return written


async def approve_correction(
    connection: Connection, customer_id: int, correction_id: int, approved_by: str
) -> None:
    """One that waited for review is in force: somebody has allowed it."""
    await connection.execute(sql("approve_correction"), customer_id, correction_id, approved_by)


async def write_replayed_standing(
    connection: Connection, customer_id: int, month: Month, state: Mapping[str, Any]
) -> None:
    """What the close of the open month will go on from instead of the published standing."""
    await connection.execute(sql("write_replayed_standing"), customer_id, month.first_day, state)

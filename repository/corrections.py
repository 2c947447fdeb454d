"""Corrections of closed months, with their evidence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from domain.months import Month
from repository.database import Connection
from repository.statements import sql


@dataclass(frozen=True, slots=True)
class CorrectionInForce:
    """A correction that is looked at again when more comes late for its customer."""

    id: int
    month: Month  # the first that it corrects
    posted_in: Month
    state: str
    figures: Sequence[Mapping[str, str]]
    after: Mapping[str, Any]

    def says(
        self,
        posted_in: Month,
        state: str,
        figures: Sequence[Mapping[str, str]],
        after: Mapping[str, Any],
    ) -> bool:
        """Whether it is this very correction."""
        told = (self.posted_in, self.state, self.figures, self.after)
        return told == (posted_in, state, figures, after)


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
        correction = CorrectionInForce(
            row["id"],
            Month.of(row["month"]),
            Month.of(row["posted_in"]),
            row["state"],
            row["figures"],
            row["after"],
        )
        found.setdefault(row["customer_id"], []).append(correction)
    return found


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

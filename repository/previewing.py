"""Judging closed months again under a proposed policy: the engine of previews, which only reads.

`preview_span` judges the customers of one span of keys within a scope
(`repository.preview_scope`). A preview of head office does it part by part
(`repository.previews`), and so does the command `terrace simulate --policy`. `effect_of` is all
of it at once, for whoever has to tell what a policy would do as of now, before it is published.

Whom nothing happens to in any of the months is told apart in SQL and only counted; everybody else
is judged by the replay of the rules (`domain.preview`).
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from domain.aum import divisor_of
from domain.policy import TierPolicy
from domain.preview import Movement, Tally, movement, outcome, place_of
from domain.standing import Standing
from repository.calendar import CalendarError, policies, read_calendar
from repository.database import Connection, Database
from repository.past import past_of, standing_in
from repository.preview_scope import Scope, scope_of, spans
from repository.statements import sql

_AT_ONCE = 100
"""Customers judged between two looks of the loop for other work."""


@dataclass(frozen=True, slots=True)
class Otherwise:
    """A customer who would stand otherwise, with the AUM of the last month as shown."""

    customer_id: int
    manager_id: int
    branch_id: int
    movement: Movement
    before: Standing
    after: Standing
    aum_before: Decimal
    aum_after: Decimal


@dataclass(slots=True)
class Previewed:
    """What came of a part: everybody counted, and each of those who would stand otherwise."""

    tally: Tally = field(default_factory=Tally)
    otherwise: list[Otherwise] = field(default_factory=list)


async def effect_of(database: Database, policy: TierPolicy) -> Tally:
    """What a policy would do as of now: the last closed month judged under it, for all customers.

    That is what the next close would come to if every balance stayed as it was. Raises as
    `scope_of`.
    """
    async with database.writing() as connection:
        closed = (await read_calendar(connection)).last_closed
        if closed is None:
            raise CalendarError(
                "no month is closed yet that could be judged again", "NO_CLOSED_MONTH"
            )
        scope = await scope_of(connection, policy, closed, closed)
    return await tally_of(database, scope)


async def tally_of(database: Database, scope: Scope) -> Tally:
    """What comes of all customers in a scope, part by part, each as of one moment."""
    async with database.writing() as connection:
        parts = await spans(connection)
    tally = Tally()
    for first, last in parts:
        tally.add((await preview_part(database, scope, first, last)).tally)
    return tally


async def preview_part(database: Database, scope: Scope, first: int, last: int) -> Previewed:
    """Judge the customers from one key to another, as of one moment."""
    async with database.unit(one_moment=True) as connection:
        return await preview_span(connection, scope, first, last)


async def preview_span(
    connection: Connection, scope: Scope, first: int, last: int, *, one_by_one: bool = False
) -> Previewed:
    """Judge the customers from one key to another; nothing is written.

    `one_by_one` leaves nobody to SQL, which makes no difference but in time. The transaction must
    read as of one moment (`Database.unit`). Cancelled, it ends with the statement that is under
    way.
    """
    governing = scope.governing
    rows = await connection.fetch(
        sql("preview_chunk"),
        first,
        last,
        scope.first.first_day,
        scope.last.next().first_day,
        [month.first_day for month in scope.months],
        [divisor_of(month, governing) for month in scope.months],
        [tier.threshold for tier in governing.tiers],
        [tier.code for tier in governing.tiers],
        one_by_one or bool(scope.from_ledger),
        scope.lacking,
    )
    found = Previewed()
    remarkable = []
    for row in rows:
        if row["customer_id"] is None:
            place = (row["status"], row["tier"])
            found.tally.count(
                place,
                place,
                Movement.STAYS,
                customers=row["customers"],
                aum_before=row["aum_before"],
                aum_after=row["aum_after"],
            )
        else:
            remarkable.append(row)
    if remarkable:
        await _judge(connection, scope, remarkable, found)
    return found


async def _judge(
    connection: Connection, scope: Scope, rows: Sequence[Any], found: Previewed
) -> None:
    """Judge those to whom something may happen, by the rules."""
    past = await past_of(connection, scope, rows)
    governing = scope.governing
    for place, row in enumerate(rows):
        if place % _AT_ONCE == _AT_ONCE - 1:
            await asyncio.sleep(0)
        lived, aum_after = past.lived(row)
        before = standing_in(row["recorded"])
        after = outcome(lived, scope.world)
        what = movement(before, after, governing)
        found.tally.count(
            place_of(before),
            place_of(after),
            what,
            aum_before=row["aum_before"],
            aum_after=aum_after,
        )
        if what is Movement.STAYS:
            continue
        if place_of(before) != place_of(after) and row["manager_id"]:
            found.tally.managers[row["manager_id"]] += 1
        found.otherwise.append(
            Otherwise(
                row["customer_id"],
                row["manager_id"],
                row["branch_id"],
                what,
                before,
                after,
                row["aum_before"],
                aum_after,
            )
        )


async def tier_names(connection: Connection, policy: TierPolicy) -> dict[str, str]:
    """The names of a policy's tiers by their codes, and of those of the published ones."""
    published = await policies(connection)
    return {tier.code: tier.name for known in (*published, policy) for tier in known.tiers}


async def managers_named(
    connection: Connection, counted: Sequence[tuple[int, int]]
) -> list[tuple[str, str, int]]:
    """Number and name of managers who are known by their keys, with what was counted of each."""
    rows = await connection.fetch(sql("managers_named"), [key for key, _ in counted])
    known = {row["id"]: (row["number"], row["name"]) for row in rows}
    return [(*known[key], count) for key, count in counted if key in known]

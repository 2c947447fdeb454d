"""Which feeds are expected, and the days that were marked complete.

Whoever changes any of it owns the ledger: no close can begin, no figure of a closed month can be
written meanwhile, so that what a close has found complete stays so until it is over.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from domain.actors import Actor
from domain.feeds import FeedSource, Gap, check_days, gaps
from domain.months import Month, months_between
from domain.products import ProductClass
from repository.audit import Facts, audit
from repository.calendar import Calendar, CalendarError, own_ledger, read_calendar
from repository.database import Connection, Database, persistently
from repository.held import post_some
from repository.statements import sql


@dataclass(frozen=True, slots=True)
class Marked:
    """What became of days: so many are complete now that were not so before, or were already."""

    marked: int
    already: int

    def __str__(self) -> str:
        """One line for people."""
        return f"{self.marked} days marked complete, {self.already} were so already"


@dataclass(frozen=True, slots=True)
class FeedMonth:
    """A source in a month: days that are complete, and missing ones up to the business date."""

    source: FeedSource
    complete: int
    missing: list[Gap]


async def register(database: Database, source: FeedSource, actor: Actor) -> bool:
    """Expect a source; whether anything changed. One that is there can get another name and end.

    Raises CalendarError: SOURCE_FIXED for other changes; MONTH_CLOSED or MONTH_CLOSING for one
    that would change what was expected in a month that is closed or being closed.
    """

    async def once() -> bool:
        async with database.unit() as connection:
            await own_ledger(connection)
            calendar = await read_calendar(connection)
            known = await _find(connection, source.code)
            if known == source:
                return False
            if known is None:
                first = source.since
            elif (known.classes, known.since) != (source.classes, source.since):
                raise CalendarError(
                    f"{source.code} is there with other classes or another first day: "
                    "let it end, and add a source of another code",
                    "SOURCE_FIXED",
                )
            else:
                first = _next_change(known, source)
            _refuse_judged(first, calendar)
            await connection.execute(
                sql("register_feed"),
                source.code,
                source.name,
                sorted(source.classes),
                source.since,
                source.until,
                actor.principal,
            )
            await connection.execute(sql("refresh_feeds"))
            await audit(
                connection,
                actor,
                "feed.register",
                source.code,
                before=None if known is None else _told(known),
                after=_told(source),
            )
            return True

    return await persistently(once)


def _told(source: FeedSource) -> Facts:
    return {
        "name": source.name,
        "classes": sorted(source.classes),
        "since": source.since,
        "until": source.until,
    }


def _next_change(known: FeedSource, source: FeedSource) -> date:
    """The first day that is expected of only one of two sources that begin on the same day."""
    ends = [until for until in (known.until, source.until) if until is not None]
    return date.max if known.until == source.until else min(ends) + timedelta(days=1)


def _refuse_judged(first: date, calendar: Calendar) -> None:
    """Refuse a change of what is expected from a day on that a close has gone by, or goes by."""
    _refuse_closing(first, calendar)
    if calendar.last_closed is not None and first <= calendar.last_closed.last_day:
        raise CalendarError(
            f"{calendar.last_closed} is closed: what was expected in it stays as it was",
            "MONTH_CLOSED",
        )


def _refuse_closing(first: date, calendar: Calendar) -> None:
    if calendar.closing is not None and first <= calendar.closing.last_day:
        raise CalendarError(
            f"{calendar.closing} is being closed: its feeds stay as they are; "
            "try again when it is over",
            "MONTH_CLOSING",
        )


async def mark_complete(
    database: Database,
    code: str,
    first: date,
    last: date,
    actor: Actor,
    *,
    future_days: int,
    rows: int | None = None,
) -> Marked:
    """Mark days of a source as complete; `rows` is what the sender says it delivered of each.

    Customers whose figure of a closed month waited for them are recomputed. Raises CalendarError:
    what `check_markable` does, and MONTH_CLOSING while a close goes by what is marked.
    """

    async def once() -> Marked:
        async with database.unit() as connection:
            await own_ledger(connection)
            calendar = await read_calendar(connection)
            source = await _expected(connection, code, first, last, calendar, future_days)
            _refuse_closing(first, calendar)
            new = await connection.fetch(
                sql("mark_feed_days"), code, first, last, rows, actor.principal
            )
            if new:
                await connection.execute(sql("refresh_feeds"))
                days = (last - first).days + 1
                await audit(
                    connection,
                    actor,
                    "feed.complete",
                    f"{code} {first}..{last}",
                    before={"completeDays": days - len(new)},
                    after={"completeDays": days},
                    detail={"days": len(new), "rows": rows},
                )
                await _mark_late(connection, source, [row["day"] for row in new], calendar)
            return Marked(len(new), (last - first).days + 1 - len(new))

    return await persistently(once)


async def _mark_late(
    connection: Connection, source: FeedSource, days: Sequence[date], calendar: Calendar
) -> None:
    """Customers whose figures of closed months waited for the last of these days are dirty."""
    if calendar.last_closed is None or min(days) > calendar.last_closed.last_day:
        return
    while await post_some(connection):
        pass  # what a close held back was here before the day was called complete
    for month in months_between(Month.of(min(days)), calendar.last_closed):
        if not any(gap.source == source.code for gap in await missing(connection, month)):
            await connection.execute(sql("mark_incomplete"), month.first_day, month.first_day)


async def check_markable(
    database: Database, code: str, first: date, last: date, future_days: int
) -> None:
    """Raise CalendarError if days cannot be marked, whatever is delivered.

    UNKNOWN_SOURCE, INVALID_DAYS, NOT_EXPECTED (of this source on one of the days) or FUTURE_DATE.
    """
    async with database.writing() as connection:
        calendar = await read_calendar(connection)
        await _expected(connection, code, first, last, calendar, future_days)


async def _expected(
    connection: Connection,
    code: str,
    first: date,
    last: date,
    calendar: Calendar,
    future_days: int,
) -> FeedSource:
    source = await _find(connection, code)
    if source is None:
        raise CalendarError(f"there is no source '{code[:60]}'", "UNKNOWN_SOURCE")
    try:
        check_days(first, last)
    except ValueError as error:
        raise CalendarError(str(error), "INVALID_DAYS") from None
    for day in (first, last):
        if not source.expects(day):
            until = "" if source.until is None else f" until {source.until}"
            raise CalendarError(
                f"{code} is expected from {source.since} on{until}, not on {day}", "NOT_EXPECTED"
            )
    today = calendar.business_date
    if today is not None and (last - today).days > future_days:
        raise CalendarError(f"{last} is too far after the business date {today}", "FUTURE_DATE")
    return source


async def reopen(
    database: Database, code: str, first: date, last: date, reason: str, actor: Actor
) -> int:
    """Take back that days of a source are complete; how many were.

    Raises CalendarError: UNKNOWN_SOURCE, INVALID_DAYS; MONTH_CLOSED and MONTH_CLOSING for days
    that a close went by, or goes by.
    """

    async def once() -> int:
        async with database.unit() as connection:
            await own_ledger(connection)
            calendar = await read_calendar(connection)
            if await _find(connection, code) is None:
                raise CalendarError(f"there is no source '{code[:60]}'", "UNKNOWN_SOURCE")
            try:
                check_days(first, last)
            except ValueError as error:
                raise CalendarError(str(error), "INVALID_DAYS") from None
            _refuse_judged(first, calendar)
            found = await connection.fetch(sql("reopen_feed_days"), code, first, last)
            if found:
                await connection.execute(sql("refresh_feeds"))
                marks = [{"day": str(row["day"]), "by": row["marked_by"]} for row in found]
                await audit(
                    connection,
                    actor,
                    "feed.reopen",
                    f"{code} {first}..{last}",
                    before={"marks": marks},
                    after={"marks": []},
                    reason=reason,
                )
            return len(found)

    return await persistently(once)


async def missing(connection: Connection, month: Month, through: date | None = None) -> list[Gap]:
    """The expected days of a month, up to a day if one is given, that are not marked complete."""
    last = month.last_day if through is None else min(through, month.last_day)
    rows = await connection.fetch(sql("missing_feed_days"), month.first_day, last)
    return gaps((row["code"], row["day"]) for row in rows)


async def feeds(database: Database, month: Month) -> list[FeedMonth]:
    """Every source and how it stands in a month."""
    async with database.unit() as connection:
        calendar = await read_calendar(connection)
        lacking = await missing(connection, month, calendar.business_date)
        rows = await connection.fetch(sql("feed_sources"), month.first_day, month.last_day)
    return [
        FeedMonth(
            _source(row),
            row["complete_days"],
            [gap for gap in lacking if gap.source == row["code"]],
        )
        for row in rows
    ]


async def _find(connection: Connection, code: str) -> FeedSource | None:
    row = await connection.fetchrow(sql("feed_source"), code)
    return None if row is None else _source(row)


def _source(row: Any) -> FeedSource:
    return FeedSource(
        row["code"],
        row["name"],
        frozenset(map(ProductClass, row["product_classes"])),
        row["expected_since"],
        row["expected_until"],
    )

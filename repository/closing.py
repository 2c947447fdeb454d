"""The run that closes a month, as rows: what closers claim, mark and check."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from domain.actors import Actor
from domain.feeds import Gap, told
from domain.months import Month
from repository.audit import audit, audit_close
from repository.calendar import Calendar, CalendarError, own_ledger, read_calendar
from repository.database import Connection, Database
from repository.feeds import missing
from repository.held import post_some
from repository.statements import sql


@dataclass(frozen=True, slots=True)
class CloseRun:
    """How far the close of a month has come."""

    month: Month
    epoch: int
    state: str
    customers: int
    judged: int
    changes: int
    chunks_left: int
    problem: str | None
    closed_at: datetime | None
    override_reason: str | None = None
    lacking: Sequence[Gap] = ()


async def request_close(
    database: Database, month: Month, actor: Actor, override: str | None = None
) -> CloseRun:
    """Ask for the close of a month; workers carry it out. Asking twice while it runs is no harm.

    `override` is the reason to close it though feeds are missing; customers who lack one are held.
    Raises CalendarError: MONTH_CLOSED, OUT_OF_ORDER, NO_BUSINESS_DATE, or FEED_INCOMPLETE without
    an override.
    """
    async with database.unit() as connection:
        return await begin_close(connection, month, actor, override)


async def begin_close(
    connection: Connection, month: Month, actor: Actor, override: str | None = None
) -> CloseRun:
    """The same in a transaction that is under way."""
    await own_ledger(connection)
    lacking: list[Gap] = []
    if (await _openable(connection, month)).closing is None:
        while await post_some(connection):
            pass  # what an earlier close held back belongs before this one
        lacking = await _without(connection, month, actor, override)
    epoch = await connection.fetchval(
        sql("begin_close"),
        month.first_day,
        actor.principal,
        override if lacking else None,
        gap_documents(lacking) or None,
    )
    if epoch is not None:
        await audit(
            connection,
            actor,
            "close.request",
            str(month),
            before={"state": None if epoch == 1 else "FAILED"},
            after={"state": "CUTOFF"},
            detail={"run": epoch},
        )
    if epoch is not None and epoch > 1:
        await connection.execute(sql("forget_chunks"), month.first_day)
        await connection.execute(sql("forget_events"), month.first_day)
    await connection.execute(sql("freeze_month"), month.first_day)
    return await _state(connection, month)


async def weigh_close(connection: Connection, month: Month) -> list[Gap]:
    """The days of feeds that a close of the open month would go on without, if it began now.

    The ledger must be owned. Raises CalendarError as `request_close`, and MONTH_CLOSING if it runs.
    """
    if (await _openable(connection, month)).closing is not None:
        raise CalendarError(f"{month} is being closed already", "MONTH_CLOSING")
    return await missing(connection, month)


async def _openable(connection: Connection, month: Month) -> Calendar:
    """The calendar in which a month is the one to be closed next, or is being closed."""
    calendar = await read_calendar(connection)
    if calendar.open_month is None:
        raise CalendarError(
            "there is nothing to close: no balance was ever loaded", "NO_BUSINESS_DATE"
        )
    if calendar.last_closed is not None and month <= calendar.last_closed:
        raise CalendarError(f"{month} is closed already", "MONTH_CLOSED")
    if month != calendar.open_month:
        raise CalendarError(
            f"{month} cannot be closed now: months close in order, "
            f"and the open one is {calendar.open_month}",
            "OUT_OF_ORDER",
        )
    if calendar.closing is not None and month != calendar.closing:
        raise CalendarError(f"{calendar.closing} is being closed", "OUT_OF_ORDER")
    return calendar


async def _without(
    connection: Connection, month: Month, actor: Actor, override: str | None
) -> list[Gap]:
    """The days of feeds that a close goes on without; none may be missing without an override."""
    lacking = await missing(connection, month)
    if lacking and override is None:
        raise CalendarError(
            f"{month} cannot be closed: not complete is {told(lacking)}", "FEED_INCOMPLETE"
        )
    if lacking and override is not None:
        detail = {"missing": gap_documents(lacking)}
        await audit(connection, actor, "close.override", str(month), reason=override, detail=detail)
    return lacking


def gap_documents(lacking: Sequence[Gap]) -> list[dict[str, str]]:
    """Missing days as JSON has them."""
    return [
        {"source": gap.source, "first": str(gap.first), "last": str(gap.last)} for gap in lacking
    ]


async def close_state(connection: Connection, month: Month) -> CloseRun:
    """How far the close of a month has come; it must have been requested."""
    return await _state(connection, month)


async def _state(connection: Connection, month: Month) -> CloseRun:
    row = await connection.fetchrow(sql("close_state"), month.first_day)
    if row is None:
        raise CalendarError(f"the close of {month} was never requested", "NOT_REQUESTED")
    return CloseRun(
        month,
        row["epoch"],
        row["state"],
        row["customers"],
        row["judged"],
        row["changes"],
        row["chunks_left"],
        row["problem"],
        row["closed_at"],
        row["override_reason"],
        [
            Gap(gap["source"], date.fromisoformat(gap["first"]), date.fromisoformat(gap["last"]))
            for gap in row["override_missing"] or ()
        ],
    )


async def unfinished_close(connection: Connection) -> Month | None:
    """The month whose close is under way, if there is one."""
    row = await connection.fetchrow(sql("unfinished_close"))
    return None if row is None else Month.of(row["month"])


async def plan_chunks(connection: Connection, month: Month, epoch: int, size: int) -> None:
    """Cut the customers into chunks and let the run go on to judging; once only."""
    if not await connection.fetchval(sql("plan_once"), month.first_day, epoch):
        return
    await connection.execute(sql("plan_chunks"), month.first_day, size)
    await connection.execute(sql("run_close"), month.first_day)


async def before_judging(connection: Connection, month: Month) -> bool:
    """Whether nobody is judged yet by the close of a month; it stays so for the transaction."""
    return bool(await connection.fetchval(sql("before_judging"), month.first_day))


async def claim_chunk(connection: Connection, month: Month, epoch: int) -> list[int] | None:
    """Take a chunk and lock its customers; their keys in order, None when no chunk is left.

    Raises HELD_ELSEWHERE soon if somebody holds one of them: the others of the chunk wait for it.
    """
    await connection.execute(sql("wait_at_most"), "500ms")
    row = await connection.fetchrow(sql("claim_chunk"), month.first_day, epoch)
    if row is None:
        return None
    first, last = row["first_customer"], row["last_customer"]
    await connection.execute(sql("dirty_of_chunk"), first, last)
    customers = await connection.fetch(sql("customers_of_chunk"), first, last)
    return [customer["id"] for customer in customers]


async def finish_chunk(
    connection: Connection,
    month: Month,
    first: int,
    *,
    customers: int,
    changes: int,
    total: Decimal,
) -> None:
    """Mark a chunk as judged."""
    await connection.execute(sql("finish_chunk"), month.first_day, first, customers, changes, total)


async def chunks_of(connection: Connection, month: Month) -> list[int]:
    """The first keys of a close's chunks, in order."""
    return [row["first_customer"] for row in await connection.fetch(sql("chunks"), month.first_day)]


async def publish(connection: Connection, month: Month, *, anew: bool) -> bool:
    """Close the month in the calendar; true for the one closer that did it.

    `anew` if the next month counts differently, so that figures cannot be carried on into it.
    """
    await own_ledger(connection)
    done = await connection.execute(sql("publish_close"), month.first_day)
    if done != "UPDATE 1":
        return False
    await connection.execute(sql("lock_removed_accounts"), month.next().first_day)
    following = month.next().first_day
    if anew:
        await connection.execute(sql("mark_everyone"), following)
    else:  # what a figure lacked in this month, it may have in the next
        await connection.execute(sql("mark_incomplete"), month.first_day, following)
    await connection.execute(sql("refresh_feeds"))
    await connection.execute(sql("release_removed"), month.next().first_day)
    await connection.execute(sql("finish_close"), month.first_day)
    run = await _state(connection, month)
    await audit_close(
        connection,
        month,
        "close.publish",
        before={"state": "RUNNING", "openMonth": str(month)},
        after={"state": "CLOSED", "openMonth": str(month.next())},
        detail={"run": run.epoch, "customers": run.customers, "changes": run.changes},
    )
    return True


async def fail(connection: Connection, month: Month, epoch: int, problem: str) -> bool:
    """Stop the run of an epoch and let balances in again; an operator must look at the problem.

    False, and nothing is changed, when that run is over or was begun anew.
    """
    await own_ledger(connection)
    failed = await connection.execute(sql("fail_close"), month.first_day, problem, epoch)
    if failed != "UPDATE 1":
        return False
    await connection.execute(sql("unfreeze_month"), month.first_day)
    await audit_close(
        connection,
        month,
        "close.fail",
        before={"state": "RUNNING"},
        after={"state": "FAILED"},
        reason=problem,
        detail={"run": epoch},
    )
    await connection.execute(sql("mark_incomplete"), month.first_day, month.first_day)
    return True

"""Taking back the close of the last closed month: the month is the open one again.

Nothing of the close stays in force. What it has published stays on record, and one event more a
customer takes back what differs from the month itself, so that the changes of a customer remain one
chain. Standings of the month after it are seen by nobody and forgotten by the next close, as those
of a close that failed. Corrections posted since are none any more: what came late counts like any
other balance of the open month. What happened since on days of the month after it, such as a
grant, happens again when that month opens again (`repository.on_days.live_again`).
"""

from collections import Counter
from decimal import Decimal

from domain.actors import Actor
from domain.effect import Effect
from domain.money import EXACT, ZERO
from domain.months import Month
from domain.policy import in_force
from domain.preview import Movement, movement
from domain.standing import NON_MEMBER, Standing, Status
from repository.audit import Facts, audit
from repository.calendar import CalendarError, own_ledger, policies, read_calendar
from repository.corrections import restore_published_figures
from repository.database import Connection
from repository.figures import lock_customers
from repository.previews import cancel_previews_of
from repository.statements import sql


async def lock(connection: Connection, month: Month) -> None:
    """Own the ledger, so that nothing is posted, judged, granted or handed over meanwhile.

    Raises CalendarError unless the month can be reopened as things are: NO_CLOSED_MONTH,
    NOT_CLOSED, OUT_OF_ORDER or MONTH_CLOSING.
    """
    await own_ledger(connection)
    calendar = await read_calendar(connection)
    closed = calendar.last_closed
    if closed is None:
        raise CalendarError("no month is closed that could be reopened", "NO_CLOSED_MONTH")
    if month > closed:
        raise CalendarError(
            f"{month} is not closed: the last closed month is {closed}", "NOT_CLOSED"
        )
    if month < closed:
        raise CalendarError(
            f"{month} cannot be reopened now: the last month that was closed comes first, "
            f"and that is {closed}",
            "OUT_OF_ORDER",
        )
    if calendar.closing is not None:
        raise CalendarError(
            f"{calendar.closing} is being closed: try again when it is over", "MONTH_CLOSING"
        )


async def effect_of(connection: Connection, month: Month) -> Effect:
    """What reopening the last closed month would take back; the caller has locked.

    Movements are from where customers stand to where they stood in `month`, AUM is that of `month`.
    """
    policy = in_force(await policies(connection), month.next())  # knows all tiers held since
    days = month.first_day, month.next().first_day
    movements: Counter[Movement] = Counter()
    managers: Counter[str] = Counter()
    aum: Decimal = ZERO
    for row in await connection.fetch(sql("effect_of_reopening"), *days):
        now = Standing(Status(row["from_status"]), row["from_tier"])
        then = Standing(Status(row["to_status"]), row["to_tier"])
        movements[movement(now, then, policy)] += row["customers"]
        aum = EXACT.add(aum, row["aum"])
        if row["manager"] is not None:
            managers[row["manager"]] += row["customers"]
    rest = await connection.fetchrow(sql("rest_of_reopening"), *days)
    assert rest is not None
    detail = {
        "openMonth": str(month),
        "returningToManagers": rest["coming_back"],
        "correctionsTakenBack": rest["corrections"],
    }
    return Effect(movements.total(), aum, movements, managers, detail)


async def reopen(connection: Connection, month: Month, reason: str, actor: Actor) -> Facts:
    """Take back the close of the last closed month, in the caller's transaction.

    Returns the open month and how many changes were taken back, corrections undone and customers
    returned to their managers. Raises as `lock`.
    """
    await lock(connection, month)
    first, following = month.first_day, month.next()
    days = first, following.first_day
    await connection.execute(sql("accounts_coming_back"), first)
    await connection.execute(sql("mark_corrected"), following.first_day)
    await connection.execute(sql("mark_incomplete"), first, first)
    concerned = await connection.fetch(sql("whom_reopening_concerns"), *days)
    await lock_customers(connection, [row["customer_id"] for row in concerned])
    corrected = [row["customer_id"] for row in concerned if row["corrected"]]
    await restore_published_figures(connection, corrected, following)
    undone = await connection.execute(sql("take_back_corrections"), following.first_day)
    await connection.fetchval(sql("count_correction"))
    await cancel_previews_of(connection, month, f"{month} was reopened: {reason}"[:2000], actor)
    returned = await connection.execute(sql("bring_back"), first)
    policy = in_force(await policies(connection), month)
    taken_back = await connection.execute(
        sql("write_taken_back"), *days, policy.version, NON_MEMBER.to_document()
    )
    await connection.execute(sql("keep_events"), first)
    await connection.execute(sql("reopen_calendar"), first)
    await connection.execute(sql("refresh_feeds"))
    epoch = await connection.fetchval(sql("reopen_close"), first)
    if epoch is None:
        raise CalendarError(f"no close of {month} is on record", "NOT_REQUESTED")
    done = {
        "changes": _count(taken_back),
        "corrections": _count(undone),
        "returned": _count(returned),
    }
    await audit(
        connection,
        actor,
        "close.reopen",
        str(month),
        before={"state": "CLOSED", "openMonth": str(following)},
        after={"state": "REOPENED", "openMonth": str(month)},
        reason=reason,
        detail={"run": epoch, **done},
    )
    return {"openMonth": str(month), **done}


def _count(done: str) -> int:
    """The rows of a command by the tag it ended with."""
    return int(done.rsplit(" ", 1)[-1])

"""Special VIP grants, terminations and the standings they change within the open month."""

from datetime import date
from typing import Any

from domain.actors import Actor
from domain.months import Month, one_year_from
from domain.policy import in_force
from domain.special import CustomerTerminated, Grant, grant_special, revoke_special, terminate
from repository.calendar import CalendarError, audit, policies, share_ledger
from repository.database import Connection
from repository.standings import Outcomes, grants_of, published_at
from repository.statements import sql


class GrantRefused(Exception):
    """A grant that cannot be given or revoked; `code` is for programs."""

    def __init__(self, code: str, message: str) -> None:
        """Keep the code and the message."""
        super().__init__(message)
        self.code = code


async def _today(connection: Connection) -> tuple[date, Month]:
    calendar = await share_ledger(connection)
    if calendar.business_date is None or calendar.open_month is None:
        raise CalendarError("the institution has no business date yet", "NO_BUSINESS_DATE")
    if calendar.closing is not None:
        raise CalendarError(
            f"{calendar.closing} is being closed; try again when it is over", "MONTH_CLOSING"
        )
    return calendar.business_date, calendar.open_month


def effective_day(business_date: date, open_month: Month) -> date:
    """The day of the open month on which something decided today shows."""
    return max(open_month.first_day, min(business_date, open_month.last_day))


async def grant(
    connection: Connection, customer: Any, start: date | None, reason: str, actor: Actor
) -> tuple[date, date]:
    """Grant special VIP to a locked customer for a year from `start` (today if None).

    Returns the grant's first and last day. Raises GrantRefused or CalendarError.
    """
    business_date, open_month = await _today(connection)
    first = start or business_date
    if first < business_date:
        raise GrantRefused(
            "START_IN_PAST", f"a grant cannot start before the business date {business_date}"
        )
    customer_id = customer["id"]
    given = (await grants_of(connection, [customer_id])).get(customer_id, [])
    if any(g.revoked_on is None and g.start <= first <= g.until for g in given):
        renewable = max(g.until for g in given if g.revoked_on is None)
        if (renewable - first).days > 62:
            raise GrantRefused(
                "ALREADY_GRANTED", f"a grant is valid until {renewable}; it can be renewed later"
            )
    granted = Grant(first, one_year_from(first))
    standing, version = await published_at(connection, customer_id, open_month)
    policy = in_force(await policies(connection), open_month)
    day = effective_day(business_date, open_month)
    try:
        decision = grant_special(standing, granted, max(day, first), policy)
    except CustomerTerminated as error:
        raise GrantRefused("TERMINATED", str(error)) from None
    principal = f"{actor.role}:{actor.subject}"
    await connection.fetchval(
        sql("write_grant"), customer_id, granted.start, granted.until, reason, principal
    )
    if decision.after is not standing and decision.month == open_month:
        outcomes = Outcomes()
        outcomes.add(
            customer_id,
            decision,
            standing,
            published_version=version,
            grants=[*given, granted],
            closed=None,
        )
        await outcomes.write(connection)
    await audit(
        connection,
        actor,
        "special.grant",
        customer["number"],
        {"from": str(granted.start), "until": str(granted.until), "reason": reason},
    )
    return granted.start, granted.until


async def revoke(connection: Connection, customer: Any, reason: str, actor: Actor) -> date:
    """Revoke a locked customer's valid grants today; returns the last one's former end."""
    business_date, open_month = await _today(connection)
    customer_id = customer["id"]
    rows = [
        row
        for row in await connection.fetch(sql("grants_of"), [customer_id])
        if row["revoked_on"] is None and row["until"] >= business_date
    ]
    if not rows:
        raise GrantRefused("NOT_GRANTED", "no grant of special VIP is valid")
    principal = f"{actor.role}:{actor.subject}"
    for row in rows:
        await connection.execute(
            sql("revoke_grant"), customer_id, row["id"], business_date, principal, reason
        )
    standing, version = await published_at(connection, customer_id, open_month)
    policy = in_force(await policies(connection), open_month)
    decision = revoke_special(standing, effective_day(business_date, open_month), policy)
    await _write(connection, customer_id, decision, version)
    await audit(connection, actor, "special.revoke", customer["number"], {"reason": reason})
    until: date = max(row["until"] for row in rows)
    return until


async def end_relation(connection: Connection, customer: Any, reason: str, actor: Actor) -> None:
    """Confirm the termination of a locked customer: removed at once and for good."""
    business_date, open_month = await _today(connection)
    customer_id = customer["id"]
    standing, version = await published_at(connection, customer_id, open_month)
    policy = in_force(await policies(connection), open_month)
    decision = terminate(standing, effective_day(business_date, open_month), policy)
    await _write(connection, customer_id, decision, version)
    await connection.execute(sql("end_relation"), customer_id, business_date)
    await audit(connection, actor, "customer.terminate", customer["number"], {"reason": reason})


async def _write(
    connection: Connection, customer_id: int, decision: Any, version: int | None
) -> None:
    if decision.after is decision.before:
        return
    outcomes = Outcomes()
    outcomes.add(
        customer_id, decision, decision.before, published_version=version, grants=(), closed=None
    )
    await outcomes.write(connection)

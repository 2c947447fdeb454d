"""Special VIP grants, terminations and the standings they change within the open month."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from domain.actors import Actor
from domain.approvals import DecisionRefused
from domain.decision import Decision
from domain.months import Month, one_year_from
from domain.policy import TierPolicy, in_force
from domain.special import CustomerTerminated, Grant, grant_special, revoke_special, terminate
from repository.audit import audit
from repository.calendar import (
    Calendar,
    policies,
    read_calendar,
    share_ledger,
)
from repository.database import UNREACHABLE, Connection, Database, persistently
from repository.figures import lock_customers
from repository.on_days import effective_day, show, today, told
from repository.standings import grants_of, published_at
from repository.statements import sql

log = logging.getLogger(__name__)


class GrantRefused(DecisionRefused):
    """A grant that cannot be given or revoked."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """A grant that can be given: what it does now, and what it is added to."""

    granted: Grant
    policy: TierPolicy
    decision: Decision
    version: int | None
    given: Sequence[Grant]


async def weigh_grant(connection: Connection, customer: Any, start: date | None) -> Weighed:
    """What a grant of special VIP to a locked customer would do, from `start` (today if None).

    Nothing is written. Raises GrantRefused or CalendarError if it cannot be given.
    """
    business_date, open_month = await today(connection)
    first = start or business_date
    if first < business_date:
        raise GrantRefused(
            "START_IN_PAST", f"a grant cannot start before the business date {business_date}"
        )
    if first > one_year_from(business_date):
        raise GrantRefused(
            "START_TOO_LATE", f"a grant starts within a year of the business date {business_date}"
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
    try:
        decision = grant_special(
            standing, granted, effective_day(business_date, open_month), policy
        )
    except CustomerTerminated as error:
        raise GrantRefused("TERMINATED", str(error)) from None
    return Weighed(granted, policy, decision, version, given)


async def grant(
    connection: Connection, customer: Any, start: date | None, reason: str, actor: Actor
) -> tuple[date, date]:
    """Grant special VIP to a locked customer for a year from `start` (today if None).

    One that starts later shows on its day (`start_due_grants`). Returns the grant's first and last
    day. Raises GrantRefused or CalendarError.
    """
    weighed = await weigh_grant(connection, customer, start)
    granted, decision, customer_id = weighed.granted, weighed.decision, customer["id"]
    await connection.fetchval(
        sql("write_grant"), customer_id, granted.start, granted.until, reason, actor.principal
    )
    await show(
        connection,
        customer_id,
        decision,
        weighed.policy,
        weighed.version,
        [*weighed.given, granted],
    )
    await audit(
        connection,
        actor,
        "special.grant",
        customer["number"],
        before=told(decision.before),
        after=told(decision.after) | {"from": granted.start, "until": granted.until},
        reason=reason,
    )
    return granted.start, granted.until


async def revoke(connection: Connection, customer: Any, reason: str, actor: Actor) -> date:
    """Revoke a locked customer's valid grants today; returns the last one's former end.

    They are over from the day of the open month on which that shows, wherever the business date is:
    else the close of the month would find them valid again.
    """
    business_date, open_month = await today(connection)
    customer_id = customer["id"]
    rows = [
        row
        for row in await connection.fetch(sql("grants_of"), [customer_id])
        if row["revoked_on"] is None and row["until"] >= business_date
    ]
    if not rows:
        raise GrantRefused("NOT_GRANTED", "no grant of special VIP is valid")
    day = effective_day(business_date, open_month)
    for row in rows:
        await connection.execute(
            sql("revoke_grant"), customer_id, row["id"], day, actor.principal, reason
        )
    standing, version = await published_at(connection, customer_id, open_month)
    policy = in_force(await policies(connection), open_month)
    decision = revoke_special(standing, day, policy)
    await show(connection, customer_id, decision, policy, version)
    until: date = max(row["until"] for row in rows)
    await audit(
        connection,
        actor,
        "special.revoke",
        customer["number"],
        before=told(decision.before) | {"until": until},
        after=told(decision.after) | {"until": None},
        reason=reason,
    )
    return until


async def end_relation(connection: Connection, customer: Any, reason: str, actor: Actor) -> None:
    """Confirm the termination of a locked customer: removed at once and for good."""
    business_date, open_month = await today(connection)
    customer_id = customer["id"]
    standing, version = await published_at(connection, customer_id, open_month)
    policy = in_force(await policies(connection), open_month)
    day = effective_day(business_date, open_month)
    decision = terminate(standing, day, policy)
    await show(connection, customer_id, decision, policy, version)
    await connection.execute(sql("forget_replayed_standing"), customer_id, open_month.first_day)
    await connection.execute(sql("end_relation"), customer_id, day)
    await audit(
        connection,
        actor,
        "customer.terminate",
        customer["number"],
        before=told(decision.before),
        after=told(decision.after) | {"terminatedOn": day},
        reason=reason,
    )


async def start_due_grants(database: Database, closing: Month | None = None) -> int:
    """Let grants show whose day has come; returns how many customers were looked at.

    Their day is the business date; for the close of the month `closing`, which is still to judge
    anybody, it is the month's last.
    """
    async with database.writing() as connection:
        today = _due_day(await read_calendar(connection), closing)
        due = await connection.fetch(sql("due_grants"), *today) if today else []
    for row in due:
        try:
            await persistently(partial(_start_one, database, row["customer_id"], closing))
        except UNREACHABLE:
            raise
        except Exception:
            log.exception("the grant of customer %s could not be started", row["customer_id"])
    return len(due)


async def _start_one(database: Database, customer_id: int, closing: Month | None) -> None:
    async with database.unit() as connection:
        await _start_due(connection, customer_id, closing)


def _due_day(calendar: Calendar, closing: Month | None) -> tuple[date, date] | None:
    """The day up to which grants are due and the open month's first; None while a close runs."""
    if calendar.open_month is None or calendar.business_date is None or calendar.closing != closing:
        return None
    day = effective_day(calendar.business_date, calendar.open_month)
    return (day if closing is None else closing.last_day), calendar.open_month.first_day


async def _start_due(connection: Connection, customer_id: int, closing: Month | None) -> None:
    today = _due_day(await share_ledger(connection), closing)
    if today is None:
        return
    if closing is not None and not await connection.fetchval(
        sql("before_judging"), closing.first_day
    ):
        return
    await connection.execute(sql("lock_accounts_of"), customer_id)
    await lock_customers(connection, [customer_id])
    day, open_month = today[0], Month.of(today[1])
    grants = (await grants_of(connection, [customer_id])).get(customer_id, [])
    standing, version = await published_at(connection, customer_id, open_month)
    valid = [grant for grant in grants if grant.valid_on(day)]
    if not valid or standing.terminated:
        return
    policy = in_force(await policies(connection), open_month)
    decision = grant_special(standing, valid[0], day, policy)
    await show(connection, customer_id, decision, policy, version, grants)

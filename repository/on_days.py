"""What is decided about customers on days of the open month, and shows at once."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from domain.decision import Decision
from domain.happenings import NOTHING
from domain.months import Month
from domain.policy import TierPolicy, in_force
from domain.replay import within_month
from domain.special import Grant
from domain.standing import Standing
from repository.calendar import CalendarError, policies, read_calendar, share_ledger
from repository.database import Connection
from repository.figures import lock_customers
from repository.happenings import happenings_of
from repository.standings import Outcomes, published_at
from repository.statements import sql


async def today(connection: Connection) -> tuple[date, Month]:
    """The business date and the open month, which stay so for the transaction.

    Raises CalendarError: NO_BUSINESS_DATE, or MONTH_CLOSING while nothing can be decided.
    """
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


def told(standing: Standing) -> dict[str, Any]:
    """A standing as the audit trail tells it."""
    return {"status": standing.status, "tier": standing.tier}


async def show(
    connection: Connection,
    customer_id: int,
    decision: Decision,
    policy: TierPolicy,
    version: int | None,
    grants: Sequence[Grant] = (),
) -> None:
    """Put a decision in force and publish its event, if it changes anything.

    `version` is the policy version behind the standing before, `grants` are what SPECIAL lasts by.
    """
    if decision.after is decision.before:
        return
    outcomes = Outcomes()
    outcomes.add(
        customer_id,
        decision,
        policy,
        decision.before,
        published_version=version,
        grants=grants,
        closed=None,
    )
    await outcomes.write(connection)


async def live_again(connection: Connection, month: Month) -> None:
    """Let what has happened on days of a month show once more, for it is opened once more.

    The close of the month before was taken back and is published now, by the caller, who owns the
    ledger: what was granted, revoked, given by hand or ended on days of `month` until today comes
    upon the standings that the new close gives, in the order of the days.
    """
    business_date = (await read_calendar(connection)).business_date
    if business_date is None:
        return
    until = effective_day(business_date, month)
    rows = await connection.fetch(sql("happened_on_days"), month.first_day, until)
    customers = [row["customer_id"] for row in rows]
    await lock_customers(connection, customers)
    happened = await happenings_of(connection, customers)
    policy = in_force(await policies(connection), month)
    for customer_id in customers:
        known = happened.get(customer_id, NOTHING).until(until)
        standing, version = await published_at(connection, customer_id, month)
        for decision in within_month(standing, month, policy, known):
            await show(connection, customer_id, decision, policy, version, known.grants)
            version = policy.version

"""What is decided about one customer on a day of the open month, and shows at once."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from domain.decision import Decision
from domain.months import Month
from domain.policy import TierPolicy
from domain.special import Grant
from domain.standing import Standing
from repository.calendar import CalendarError, share_ledger
from repository.database import Connection
from repository.standings import Outcomes


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

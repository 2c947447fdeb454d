"""Corrections that wait for review: what one comes to as things are now, and putting it in force.

A correction leaves the customer worse off than was published, so one asks for it and another one
allows it. What was asked for is bound to the figures and the result that were looked at: if late
balances come to something else by now, it is refused. A correction that was posted in a month that
is closed by now is weighed anew against the open one, for that is the month it would govern.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from domain.actors import Actor
from domain.approvals import DecisionRefused, Payload
from domain.corrections import CorrectionState
from domain.effect import Effect
from domain.money import ZERO
from domain.months import Month
from domain.policy import TierPolicy, in_force
from domain.preview import movement
from domain.standing import Standing
from repository.audit import Facts, audit
from repository.calendar import Calendar, CalendarError, policies, read_calendar
from repository.correcting import Weighed, put, weigh
from repository.corrections import CorrectionInForce, correction_of, corrections_in_force
from repository.customers import hold_customer_numbered
from repository.database import Connection
from repository.figures import Claim, closed_totals
from repository.statements import sql


@dataclass(frozen=True, slots=True)
class _Review:
    """A correction that waits, and what it comes to now."""

    customer: Any
    correction: CorrectionInForce
    weighed: Weighed
    calendar: Calendar
    policies: list[TierPolicy]


async def lock_reviewed(connection: Connection, payload: Payload) -> None:
    """Keep the calendar and the customer as they are; raises DecisionRefused for an unknown one."""
    await hold_customer_numbered(connection, payload["customer"])


async def asked(connection: Connection, number: str, correction_id: int) -> dict[str, Any]:
    """What is asked for of a locked customer: the correction, with what it comes to now.

    Raises DecisionRefused or CalendarError.
    """
    told = (await _reviewed(connection, number, correction_id)).weighed.told
    return {
        "customer": number,
        "correction": str(correction_id),
        "figures": list(told.figures),
        "after": dict(told.after),
    }


async def effect_of_applying(connection: Connection, payload: Payload) -> Effect:
    """What would become of the customer; raises as `apply`."""
    review = await _as_asked(connection, payload)
    decision, calendar = review.weighed.decision, review.calendar
    assert calendar.last_closed is not None
    closed = await closed_totals(
        connection, review.customer["id"], calendar.last_closed, calendar.last_closed
    )
    shown = closed.get(calendar.last_closed)
    manager = review.customer["manager_number"]
    what = movement(decision.before, decision.after, in_force(review.policies, decision.month))
    return Effect(
        customers=1,
        aum=ZERO if shown is None else shown.rounded(),
        movements={what: 1},
        managers={} if manager is None else {manager: 1},
        detail={
            "governs": str(decision.month),
            "figures": list(review.weighed.told.figures),
            "before": _seen(decision.before),
            "after": _seen(decision.after),
        },
    )


async def apply(connection: Connection, payload: Payload, reason: str, actor: Actor) -> Facts:
    """Put the correction of a locked customer in force, as `actor` has allowed.

    Raises DecisionRefused: NOT_FOUND, CORRECTION_NOT_PENDING, CORRECTION_CHANGED; or CalendarError
    while a month is being closed.
    """
    review = await _as_asked(connection, payload)
    customer_id, decision = review.customer["id"], review.weighed.decision
    earlier = await corrections_in_force(connection, [customer_id], decision.month)
    applied = await put(
        connection,
        review.weighed,
        earlier[customer_id],
        review.calendar,
        review.policies,
        actor.principal,
    )
    await audit(
        connection,
        actor,
        "correction.apply",
        review.customer["number"],
        before=_seen(decision.before),
        after=_seen(decision.after),
        reason=reason,
        detail={
            "correction": str(applied),
            "governs": str(decision.month),
            "figures": list(review.weighed.told.figures),
        },
    )
    return {"correction": str(applied), "governs": str(decision.month)}


async def _as_asked(connection: Connection, payload: Payload) -> _Review:
    """The review, if it still comes to what was asked for."""
    review = await _reviewed(connection, payload["customer"], int(payload["correction"]))
    told = review.weighed.told
    if (list(told.figures), told.after) != (payload["figures"], payload["after"]):
        raise _changed()
    return review


async def _reviewed(connection: Connection, number: str, correction_id: int) -> _Review:
    calendar = await read_calendar(connection)
    if calendar.closing is not None:
        raise CalendarError(
            f"{calendar.closing} is being closed; try again when it is over", "MONTH_CLOSING"
        )
    customer = await hold_customer_numbered(connection, number)
    correction = await correction_of(connection, customer["id"], correction_id)
    if correction is None:
        raise DecisionRefused("NOT_FOUND", "there is no such correction", "correction")
    if correction.state is not CorrectionState.PENDING_REVIEW:
        raise DecisionRefused(
            "CORRECTION_NOT_PENDING",
            f"the correction is {correction.state.value} already",
            "correction",
        )
    known = await policies(connection)
    first = await _first_late(connection, customer["id"], correction.told.month, calendar)
    weighed = await weigh(connection, Claim(customer["id"], first), calendar, known)
    if weighed is None:
        raise _changed()
    return _Review(customer, correction, weighed, calendar, known)


async def _first_late(
    connection: Connection, customer_id: int, corrected: Month, calendar: Calendar
) -> Month:
    """The first month to look at: also what no worker has caught up with yet came late."""
    day = await connection.fetchval(sql("dirty_from"), customer_id)
    if day is None or calendar.first_month is None:
        return corrected
    return min(corrected, max(Month.of(day), calendar.first_month))


def _changed() -> DecisionRefused:
    return DecisionRefused(
        "CORRECTION_CHANGED",
        "late balances come to something else by now; look at the correction again",
        "correction",
    )


def _seen(standing: Standing) -> Mapping[str, Any]:
    """What a reader is shown of a standing."""
    return {
        "status": standing.status.value,
        "tier": standing.tier,
        "since": None if standing.since is None else str(standing.since),
        "shortfallMonths": standing.shortfall_months,
        "belowEntryMonths": standing.below_entry_months,
        "retentionCloses": standing.retention_closes,
    }

"""The root of all event streams."""

from dataclasses import dataclass
from typing import Any

import strawberry

from domain.approvals import ApprovalState
from domain.events import EventFeed
from repository.reading.expressions import expression, text
from repository.reading.nodes import Join
from repository.reading.tables import (
    APPROVAL,
    APPROVAL_EVENT,
    RISK_SIGNAL,
    RISK_SIGNAL_EVENT,
    TIER_CHANGE,
    Table,
)
from schema.fields import PLANNED, Argument, Choose, Planned, PlannedField, same_row, stored, to_one
from schema.filters import On, Through, chosen_by
from schema.types.approval import APPROVAL_MEMBERS, Approval, ApprovalFilter
from schema.types.risk_signal import RISK_SIGNAL_MEMBERS, RiskSignal, RiskSignalFilter
from schema.types.tier_change import TIER_CHANGE_MEMBERS, TierChange, TierChangeFilter


@dataclass(frozen=True, slots=True)
class Feed:
    """A subscription's specification: the table of events and which of them to send."""

    topic: str
    table: Table
    choose: Choose

    def join(self, conditions: tuple[object, ...]) -> Join:
        """The events that meet the conditions."""
        return Join(self.table, {}, conditions)  # type: ignore[arg-type]


def _feed(feed: Feed, filter_type: object, description: str) -> Any:
    field = PlannedField(
        None,  # type: ignore[arg-type]
        description,
        {
            "after": Argument(
                str | None, "Only events after this cursor; only new ones if absent."
            ),
            "where": Argument(filter_type, "Which events."),
        },
    )
    field.metadata = {PLANNED: Planned(feed)}  # type: ignore[assignment, arg-type]
    return field


def cursor_of(topic: EventFeed) -> str:
    """The cursor of an event's row, as SQL."""
    return f"encode(convert_to('{topic}:' || {{t}}.position, 'UTF8'), 'base64')"


@strawberry.type(description="A tier change as an event.")
class TierChangeEvent:
    """A row of the feed of tier changes."""

    cursor: str = stored(
        expression(cursor_of(EventFeed.TIER_CHANGES)), "Where to go on after this event; opaque."
    )
    change: TierChange = same_row("The change.")


@strawberry.type(description="A step of a warning signal's life as an event.")
class RiskSignalEvent:
    """A row of the feed of warning signals."""

    cursor: str = stored(
        expression(cursor_of(EventFeed.RISK_SIGNALS)), "Where to go on after this event; opaque."
    )
    signal: RiskSignal = to_one(
        RISK_SIGNAL,
        {"customer_id": "{t}.customer_id", "id": "{t}.signal_id"},
        "The signal as it is now.",
    )


@strawberry.type(description="A step of a request for a decision as an event.")
class ApprovalEvent:
    """A row of the feed of requests."""

    cursor: str = stored(
        expression(cursor_of(EventFeed.APPROVALS)), "Where to go on after this event; opaque."
    )
    state: ApprovalState = stored(text("state"), "What it became: PENDING when asked for.")
    approval: Approval = to_one(APPROVAL, {"id": "{t}.approval_id"}, "The request as it is now.")


_OF_APPROVAL = {"id": "{t}.approval_id"}
_REQUEST_MEMBERS = {
    name: Through(APPROVAL, _OF_APPROVAL, member)
    for name, member in APPROVAL_MEMBERS.items()
    if isinstance(member, On)
}
_OF_EVENT = {"customer_id": "{t}.customer_id", "id": "{t}.signal_id"}
_SIGNAL_MEMBERS = {
    name: Through(RISK_SIGNAL, _OF_EVENT, member)
    for name, member in RISK_SIGNAL_MEMBERS.items()
    if isinstance(member, On)
}
TIER_CHANGES = Feed(EventFeed.TIER_CHANGES.value, TIER_CHANGE, chosen_by(TIER_CHANGE_MEMBERS))
APPROVALS = Feed(EventFeed.APPROVALS.value, APPROVAL_EVENT, chosen_by(_REQUEST_MEMBERS))
RISK_SIGNALS = Feed(EventFeed.RISK_SIGNALS.value, RISK_SIGNAL_EVENT, chosen_by(_SIGNAL_MEMBERS))


@strawberry.type(description="Event streams over graphql-transport-ws.")
class Subscription:
    """Root fields; each is a feed with cursors that survive reconnects."""

    tier_changed: TierChangeEvent = _feed(
        TIER_CHANGES,
        TierChangeFilter | None,
        "Tier changes the actor may see, from a cursor on, without gap or repetition; then live.",
    )
    risk_signal_changed: RiskSignalEvent = _feed(
        RISK_SIGNALS,
        RiskSignalFilter | None,
        "Steps of warning signals the actor may see, from a cursor on, without gap or repetition; "
        "then live.",
    )
    approval_changed: ApprovalEvent = _feed(
        APPROVALS,
        ApprovalFilter | None,
        "Steps of requests for decisions the actor may see, from a cursor on, without gap or "
        "repetition; then live.",
    )

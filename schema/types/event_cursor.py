"""Where the feeds of events stand now, to be read with the state that belongs to it."""

import strawberry

from domain.events import EventFeed
from repository.reading.conditions import Compare, Operator
from repository.reading.expressions import expression, text
from repository.reading.nodes import Join, Node, Scalar
from repository.reading.tables import Table, Visibility
from schema.arguments import Arguments
from schema.declarations import extends
from schema.fields import Argument, Made, planned
from schema.query import Query

FEED = Table("terrace.feed", Visibility.REFERENCE, ("topic",))
_HEAD = expression("encode(convert_to({t}.topic || ':' || {t}.head, 'UTF8'), 'base64')")


def _present(arguments: Arguments) -> Node:
    source = arguments.source("feed")
    if source is None:
        raise TypeError("the feed is required")
    return Scalar(Join(FEED, {}, (Compare(text("topic"), Operator.EQ, source),)), _HEAD)


@extends(Query)
class EventCursorQuery:
    """From a snapshot to the events after it."""

    event_cursor: str = planned(
        Made(_present),
        "The cursor of a feed's last event. All that lies before it is in what the same query "
        "reads; subscribe after it for what follows.",
        {"feed": Argument(EventFeed, "Which feed.", strawberry.UNSET)},
    )

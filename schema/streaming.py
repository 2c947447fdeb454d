"""Subscriptions: each event of a feed, read by a plan with the subscriber's own eyes."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
from graphql import FieldNode, GraphQLField

from domain.actors import Actor
from repository.reading.parameters import InvalidArgument, Source
from schema.arguments import arguments_of
from schema.document import Prepared
from schema.errors import BAD_USER_INPUT, RequestError, refusal
from schema.failures import failure_of
from schema.feeds import CursorExpired, position_of
from schema.plans import CURSOR, EVENTS_AT_ONCE, Plan, spec_of
from schema.settle import Settling
from schema.subscription import Feed

if TYPE_CHECKING:
    from schema.engine import Engine

Events = list[tuple[int, bytes]]
"""Response objects by position."""


@dataclass(frozen=True, slots=True)
class Stream:
    """A subscription as it is compiled for a kind of scope and a structure of its variables."""

    key: str
    nodes: list[FieldNode]
    definition: GraphQLField
    feed: Feed
    after: Source | None
    plan: Plan


async def subscribe(
    engine: "Engine",
    prepared: Prepared,
    variables: Mapping[str, object] | None,
    actor: Actor,
) -> AsyncIterator[bytes]:
    """The response objects of a subscription's events; raises RequestError.

    `after` names the event to go on after; without it only new ones come.
    """
    coerced, structure = prepared.variables.read(variables)
    key = next(iter(_field(engine, prepared, coerced)))
    try:
        stream = engine.stream(
            (prepared.number, actor.sight, structure),
            lambda: _compiled(engine, prepared, coerced, actor),
        )
        _given(stream, coerced, 0, actor)
        await engine.charge(stream.plan.cost.given(coerced, actor), actor)
        cursor = await _start(engine, stream, coerced, actor)
    except Exception as fault:
        raise RequestError([failure_of(fault, [key])]) from None
    arrivals = engine.feeds.arrivals(stream.feed.topic)
    eyes = (actor.scope, actor.scope_id)
    while True:
        try:
            cursor = await arrivals.next(eyes, cursor)
            if cursor < arrivals.tail:
                raise CursorExpired(stream.feed.topic, arrivals.head)
            seen = arrivals.head  # what is read from here on holds all up to it
            events = await _events(engine, prepared, stream, coerced, actor, cursor, seen)
        except Exception as fault:
            raise RequestError([failure_of(fault, [key])], status=503) from None
        for position, event in events:
            yield event
            cursor = position
        if len(events) < EVENTS_AT_ONCE:
            cursor = max(cursor, seen)


def _field(
    engine: "Engine", prepared: Prepared, coerced: Mapping[str, Any]
) -> dict[str, list[FieldNode]]:
    """The one field of a subscription, by its response key."""
    fields = engine.planner.root_fields(prepared, coerced, engine.planner.root("subscription"))
    if len(fields) != 1:
        raise refusal("a subscription has exactly one field", BAD_USER_INPUT)
    return fields


def _compiled(
    engine: "Engine", prepared: Prepared, coerced: Mapping[str, Any], actor: Actor
) -> Stream:
    """Raises InvalidArgument for what no statement can be made of."""
    [(key, nodes)] = _field(engine, prepared, coerced).items()
    definition = engine.planner.root("subscription").fields[nodes[0].name.value]
    arguments = arguments_of(nodes[0], definition, coerced)
    compiler = engine.planner.compiler(prepared, coerced)
    plan = engine.planner.event(definition, nodes, arguments, compiler, actor.sight)
    if plan.faults:
        raise plan.faults[0]
    return Stream(key, nodes, definition, spec_of(definition), arguments.source("after"), plan)


async def _start(engine: "Engine", stream: Stream, coerced: Mapping[str, Any], actor: Actor) -> int:
    """The position to go on after; raises InvalidArgument for a cursor that is no good."""
    topic = stream.feed.topic
    after = None if stream.after is None else stream.after.read(coerced, actor)
    ends = await engine.feeds.ends(topic)
    if after is None:
        return ends.head
    cursor = position_of(after, topic)
    if cursor > ends.head:
        raise InvalidArgument("the cursor is beyond this feed's end", "INVALID_CURSOR")
    if cursor < ends.tail:
        raise CursorExpired(topic, ends.head)
    return cursor


def _given(stream: Stream, coerced: Mapping[str, Any], cursor: int, actor: Actor) -> list[Any]:
    return stream.plan.statement.parameters.values({**coerced, CURSOR.name: cursor}, actor)


async def _events(
    engine: "Engine",
    prepared: Prepared,
    stream: Stream,
    coerced: Mapping[str, Any],
    actor: Actor,
    cursor: int,
    seen: int,
) -> Events:
    """The next events after a cursor; those with the same eyes who want the same share them.

    `seen` is a head that was known before the read began: one that began earlier may hold less.
    """
    given = _given(stream, coerced, cursor, actor)

    async def read() -> Events:
        answer = await engine.database.answer(actor.scope, stream.plan.statement.sql, given)
        whole = stream.plan.events(answer)
        if whole is not None:
            return [(at, orjson.dumps({"data": {stream.key: event}})) for at, event in whole]
        settled = []
        for position, event in stream.plan.filled(answer):
            settling = Settling(engine.planner.compiler(prepared, coerced))
            told = settling.field(stream.definition.type, stream.nodes, stream.key, event)
            settled.append((position, orjson.dumps(told)))
        return settled

    return await engine.reads.share((id(stream), seen, repr(given)), read)

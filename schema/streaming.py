"""Subscriptions: each event of a feed, read by a plan with the subscriber's own eyes."""

from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING

import orjson

from domain.actors import Actor
from repository.reading.parameters import InvalidArgument
from schema.arguments import arguments_of
from schema.document import Prepared
from schema.errors import BAD_USER_INPUT, RequestError, refusal
from schema.failures import failure_of
from schema.feeds import position_of
from schema.plans import CURSOR, EVENTS_AT_ONCE, Plan, spec_of
from schema.settle import Settling
from schema.subscription import Feed

if TYPE_CHECKING:
    from schema.engine import Engine


async def subscribe(
    engine: "Engine",
    prepared: Prepared,
    variables: Mapping[str, object] | None,
    actor: Actor,
) -> AsyncIterator[bytes]:
    """The response objects of a subscription's events; raises RequestError.

    `after` names the event to go on after; without it only new ones come.
    """
    coerced, _ = prepared.variables.read(variables)
    root = engine.planner.root("subscription")
    fields = engine.planner.root_fields(prepared, coerced, root)
    if len(fields) != 1:
        raise refusal("a subscription has exactly one field", BAD_USER_INPUT)
    [(key, nodes)] = fields.items()
    definition = root.fields[nodes[0].name.value]
    feed: Feed = spec_of(definition)
    try:
        compiler = engine.planner.compiler(prepared, coerced)
        arguments = arguments_of(nodes[0], definition, coerced)
        plan = engine.planner.event(definition, nodes, arguments, compiler, actor.scope)
        if plan.faults:
            raise plan.faults[0]
        plan.statement.parameters.values({**coerced, CURSOR.name: 0}, actor)
        engine.afford(plan, coerced, actor)
        after = arguments.source("after")
        start = None if after is None else after.read(coerced, actor)
        cursor = await engine.feeds.head(feed.topic)
        if start is not None:
            head, cursor = cursor, position_of(start, feed.topic)
            if cursor > head:
                raise InvalidArgument("the cursor is beyond this feed's end", "INVALID_CURSOR")
    except InvalidArgument as fault:
        raise RequestError([failure_of(fault, [key])]) from None
    while True:
        try:
            head = await engine.feeds.head(feed.topic)
            given = plan.statement.parameters.values({**coerced, CURSOR.name: cursor}, actor)
            events = await _events(engine, plan, given, actor)
        except Exception as fault:
            raise RequestError([failure_of(fault, [key])], status=503) from None
        for position, event in events:
            yield orjson.dumps(Settling(compiler).field(definition.type, nodes, key, event))
            cursor = position
        if len(events) < EVENTS_AT_ONCE:
            cursor = max(cursor, head)
            await engine.feeds.passed(feed.topic, cursor)


async def _events(
    engine: "Engine", plan: Plan, given: list[object], actor: Actor
) -> list[tuple[int, object]]:
    """The next events after a cursor, each with its position."""
    answer = await engine.database.answer(actor.scope, plan.statement.sql, given)
    events: list[tuple[int, object]] = plan.filled(answer)
    return events

"""Subscribers of a house: what they were told, and with which cursor they would come back."""

import asyncio
from typing import Any

import orjson

from domain.actors import Actor
from schema.engine import Engine
from schema.errors import RequestError

CHANGES = "subscription ($a: String) { tierChanged(after: $a) { cursor change { id } } }"


async def next_events(
    engine: Engine, actor: Actor, after: str | None, count: int, seconds: float = 10
) -> list[dict[str, Any]]:
    """So many events after a cursor, or as many as come in time."""
    told: list[dict[str, Any]] = []
    events = engine.subscribe(engine.prepare(CHANGES, None), {"a": after}, actor)
    try:
        async with asyncio.timeout(seconds):
            async for event in events:
                told.append(orjson.loads(event)["data"]["tierChanged"])
                if len(told) == count:
                    break
    except TimeoutError:
        pass
    finally:
        await events.aclose()  # type: ignore[attr-defined]
    return told


async def refusal_of(engine: Engine, actor: Actor, after: str | None) -> dict[str, Any]:
    """The error that a subscription ends with."""
    try:
        told = await next_events(engine, actor, after, 1)
    except RequestError as error:
        [found] = error.errors
        return found
    raise AssertionError(f"not refused, but told {told}")


WRITE = """insert into terrace.tier_change (customer_id, manager_id, branch_id, kind,
    effective_from, from_status, to_status, from_policy_version, decision_month, rule,
    policy_version, judged, before, state)
select id, manager_id, branch_id, 'UPGRADED', '2025-02-01', 'ACTIVE', 'ACTIVE', 1, '2025-01-01',
    'UPGRADED', 1, '[]', '{}', '{}' from terrace.customer where id = any($1::integer[])
order by id"""
"""Tier changes of customers as those write them who hold the customers."""

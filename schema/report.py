"""What a response says of its own making: its cost, and for administrators its plan."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import orjson

from domain.actors import Actor
from schema.cost import actual
from schema.plans import Plan
from schema.wanted import Wanted

if TYPE_CHECKING:
    from schema.engine import Engine


async def report(
    engine: "Engine",
    wanted: Wanted,
    plan: Plan,
    answer: str,
    coerced: Mapping[str, Any],
    actor: Actor,
) -> dict[str, object]:
    """The response's `extensions`."""
    extensions: dict[str, object] = {}
    if wanted.cost:
        extensions["cost"] = {
            "requested": plan.cost.given(coerced, actor),
            "actual": actual(plan.record, orjson.loads(answer)),
            "limit": engine.limit(actor),
        }
    if wanted.explain:
        extensions["plan"] = {
            "scope": actor.scope.value.upper(),
            "statement": plan.statement.sql,
            "explain": await engine.database.explain(
                actor.scope, plan.statement.sql, len(plan.statement.parameters.sources)
            ),
        }
    return extensions

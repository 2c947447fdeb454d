"""Effects as they are computed for all kinds of decisions alike."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from domain.effect import Effect
from domain.money import ZERO
from domain.policy import TierPolicy
from domain.preview import Movement, Tally, movement
from domain.standing import Standing
from repository.database import Connection
from repository.previewing import managers_named, tier_names
from repository.statements import sql


async def on_customer(
    connection: Connection,
    customer: Any,
    before: Standing,
    after: Standing,
    policy: TierPolicy,
    detail: Mapping[str, Any],
) -> Effect:
    """The effect on one held customer, who stands at `before` and would stand at `after`."""
    aum = await connection.fetchval(sql("aum_of_open_month"), [customer["id"]])
    what = movement(before, after, policy)
    manager = customer["manager_number"]
    return Effect(
        1,
        aum,
        Counter() if what is Movement.STAYS else Counter([what]),
        {} if manager is None else {manager: 1},
        {
            "before": shown(before),
            "after": shown(after),
            "policyVersion": policy.version,
            **detail,
        },
    )


def shown(standing: Standing) -> dict[str, Any]:
    """A standing as a checker is shown it."""
    return {"status": standing.status.value, "tier": standing.tier}


async def on_everybody(
    connection: Connection, tally: Tally, policy: TierPolicy, detail: Mapping[str, Any]
) -> Effect:
    """The effect on all customers who were judged, with how they stand and would stand."""
    places = tally.places(await tier_names(connection, policy))
    named = await managers_named(connection, list(tally.managers.items()))
    moved = [cell for (was, would), cell in tally.cells.items() if was != would]
    return Effect(
        tally.differing,
        sum((cell.aum_before for cell in moved), ZERO),
        tally.movements,
        {number: count for number, _, count in named},
        {"moved": tally.moved, "places": places, **detail},
    )

"""A tier by hand: one that the figures do not give.

Payload: `customer` (number), `tier` (code). It is held from the business date of the decision on.
"""

from typing import Any

from domain.actors import Actor, Role
from domain.approvals import ApprovalKind, Payload
from domain.effect import Effect
from repository.acts.act import Act
from repository.acts.effects import on_customer, shown
from repository.audit import Facts
from repository.customers import hold_customer_numbered
from repository.database import Connection
from repository.manual_tier import set_tier, weigh_tier


async def _lock(connection: Connection, payload: Payload) -> None:
    await hold_customer_numbered(connection, payload["customer"])


async def _effect(connection: Connection, payload: Payload) -> Effect:
    customer = await hold_customer_numbered(connection, payload["customer"])
    weighed = await weigh_tier(connection, customer, payload["tier"])
    decision, given = weighed.decision, weighed.given
    detail: dict[str, Any] = {"day": str(given.day), "tier": given.tier}
    if weighed.replayed is not None:  # a correction gives another standing than the one shown
        detail["closeGoesOnFrom"] = shown(weighed.replayed.before)
    return await on_customer(
        connection, customer, decision.before, decision.after, weighed.policy, detail
    )


async def _carry_out(connection: Connection, payload: Payload, reason: str, actor: Actor) -> Facts:
    customer = await hold_customer_numbered(connection, payload["customer"])
    given = await set_tier(connection, customer, payload["tier"], reason, actor)
    return {"day": str(given.day), "tier": given.tier}


MANUAL_TIER = Act(
    ApprovalKind.MANUAL_TIER,
    checkers=frozenset({Role.HQ, Role.BRANCH}),
    lock=_lock,
    effect=_effect,
    carry_out=_carry_out,
)

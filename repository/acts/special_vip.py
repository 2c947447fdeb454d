"""Special VIP: a grant for one year to an important person below the entry line.

Payload: `customer` (number), `from` (the first day, or null for the business date of the decision).
"""

from datetime import date

from domain.actors import Actor, Role
from domain.approvals import ApprovalKind, Payload
from domain.effect import Effect
from repository.acts.act import Act
from repository.acts.effects import on_customer
from repository.audit import Facts
from repository.customers import hold_customer_numbered
from repository.database import Connection
from repository.special import grant, weigh_grant


async def _lock(connection: Connection, payload: Payload) -> None:
    await hold_customer_numbered(connection, payload["customer"])


async def _effect(connection: Connection, payload: Payload) -> Effect:
    customer = await hold_customer_numbered(connection, payload["customer"])
    weighed = await weigh_grant(connection, customer, _start(payload))
    decision = weighed.decision
    return await on_customer(
        connection,
        customer,
        decision.before,
        decision.after,
        weighed.policy,
        {"from": str(weighed.granted.start), "until": str(weighed.granted.until)},
    )


async def _carry_out(connection: Connection, payload: Payload, reason: str, actor: Actor) -> Facts:
    customer = await hold_customer_numbered(connection, payload["customer"])
    first, last = await grant(connection, customer, _start(payload), reason, actor)
    return {"from": str(first), "until": str(last)}


def _start(payload: Payload) -> date | None:
    return None if payload["from"] is None else date.fromisoformat(payload["from"])


SPECIAL_VIP = Act(
    ApprovalKind.SPECIAL_VIP,
    checkers=frozenset({Role.HQ, Role.BRANCH}),
    lock=_lock,
    effect=_effect,
    carry_out=_carry_out,
)

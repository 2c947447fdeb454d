"""REOPEN_MONTH: the close of the last closed month is taken back.

The payload is `{"month": "2025-01"}`.
"""

from domain.actors import Actor, Role
from domain.approvals import ApprovalKind, Payload
from domain.effect import Effect
from domain.months import Month
from repository.acts.act import Act
from repository.audit import Facts
from repository.database import Connection
from repository.reopening import effect_of, lock, reopen


async def _lock(connection: Connection, payload: Payload) -> None:
    await lock(connection, Month.parse(payload["month"]))


async def _effect(connection: Connection, payload: Payload) -> Effect:
    return await effect_of(connection, Month.parse(payload["month"]))


async def _carry_out(connection: Connection, payload: Payload, reason: str, actor: Actor) -> Facts:
    return await reopen(connection, Month.parse(payload["month"]), reason, actor)


REOPEN_MONTH = Act(
    ApprovalKind.REOPEN_MONTH,
    frozenset({Role.HQ}),
    lock=_lock,
    effect=_effect,
    carry_out=_carry_out,
    wakes="recompute",
)

"""A version of the tier policy.

Payload: `policy`, the whole document as `domain.policy` reads and writes it.
"""

from domain.actors import Actor, Role
from domain.approvals import ApprovalKind, DecisionRefused, Payload
from domain.effect import Effect
from domain.policy import InvalidPolicy, parse_policy
from repository.acts.act import Act, Survey
from repository.acts.effects import on_everybody
from repository.audit import Facts
from repository.calendar import WeighedPolicy, add_policy, own_ledger, read_calendar, weigh_policy
from repository.database import Connection, Database
from repository.previewing import effect_of
from repository.statements import sql


async def _lock(connection: Connection, payload: Payload) -> None:
    await _weighed(connection, payload)


async def _weighed(connection: Connection, payload: Payload) -> WeighedPolicy:
    try:
        weighed = await weigh_policy(connection, payload["policy"])
    except InvalidPolicy as error:
        raise DecisionRefused("INVALID_POLICY", str(error), "policy") from None
    if weighed.known is not None:
        version = weighed.known.version
        raise DecisionRefused("ALREADY_PUBLISHED", f"version {version} is this policy", "policy")
    return weighed


async def _marks(connection: Connection, payload: Payload) -> Facts:
    weighed = await _weighed(connection, payload)
    calendar = await read_calendar(connection)
    return {
        "version": weighed.policy.version,
        "lastClosed": None if calendar.last_closed is None else str(calendar.last_closed),
        "corrections": await connection.fetchval(sql("corrections_made")),
    }


async def _effect(database: Database, payload: Payload) -> Effect:
    policy = parse_policy(payload["policy"], 0)
    async with database.writing() as connection:
        closed = (await read_calendar(connection)).last_closed
    if closed is None:
        return Effect(detail={"judged": None})
    tally = await effect_of(database, policy)
    async with database.writing() as connection:
        return await on_everybody(connection, tally, policy, {"judged": str(closed)})


async def _carry_out(connection: Connection, payload: Payload, reason: str, actor: Actor) -> Facts:
    await own_ledger(connection)
    weighed = await _weighed(connection, payload)
    await add_policy(connection, weighed, actor, reason)
    return {"version": weighed.policy.version, "effective": str(weighed.policy.effective)}


TIER_POLICY = Act(
    ApprovalKind.TIER_POLICY,
    checkers=frozenset({Role.HQ}),
    lock=_lock,
    survey=Survey(_marks, _effect),
    carry_out=_carry_out,
    wakes="recompute",
)

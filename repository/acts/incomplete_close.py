"""The close of the open month though feeds of it are missing: who needs one is held.

Payload: `month`, `missing` (days in a row of a source: `source`, `first`, `last`).
"""

from domain.actors import Actor, Role
from domain.approvals import ApprovalKind, DecisionRefused, Payload
from domain.effect import Effect
from domain.months import Month
from repository.acts.act import Act, Survey
from repository.acts.effects import on_everybody
from repository.audit import Facts
from repository.calendar import own_ledger, policies, read_calendar
from repository.closing import begin_close, gap_documents, weigh_close
from repository.database import Connection, Database
from repository.preview_scope import scope_of_close
from repository.previewing import tally_of
from repository.statements import sql


async def _lock(connection: Connection, payload: Payload) -> None:
    await own_ledger(connection)
    lacking = await weigh_close(connection, Month.parse(payload["month"]))
    if not lacking:
        raise DecisionRefused("NOTHING_MISSING", f"{payload['month']} lacks no feed: close it")
    known = {(gap["source"], gap["first"], gap["last"]) for gap in payload["missing"]}
    found = {(gap["source"], gap["first"], gap["last"]) for gap in gap_documents(lacking)}
    if found != known:
        raise DecisionRefused(
            "OTHERS_MISSING", "what is missing is not what was asked about: ask again", "month"
        )


async def _marks(connection: Connection, payload: Payload) -> Facts:
    await _lock(connection, payload)
    calendar = await read_calendar(connection)
    return {
        "businessDate": str(calendar.business_date),
        "policies": len(await policies(connection)),
    }


async def _effect(database: Database, payload: Payload) -> Effect:
    async with database.writing() as connection:
        scope = await scope_of_close(connection)
        [held] = await connection.fetch(sql("held_by_close"), scope.lacking)
    if str(scope.last) != payload["month"]:
        raise DecisionRefused("OUT_OF_ORDER", f"the open month is {scope.last}", "month")
    tally = await tally_of(database, scope)
    detail = {"held": {"customers": held["customers"], "aum": f"{held['aum']:.2f}"}}
    async with database.writing() as connection:
        return await on_everybody(connection, tally, scope.governing, detail)


async def _carry_out(connection: Connection, payload: Payload, reason: str, actor: Actor) -> Facts:
    run = await begin_close(connection, Month.parse(payload["month"]), actor, reason)
    return {"month": payload["month"], "run": run.epoch}


INCOMPLETE_CLOSE = Act(
    ApprovalKind.INCOMPLETE_CLOSE,
    checkers=frozenset({Role.HQ}),
    lock=_lock,
    survey=Survey(_marks, _effect),
    carry_out=_carry_out,
    wakes="close",
)

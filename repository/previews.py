"""Previews of a tier policy as rows: what head office asks for, and what workers make of it."""

import logging
from dataclasses import dataclass
from typing import Any

from domain.actors import Actor
from domain.months import Month
from domain.policy import TierPolicy, parse_policy, policy_document
from domain.preview import Tally
from repository.audit import audit
from repository.calendar import CalendarError, own_ledger
from repository.database import Connection, Database
from repository.preview_scope import SPAN, Scope, scope_of
from repository.previewing import Otherwise, preview_span, tier_names
from repository.statements import sql

log = logging.getLogger(__name__)

MOST_UNDER_WAY = 4
"""Previews that may be under way at the same time."""
MOST_MANAGERS = 20
"""Managers that a preview names."""
_FORGOTTEN_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class PreviewState:
    """How far a preview has come."""

    id: int
    state: str
    customers: int
    judged: int
    problem: str | None

    @property
    def over(self) -> bool:
        """Whether nothing more will come of it."""
        return self.state in ("DONE", "CANCELLED", "FAILED")


@dataclass(frozen=True, slots=True)
class UnderWay:
    """A preview that is to be carried out."""

    id: int
    scope: Scope
    planned: bool


async def request_preview(
    database: Database, policy: TierPolicy, first: Month, last: Month, actor: Actor
) -> PreviewState:
    """Ask for a preview; workers carry it out. The same one is found while it is under way.

    Raises CalendarError as `scope_of`, and TOO_MANY_PREVIEWS.
    """
    document = policy_document(policy)
    async with database.unit() as connection:
        await own_ledger(connection)  # so that every correction made so far can be seen
        scope = await scope_of(connection, policy, first, last)
        months = first.first_day, last.first_day
        same = await connection.fetchval(sql("same_preview"), document, *months)
        if same is not None:
            return await _state(connection, same)
        if await connection.fetchval(sql("previews_under_way")) >= MOST_UNDER_WAY:
            raise CalendarError(
                f"{MOST_UNDER_WAY} previews are under way: wait for one, or cancel it",
                "TOO_MANY_PREVIEWS",
            )
        begun = await connection.fetchval(
            sql("begin_preview"),
            document,
            *months,
            bool(scope.from_ledger),
            actor.principal,
            scope.last_closed.first_day,
            await connection.fetchval(sql("corrections_made")),
        )
        detail = {"from": str(first), "to": str(last), "policy": document}
        await audit(connection, actor, "policy.preview", f"preview {begun}", detail=detail)
        return await _state(connection, begun)


async def preview_state(connection: Connection, preview_id: int) -> PreviewState:
    """How far a preview has come; raises CalendarError NOT_FOUND."""
    return await _state(connection, preview_id)


async def _state(connection: Connection, preview_id: int) -> PreviewState:
    row = await connection.fetchrow(sql("preview_state"), preview_id)
    if row is None:
        raise CalendarError("there is no such preview", "NOT_FOUND")
    return PreviewState(row["id"], row["state"], row["customers"], row["judged"], row["problem"])


async def cancel_preview(
    database: Database, preview_id: int, reason: str | None, actor: Actor
) -> PreviewState:
    """End a preview that is under way; what was judged of it is forgotten.

    A part that a worker has under way is judged to its end, and forgotten as well. Raises
    CalendarError: NOT_FOUND, or PREVIEW_OVER.
    """
    async with database.unit() as connection:
        cancelled = await _cancel(connection, preview_id, reason, actor)
        state = await _state(connection, preview_id)
        if not cancelled:
            raise CalendarError(f"the preview is {state.state} already", "PREVIEW_OVER")
        return state


async def cancel_previews_of(
    connection: Connection, month: Month, reason: str, actor: Actor
) -> None:
    """End the previews under way that judge a month which is about to be no closed one any more."""
    for row in await connection.fetch(sql("previews_of"), month.first_day):
        await _cancel(connection, row["id"], reason, actor)


async def _cancel(
    connection: Connection, preview_id: int, reason: str | None, actor: Actor
) -> bool:
    ended = await connection.fetchval(sql("cancel_preview"), preview_id, actor.principal, reason)
    if ended is None:
        return False
    await audit(
        connection,
        actor,
        "policy.cancel_preview",
        f"preview {preview_id}",
        after={"state": "CANCELLED"},
        reason=reason,
    )
    return True


async def next_preview(connection: Connection) -> UnderWay | None:
    """The oldest preview that is under way, if there is one."""
    row = await connection.fetchrow(sql("next_preview"))
    if row is None:
        return None
    policy = parse_policy(row["policy"], 0)
    first, last = Month.of(row["first_month"]), Month.of(row["last_month"])
    scope = await scope_of(connection, policy, first, last)
    return UnderWay(row["id"], scope, row["state"] != "WAITING")


async def plan_preview(connection: Connection, preview_id: int, size: int = SPAN) -> None:
    """Cut the customers into chunks and let the preview go on to judging; once only."""
    if await connection.fetchval(sql("plan_preview"), preview_id):
        await connection.execute(sql("plan_preview_chunks"), size, preview_id)
        await connection.execute(sql("run_preview"), preview_id)


async def judge_chunk(database: Database, under_way: UnderWay) -> bool:
    """Judge the next chunk that nobody has under way; false when none is left to claim."""
    async with database.unit(one_moment=True) as connection:
        claimed = await connection.fetchrow(sql("claim_preview_chunk"), under_way.id)
        if claimed is None:
            return False
        first, last = claimed["first_customer"], claimed["last_customer"]
        found = await preview_span(connection, under_way.scope, first, last)
        if found.otherwise:
            await _write(connection, under_way.id, found.otherwise)
        await connection.execute(
            sql("finish_preview_chunk"),
            under_way.id,
            first,
            found.tally.customers,
            found.tally.to_document(),
        )
    async with database.writing() as connection:
        await connection.execute(sql("count_preview"), under_way.id)
    return True


async def _write(connection: Connection, preview_id: int, otherwise: list[Otherwise]) -> None:
    rows = [
        (
            *(found.customer_id, found.manager_id, found.branch_id, found.movement.value),
            *_columns(found.before, found.aum_before),
            *_columns(found.after, found.aum_after),
        )
        for found in otherwise
    ]
    columns = map(list, zip(*rows, strict=True))
    await connection.execute(sql("write_preview_customers"), preview_id, *columns)


def _columns(standing: Any, aum: Any) -> tuple[Any, ...]:
    return (
        standing.status.value,
        standing.tier,
        None if standing.since is None else standing.since.first_day,
        standing.shortfall_months,
        standing.below_entry_months,
        standing.retention_closes,
        aum,
    )


async def finish_preview(database: Database, preview_id: int) -> bool:
    """Add up what came of the chunks once all of them are done; true for the one who did it."""
    async with database.unit() as connection:
        row = await connection.fetchrow(sql("preview_to_finish"), preview_id)
        if row is None:
            return False
        tally = Tally()
        for chunk in await connection.fetch(sql("preview_tallies"), preview_id):
            tally.add(Tally.from_document(chunk["tally"]))
        names = await tier_names(connection, parse_policy(row["policy"], 0))
        managers = await connection.fetch(sql("preview_managers"), preview_id, MOST_MANAGERS)
        await connection.execute(
            sql("finish_preview"),
            preview_id,
            tally.customers,
            tally.differing,
            tally.moved,
            [
                {"movement": movement.value, "customers": customers}
                for movement, customers in sorted(tally.movements.items())
            ],
            tally.matrix(),
            tally.places(names),
            [dict(manager) for manager in managers],
        )
        await connection.execute(sql("forget_preview_chunks"), preview_id)
        return True


async def fail_preview(database: Database, preview_id: int, problem: str) -> bool:
    """Note that a part of a preview failed; true when that was the third time, which ends it."""
    async with database.unit() as connection:
        return bool(await connection.fetchval(sql("fail_preview"), preview_id, problem))


async def forget_previews(database: Database, days: int) -> int:
    """Remove previews that ended more than so many days ago, and what is left of those that came
    to nothing; returns how many rows of customers went."""
    gone = 0
    while True:
        async with database.unit() as connection:
            row = await connection.fetchrow(sql("preview_rows_to_forget"), days)
            if row is None:
                return gone
            done = await connection.execute(
                sql("forget_preview_customers"), row["id"], _FORGOTTEN_AT_ONCE
            )
            some = int(done.split()[1])
            gone += some
            if some < _FORGOTTEN_AT_ONCE:
                await connection.execute(sql("forget_preview_chunks"), row["id"])
                if row["old"]:
                    await connection.execute(sql("forget_preview"), row["id"])

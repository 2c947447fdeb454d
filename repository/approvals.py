"""Decisions that need two people, as rows: asked for by one, looked at and decided by another.

A request holds what was asked for and its hash, neither of which changes. Its effect is computed
when it is asked for and whenever somebody looks again; what was looked at is named by its digest,
so nobody allows what is not what they saw. What is allowed is done in the transaction that says so.

Order of locks: what the act itself needs comes first (the ledger, accounts, customers), then the
request's row. So of any number who decide at once the first one does it, and the others find it
decided.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any

from domain.actors import Actor, Role
from domain.approvals import (
    LASTS,
    LOOK_LASTS,
    ApprovalKind,
    ApprovalState,
    DecisionRefused,
    Payload,
)
from repository.acts.act import Act
from repository.acts.known import ACTS
from repository.audit import Facts, audit
from repository.database import HELD_ELSEWHERE, Connection, Database, persistently
from repository.digest import digest
from repository.statements import sql

MOST_WAITING = 500
"""Requests of one person that may wait at the same time."""
EXPIRER = Actor(Role.HQ, "expiry", 0, "worker")
"""In whose name a request ends that nobody decided."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for, about whom, and why.

    `customer_id` is the customer whom it is about; without one it is about a branch, or with
    `branch_id` 0 about the union.
    """

    payload: Payload
    subject: str
    reason: str
    customer_id: int | None = None
    branch_id: int = 0


@dataclass(frozen=True, slots=True)
class Seen:
    """What the checker has looked at: the digests of the request and of its effect."""

    payload_hash: str
    effect_hash: str


def payload_hash(kind: ApprovalKind, payload: Payload, reason: str, maker: str) -> str:
    """What binds a decision to what was asked for, by whom and why."""
    return digest({"kind": kind, "payload": payload, "reason": reason, "maker": maker})


async def ask(connection: Connection, act: Act, asked: Asked, actor: Actor) -> int:
    """Ask for a decision; returns the key of the request, or of the same one that waits already.

    Its effect is computed at once where it is about a few, else by a worker. Raises
    DecisionRefused or CalendarError for what could not be done as things are.
    """
    await act.lock(connection, asked.payload)
    effect = None
    if act.effect is not None:
        effect = (await act.effect(connection, asked.payload)).to_document()
    same = await connection.fetchrow(sql("same_approval"), act.kind, asked.payload)
    if same is not None and not same["overdue"]:
        return int(same["id"])
    if same is not None:
        await _expire(connection, same["id"])
    if await connection.fetchval(sql("approvals_of_maker"), actor.human) >= MOST_WAITING:
        raise DecisionRefused(
            "TOO_MANY_REQUESTS", f"{MOST_WAITING} of your requests wait: withdraw some"
        )
    told = payload_hash(act.kind, asked.payload, asked.reason, actor.principal)
    key = await connection.fetchval(
        sql("ask_approval"),
        act.kind,
        asked.payload,
        told,
        asked.subject,
        asked.reason,
        actor.principal,
        asked.customer_id,
        asked.branch_id,
        effect,
        None if effect is None else digest(effect),
        LASTS,
        actor.human,
    )
    if key is None:  # somebody else asked for the same at the same moment
        return int(await connection.fetchval(sql("same_approval"), act.kind, asked.payload))
    await connection.execute(sql("tell_approval"), key)
    await audit(
        connection,
        actor,
        "approval.request",
        f"approval {key}",
        after={"state": ApprovalState.PENDING},
        reason=asked.reason,
        detail={"kind": act.kind, "of": asked.subject, "payload": asked.payload, "hash": told},
    )
    return int(key)


async def give(database: Database, key: int, seen: Seen, reason: str, actor: Actor) -> Act:
    """Allow a request that somebody else has made, and do what was asked for, in one transaction.

    Raises DecisionRefused: NOT_FOUND, NOT_A_CHECKER, SAME_PERSON, ALREADY_DECIDED, EXPIRED,
    MAKER_SHUT_OUT, PAYLOAD_MISMATCH, STALE_EFFECT (the effect is computed anew for the next look),
    or why it cannot be done; and CalendarError.
    """
    async with database.unit() as connection:
        request = await _to_decide(connection, key, actor)
        if request["state"] != ApprovalState.PENDING:
            raise _decided(request)
        act = ACTS[ApprovalKind(request["kind"])]
        payload, why = request["payload"], request["reason"]
        bound = payload_hash(act.kind, payload, why, request["requested_by"])
        if not bound == request["payload_hash"] == seen.payload_hash:
            raise DecisionRefused(
                "PAYLOAD_MISMATCH", "this is not what was asked for: look again", "payloadHash"
            )
        await act.lock(connection, payload)
        request = await _held(connection, key)
        if request["shut_out"]:
            raise DecisionRefused(
                "MAKER_SHUT_OUT", "whoever asked for this was shut out: refuse it", "approval"
            )
        stale = await _stale(connection, act, request, seen)
        if not stale:
            result = await act.carry_out(connection, payload, why, actor)
            await _decide(connection, request, ApprovalState.APPROVED, actor, reason, result)
    if stale:
        raise DecisionRefused(
            "STALE_EFFECT", "what it would do is not what you looked at: look again", "effectHash"
        )
    return act


async def _stale(connection: Connection, act: Act, request: Any, seen: Seen) -> bool:
    """Whether the checker must look again; what is to be looked at is then made ready."""
    key = request["id"]
    if act.effect is not None:
        now = (await act.effect(connection, request["payload"])).to_document()
        if digest(now) != request["basis"]:
            await connection.execute(sql("keep_effect"), key, now, digest(now), digest(now), None)
            return True
    elif act.survey is not None:
        marks = await act.survey.marks(connection, request["payload"])
        if (
            digest(marks) != request["basis"]
            or request["wanted_at"] is not None
            or request["age"] > LOOK_LASTS
        ):
            await connection.execute(sql("want_effect"), key)
            return True
    return bool(seen.effect_hash != request["effect_hash"])


async def look(database: Database, key: int, actor: Actor) -> Act:
    """See to it that the effect of a request is what it would do as of now.

    Of what concerns everybody a worker computes it; `effect_is_due` tells when that is done.
    Raises DecisionRefused: NOT_FOUND, ALREADY_DECIDED, EXPIRED, or why it cannot be done; and
    CalendarError.
    """
    async with database.unit() as connection:
        request = await _found(connection, key, actor)
        if request["state"] != ApprovalState.PENDING:
            raise _decided(request)
        act = ACTS[ApprovalKind(request["kind"])]
        await act.lock(connection, request["payload"])
        await _held(connection, key)
        if act.effect is not None:
            now = (await act.effect(connection, request["payload"])).to_document()
            await connection.execute(sql("keep_effect"), key, now, digest(now), digest(now), None)
        else:
            await connection.execute(sql("want_effect"), key)
        return act


async def effect_is_due(connection: Connection, key: int) -> bool:
    """Whether a worker still has to compute the effect of a request."""
    request = await connection.fetchrow(sql("approval"), key)
    return request is not None and request["wanted_at"] is not None


async def refuse(database: Database, key: int, reason: str, actor: Actor) -> None:
    """Refuse a request that somebody else has made.

    Raises DecisionRefused: NOT_FOUND, NOT_A_CHECKER, SAME_PERSON, ALREADY_DECIDED or EXPIRED.
    """
    async with database.unit() as connection:
        await _to_decide(connection, key, actor)
        request = await _held(connection, key)
        await _decide(connection, request, ApprovalState.REJECTED, actor, reason)


async def withdraw(database: Database, key: int, reason: str, actor: Actor) -> None:
    """Take back what one has asked for oneself.

    Raises DecisionRefused: NOT_FOUND, NOT_THE_MAKER, ALREADY_DECIDED or EXPIRED.
    """
    async with database.unit() as connection:
        request = await _found(connection, key, actor)
        if request["maker"] != actor.human:
            raise DecisionRefused("NOT_THE_MAKER", "somebody else asked for this", "approval")
        request = await _held(connection, key)
        await _decide(connection, request, ApprovalState.WITHDRAWN, actor, reason)


async def expire(database: Database) -> int:
    """End requests that nobody decided in time, each by itself; returns how many were looked at."""
    async with database.writing() as connection:
        overdue = await connection.fetch(sql("overdue_approvals"))

    async def end(key: int) -> None:
        async with database.unit() as connection:
            await _expire(connection, key)

    for row in overdue:
        try:
            await persistently(partial(end, row["id"]))
        except HELD_ELSEWHERE:
            continue  # somebody has the customer; it ends with a later look, and no other waits
    return len(overdue)


async def _expire(connection: Connection, key: int) -> None:
    request = await _locked(connection, key)
    if request["state"] == ApprovalState.PENDING and request["overdue"]:
        await _decide(connection, request, ApprovalState.EXPIRED, EXPIRER, None)


async def _found(connection: Connection, key: int, actor: Actor) -> Any:
    """A request in the actor's scope; one that is not there is as good as none."""
    request = await connection.fetchrow(sql("approval"), key)
    if request is None or not actor.sees(
        request["customer_id"], request["manager_id"], request["branch_id"]
    ):
        raise DecisionRefused("NOT_FOUND", "there is no such request", "approval")
    return request


async def _to_decide(connection: Connection, key: int, actor: Actor) -> Any:
    """A request that the actor may decide."""
    request = await _found(connection, key, actor)
    if actor.role not in ACTS[ApprovalKind(request["kind"])].checkers:
        raise DecisionRefused(
            "NOT_A_CHECKER", f"the role {actor.role} does not decide this", "approval"
        )
    if _may_be_the_maker(request, actor):
        raise DecisionRefused(
            "SAME_PERSON", "you asked for this: somebody else decides", "approval"
        )
    return request


def _may_be_the_maker(request: Any, actor: Actor) -> bool:
    """Whether the actor asked for it, or has its subject and one of the two names no person."""
    subject = f"{actor.role}:{actor.subject}"
    asked_as = request["requested_by"]
    unnamed = asked_as == subject or (not actor.person and asked_as.startswith(f"{subject}/"))
    return bool(request["maker"] == actor.human or unnamed)


async def _held(connection: Connection, key: int) -> Any:
    """The request as it is, and will be until the transaction ends; it must wait for a decision."""
    request = await _locked(connection, key)
    if request["state"] != ApprovalState.PENDING:
        raise _decided(request)
    if request["overdue"]:
        raise DecisionRefused("EXPIRED", "nobody decided this in time: ask again", "approval")
    return request


async def _locked(connection: Connection, key: int) -> Any:
    """A request that is there, as it will be until the transaction ends."""
    await connection.execute(sql("hold_customer_of_approval"), key)
    await connection.execute(sql("hold_approval"), key)
    return await connection.fetchrow(sql("approval"), key)


def _decided(request: Any) -> DecisionRefused:
    return DecisionRefused("ALREADY_DECIDED", f"this is {request['state']} already", "approval")


async def _decide(
    connection: Connection,
    request: Any,
    state: ApprovalState,
    actor: Actor,
    reason: str | None,
    result: Facts | None = None,
) -> None:
    """The one step that a held request takes, its event and its line."""
    key = request["id"]
    decided = await connection.fetchval(
        sql("decide_approval"), key, state, actor.principal, actor.human, reason, result
    )
    if decided is None:
        raise DecisionRefused("ALREADY_DECIDED", "this is decided already", "approval")
    await connection.execute(sql("tell_approval"), key)
    about = f"approval {key}"
    facts: dict[str, Any] = {
        "before": {"state": ApprovalState.PENDING},
        "after": {"state": state},
        "reason": reason,
        "detail": {
            "kind": request["kind"],
            "of": request["subject"],
            "requestedBy": request["requested_by"],
            "hash": request["payload_hash"],
            "effectHash": request["effect_hash"],
            "effect": request["effect"],
            "result": result,
        },
    }
    match state:
        case ApprovalState.APPROVED:
            await audit(connection, actor, "approval.give", about, **facts)
        case ApprovalState.REJECTED:
            await audit(connection, actor, "approval.refuse", about, **facts)
        case ApprovalState.WITHDRAWN:
            await audit(connection, actor, "approval.withdraw", about, **facts)
        case _:
            await audit(connection, actor, "approval.expire", about, **facts)

"""A kind of decision that needs two people, as the mechanism of approvals knows it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from domain.actors import Actor, Role
from domain.approvals import ApprovalKind, Payload
from domain.effect import Effect
from repository.audit import Facts
from repository.database import Connection, Database


@dataclass(frozen=True, slots=True)
class Survey:
    """How the effect on everybody is computed: by a worker, in parts.

    `marks` are cheap to read and change whenever the effect may; they are read under the ledger's
    lock. `effect` looks at all customers and raises DecisionRefused or CalendarError.
    """

    marks: Callable[[Connection, Payload], Awaitable[Facts]]
    effect: Callable[[Database, Payload], Awaitable[Effect]]


@dataclass(frozen=True, slots=True)
class Act:
    """What is asked for by one person and allowed by another.

    `lock` takes what `effect` and `carry_out` need, in the order of everyone: the ledger, accounts,
    customers. It comes first in the transaction of a decision, before the request's own row.
    `effect` tells what it would do as of now and writes nothing; `carry_out` does it, in the
    transaction of the decision and in the name of the checker, writes its own line of the audit
    trail with the maker's reason, and answers with what to keep as the result. All three raise
    DecisionRefused or CalendarError if it cannot be done as things are.

    `survey` instead of `effect` is for what concerns everybody.
    """

    kind: ApprovalKind
    checkers: frozenset[Role]
    lock: Callable[[Connection, Payload], Awaitable[None]]
    carry_out: Callable[[Connection, Payload, str, Actor], Awaitable[Facts]]
    effect: Callable[[Connection, Payload], Awaitable[Effect]] | None = None
    survey: Survey | None = None
    wakes: Literal["relay", "close", "recompute"] = "relay"
    """The topic of workers that has something to do once it is done."""

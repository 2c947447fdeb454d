"""Standings, the decisions behind them, and the events they publish."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import orjson

from domain.changes import ChangeKind, changes_of
from domain.decision import Decision, Rule
from domain.months import Month
from domain.policy import TierPolicy
from domain.special import Grant, special_until
from domain.standing import NON_MEMBER, Standing, Status, history_from_documents
from repository.database import Connection
from repository.statements import sql


@dataclass(slots=True)
class Outcomes:
    """Decisions about customers, gathered to be written at once."""

    standings: list[tuple[Any, ...]] = field(default_factory=list)
    changes: list[tuple[Any, ...]] = field(default_factory=list)

    def add(
        self,
        customer_id: int,
        decision: Decision,
        policy: TierPolicy,
        published: Standing,
        *,
        published_version: int | None,
        grants: Sequence[Grant],
        closed: Month | None,
    ) -> None:
        """Take a decision under `policy`: the standing it gives, and its event if it has one.

        `published` is what stood before it in the eyes of readers, under policy
        `published_version`: where a correction made the close go on from another status or tier,
        the change is a correction. `closed` is the month whose close this is, until which the event
        waits.
        """
        after = decision.after
        in_force = decision.effective_from
        unchanged = decision.before == after and published == decision.before
        until = special_until(grants, in_force.last_day) if after.status is Status.SPECIAL else None
        self.standings.append(
            (
                customer_id,
                in_force.first_day,
                after.status.value,
                after.tier,
                None if after.since is None else after.since.first_day,
                after.shortfall_months,
                after.below_entry_months,
                after.retention_closes,
                until,
                _document([month.to_document() for month in after.history]),
                after.terminated,
                decision.month.first_day,
                decision.rule.value,
                decision.policy_version,
                _document([month.to_document() for month in decision.judged]),
                None if unchanged else _document(decision.before.to_document()),
            )
        )
        before = decision.before
        judged_from_shown = published.tier == before.tier and (
            published.assessed or published.status is before.status
        )
        rule = decision.rule if judged_from_shown else Rule.CORRECTED
        kind = changes_of(published, after, rule, policy)
        if kind is None:
            return
        change = _change(customer_id, decision, published, published_version, kind, closed)
        self.changes.append(change)

    async def write(self, connection: Connection) -> int:
        """Write all of it; returns the number of events."""
        if self.standings:
            await connection.execute(
                sql("write_standings"), *map(list, zip(*self.standings, strict=True))
            )
        if self.changes:
            await connection.execute(
                sql("write_tier_changes"), *map(list, zip(*self.changes, strict=True))
            )
        return len(self.changes)


def _document(value: object) -> str:
    return orjson.dumps(value).decode()


def _change(
    customer_id: int,
    decision: Decision,
    published: Standing,
    published_version: int | None,
    kind: ChangeKind,
    closed: Month | None,
) -> tuple[Any, ...]:
    return (
        customer_id,
        kind.value,
        decision.effective_from.first_day,
        published.status.value,
        decision.after.status.value,
        published.tier,
        decision.after.tier,
        published_version or decision.policy_version,
        decision.month.first_day,
        decision.rule.value,
        decision.policy_version,
        _document([month.to_document() for month in decision.judged]),
        _document(decision.before.to_document()),
        _document(decision.after.to_document()),
        None if closed is None else closed.first_day,
    )


def standing_of(row: Any) -> Standing:
    """The standing in a row; NON_MEMBER where the row has none."""
    if row["status"] is None:
        return NON_MEMBER
    since: date | None = row["since"]
    return Standing(
        Status(row["status"]),
        row["tier"],
        None if since is None else Month.of(since),
        row["shortfall_months"],
        row["below_entry_months"],
        row["retention_closes"],
        history_from_documents(row["history"]) if row["history"] else (),
        row["terminated"],
    )


async def grants_of(connection: Connection, customers: Sequence[int]) -> dict[int, list[Grant]]:
    """All grants of customers, by customer."""
    grants: dict[int, list[Grant]] = {}
    for row in await connection.fetch(sql("grants_of"), customers):
        grant = Grant(row["starts"], row["until"], row["revoked_on"])
        grants.setdefault(row["customer_id"], []).append(grant)
    return grants


async def published_at(
    connection: Connection, customer_id: int, month: Month
) -> tuple[Standing, int | None]:
    """The published standing of a customer in a month, and the policy version behind it."""
    row = await connection.fetchrow(sql("standing_at"), customer_id, month.first_day)
    if row is None:
        return NON_MEMBER, None
    return standing_of(row), row["policy_version"]

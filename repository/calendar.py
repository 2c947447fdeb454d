"""The institution's calendar and tier policies."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from domain.actors import Actor
from domain.months import Month
from domain.policy import DEFAULT_POLICY, TierPolicy, parse_policy, policy_document
from repository.audit import audit
from repository.database import HELD_ELSEWHERE, Connection, Database
from repository.statements import sql


class CalendarError(Exception):
    """A request against the calendar that cannot be met; `code` is for programs."""

    def __init__(self, message: str, code: str) -> None:
        """Keep the message and the code."""
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Calendar:
    """The calendar as one transaction sees it. All but the currency are None in a new house."""

    business_date: date | None
    first_month: Month | None
    open_month: Month | None
    last_closed: Month | None
    closing: Month | None
    home_currency: str

    @property
    def business_month(self) -> Month | None:
        """The month of the business date."""
        return None if self.business_date is None else Month.of(self.business_date)

    def spans(self, first: date, last: date) -> bool:
        """Whether recording balances of these days leaves the calendar as it is.

        It spares a statement; `move_business_date`, which is given otherwise, looks for itself.
        """
        if self.business_date is None or self.business_date < last or self.first_month is None:
            return False
        begun = self.last_closed is not None or self.closing is not None
        return begun or self.first_month <= Month.of(first)


async def read_calendar(connection: Connection) -> Calendar:
    """The calendar now; hold the ledger's lock to keep it so."""
    row = await connection.fetchrow(sql("read_calendar"))
    if row is None:
        raise CalendarError("the database has not been migrated", "NOT_MIGRATED")
    return Calendar(
        row["business_date"],
        _month(row["first_month"]),
        _month(row["open_month"]),
        _month(row["last_closed"]),
        _month(row["closing"]),
        row["home_currency"],
    )


def _month(day: date | None) -> Month | None:
    return None if day is None else Month.of(day)


async def share_ledger(connection: Connection) -> Calendar:
    """Keep the calendar as it is until the transaction ends, and read it."""
    await connection.execute(sql("share_ledger"))
    return await read_calendar(connection)


_WAITS = (0.25, 0.5, 1, 2, 2, 2, 2, 2, 2, 2)
"""Seconds of the waits for the ledger; as much time lies between two of them."""


async def own_ledger(connection: Connection) -> None:
    """Keep everybody else from posting, recomputing and publishing until the transaction ends.

    Whoever waits for the ledger keeps others waiting, so the wait is short, and again after a pause
    if somebody holds the ledger for long. Who owns it waits for nothing else for long either: the
    transaction fails with HELD_ELSEWHERE.
    """
    for seconds in _WAITS:
        try:
            async with connection.transaction():
                await connection.execute(sql("wait_at_most"), f"{seconds}s")
                await connection.execute(sql("own_ledger"))
            break
        except HELD_ELSEWHERE:
            await asyncio.sleep(seconds)
    else:
        await connection.execute(sql("own_ledger"))
    await connection.execute(sql("wait_at_most"), f"{_WAITS[0]}s")


async def set_business_date(database: Database, day: date, actor: Actor) -> Calendar:
    """Set the business date; it may not leave the open month behind it or go back before it."""
    async with database.unit() as connection:
        await own_ledger(connection)
        calendar = await read_calendar(connection)
        if calendar.open_month is not None and day < calendar.open_month.first_day:
            raise CalendarError(
                f"{calendar.open_month.previous()} is closed: the business date cannot be {day}",
                "MONTH_CLOSED",
            )
        if calendar.business_date is not None and day < calendar.business_date:
            raise CalendarError(
                f"the business date is {calendar.business_date} and does not go back",
                "BUSINESS_DATE_GOES_BACK",
            )
        await connection.execute(sql("set_business_date"), day)
        await audit(
            connection,
            actor,
            "calendar.set",
            str(day),
            before={"businessDate": calendar.business_date},
            after={"businessDate": day},
        )
        return await read_calendar(connection)


async def policies(connection: Connection) -> list[TierPolicy]:
    """All policies, oldest version first; the first one is published by the first start."""
    rows = await connection.fetch(sql("policies"))
    return [parse_policy(row["document"], row["version"]) for row in rows]


async def ensure_default_policy(database: Database) -> None:
    """Publish version 1 unless a policy exists; safe for two starters at once."""
    async with database.unit() as connection:
        await own_ledger(connection)
        if not await policies(connection):
            await _insert(connection, DEFAULT_POLICY, "installation")


async def publish_policy(
    database: Database, document: dict[str, Any], actor: Actor
) -> tuple[TierPolicy, bool]:
    """Publish a policy version; a policy equal to the one it would follow is not published again.

    Returns the policy and whether it is new. Raises InvalidPolicy for a malformed document and
    CalendarError for one that would change how closed months were judged.
    """
    async with database.unit() as connection:
        weighed = await weigh_policy(connection, document)
        if weighed.known is None:
            await add_policy(connection, weighed, actor)
        return weighed.policy, weighed.known is None


@dataclass(frozen=True, slots=True)
class WeighedPolicy:
    """A policy that can be published, or is published already: then `known` is that one."""

    policy: TierPolicy
    known: TierPolicy | None
    before: TierPolicy | None


async def weigh_policy(connection: Connection, document: Mapping[str, Any]) -> WeighedPolicy:
    """What publishing a policy would come to; the ledger is owned until the transaction ends.

    Raises InvalidPolicy and CalendarError as `publish_policy`.
    """
    await own_ledger(connection)
    calendar = await read_calendar(connection)
    known = await policies(connection)
    policy = parse_policy(document, len(known) + 1)
    before = known[-1] if known else None
    same = [p for p in known if p.effective == policy.effective]
    if same and policy_document(same[-1]) == policy_document(policy):
        return WeighedPolicy(same[-1], same[-1], before)
    if calendar.last_closed is not None and policy.effective <= calendar.last_closed:
        raise CalendarError(
            f"effective: {policy.effective} is closed; the first month a new policy can "
            f"govern is {calendar.open_month}",
            "MONTH_CLOSED",
        )
    if calendar.closing is not None and policy.effective <= calendar.closing:
        raise CalendarError(
            f"effective: {calendar.closing} is being closed; publish when it is over",
            "MONTH_CLOSING",
        )
    return WeighedPolicy(policy, None, before)


async def add_policy(
    connection: Connection, weighed: WeighedPolicy, actor: Actor, reason: str | None = None
) -> None:
    """Publish a policy that was weighed in the same transaction."""
    policy = weighed.policy
    await _insert(connection, policy, actor.principal)
    await connection.execute(sql("mark_everyone"), policy.effective.first_day)
    await audit(
        connection,
        actor,
        "policy.publish",
        f"version {policy.version}",
        before=None if weighed.before is None else policy_document(weighed.before),
        after=policy_document(policy),
        reason=reason,
    )


async def _insert(connection: Connection, policy: TierPolicy, published_by: str) -> None:
    await connection.execute(
        sql("publish_policy"),
        policy.version,
        policy.effective.first_day,
        policy.watch_months,
        policy.exit_months,
        policy.retention_months,
        policy_document(policy),
        published_by,
    )
    await connection.executemany(
        sql("publish_tier"),
        [(policy.version, t.code, t.name, t.rank, t.threshold) for t in policy.tiers],
    )
    await connection.execute(sql("keep_dropped_tiers"))

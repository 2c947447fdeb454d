"""Loading the demo data: eighteen months lived through in order, then closed one by one.

Balances, grants, revocations and terminations come month by month, as they would have, so every
standing and every event is what the rules make of them. The audit trail has a line when it begins
and one when it is complete; a load that was cut off between them goes on with the next start.
"""

import contextlib
import csv
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from cli.demo import DemoFacts, Grant, Revocation, Signal, Termination, write
from cli.demo_feeds import complete_feeds, expect_feeds
from cli.demo_request import leave_request
from cli.imports import import_folder
from cli.progress import Progress
from cli.session import OPERATOR
from domain.months import Month, months_between, parse_date
from repository.audit import audit, was_audited
from repository.calendar import read_calendar, set_business_date
from repository.closing import request_close
from repository.database import Connection, Database
from repository.ledger import Updates, record
from repository.relay import relay
from repository.special import GrantRefused, end_relation, grant, revoke
from repository.statements import sql
from settings import Settings
from workers.close import carry_out
from workers.recompute import recompute

Decision = Grant | Revocation | Termination
_BEGUN, _COMPLETE = "demo.begin", "demo.complete"


async def load_demo(database: Database, settings: Settings) -> bool:
    """Load the demo data unless the installation has data; whether it holds the demo data now."""
    if await was_audited(database, _COMPLETE):
        return True
    begun = await was_audited(database, _BEGUN)
    async with database.writing() as connection:
        if not begun and await connection.fetchval(sql("has_customers")):
            return bool(await connection.fetchval(sql("has_demo")))
        calendar = await read_calendar(connection)
    if calendar.home_currency != "CNY":
        raise click.ClickException(
            "the demo data is in CNY: start with --empty where TERRACE_HOME_CURRENCY is another"
        )
    if begun:
        click.echo("going on with the demo data, which was cut off", err=True)
        await _carry_out(database, settings)  # the close it was cut off in, before files come again
    else:
        async with database.unit() as connection:
            await audit(connection, OPERATOR, _BEGUN, "demo data")
    with tempfile.TemporaryDirectory(prefix="terrace-demo-") as name:
        folder = Path(name)
        facts = write(folder)
        balances = _by_month(folder / "balances.csv")
        (folder / "balances.csv").unlink()
        await import_folder(database, folder)
        await _live(database, settings, facts, balances)
    return True


def _by_month(path: Path) -> dict[Month, list[tuple[str, Any, Decimal]]]:
    months: dict[Month, list[tuple[str, Any, Decimal]]] = defaultdict(list)
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            day = parse_date(row["as_of"])
            balance = Decimal(row["balance"])
            months[Month.of(day)].append((row["account_number"], day, balance))
    return months


async def _live(
    database: Database,
    settings: Settings,
    facts: DemoFacts,
    balances: dict[Month, list[tuple[str, Any, Decimal]]],
) -> None:
    """Go through the months; every one but the last is closed."""
    decisions: dict[Month, list[Decision]] = defaultdict(list)
    every: list[Decision] = [*facts.grants, *facts.revocations, *facts.terminations]
    for decision in every:
        decisions[Month.of(_day(decision))].append(decision)
    last = Month.of(parse_date(facts.business_date))
    months = months_between(Month.parse(facts.first_month), last)
    with Progress("Loading the demo data", len(months)) as bar:
        for done, month in enumerate(months):
            bar.show(done, len(months))
            if await _is_closed(database, month):
                continue
            if month == months[0]:
                await set_business_date(database, month.first_day, OPERATOR)
                await expect_feeds(database, month, last)
            for decision in sorted(decisions[month], key=_day):
                await _decide(database, decision)
            await _record(database, month, balances[month], settings)
            await complete_feeds(database, month)
            if month != last:
                await request_close(database, month, OPERATOR)
                await _carry_out(database, settings)
    await set_business_date(database, parse_date(facts.business_date), OPERATOR)
    await recompute(database, settings.recompute_batch)
    await _complete(database, facts.signals)
    while await relay(database):
        pass


def _day(decision: Decision) -> Any:
    return decision.start if isinstance(decision, Grant) else decision.on


async def _carry_out(database: Database, settings: Settings) -> None:
    await carry_out(database, chunk=settings.close_chunk, batch=settings.recompute_batch)


async def _is_closed(database: Database, month: Month) -> bool:
    async with database.writing() as connection:
        last = (await read_calendar(connection)).last_closed
    return last is not None and month <= last


async def _decide(database: Database, decision: Decision) -> None:
    """Carry out a decision; one that was carried out before is refused, and that is all."""
    async with database.writing() as connection:
        today = (await read_calendar(connection)).business_date
    if today is None or today < _day(decision):
        await set_business_date(database, _day(decision), OPERATOR)
    with contextlib.suppress(GrantRefused):
        async with database.unit() as connection:
            number = decision.customer_number
            customer = await connection.fetchrow(sql("customer_by_number"), number)
            assert customer is not None
            match decision:
                case Grant():
                    await grant(connection, customer, None, decision.reason, OPERATOR)
                case Revocation():
                    await revoke(connection, customer, decision.reason, OPERATOR)
                case Termination() if customer["status"] != "TERMINATED":
                    await end_relation(connection, customer, decision.reason, OPERATOR)


async def _record(
    database: Database,
    month: Month,
    rows: Sequence[tuple[str, Any, Decimal]],
    settings: Settings,
) -> None:
    updates = Updates(
        range(len(rows)),
        [account for account, _, _ in rows],
        [day for _, day, _ in rows],
        [int(amount.scaleb(2)) for _, _, amount in rows],
        [f"{account}:{day}" for account, day, _ in rows],
    )
    async with database.unit() as connection:
        await connection.execute(sql("recording_settings"))
        recorded = await record(connection, updates, settings.future_days)
    if recorded.rejections:
        first = recorded.rejections[0]
        raise click.ClickException(f"demo data of {month}: {rows[first.place]}: {first.message}")


async def _complete(database: Database, signals: Sequence[Signal]) -> None:
    async with database.unit() as connection:
        for signal in sorted(signals, key=lambda s: s.reported_on):
            await _signal(connection, signal)
        await leave_request(connection)
        await audit(connection, OPERATOR, _COMPLETE, "demo data")


async def _signal(connection: Connection, signal: Signal) -> None:
    reported_at = datetime.combine(signal.reported_on, time(9, 30), UTC)
    await connection.execute(
        sql("write_demo_signal"),
        signal.customer_number,
        signal.code,
        signal.severity,
        signal.facts,
        signal.state,
        signal.reporter_number,
        reported_at,
    )

"""Scenario 6: the same updates doubled and in other orders leave the same books.

Updates of one account and day keep their order, for the later one wins by right; everything else
may come in any order, in other requests, and again. Backdated ones come at the end, while no worker
runs, so that each customer's corrections are looked at together.
"""

import random
from datetime import date
from typing import Any

from tests.faults.dumps import compared, digest, dump
from tests.faults.invariants import settled
from tests.faults.run import Result, Run, Stage, dressed, scenario
from tests.faults.servers import World, running
from tests.faults.traffic import FIRST, Row


def shuffled(rows: list[Row], dice: random.Random, doubled: float) -> list[list[Row]]:
    """The rows in another order and in requests of other sizes, some of them again."""
    pending: dict[tuple[str, Any], list[Row]] = {}
    for row in rows:
        pending.setdefault((row.account, row.day), []).append(row)
    turns = [key for key, own in pending.items() for _ in own]
    dice.shuffle(turns)
    sent: list[Row] = []
    for key in turns:
        sent.append(pending[key].pop(0))
        if dice.random() < doubled:
            sent.append(dice.choice(sent))
    requests = []
    while sent:
        size = dice.randrange(1, 200)
        requests.append(sent[:size])
        sent = sent[size:]
    return requests


@scenario("shuffles")
async def shuffles(run: Run) -> Result:
    """The same updates in other orders, 30 % of them doubled."""
    count = run.many(100, 2)
    async with running(workers=2) as world:
        stage = await dressed(run, world, 60, 1)
        await world.start_processes()
        phases = _phases(stage, run.many(2000, 400))
        expected: dict[str, Any] | None = None
        problems: list[str] = []
        await _keep(world)
        for number in range(count):
            await _anew(world, stage)
            found = await _lived(stage, phases, run.dice(f"order {number}"), number)
            if expected is None:
                expected = found
                problems += await stage.problems()
            problems += compared(f"order {number}", found, expected)
            if number % 20 == 19:
                run.say(f"{number + 1} of {count} orders")
        rows = sum(map(len, phases))
    return Result(f"{count} orders of {rows} updates, state {digest(expected or {})}", problems)


def _phases(stage: Stage, updates: int) -> list[list[Row]]:
    """Rows before the first close, before the second, and after it."""
    sender, phases = stage.senders[0], []
    stage.feed.duplicates = 0.0
    for place in range(3):
        rows = [row for request in sender.opening() for row in request] if place == 0 else []
        while len(rows) < updates // 4:
            rows += [r for r in sender.request() if _of(r, stage.feed.month)]
        phases.append(rows)
        stage.feed.moves_on()
    late: list[Row] = []
    stage.feed.late = 0.9
    while len(late) < updates // 8:
        late += [r for r in sender.request() if not _of(r, stage.feed.closed[-1])]
    return [*phases, [row for row in late if row.account != "NONE"]]


def _of(row: Row, month: date) -> bool:
    """No backdated one: what comes of such depends on who is looked at when, and by right."""
    return row.account != "NONE" and row.day >= month


async def _lived(stage: Stage, phases: list[list[Row]], dice: random.Random, number: int) -> Any:
    """Send all phases with a close between them; the state in the end."""
    world, sender = stage.world, stage.senders[0]
    for place, rows in enumerate(phases):
        late = place == len(phases) - 1
        for worker in world.workers if late else ():  # corrections are looked at together
            worker.kill()
        if place and not late:
            await stage.close()
        doubled = 0.3 if number else 0.0
        requests = shuffled(rows, dice, doubled) if number else [rows[:1000], rows[1000:]]
        for at, request in enumerate(requests):
            if request:
                await sender.send(request, f"o{number}.{place}.{at}")
    for worker in world.workers:
        if not worker.alive:
            worker.start()
    await settled(world)
    return await dump(world, positions=False)


async def _keep(world: World) -> None:
    """Remember the empty books."""
    connection = await world.connect()
    try:
        await connection.execute("""
            create table harness.account as select * from terrace.account;
            create table harness.calendar as select * from terrace.calendar""")
    finally:
        await connection.close()


async def _anew(world: World, stage: Stage) -> None:
    """Empty the books: people and accounts stay."""
    connection = await world.connect()
    try:
        await connection.execute("""
            alter table terrace.audit disable trigger refuse_change;
            alter table terrace.audit_seal disable trigger refuse_change;
            truncate terrace.audit_seal, terrace.audit_unsealed;
            truncate terrace.balance_update, terrace.request, terrace.dirty, terrace.aum,
                terrace.replaced_aum, terrace.standing, terrace.replayed_standing,
                terrace.tier_change,
                terrace.correction, terrace.close_run, terrace.close_chunk, terrace.audit,
                terrace.special_grant, harness.side;
            update terrace.account set balance = 0, balance_as_of = null;
            update terrace.feed set head = 0;
            update terrace.customer c set manager_id = a.manager_id
                from harness.account a where a.customer_id = c.id and c.manager_id <> a.manager_id;
            update terrace.calendar set business_date = null, first_month = null,
                last_closed = null, closing = null;
            alter table terrace.audit enable always trigger refuse_change;
            alter table terrace.audit_seal enable always trigger refuse_change""")
    finally:
        await connection.close()
    stage.books.requests.clear()
    stage.books.known.clear()
    stage.books.moments.clear()
    stage.cutoffs.clear()
    stage.feed.closed.clear()
    stage.feed.month = FIRST

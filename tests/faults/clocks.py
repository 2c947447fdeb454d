"""Scenario 11: clocks that jump back and forth, and time zones with summer time.

Inside of the database every clock that a statement or a default of a column reads is replaced by
one that jumps by up to two days at each call. The processes run in other time zones than the
database, over the days on which their clocks change. Nothing of it may show in the books.
"""

import asyncio
from datetime import timedelta

from tests.faults.judging import following
from tests.faults.run import Result, Run, Stage, scenario, staged
from tests.faults.servers import until

ZONES = ("America/New_York", "Pacific/Kiritimati", "Europe/Berlin", "Asia/Shanghai")
MAD = """
create function harness.clock_timestamp() returns timestamptz language sql volatile
    return pg_catalog.clock_timestamp() + (random() - 0.5) * interval '4 days';
create function harness.now() returns timestamptz language sql volatile
    return harness.clock_timestamp();
grant usage on schema harness to public;
alter database terrace set search_path = harness, pg_catalog, public;
alter database terrace set timezone = 'America/New_York';
do $$
declare
    found record;
begin
    for found in select table_name, column_name from information_schema.columns
        where table_schema = 'terrace' and column_default like '%clock_timestamp()%'
    loop
        execute format(
            'alter table terrace.%I alter column %I set default harness.clock_timestamp()',
            found.table_name, found.column_name);
    end loop;
end $$;
"""


async def maddened(stage: Stage) -> None:
    """Replace the database's clocks, and put each process into a zone of its own."""
    connection = await stage.world.connect()
    try:
        await connection.execute(MAD)
    finally:
        await connection.close()
    for place, process in enumerate((*stage.world.apis, *stage.world.workers)):
        process.more["TZ"] = ZONES[place % len(ZONES)]


async def _closed_amid_updates(stage: Stage) -> None:
    """A close that stands still while balances of the same days are told again and again."""
    blocker = await stage.world.connect()
    last = following(stage.feed.month) - timedelta(1)
    closing = stage.feed.month
    async with blocker.transaction():
        await blocker.execute("lock table terrace.close_chunk in exclusive mode")
        ending = asyncio.create_task(stage.close())

        async def cut() -> bool:
            query = "select closing from terrace.calendar"
            return bool(await stage.world.value(query) == closing)

        await until(cut, 30, "the close does not begin")
        for _ in range(4):
            for sender in stage.senders:
                open_then = [a for a in sender.accounts if a.closed is None or a.closed >= last]
                await sender.send([sender._row(a, last) for a in open_then])
    await blocker.close()
    await ending


@scenario("clocks")
async def clocks(run: Run) -> Result:
    """Clocks that jump by days at every look, and summer time."""
    updates = run.many(20_000, 1200)
    async with staged(run, customers=40, apis=2, start=False) as stage:
        await maddened(stage)
        await stage.world.start_processes()
        await stage.opening()
        for share in (1, 2, 3):
            await stage.send(share * updates // 3)
            await _closed_amid_updates(stage)
        problems = await stage.problems()
        busy = await stage.busy()
    return Result(f"{updates} updates and 3 closes on jumping clocks", problems, [busy])

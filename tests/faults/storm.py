"""Scenarios 1 to 4: processes and servers killed without warning while balances come in.

Kills are spread over the updates: the senders wait until the next one has been dealt, so a dose of
200 kills for 100,000 updates means one for every 500 of them. A kill waits a moment for its victim
to be inside of a transaction; how many were is noted, for a kill of an idle process proves little.
"""

import asyncio
import os
import random
from collections.abc import Awaitable, Callable
from pathlib import Path

from tests.faults.run import Result, Run, Stage, scenario, staged
from tests.faults.servers import Process, World

Strike = Callable[[World, random.Random], Awaitable[bool]]


def ports_of(pid: int) -> set[int]:
    """The local ports of a process's connections."""
    inodes = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = os.readlink(descriptor)
        except OSError:
            continue
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    found = set()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        parts = line.split()
        if parts[9] in inodes:
            found.add(int(parts[1].rpartition(":")[2], 16))
    return found


async def amid_transaction(
    world: World, processes: list[Process], tries: int = 40
) -> Process | None:
    """One of the processes that has a transaction open now, waiting a moment for it."""
    for _ in range(tries):
        rows = await world.fetch("""select client_port from pg_stat_activity
            where xact_start is not null and backend_type = 'client backend'
            and usename like '%writer%' and not query ~ 'pg_stat_activity'""")
        busy = {row["client_port"] for row in rows}
        for process in processes:
            try:
                if process.popen is not None and busy & ports_of(process.popen.pid):
                    return process
            except OSError:
                continue
        await asyncio.sleep(0.01)
    return None


def killing(kind: str) -> Strike:
    """Kill -9 one of the workers or APIs, preferably amid a transaction, and start it again."""

    async def strike(world: World, dice: random.Random) -> bool:
        processes = list(world.workers if kind == "work" else world.apis)
        dice.shuffle(processes)
        busy = await amid_transaction(world, processes)
        victim = busy or processes[0]
        victim.kill()
        victim.start()
        return busy is not None

    return strike


async def postmaster(world: World, dice: random.Random) -> bool:
    """Kill PostgreSQL as a whole, or one of its backends, which makes it recover."""
    busy = bool(await amid_transaction(world, [*world.workers, *world.apis]))
    if dice.random() < 0.5:
        await world.restart_postgres()
        return busy
    rows = await world.fetch("""select pid from pg_stat_activity where usename like '%writer%'
        order by xact_start nulls last limit 1""")
    if rows:
        os.kill(rows[0]["pid"], 9)
    await asyncio.sleep(0.5)
    return busy


async def backend(world: World, dice: random.Random) -> bool:
    """End single sessions, those amid a transaction first."""
    busy = bool(await amid_transaction(world, [*world.workers, *world.apis]))
    await world.fetch("""select pg_terminate_backend(pid) from (
        select pid from pg_stat_activity where usename like '%writer%'
        order by xact_start nulls last limit 2) few""")
    return busy


async def valkey(world: World, dice: random.Random) -> bool:
    """Empty Valkey, kill it, or leave it away for a while."""
    choice = dice.randrange(3)
    if choice == 0:
        await asyncio.to_thread(lambda: world.redis().flushall())
        return True
    os.kill(world.valkey.pid, 9)
    if choice == 2:
        await asyncio.sleep(3.0)
    await asyncio.to_thread(world.valkey.start)
    return True


async def storm(
    stage: Stage, updates: int, strikes: list[Strike], *, check: bool = True
) -> tuple[int, list[str]]:
    """Send updates with a strike for every share of them, and close a month twice meanwhile."""
    run, dice = stage.run, stage.run.dice("strikes")
    await stage.opening()
    already, hits, closes = stage.books.updates, 0, []
    share = max(1, (updates - already) // (len(strikes) + 1))
    stage.allow(already + share)
    sending = asyncio.create_task(stage.send(updates))
    for place, strike in enumerate(strikes, 1):
        while stage.books.updates < already + (place - 1) * share and not sending.done():
            await asyncio.sleep(0.01)
        if place in (len(strikes) // 3 + 1, 2 * len(strikes) // 3 + 1):
            if closes:
                await closes[-1]
            closes.append(asyncio.create_task(stage.close()))
        await asyncio.sleep(dice.random() * 0.2)
        hits += await strike(stage.world, dice)
        stage.allow(already + (place + 1) * share)
        if place % max(1, len(strikes) // 5) == 0:
            run.say(f"{place} strikes, {stage.books.updates} updates")
    stage.allow(0)
    await asyncio.gather(sending, *closes)
    for process in (*stage.world.apis, *stage.world.workers):
        if not process.alive:
            process.start()
    for api in stage.world.apis:
        await stage.world.answering(api)
    return hits, await stage.problems() if check else []


async def _stormed(
    run: Run, kills: int, strike: Strike, what: str, full: int, **stage: int
) -> Result:
    count, updates = run.many(kills, 3), run.many(full, 1500)
    async with staged(run, **stage) as built:  # type: ignore[arg-type]
        hits, problems = await storm(built, updates, [strike] * count)
        retried = sum(request.tries > 1 for request in built.books.requests)
        known, busy = built.books.updates, await built.busy()
    return Result(
        f"{count} {what}, {known} updates, 2 closes",
        problems,
        [f"{hits} amid a transaction, {retried} requests sent again", busy],
    )


@scenario("worker-kills")
async def worker_kills(run: Run) -> Result:
    """Workers killed by -9."""
    return await _stormed(run, 200, killing("work"), "workers killed", 100_000, workers=3)


@scenario("api-kills")
async def api_kills(run: Run) -> Result:
    """API processes killed by -9."""
    people = run.many(600, 200)  # so many that the model can think of each, whatever is sent again
    return await _stormed(
        run, 200, killing("serve"), "API processes killed", 100_000, apis=3, customers=people
    )


@scenario("postgresql-kills")
async def postgresql_kills(run: Run) -> Result:
    """PostgreSQL killed: the postmaster, or a backend."""
    return await _stormed(run, 20, postmaster, "times PostgreSQL killed", 10_000)


@scenario("backend-ends")
async def backend_ends(run: Run) -> Result:
    """Single sessions ended by an administrator."""
    return await _stormed(run, 200, backend, "sessions ended", 20_000)


@scenario("valkey-kills")
async def valkey_kills(run: Run) -> Result:
    """Valkey killed, emptied, absent."""
    return await _stormed(run, 20, valkey, "times Valkey killed or emptied", 10_000)


@scenario("valkey-absent")
async def valkey_absent(run: Run) -> Result:
    """No Valkey from the first update to the last."""
    updates = run.many(20_000, 1000)
    async with staged(run, customers=run.many(1000, 200)) as built:
        await asyncio.to_thread(built.world.valkey.stop)
        await built.opening()
        sending = asyncio.create_task(built.send(updates))
        await asyncio.sleep(1.0)
        await built.close()
        await sending
        problems = await built.problems()
    return Result(f"Valkey absent over {updates} updates and a close", problems)

"""Scenarios 13 and 14: a rolling restart under load, an import killed again and again."""

import asyncio
import csv
import random
from datetime import timedelta

from tests.faults.judging import TIERS
from tests.faults.run import Result, Run, scenario, staged
from tests.faults.stops import Stops
from tests.faults.traffic import FIRST, Row


@scenario("rolling-restart")
async def rolling_restart(run: Run) -> Result:
    """Two API processes and two workers restarted in turn by SIGTERM, under load, over a close."""
    rounds = run.many(10, 1)
    async with staged(run, customers=run.many(2000, 200), apis=2, workers=2) as stage:
        world, problems = stage.world, []
        await stage.opening()
        stop = asyncio.Event()

        async def load() -> None:
            while not stop.is_set():
                await stage.send(stage.books.updates + 200)

        sending = asyncio.create_task(load())
        for number in range(rounds):
            closing = asyncio.create_task(stage.close()) if number % 5 == 0 else None
            for process in (*world.apis, *world.workers):
                status = await process.end()
                if status != 0:
                    problems.append(f"{process.name} ended with {status}")
                process.start()
                if process in world.apis:
                    await world.answering(process)
            if closing is not None:
                await closing
        stop.set()
        await sending
        problems += await stage.problems()
        notes = [f"{stage.books.updates} updates, sent again for {dict(world.refusals)}"]
    return Result(f"{rounds} rounds of 4 processes", problems, notes)


@scenario("import-kills")
async def import_kills(run: Run) -> Result:
    """`terrace import balances` killed amid its blocks, and given again until it is through."""
    count = run.many(200_000, 15_000)
    async with staged(run, customers=1000, workers=1) as stage:
        world, dice = stage.world, run.dice("file")
        rows = _rows(stage.population.accounts, dice, count)
        file = world.folder / "balances.csv"
        with file.open("w", newline="") as output:
            writer = csv.writer(output)
            writer.writerow(["account_number", "as_of", "balance", "update_id"])
            writer.writerows((r.account, r.day, r.amount, r.update_id) for r in rows)
        kills, tries, most = 0, 0, run.many(100, 6)
        stops = Stops(world)
        await stops.install()
        while True:
            # A block passes about ten points; so a kill is amid one of the first three.
            await stops.at(*([dice.randrange(1, 30)] if kills < most else []))
            command = world.spawn("import", "balances", str(file))
            if await stops.reached(command):
                command.kill()
                await stops.at()
                await stops.drop()
                kills += 1
            tries += 1
            output, _ = await command.communicate()
            if command.returncode == 0:
                break
            if tries > most + 5:
                raise AssertionError(f"not through after {tries} tries: {output[-500:]!r}")
            if tries % 20 == 0:
                run.say(f"{kills} kills")
        stage.books.imported = rows
        stage.books.known |= {row.update_id for row in rows}
        problems = await stage.problems()
        await stage.close()
        problems += await stage.problems()
    return Result(f"{count} rows, {kills} kills", problems, [f"{tries} tries"])


def _rows(accounts: dict[str, object], dice: random.Random, count: int) -> list[Row]:
    """Rows of the first month in the order of the file, some days told twice."""
    names = [a for a in accounts.values() if a.closed is None]  # type: ignore[attr-defined]
    rows = []
    for number in range(count):
        account = dice.choice(names)
        line = dice.choice([line for _, line in TIERS]) * 100
        cents = dice.choice((line, line - 1, dice.randrange(1, 3 * line), 0))
        day = FIRST + timedelta(dice.randrange(31))
        rows.append(Row(f"f{number}", account.number, day, cents))  # type: ignore[attr-defined]
    return rows

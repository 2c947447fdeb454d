"""Scenario 5: a close killed between any two statements, and by several closers at once.

Every trial begins with a copy of the same database: months are closed, updates and corrections
wait, customers enter, fall, leave. Whatever is killed, the close must come out as undisturbed.
"""

import asyncio
from typing import Any

from tests.faults.dumps import compared, digest, dump
from tests.faults.invariants import settled
from tests.faults.judging import following
from tests.faults.run import Result, Run, Stage, scenario, staged
from tests.faults.stops import Stops
from tests.faults.traffic import FIRST

MONTHS_BEFORE = 8
MONTH = following(FIRST, MONTHS_BEFORE)
NAME = f"{MONTH:%Y-%m}"


class Trials:
    """Copies of one installation just before a close."""

    def __init__(self, stage: Stage) -> None:
        self.stage, self.world, self.stops = stage, stage.world, Stops(stage.world)

    async def prepare(self) -> None:
        """Months of life, then updates and corrections that nobody has looked at yet."""
        stage, world = self.stage, self.world
        world.apis[0].start()
        await world.answering(world.apis[0])
        await stage.opening()
        await stage.send(stage.books.updates + 200)
        stage.feed.moves_on()
        for sender in stage.senders:  # members from March fall in April
            await sender.send(sender.request())
        before = following(MONTH, -1)
        await world.command("close", "--through", f"{before:%Y-%m}")
        stage.feed.month, stage.feed.late = MONTH, 0.1
        stage.feed.closed = [following(FIRST, by) for by in range(MONTHS_BEFORE)]
        await stage.send(stage.books.updates + 400)
        world.apis[0].kill()
        await self.stops.install()
        await self._administer("alter database terrace rename to base")

    async def fresh(self) -> None:
        """Begin anew from the copy."""
        await self._administer(
            "drop database if exists terrace with (force)",
            "create database terrace template base owner terrace",
            """update pg_database set datacl = (select datacl from pg_database
                where datname = 'base') where datname = 'terrace'""",  # who may connect
        )

    async def _administer(self, *statements: str) -> None:
        world = self.world
        if world._looking is not None:
            await world._looking.close()
            world._looking = None
        connection = await world.connect(database="postgres")
        try:
            await connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname in "
                "('terrace', 'base') and pid <> pg_backend_pid()"
            )
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    async def undisturbed(self) -> tuple[dict[str, Any], int]:
        """The state after the close, and how many points it passed."""
        await self.fresh()
        await self.stops.at()
        await self.world.command("close", NAME)
        return await dump(self.world, positions=True), await self.stops.passed()

    async def worked(self) -> None:
        """Let a worker do what is left."""
        if not self.world.workers[0].alive:
            self.world.workers[0].start()
        await settled(self.world)
        self.world.workers[0].kill()


@scenario("close-kills")
async def close_kills(run: Run) -> Result:
    """A close killed before and after every statement that writes, then given again."""
    settings = {"TERRACE_CLOSE_CHUNK": "20"}
    async with staged(run, customers=120, workers=1, settings=settings, start=False) as stage:
        trials = Trials(stage)
        await trials.prepare()
        expected, points = await trials.undisturbed()
        problems = await _whole(stage)
        caught_up = await dump(trials.world, positions=True)
        wanted, offset = run.many(120, 3), run.dice("offset").random()
        chosen = [1 + int((place + offset) * points / wanted) for place in range(wanted)]
        for count, point in enumerate(chosen):
            problems += await _killed(trials, point, expected, caught_up)
            if count % 20 == 19:
                run.say(f"{count + 1} of {wanted} kills")
        return Result(f"{wanted} of {points} points, state {digest(expected)} each time", problems)


async def _events(trials: Trials, placed: bool) -> Any:
    """The tier changes, with their positions or without."""
    found = await dump(trials.world, positions=placed, tables=("tier_change",))
    return found["tier_change"]


async def _whole(stage: Stage) -> list[str]:
    """The undisturbed close itself is what the model says."""
    stage.world.apis[0].start()
    stage.world.workers[0].start()
    await stage.world.answering(stage.world.apis[0])
    try:
        return await stage.problems()
    finally:
        stage.world.apis[0].kill()
        stage.world.workers[0].kill()


async def _killed(
    trials: Trials, point: int, expected: dict[str, Any], caught_up: dict[str, Any]
) -> list[str]:
    """Kill a close at a point, give it again, compare; `caught_up` is what a worker leaves."""
    await trials.fresh()
    await trials.stops.at(point)
    closer = trials.world.spawn("close", NAME)
    if await trials.stops.reached(closer):
        closer.kill()
        await trials.stops.at()
        await trials.stops.drop()
    await closer.communicate()
    await trials.world.command("close", NAME, status=None)
    if await trials.world.value("select count(*) from terrace.tier_change where position is null"):
        await trials.worked()  # it was killed after the close, before it published the events
        expected = caught_up  # the open month as well
    found = await dump(trials.world, positions=True)
    return compared(f"killed at point {point}", found, expected)


@scenario("closers-at-once")
async def closers_at_once(run: Run) -> Result:
    """Two closers and a worker at one close, one of them killed at a random point."""
    count, dice = run.many(40, 2), run.dice("points")
    settings = {"TERRACE_CLOSE_CHUNK": "7"}
    async with staged(run, customers=120, workers=1, settings=settings, start=False) as stage:
        trials = Trials(stage)
        await trials.prepare()
        _, points = await trials.undisturbed()
        await trials.worked()
        problems, expected = [], await dump(trials.world, positions=False)
        for number in range(count):
            await trials.fresh()
            await trials.stops.at(dice.randrange(1, points))
            closers = [trials.world.spawn("close", NAME) for _ in range(2)]
            trials.world.workers[0].start()
            if await trials.stops.reached(closers[0]):
                victim = dice.choice((*closers, trials.world.workers[0]))
                victim.kill()
                await trials.stops.at()
                await asyncio.sleep(dice.random())
                await trials.stops.drop()  # whoever it was has lost its session
            for closer in closers:
                await closer.communicate()
            await trials.world.command("close", NAME, status=None)
            await trials.worked()
            found = await dump(trials.world, positions=False)
            problems += compared(f"trial {number}", found, expected)
        return Result(f"{count} closes by 2 closers and a worker, a kill in each", problems)


@scenario("post-during-close")
async def post_during_close(run: Run) -> Result:
    """Updates sent while a close stands still at random points: none of them is judged."""
    count, dice = run.many(20, 1), run.dice("points")
    settings = {"TERRACE_CLOSE_CHUNK": "20"}
    async with staged(run, customers=120, workers=1, settings=settings, start=False) as stage:
        trials = Trials(stage)
        await trials.prepare()
        _, points = await trials.undisturbed()
        events = {placed: await _events(trials, placed) for placed in (True, False)}
        problems: list[str] = []
        books, stage.books.moments = list(stage.books.requests), dict(stage.books.moments)
        known = set(stage.books.known)
        for number in range(count):
            await trials.fresh()
            stage.books.requests[:], stage.books.known = list(books), set(known)
            await trials.stops.at(dice.randrange(1, points))
            closer = trials.world.spawn("close", NAME)
            trials.world.apis[0].start()
            await trials.world.answering(trials.world.apis[0])
            if await trials.stops.reached(closer):
                sending = asyncio.create_task(stage.send(stage.books.updates + 200))
                await asyncio.sleep(0.5)
                await trials.stops.at()
                await trials.stops.drop()  # the closer loses its session, too
                await sending
            await closer.communicate()
            await trials.world.command("close", NAME, status=None)
            waiting = "select count(*) from terrace.tier_change where position is null"
            placed = not await trials.world.value(waiting)  # or it ended after the close, before it
            if await _events(trials, placed) != events[placed]:
                problems.append(f"trial {number}: events of the close differ")
            trials.world.workers[0].start()
            problems += await stage.problems()
            trials.world.workers[0].kill()
            trials.world.apis[0].kill()
        return Result(f"{count} closes with 200 updates amid each", problems)

"""What all scenarios share: a seed, a dose, a stage with people on it, and a result."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from tests.faults.invariants import broken, settled
from tests.faults.servers import World, running, until
from tests.faults.traffic import Books, Feed, Population, Sender, persistent
from tests.faults.witness import install, sides

CLOSE = """mutation ($m: Month!) { closeMonth(input: {month: $m}) {
    close { state } errors { code } } }"""


@dataclass
class Run:
    """One run of one scenario. `dose` 1 is the full one."""

    seed: int
    dose: float
    name: str = ""

    def dice(self, purpose: str) -> random.Random:
        return random.Random(f"{self.seed}/{self.name}/{purpose}")

    def many(self, full: int, least: int = 1) -> int:
        """So many at this dose."""
        return max(least, round(full * self.dose))

    def say(self, text: str) -> None:
        print(f"  {time.strftime('%H:%M:%S')} {self.name}: {text}", flush=True)


@dataclass
class Result:
    """What a scenario did and what it found."""

    dose: str
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


Scenario = Callable[[Run], Awaitable[Result]]
SCENARIOS: dict[str, Scenario] = {}


def scenario(name: str) -> Callable[[Scenario], Scenario]:
    """Enter a scenario in the list under a name."""

    def enter(function: Scenario) -> Scenario:
        SCENARIOS[name] = function
        return function

    return enter


@dataclass
class Stage:
    """A running installation with customers, and the feeds that tell of them."""

    run: Run
    world: World
    population: Population
    books: Books
    feed: Feed
    senders: list[Sender]
    cutoffs: dict[date, tuple[float, float]] = field(default_factory=dict)
    _gate: int = 0

    async def opening(self) -> None:
        """A first balance for every account."""

        async def one(sender: Sender) -> None:
            for rows in sender.opening():
                await sender.send(rows)

        await asyncio.gather(*map(one, self.senders))

    async def send(self, updates: int) -> None:
        """Let all senders send until so many updates are known in all."""

        async def one(sender: Sender) -> None:
            while self.books.updates < updates:
                while self.books.updates >= self._gate and self._gate:
                    await asyncio.sleep(0.01)
                await sender.send(sender.request())

        async with asyncio.TaskGroup() as tasks:
            for sender in self.senders:
                tasks.create_task(one(sender))

    def allow(self, updates: int) -> None:
        """Senders wait when so many updates are known."""
        self._gate = updates

    async def close(self) -> None:
        """Ask for the close of the open month and wait for its end."""
        month = self.feed.month
        variables, token = {"m": f"{month:%Y-%m}"}, self.world.token("hq")
        asked = time_now()
        answer, tries = await persistent(self.world, CLOSE, variables, token)
        problems = answer["closeMonth"]["errors"]
        if problems and not (tries > 1 and problems[0]["code"] == "MONTH_CLOSED"):
            raise AssertionError(f"{month} is not closed: {problems}")
        self.cutoffs[month] = (asked, time_now())
        self.feed.moves_on()
        await self.closed(month)

    async def closed(self, month: date, seconds: float = 120.0) -> None:
        """Wait for the end of a close."""

        async def over() -> bool:
            query = "select state, problem from terrace.close_run where month = $1"
            row = (await self.world.fetch(query, month))[0]
            if row["state"] == "FAILED":
                raise AssertionError(f"the close of {month} failed: {row['problem']}")
            return bool(row["state"] == "CLOSED")

        await until(over, seconds, f"the close of {month} does not end")

    async def problems(
        self, poisoned: frozenset[str] = frozenset(), unjudged: frozenset[str] = frozenset()
    ) -> list[str]:
        """Wait for quiet, then check every invariant."""
        await settled(self.world)
        found = await broken(
            self.world, self.population, self.books, poisoned=poisoned, unjudged=unjudged
        )
        rows = await self.world.fetch("select update_id, counts_in from harness.side")
        noted = [(row["update_id"], row["counts_in"]) for row in rows]
        return found + sides(noted, self.books, self.cutoffs) + self.world.faults()

    async def busy(self) -> str:
        """How much of what could go wrong there was, in a line."""
        row = (
            await self.world.fetch("""select
            (select count(*) from harness.side where held) as held,
            (select count(*) from terrace.correction where state = 'APPLIED') as applied,
            (select count(*) from terrace.correction where state <> 'APPLIED') as reviewed,
            (select count(*) from terrace.tier_change) as events,
            (select count(*) from terrace.tier_change where kind = 'CORRECTED') as corrected""")
        )[0]
        told = ", ".join(f"{value} {name}" for name, value in row.items())
        return f"{told}, {self.world.skipped} customers not thought through"


def time_now() -> float:
    return asyncio.get_running_loop().time()


@asynccontextmanager
async def staged(
    run: Run,
    *,
    customers: int = 200,
    senders: int = 4,
    apis: int = 1,
    workers: int = 2,
    settings: dict[str, str] | None = None,
    start: bool = True,
) -> AsyncIterator[Stage]:
    """An installation with so many customers, ready to be sent to."""
    async with running(apis=apis, workers=workers, settings=settings) as world:
        stage = await dressed(run, world, customers, senders)
        if start:
            await world.start_processes()
        yield stage


async def dressed(run: Run, world: World, customers: int, senders: int) -> Stage:
    """Import the people by the product's own command."""
    population = Population.of(run.dice("population"), customers)
    population.write(world.folder / "files")
    await world.command("import", str(world.folder / "files"))
    await install(world)
    books = Books()
    feed = Feed(world, population, books)
    owned: list[list[str]] = [population.customers[place::senders] for place in range(senders)]
    names = [Sender(feed, f"s{place}", own, run.seed) for place, own in enumerate(owned)]
    return Stage(run, world, population, books, feed, names)


async def every(seconds: float, step: Callable[[], Awaitable[Any]], stop: asyncio.Event) -> None:
    """Take a step again and again until told to stop."""
    while not stop.is_set():
        await step()
        try:
            await asyncio.wait_for(stop.wait(), seconds)
        except TimeoutError:
            continue

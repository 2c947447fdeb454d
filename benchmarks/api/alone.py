"""What is asked of Terrace alone: half its load, a million requests, growing data."""

import sys
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack

from benchmarks import load
from benchmarks.api import wrk
from benchmarks.api.queries import QUERIES, Query
from benchmarks.api.rounds import Pace, Round, compare, once
from benchmarks.api.sides import Side, of_terrace
from benchmarks.place import Place
from benchmarks.report import median
from benchmarks.serving import terrace

MILLION = 1_000_000


async def at_half_load(
    side: Side, query: Query, customers: int, most: float, seconds: float
) -> dict[str, float]:
    """Latencies of one process at half of the most it answered, by the paced load generator."""
    requests = [side.request(query, question) for question in query.questions(customers)]
    job = load.Job(side.servers[0].port, requests, b'"data"', seconds, rate=most / 2)
    found = await load.in_another_process(job)
    return {
        "asked_per_second": most / 2,
        "requests_per_second": found.rate,
        "p50_ms": found.p50,
        "p99_ms": found.p99,
        "load_us": found.load_us,
    }


async def after_many(
    place: Place, side: Side, query: Query, customers: int, requests: int, burst: float
) -> dict[str, float]:
    """Memory of one process before and after so many requests, sent in bursts of some seconds."""
    lengths = await compare([side], query, customers)
    server = side.servers[0]
    before, done = server.megabytes(), 0
    asked = [side.request(query, question) for question in query.questions(customers)]
    with wrk.prepared(asked, lengths[side.name]) as ready:
        while done < requests:
            done += (await once(place, [server], ready, burst)).outcome.requests
            print(f"{done:,} requests: {server.megabytes():.0f} MB", file=sys.stderr)
    return {"requests": done, "before_mb": before, "after_mb": server.megabytes()}


async def growing(
    place: Place, sizes: Sequence[int], pace: Pace
) -> dict[str, Mapping[str, Mapping[str, float]]]:
    """The three queries, by name and number of customers, one process a database, in turns."""
    found: dict[tuple[str, int], list[Round]] = {}
    async with AsyncExitStack() as stack:
        sides = {}
        for customers in sizes:
            print(f"filling a database with {customers:,} customers ...", file=sys.stderr)
            url = await place.populated(customers, points=False)
            server = await stack.enter_async_context(terrace(place, url))
            sides[customers] = of_terrace([server])
        await place.settle()
        for query in QUERIES:
            with ExitStack() as files:
                ready = {}
                for customers, side in sides.items():
                    lengths = await compare([side], query, customers)
                    asked = [side.request(query, one) for one in query.questions(customers)]
                    ready[customers] = files.enter_context(wrk.prepared(asked, lengths[side.name]))
                    await once(place, side.servers, ready[customers], pace.warm)
                for _ in range(pace.rounds):
                    for customers, side in sides.items():
                        one = await once(place, side.servers, ready[customers], pace.seconds)
                        found.setdefault((query.name, customers), []).append(one)
                        print(
                            f"{query.name} of {customers:,}: {one.outcome.rate:,.0f} /s",
                            file=sys.stderr,
                        )
    return {
        query.name: {str(customers): _middle(found[query.name, customers]) for customers in sizes}
        for query in QUERIES
    }


def _middle(rounds: Sequence[Round]) -> dict[str, float]:
    figures = [one.figures() for one in rounds]
    return {name: median([one[name] for one in figures]) for name in figures[0]}

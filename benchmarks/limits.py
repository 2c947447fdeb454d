"""What limits cost a read: a server with its limits beside the same one without any."""

import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson

from api.tokens import sign
from benchmarks import documents, load
from benchmarks.place import KEY, Place, Scale
from benchmarks.population import customer_number, manager_number
from benchmarks.reading import SIZES, managers
from benchmarks.report import Report, median
from benchmarks.serving import terrace, unlimited
from domain.actors import Role

_ROUNDS = {Scale.FULL: (9, 4.0), Scale.QUICK: (3, 1.5), Scale.TINY: (1, 0.3)}
_QUERIES = {"tiny": (documents.TINY, b'"name"'), "profile": (documents.PROFILE, b'"riskSignals"')}


@dataclass(frozen=True, slots=True)
class _Round:
    """One measurement of one side."""

    outcome: load.Outcome
    server_us: float


async def run(place: Place) -> Report:
    """Requests a second of all managers in turn, for their own customers, with and without."""
    size = SIZES[place.scale]
    rounds, seconds = _ROUNDS[place.scale]
    url = await place.populated(size.customers)
    found: dict[tuple[str, str], list[_Round]] = {}
    async with AsyncExitStack() as stack:
        sides = {
            "limits": await stack.enter_async_context(terrace(place, url)),
            "none": await stack.enter_async_context(unlimited(place, url)),
        }
        for number in range(rounds + 1):  # the first one warms up
            for name, (document, expected) in _QUERIES.items():
                requests = _requests(document, len(managers(size)))
                for side, server in list(sides.items())[:: 1 if number % 2 else -1]:
                    job = load.Job(server.port, requests, expected, seconds if number else 0.5)
                    before = server.seconds()
                    outcome = await load.in_another_process(job)
                    took = (server.seconds() - before) / outcome.requests * 1e6
                    if number:
                        found.setdefault((name, side), []).append(_Round(outcome, took))
                        told = f"{name} {number}/{rounds} {side}: {outcome.rate:,.0f} /s"
                        print(f"{told}, {took:.0f} us", file=sys.stderr)
    rows = [
        (
            name,
            side,
            median([one.outcome.rate for one in of_side]),
            median([one.outcome.p50 for one in of_side]),
            median([one.outcome.p99 for one in of_side]),
            median([one.server_us for one in of_side]),
        )
        for (name, side), of_side in found.items()
    ]
    ratios: dict[str, float] = {}
    for name in _QUERIES:
        pairs = list(zip(found[name, "limits"], found[name, "none"], strict=True))
        ratios[name] = median([ours.outcome.rate / bare.outcome.rate for ours, bare in pairs])
        ratios[f"{name}_time"] = median([ours.server_us / bare.server_us for ours, bare in pairs])
    return Report(
        "limits",
        f"reads of {len(managers(size))} managers with limits and without",
        ("query", "side", "requests/s", "p50 ms", "p99 ms", "server us"),
        rows,
        ratios,
        {
            f"{name} {side}": [
                {"requests_per_second": one.outcome.rate, "server_us": one.server_us}
                for one in of_side
            ]
            for (name, side), of_side in found.items()
        },
        (
            "a ratio is the median of those of the rounds, which are measured in turn",
            "server us: processor time of the API process a request",
        ),
    )


def _requests(document: str, number: int) -> list[bytes]:
    now = datetime.now(UTC)
    found = []
    for manager in range(1, number + 1):
        token = sign(KEY, Role.MANAGER, manager_number(manager), hours=24, now=now)
        for turn in range(10):
            variables = {"number": customer_number(manager + turn * number)}
            body = orjson.dumps({"query": document, "variables": variables})
            found.append(load.post("/graphql", body, token))
    return found

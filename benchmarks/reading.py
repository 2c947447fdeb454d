"""Comparing a query with the same answer made by hand: requests a second, and what they cost."""

import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson

from api.tokens import sign
from benchmarks import engine_cost, load
from benchmarks.place import KEY, Place, Scale, as_manager
from benchmarks.population import CUSTOMERS_OF_A_MANAGER, manager_number
from benchmarks.report import Report, median
from benchmarks.serving import Serving, ceiling, terrace
from domain.actors import Actor, Role


@dataclass(frozen=True, slots=True)
class Question:
    """One thing to read: a manager asks it about `variables`, the peer by its `values`."""

    manager: int
    variables: dict[str, object]
    values: list[object]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A query, the hand-written statement with the same answer, and what marks a good answer."""

    name: str
    title: str
    document: str
    statement: str
    expected: bytes


@dataclass(frozen=True, slots=True)
class Size:
    """How much is asked of how many customers."""

    customers: int
    rounds: int
    seconds: float


SIZES = {
    Scale.FULL: Size(20_000, 7, 6.0),
    Scale.QUICK: Size(4_000, 3, 1.5),
    Scale.TINY: Size(400, 1, 0.5),
}
_WARM_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class _Round:
    """One measurement of one side."""

    outcome: load.Outcome
    server_us: float
    postgres_us: float


def managers(size: Size) -> range:
    """The managers' keys; all of them ask in turn."""
    return range(1, size.customers // CUSTOMERS_OF_A_MANAGER + 1)


async def compare(place: Place, it: Comparison, questions: Sequence[Question]) -> Report:
    """Ask both sides the same questions in turn; the answers must be equal."""
    size = SIZES[place.scale]
    url = await place.populated(size.customers)
    ours = [_to_terrace(it.document, question) for question in questions]
    theirs = [load.post("/", orjson.dumps(question.values)) for question in questions]
    rounds: dict[str, list[_Round]] = {"terrace": [], "ceiling": []}
    async with AsyncExitStack() as stack:
        sides = {
            "terrace": (await stack.enter_async_context(terrace(place, url)), ours),
            "ceiling": (
                await stack.enter_async_context(ceiling(as_manager(url), {"/": it.statement})),
                theirs,
            ),
        }
        await _same_answers(sides["terrace"][0], sides["ceiling"][0], ours, theirs)
        for server, requests in sides.values():
            await load.in_another_process(
                load.Job(server.port, requests, it.expected, _WARM_SECONDS)
            )
        for number in range(size.rounds):
            for side, (server, requests) in sides.items():
                job = load.Job(server.port, requests, it.expected, size.seconds)
                found = await _measure(place, server, job)
                rounds[side].append(found)
                print(
                    f"{it.name} {number + 1}/{size.rounds} {side}: {found.outcome.rate:,.0f} /s",
                    file=sys.stderr,
                )
        memory = {side: server.megabytes() for side, (server, _) in sides.items()}
    actor = Actor(Role.MANAGER, manager_number(questions[0].manager), questions[0].manager)
    cost = await engine_cost.measure(it.document, questions[0].variables, actor)
    return _report(it, rounds, cost, memory, size)


def _to_terrace(document: str, question: Question) -> bytes:
    body = orjson.dumps({"query": document, "variables": question.variables})
    subject = manager_number(question.manager)
    token = sign(KEY, Role.MANAGER, subject, hours=24, now=datetime.now(UTC))
    return load.post("/graphql", body, token)


async def _same_answers(
    terrace: Serving, ceiling: Serving, ours: Sequence[bytes], theirs: Sequence[bytes]
) -> None:
    step = max(len(ours) // 50, 1)
    for our, their in zip(ours[::step], theirs[::step], strict=True):
        answer = orjson.loads((await load.ask(terrace.port, our)).body)
        by_hand = orjson.loads((await load.ask(ceiling.port, their)).body)
        if answer != {"data": by_hand}:
            raise RuntimeError(f"the answers differ: {answer!r} and {by_hand!r}")


async def _measure(place: Place, server: Serving, job: load.Job) -> _Round:
    server_before, postgres_before = server.seconds(), place.postgres_seconds()
    outcome = await load.in_another_process(job)
    return _Round(
        outcome,
        (server.seconds() - server_before) / outcome.requests * 1e6,
        (place.postgres_seconds() - postgres_before) / outcome.requests * 1e6,
    )


def _report(
    it: Comparison,
    rounds: dict[str, list[_Round]],
    cost: dict[str, float],
    memory: dict[str, float],
    size: Size,
) -> Report:
    rows = []
    for side, found in rounds.items():
        rows.append(
            (
                side,
                median([one.outcome.rate for one in found]),
                median([one.outcome.p50 for one in found]),
                median([one.outcome.p99 for one in found]),
                median([one.server_us for one in found]),
                median([one.postgres_us for one in found]),
                memory[side],
            )
        )
    ours, peer = rows
    return Report(
        it.name,
        f"{it.title}; {load.CONNECTIONS} connections, {size.customers:,} customers",
        ("side", "requests/s", "p50 ms", "p99 ms", "server us", "postgres us", "server MB"),
        rows,
        {
            "requests_per_second": ours[1] / peer[1],
            "server_time": ours[4] / peer[4],
            "postgres_time": ours[5] / peer[5],
        },
        {
            "engine_us": cost,
            "rounds": {
                side: [
                    {
                        "requests_per_second": one.outcome.rate,
                        "p50_ms": one.outcome.p50,
                        "p99_ms": one.outcome.p99,
                        "server_us": one.server_us,
                        "postgres_us": one.postgres_us,
                        "load_us": one.outcome.load_us,
                    }
                    for one in found
                ]
                for side, found in rounds.items()
            },
        },
        (
            "engine without HTTP and database: a new document "
            f"{cost['validate']:,.0f} us to parse and validate, {cost['compile']:,.0f} us to "
            f"compile; a known one {cost['cached']:.1f} us",
            "us: processor time a request; load by benchmarks.load, on the same processors",
        ),
    )

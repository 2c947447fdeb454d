"""The measurement: equal answers first, then rounds in which every side has its turn."""

import json
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from benchmarks import load
from benchmarks.api import wrk
from benchmarks.api.queries import Query, Question
from benchmarks.api.sides import Side
from benchmarks.place import Place
from benchmarks.report import median
from benchmarks.serving import Serving

COLUMNS = (
    *("side", "processes", "requests/s", "p50 ms", "p99 ms", "server us", "postgres us"),
    "server MB",
)
COMPARED = 60
"""Questions whose answers are compared on every side, if there are so many."""


@dataclass(frozen=True, slots=True)
class Round:
    """One measurement of one side; memory is that of its servers when it was over."""

    outcome: load.Outcome
    server_us: float
    postgres_us: float
    megabytes: float

    def figures(self) -> dict[str, float]:
        """All of it, named."""
        return {
            "requests_per_second": self.outcome.rate,
            "p50_ms": self.outcome.p50,
            "p99_ms": self.outcome.p99,
            "server_us": self.server_us,
            "postgres_us": self.postgres_us,
            "load_us": self.outcome.load_us,
            "server_mb": self.megabytes,
            "requests": self.outcome.requests,
        }


Rounds = Mapping[tuple[str, int], Sequence[Round]]
"""The rounds of each side, by its name and the number of its processes."""


async def compare(sides: Sequence[Side], query: Query, customers: int) -> dict[str, float]:
    """Ask all servers the same; gives the mean length of a whole answer, by side.

    Raises RuntimeError unless all answers are the same bytes once keys are sorted.
    """
    questions = _sample(query.questions(customers))
    lengths: dict[str, list[int]] = defaultdict(list)
    for question in questions:
        said: dict[str, str] = {}
        for side in sides:
            for number, server in enumerate(side.servers, start=1):
                answer = await load.ask(server.port, side.request(query, question))
                lengths[side.name].append(answer.length)
                decoded = side.answer(answer.body)
                said[f"{side.name} {number}"] = json.dumps(decoded, sort_keys=True)
        _same(question, said)
    return {name: sum(found) / len(found) for name, found in lengths.items()}


def _same(question: Question, said: Mapping[str, str]) -> None:
    (first, expected), *others = said.items()
    for other, answer in others:
        if answer != expected:
            at = next(
                (n for n, (a, b) in enumerate(zip(answer, expected, strict=False)) if a != b), 0
            )
            pieces = [text[max(at - 60, 0) : at + 60] for text in (expected, answer)]
            raise RuntimeError(f"to {question} {first} and {other} say {pieces}")
    if None in json.loads(expected).values():
        raise RuntimeError(f"nothing was found for {question}")


def _sample(questions: Sequence[Question]) -> Sequence[Question]:
    return questions[:: max(len(questions) // COMPARED, 1)][:COMPARED]


async def measure(
    place: Place, sides: Sequence[Side], query: Query, customers: int, pace: "Pace"
) -> Rounds:
    """So many rounds; every second one goes through the sides backwards."""
    lengths = await compare(sides, query, customers)
    questions = query.questions(customers)
    rounds: dict[tuple[str, int], list[Round]] = {}
    with ExitStack() as stack:
        turns = []
        for side in sides:
            requests = [side.request(query, question) for question in questions]
            ready = stack.enter_context(wrk.prepared(requests, lengths[side.name]))
            await wrk.run([server.port for server in side.servers], ready, pace.warm)
            turns += [(side, count, ready) for count in side.counts]
            rounds |= {(side.name, count): [] for count in side.counts}
        for number in range(pace.rounds):
            for side, count, ready in turns if number % 2 == 0 else reversed(turns):
                found = await once(place, side.servers[:count], ready, pace.seconds)
                rounds[side.name, count].append(found)
                print(
                    f"{query.name} {number + 1}/{pace.rounds} {side.name} x {count}: "
                    f"{found.outcome.rate:,.0f} /s",
                    file=sys.stderr,
                )
    return rounds


@dataclass(frozen=True, slots=True)
class Pace:
    """How many rounds of how many seconds; every side runs for `warm` seconds before them."""

    rounds: int
    seconds: float
    warm: float


async def once(
    place: Place, servers: Sequence[Serving], requests: wrk.Requests, seconds: float
) -> Round:
    """One measurement with wrk."""
    before, postgres_before = _seconds(servers), place.postgres_seconds()
    outcome = await wrk.run([server.port for server in servers], requests, seconds)
    return Round(
        outcome,
        (_seconds(servers) - before) / outcome.requests * 1e6,
        (place.postgres_seconds() - postgres_before) / outcome.requests * 1e6,
        sum(server.megabytes() for server in servers),
    )


def _seconds(servers: Sequence[Serving]) -> float:
    return sum(server.seconds() for server in servers)


def rows(rounds: Rounds) -> Iterator[tuple[object, ...]]:
    """The table of a query: medians of the rounds, a row a side and number of processes."""
    for (name, count), found in rounds.items():
        figures = [one.figures() for one in found]
        yield (
            name,
            count,
            *(median([one[key] for one in figures]) for key in list(figures[0])[:5]),
            figures[-1]["server_mb"],
        )

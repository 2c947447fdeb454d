"""The whole run, and what is reported of it."""

import subprocess
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks import engine_cost
from benchmarks.api import alone, node, peer, wrk
from benchmarks.api.queries import QUERIES
from benchmarks.api.rounds import COLUMNS, Pace, Rounds, measure, rows
from benchmarks.api.sides import (
    CEILING,
    LOADERS,
    PEER,
    SCOPED_PEER,
    TERRACE,
    of_terrace,
    started,
)
from benchmarks.load import CONNECTIONS
from benchmarks.place import Place, Scale
from benchmarks.population import manager_number
from benchmarks.report import Machine, Report, median, show, write
from benchmarks.serving import terrace
from domain.actors import Actor, Role

_BEST = {"postgraphile": PEER, "postgraphile_scoped": SCOPED_PEER}
_ALIKE = {"ceiling": CEILING, "dataloaders": LOADERS}
_PACKAGES = ("strawberry-graphql", "graphql-core", "asyncpg", "starlette", "uvicorn", "uvloop")


@dataclass(frozen=True, slots=True)
class Size:
    """How many customers, how long they are asked about, and what else is measured."""

    customers: int
    pace: Pace
    growth: tuple[int, ...]
    many: int


SIZES = {
    Scale.FULL: Size(100_000, Pace(2, 10, 8), (10_000, 100_000, 1_000_000), alone.MILLION),
    Scale.QUICK: Size(10_000, Pace(1, 2, 3), (2_000, 10_000, 40_000), 50_000),
    Scale.TINY: Size(400, Pace(1, 1, 1), (200, 400, 800), 1_000),
}


async def run(
    place: Place,
    executable: Path,
    results: Path,
    names: Collection[str],
    *,
    growth: bool,
    million: bool,
) -> None:
    """Fill the database, start every side, measure, and report on the screen and in `api.json`."""
    size = SIZES[place.scale]
    machine = Machine.here(await place.version())
    print(f"filling a database with {size.customers:,} customers ...", file=sys.stderr)
    url = await place.populated(size.customers, points=False)
    await peer.make(url)
    await place.settle()
    found: dict[str, Rounds] = {}
    figures: dict[str, Any] = {"versions": _versions(executable), "half_load": {}}
    async with started(place, url, executable, names) as sides:
        for query in QUERIES:
            found[query.name] = await measure(place, sides, query, size.customers, size.pace)
            most = _rate(found[query.name], TERRACE, 1)
            figures["half_load"][query.name] = await alone.at_half_load(
                sides[0], query, size.customers, most, size.pace.seconds
            )
    figures["engine_us"] = await _engine(size.customers)
    write(_report(found, figures, size), machine, place.scale, results)  # what follows takes long
    if million:
        async with terrace(place, url) as server:
            figures["many_requests"] = await alone.after_many(
                place,
                of_terrace([server]),
                QUERIES[-1],
                size.customers,
                size.many,
                3 * size.pace.seconds,
            )
    if growth:
        figures["growth"] = await alone.growing(place, size.growth, size.pace)
    report = _report(found, figures, size)
    path = write(report, machine, place.scale, results)
    print(show(report, machine, place.scale))
    print(path, file=sys.stderr)


async def _engine(customers: int) -> dict[str, dict[str, float]]:
    """What the engine costs without HTTP and database, by query, in microseconds."""
    found = {}
    for query in QUERIES:
        question = query.questions(customers)[0]
        actor = Actor(Role.MANAGER, manager_number(question.manager), question.manager)
        variables = {query.variable: question.value}
        found[query.name] = await engine_cost.measure(query.document, variables, actor)
    return found


def _versions(executable: Path) -> dict[str, str]:
    wrk_says = subprocess.run([wrk.find(), "--version"], capture_output=True, text=True)
    return {
        "postgraphile": node.postgraphile_version(),
        "node": node.version(executable),
        "wrk": " ".join(wrk_says.stdout.split()[1:2]),
        **{name: version(name) for name in _PACKAGES},
    }


def _report(found: Mapping[str, Rounds], figures: dict[str, Any], size: Size) -> Report:
    figures["rounds"] = {
        query: {
            f"{side} x {count}": [one.figures() for one in done]
            for (side, count), done in rounds.items()
        }
        for query, rounds in found.items()
    }
    against = _ratios(found)
    if "growth" in figures:
        against["growth"] = {name: _slower(by_size) for name, by_size in figures["growth"].items()}
    return Report(
        "api",
        f"the read path; {CONNECTIONS} connections, {size.customers:,} customers",
        ("query", *COLUMNS),
        [(name, *row) for name, rounds in found.items() for row in rows(rounds)],
        against,
        figures,
        _notes(figures),
    )


def _slower(by_size: Mapping[str, Mapping[str, float]]) -> float:
    """Time of a request with the most customers over that with the fewest."""
    rates = [figures["requests_per_second"] for figures in by_size.values()]
    return rates[0] / rates[-1]


def _ratios(found: Mapping[str, Rounds]) -> dict[str, Mapping[str, float]]:
    """Ours over theirs, larger is better for us.

    Requests a second: PostGraphile's best without any scope against Terrace's best, of one and two
    processes each; the same for its best with its own scope; the hand-written statement and the
    DataLoaders against Terrace in one process each. `..._cpu` is the processor time of a request
    in server and PostgreSQL, theirs over ours in one process each: what else runs on the machine
    hardly moves it.
    """
    measured = {side for rounds in found.values() for side, _ in rounds}
    best, alike = (
        {key: side for key, side in peers.items() if side in measured} for peers in (_BEST, _ALIKE)
    )
    ratios: dict[str, Mapping[str, float]] = {}
    for key, side in best.items():
        ratios[key] = {name: _best(of, TERRACE) / _best(of, side) for name, of in found.items()}
    for key, side in alike.items():
        ratios[key] = {
            name: _rate(of, TERRACE, 1) / _rate(of, side, 1) for name, of in found.items()
        }
    for key, side in (best | alike).items():
        ratios[f"{key}_cpu"] = {
            name: _us(of, side) / _us(of, TERRACE) for name, of in found.items()
        }
    return ratios


def _notes(figures: Mapping[str, Any]) -> list[str]:
    notes = [
        f"{name} at half load ({half['asked_per_second']:,.0f} /s, one process, paced by "
        f"benchmarks.load): p50 {half['p50_ms']:.2f} ms, p99 {half['p99_ms']:.2f} ms"
        for name, half in figures["half_load"].items()
    ]
    notes += [
        f"engine, {name}: a new document {cost['validate']:,.0f} us to validate, "
        f"{cost['compile']:,.0f} us to compile; a known one {cost['cached']:.1f} us"
        for name, cost in figures["engine_us"].items()
    ]
    many = figures.get("many_requests")
    if many:
        notes.append(
            f"memory after {many['requests']:,} tiny requests: {many['after_mb']:.0f} MB, "
            f"{many['before_mb']:.0f} MB before the first"
        )
    for name, by_size in figures.get("growth", {}).items():
        rates = ", ".join(
            f"{int(customers):,} customers: {of['requests_per_second']:,.0f} /s"
            for customers, of in by_size.items()
        )
        notes.append(f"growth, {name}: {rates}")
    return [*notes, f"versions: {figures['versions']}"]


def _best(rounds: Rounds, side: str) -> float:
    return max(_rate(rounds, side, count) for name, count in rounds if name == side)


def _rate(rounds: Rounds, side: str, count: int) -> float:
    return median([one.outcome.rate for one in rounds[side, count]])


def _us(rounds: Rounds, side: str) -> float:
    return median([one.server_us + one.postgres_us for one in rounds[side, 1]])

"""What the engine itself costs, without HTTP and without the database, in microseconds."""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import cast

from domain.actors import Actor, Scope
from repository.database import Database
from schema.engine import Engine
from schema.feeds import Feeds
from schema.limits import Limits

_NEW_DOCUMENTS = 60
_BATCHES = 40
_IN_A_BATCH = 100


class _NoDatabase:
    """Stands for the pools: every statement is answered at once."""

    async def answer(self, scope: Scope, statement: str, values: Sequence[object]) -> str:
        return "{}"


async def measure(document: str, variables: Mapping[str, object], actor: Actor) -> dict[str, float]:
    """Medians in microseconds.

    `validate` is parsing and validating a document never seen, `compile` making its plan with the
    first execution, `cached` a whole execution of a known one: prepare, look the plan up, take the
    parameters' values, join the answer.
    """
    database = cast(Database, _NoDatabase())
    engine = Engine(
        database,
        Feeds(database, 1.0),
        Limits(15, 1000, 5000),
        wake=_sleep,
        future_days=366,
        kept=_NEW_DOCUMENTS + 1,
    )

    async def cached() -> None:
        await engine.execute(engine.prepare(document, None), variables, actor)

    validating, compiling = [], []
    for number in range(_NEW_DOCUMENTS):
        began = time.perf_counter()
        prepared = engine.prepare(f"{document}# {number}", None)
        validated = time.perf_counter()
        await engine.execute(prepared, variables, actor)
        compiled = time.perf_counter()
        validating.append(validated - began)
        compiling.append(compiled - validated)
    return {
        "validate": statistics.median(validating) * 1e6,
        "compile": statistics.median(compiling) * 1e6,
        "cached": await _each(cached),
    }


async def _each(work: Callable[[], Awaitable[None]]) -> float:
    batches = []
    for _ in range(_BATCHES):
        began = time.perf_counter()
        for _ in range(_IN_A_BATCH):
            await work()
        batches.append((time.perf_counter() - began) / _IN_A_BATCH)
        await asyncio.sleep(0)
    return statistics.median(batches) * 1e6


async def _sleep(topic: str) -> None:
    """Nobody is to be woken."""

"""A preview of twelve closed months beside twelve times the close of one, of the same customers.

The last month is closed first, in a process of its own, and its time is taken. Then the twelve
months up to it are judged again, by one worker in another process, under two policies: one with
other lines, whose figures are the stored ones, and one that also counts insurance, whose figures
are all made from the ledger. A preview keeps no standings of the months between, so it is at best
a fraction of its peer; the limit is twice its time.
"""

import asyncio
import multiprocessing
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace

from benchmarks.close import Closed, in_another_process, peak_megabytes
from benchmarks.place import KEY, Place, Scale
from benchmarks.population import OPEN
from benchmarks.report import Report
from cli.session import OPERATOR
from domain.policy import DEFAULT_POLICY, TierPolicy
from domain.products import ProductClass
from repository.database import Database
from repository.previews import preview_state, request_preview
from workers.preview import carry_out_previews

MONTHS = 12
_SIZES = {Scale.FULL: (100_000,), Scale.QUICK: (10_000,), Scale.TINY: (400,)}
_MILLION = (1_000_000,)
OTHER_LINES = replace(
    DEFAULT_POLICY,
    tiers=tuple(replace(tier, threshold=tier.threshold * 9 / 10) for tier in DEFAULT_POLICY.tiers),
    watch_months=2,
)
OTHER_CLASSES = replace(OTHER_LINES, counted=DEFAULT_POLICY.counted | {ProductClass.INSURANCE})
POLICIES = {"other lines": OTHER_LINES, "other classes": OTHER_CLASSES}


@dataclass(frozen=True, slots=True)
class Previewed:
    """How a preview went: seconds, the most megabytes its process had, who would move."""

    seconds: float
    memory: float
    differing: int


async def run(place: Place) -> Report:
    """Preview and close institutions of different sizes."""
    rows: list[tuple[object, ...]] = []
    ratios: dict[str, float] = {}
    for customers in (*_SIZES[place.scale], *(_MILLION if place.million else ())):
        url = await place.copy(await place.populated(customers))
        await place.settle()
        closed: Closed = await in_another_process(url)
        print(f"close {customers:,}: {closed.seconds:.2f} s", file=sys.stderr)
        for name in POLICIES:
            await place.settle()
            found = await _preview_elsewhere(url, name)
            ratio = found.seconds / (MONTHS * closed.seconds)
            ratios[f"{name.replace(' ', '_')}_time"] = ratio
            print(f"preview {customers:,}, {name}: {found.seconds:.2f} s", file=sys.stderr)
            rows.append(
                (
                    *(customers, name, closed.seconds, found.seconds, ratio),
                    *(customers * MONTHS / found.seconds, found.differing, found.memory),
                )
            )
        await place.drop(url)
    return Report(
        "preview",
        f"judging {MONTHS} closed months again under another policy",
        (
            *("customers", "policy", "close s", "preview s", "times 12 closes"),
            *("customer months/s", "differing", "peak MB"),
        ),
        rows,
        ratios,
        {},
        (
            "other lines: figures as stored; other classes: figures made from the ledger",
            "one worker, one span of customers at a time; the limit is 2 times 12 closes",
        ),
    )


async def _preview_elsewhere(url: str, name: str) -> Previewed:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as processes:
        return await asyncio.get_running_loop().run_in_executor(processes, _preview, url, name)


def _preview(url: str, name: str) -> Previewed:
    """Carry out one preview in this process, which does nothing else."""
    return asyncio.run(_carried_out(url, POLICIES[name]))


async def _carried_out(url: str, policy: TierPolicy) -> Previewed:
    async with Database(url, KEY) as database:
        began = time.perf_counter()
        asked = await request_preview(database, policy, OPEN + (1 - MONTHS), OPEN, OPERATOR)
        await carry_out_previews(database, days=30)
        seconds = time.perf_counter() - began
        async with database.writing() as connection:
            state = await preview_state(connection, asked.id)
            differing = await connection.fetchval(
                "select differing from terrace.policy_preview where id = $1", asked.id
            )
    if state.state != "DONE":
        raise RuntimeError(f"the preview ended as {state.state}: {state.problem}")
    return Previewed(seconds, peak_megabytes(), differing)

"""`make faults`: every scenario, or those that are named.

python -m tests.faults [--seed N] [--dose 1.0] [--list] [--report FOLDER [--resume]] [NAME ...]
"""

import argparse
import asyncio
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.faults import report
from tests.faults.catalogue import SCENARIOS
from tests.faults.run import Result, Run

WAITS = "open-transaction"


async def carried_out(name: str, seed: int, dose: float) -> dict[str, Any]:
    """Run one scenario; what it cannot do is a problem of its own."""
    began = time.monotonic()
    print(f"{name} ...", flush=True)
    try:
        result = await SCENARIOS[name](Run(seed, dose, name))
    except Exception as error:
        traceback.print_exc()
        result = Result("not finished", [f"{type(error).__name__}: {error}"[:2000]])
    seconds = round(time.monotonic() - began)
    print(f"{name}: {'ok' if not result.problems else 'FAULTS'} in {seconds} s ({result.dose})")
    for line in (*result.notes, *result.problems[:20]):
        print("   ", line[:600], flush=True)
    about = (SCENARIOS[name].__doc__ or "").strip().rstrip(".")
    return {
        "scenario": name,
        "about": about,
        "dose": result.dose,
        "problems": result.problems,
        "notes": result.notes,
        "seed": seed,
        "seconds": seconds,
    }


async def _all(
    names: list[str], seed: int, dose: float, done: Callable[[dict[str, Any]], None]
) -> list[dict[str, Any]]:
    """One after another, but beside them the one that mostly waits; each is told when `done`."""

    async def one(name: str) -> dict[str, Any]:
        entry = await carried_out(name, seed, dose)
        done(entry)
        return entry

    beside = [asyncio.create_task(one(name)) for name in names if name == WAITS and len(names) > 1]
    found = [await one(name) for name in names if not beside or name != WAITS]
    return found + [await task for task in beside]


def main() -> int:
    parser = argparse.ArgumentParser(prog="make faults")
    parser.add_argument("names", nargs="*", metavar="NAME", help="scenarios; all if none is named")
    parser.add_argument("--seed", type=int, default=20250301)
    parser.add_argument("--dose", type=float, default=1.0, help="1 is the full dose")
    parser.add_argument("--list", action="store_true", help="only list the scenarios")
    parser.add_argument("--report", type=Path, help="folder of the report of the full dose")
    parser.add_argument("--resume", action="store_true", help="leave out what the report has")
    given = parser.parse_args()
    if given.list:
        for name, function in SCENARIOS.items():
            print(f"{name:20} {(function.__doc__ or '').strip()}")
        return 0
    unknown = set(given.names) - SCENARIOS.keys()
    if unknown:
        parser.error(f"no such scenario: {', '.join(sorted(unknown))}")
    folder = given.report if given.dose >= 1 else None
    names = given.names or list(SCENARIOS)
    if given.resume and folder is not None:
        names = [name for name in names if name not in report.kept(folder, given.dose)]

    def done(entry: dict[str, Any]) -> None:
        if folder is not None:
            report.keep(folder, given.dose, list(SCENARIOS), entry)

    found = asyncio.run(_all(names, given.seed, given.dose, done))
    return 1 if any(entry["problems"] for entry in found) else 0


if __name__ == "__main__":
    sys.exit(main())

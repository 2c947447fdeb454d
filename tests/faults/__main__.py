"""`make faults`: every scenario, or those that are named.

python -m tests.faults [--seed N] [--dose 1.0] [--list] [--report FOLDER] [NAME ...]
"""

import argparse
import asyncio
import json
import sys
import time
import traceback
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
        "seconds": seconds,
    }


async def _all(names: list[str], seed: int, dose: float) -> list[dict[str, Any]]:
    """One after another, but beside them the one that mostly waits."""
    beside = {
        name: asyncio.create_task(carried_out(name, seed, dose))
        for name in names
        if name == WAITS and len(names) > 1
    }
    found = {name: await carried_out(name, seed, dose) for name in names if name not in beside}
    found |= {name: await task for name, task in beside.items()}
    return [found[name] for name in names]


def main() -> int:
    parser = argparse.ArgumentParser(prog="make faults")
    parser.add_argument("names", nargs="*", metavar="NAME", help="scenarios; all if none is named")
    parser.add_argument("--seed", type=int, default=20250301)
    parser.add_argument("--dose", type=float, default=1.0, help="1 is the full dose")
    parser.add_argument("--list", action="store_true", help="only list the scenarios")
    parser.add_argument("--report", type=Path, help="folder of the report; none if not given")
    given = parser.parse_args()
    if given.list:
        for name, function in SCENARIOS.items():
            print(f"{name:20} {(function.__doc__ or '').strip()}")
        return 0
    unknown = set(given.names) - SCENARIOS.keys()
    if unknown:
        parser.error(f"no such scenario: {', '.join(sorted(unknown))}")
    found = asyncio.run(_all(given.names or list(SCENARIOS), given.seed, given.dose))
    if given.report is not None and not given.names:
        given.report.mkdir(parents=True, exist_ok=True)
        document = {"seed": given.seed, "dose": given.dose, "scenarios": found}
        (given.report / "faults.json").write_text(json.dumps(document, indent=1) + "\n")
        (given.report / "faults.md").write_text(report.page(document))
    return 1 if any(entry["problems"] for entry in found) else 0


if __name__ == "__main__":
    sys.exit(main())

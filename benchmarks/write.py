"""The write path in one run: `python -m benchmarks.write [--quick | --tiny] [--million]`.

Import, recordBalances, the close and how soon all of it is seen, one after the other on one set of
servers, each beside its peer and its limit; fan-out to subscribers as well where it is measured.
"""

import argparse
import asyncio
import importlib
import json
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from benchmarks.__main__ import BENCHMARKS, MODULES
from benchmarks.place import Scale, place
from benchmarks.report import RESULTS, Machine, Report, show, written

NAMES = ("import", "record", "close", "visible", "fanout")
LIMITS = {
    "import_vs_copy": "at least 0.5: rows/s over those of COPY through an unlogged staging table "
    "and INSERT .. ON CONFLICT DO NOTHING into a table like the ledger",
    "record_vs_unnest": "at least 0.4: updates/s over those of unnest into a table like the ledger "
    "from 16 connections; and at least 20,000 updates/s on 2 cores",
    "close_vs_sql": "at most 3: seconds of the close over seconds of the bare SQL, for the most "
    "customers of this run",
}
"""What each ratio is and has to be. The first two are rates, the third one is a time."""


def main() -> None:
    """Run all of it, and write `write.json`."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.write", description=__doc__)
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="some minutes; rough figures")
    size.add_argument("--tiny", action="store_true", help="a minute; figures mean nothing")
    parser.add_argument(
        "--million", action="store_true", help="also close a million customers: 30 GB, half an hour"
    )
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of write.json")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that servers and folders go, too
    scale = Scale.QUICK if given.quick else Scale.TINY if given.tiny else Scale.FULL
    reports: dict[str, Report] = {}
    with place(scale, million=given.million) as running, asyncio.Runner() as runner:
        machine = Machine.here(runner.run(running.version()))
        for name in (name for name in NAMES if name in BENCHMARKS):
            print(f"{name} ...", file=sys.stderr)
            began = time.monotonic()
            benchmark = importlib.import_module(f"benchmarks.{MODULES.get(name, name)}")
            reports[name] = runner.run(benchmark.run(running))
            print(show(reports[name], machine, scale))
            print(f"{name}: {time.monotonic() - began:.0f} s", file=sys.stderr)
    ratios = _ratios(reports)
    given.results.mkdir(parents=True, exist_ok=True)
    path = given.results / "write.json"
    document = {
        "name": "write",
        "ratios": ratios,
        "limits": LIMITS,
        "parts": {name: written(report, machine, scale) for name, report in reports.items()},
    }
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    for name, ratio in ratios.items():
        print(f"{name}: {ratio:.2f} ({LIMITS[name]})")
    print(path, file=sys.stderr)


def _ratios(reports: Mapping[str, Report]) -> dict[str, float]:
    close = reports["close"].ratios["close_time"]
    return {
        "import_vs_copy": _one(reports["import"].ratios["of_staged_copy"]),
        "record_vs_unnest": _one(reports["record"].ratios["updates_per_second"]),
        "close_vs_sql": list(close.values())[-1] if isinstance(close, Mapping) else close,
    }


def _one(ratio: float | Mapping[str, float]) -> float:
    assert isinstance(ratio, float)
    return ratio


if __name__ == "__main__":
    main()

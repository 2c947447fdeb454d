"""Run benchmarks: `python -m benchmarks [NAME ...] [--quick]`."""

import argparse
import asyncio
import importlib
import signal
import sys
import time
from pathlib import Path

from benchmarks.place import Scale, place
from benchmarks.report import RESULTS, Machine, show, write

BENCHMARKS = {
    "profile": "one customer's profile: requests/s beside hand-written SQL",
    "list": "50 customers of a manager: requests/s beside hand-written SQL",
    "limits": "reads with limits beside reads without any",
    "denied": "a stranger's row beside one that is not there: whether time tells them apart",
    "import": "`terrace import balances`: rows/s beside COPY",
    "close": "closing a month: customers/s beside the bare averages in SQL",
    "preview": "12 closed months judged again under another policy, beside 12 closes",
    "record": "recordBalances: updates/s beside bare inserts",
    "audit": "the audit trail: lines sealed/s, and recordBalances with seals and without",
    "shutdown": "SIGTERM with 4,000 sockets: seconds beside the 20 allowed",
    "fanout": "events to 1,000 subscribed managers beside a bare broadcast, and 10,000 idle ones",
    "visible": "2,000 balances/s: how soon they are seen in AUM, and events at a socket",
}
MODULES = {"import": "import_file"}


def main() -> None:
    """Run what was asked for, one after the other, on one set of servers."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="all if none is given")
    parser.add_argument("--list", action="store_true", help="what can be measured")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="about a minute; rough figures")
    size.add_argument("--tiny", action="store_true", help="seconds; figures mean nothing")
    parser.add_argument(
        "--million",
        action="store_true",
        help="also close (and preview) a million customers: 30 GB, half an hour",
    )
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of the JSON files")
    given = parser.parse_args()
    if given.list:
        for name, description in BENCHMARKS.items():
            print(f"{name:10}{description}")
        return
    for name in given.names:
        if name not in BENCHMARKS:
            parser.error(f"no benchmark {name}; there are {', '.join(BENCHMARKS)}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that servers and folders go, too
    scale = Scale.QUICK if given.quick else Scale.TINY if given.tiny else Scale.FULL
    _run(given.names or list(BENCHMARKS), scale, given.results, million=given.million)


def _run(names: list[str], scale: Scale, results: Path, *, million: bool) -> None:
    with place(scale, million=million) as running, asyncio.Runner() as runner:
        version = runner.run(running.version())
        for name in names:
            print(f"{name} ...", file=sys.stderr)
            began = time.monotonic()
            machine = Machine.here(version)
            benchmark = importlib.import_module(f"benchmarks.{MODULES.get(name, name)}")
            report = runner.run(benchmark.run(running))
            path = write(report, machine, scale, results)
            print(show(report, machine, scale))
            print(f"{name}: {time.monotonic() - began:.0f} s, {path}", file=sys.stderr)


if __name__ == "__main__":
    main()

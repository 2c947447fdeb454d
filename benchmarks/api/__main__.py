"""Run the comparison: `python -m benchmarks.api [--quick | --tiny] [--growth] [--million]`."""

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from benchmarks.api import node, wrk
from benchmarks.api.comparison import run
from benchmarks.api.sides import SIDES
from benchmarks.place import Scale, place
from benchmarks.report import RESULTS


def main() -> None:
    """Check that everything needed is there, then run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.api", description=__doc__)
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="two minutes; rough figures")
    size.add_argument("--tiny", action="store_true", help="a minute; figures mean nothing")
    parser.add_argument(
        *("--sides", "-s"),
        nargs="+",
        choices=SIDES,
        default=SIDES,
        help="the peers to measure beside Terrace; all if not given",
    )
    parser.add_argument("--growth", action="store_true", help="also 10,000 to 1,000,000 customers")
    parser.add_argument("--million", action="store_true", help="also memory after a million reads")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of api.json")
    given = parser.parse_args()
    try:
        wrk.find()
        executable = node.find()
    except (wrk.WrkMissing, node.NodeMissing) as missing:
        sys.exit(f"bench-api: {missing}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that servers and folders go, too
    scale = Scale.QUICK if given.quick else Scale.TINY if given.tiny else Scale.FULL
    with place(scale) as running, asyncio.Runner() as runner:
        runner.run(
            run(
                running,
                executable,
                given.results,
                given.sides,
                growth=given.growth,
                million=given.million,
            )
        )


if __name__ == "__main__":
    main()

"""`wrk` as the load generator: many prepared requests in rotation, all connections always busy."""

import asyncio
import json
import os
import resource
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.load import CONNECTIONS, Outcome

_SCRIPT = Path(__file__).with_name("wrk.lua")
_OFF = 0.1
"""How far the mean length of answers may be from that of the samples that were compared."""


class WrkMissing(Exception):
    """There is no `wrk` on the PATH."""

    def __str__(self) -> str:
        return (
            "wrk, the load generator, is not on the PATH. Install it: apt-get install wrk (Debian, "
            "Ubuntu), dnf install wrk (Fedora), brew install wrk (macOS); "
            "its source is github.com/wg/wrk"
        )


@dataclass(frozen=True, slots=True)
class Requests:
    """Prepared requests in a file, and the mean length of a whole good answer to them."""

    path: Path
    answer_bytes: float


def find() -> str:
    """Where wrk is; raises WrkMissing."""
    found = shutil.which("wrk")
    if found is None:
        raise WrkMissing
    return found


@contextmanager
def prepared(requests: Sequence[bytes], answer_bytes: float) -> Iterator[Requests]:
    """The requests as a file that lives as long as the block."""
    with tempfile.TemporaryDirectory(prefix="terrace-bench-wrk-") as folder:
        path = Path(folder) / "requests"
        path.write_bytes(b"".join(b"%d\n%b" % (len(one), one) for one in requests))
        yield Requests(path, answer_bytes)


async def run(
    ports: Sequence[int], requests: Requests, seconds: float, connections: int = CONNECTIONS
) -> Outcome:
    """Load on one server, or on several with a thread and an equal share of connections each.

    Raises RuntimeError when an answer was refused, lost, or not as long as good ones are.
    """
    before = _children_seconds()
    process = await asyncio.create_subprocess_exec(
        *(find(), "--latency", "-s", str(_SCRIPT), "--timeout", "30s", "-d", f"{seconds:.0f}s"),
        *("-t", str(len(ports)), "-c", str(connections), f"http://127.0.0.1:{ports[0]}/"),
        env={
            **os.environ,
            "WRK_PORTS": " ".join(map(str, ports)),
            "WRK_REQUESTS": str(requests.path),
        },
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise RuntimeError(f"wrk failed: {output.decode()}")
    found = json.loads(output.decode().strip().splitlines()[-1])
    _check(found, requests)
    return Outcome(
        found["seconds"],
        found["requests"],
        found["p50_us"] / 1000,
        found["p99_us"] / 1000,
        (_children_seconds() - before) / found["requests"] * 1e6,
    )


def _check(found: dict[str, float], requests: Requests) -> None:
    if found["refused"] or found["broken"] or not found["requests"]:
        raise RuntimeError(f"not every request was answered: {found}")
    mean = found["bytes"] / found["requests"]
    if abs(mean / requests.answer_bytes - 1) > _OFF:
        raise RuntimeError(
            f"answers were {mean:.0f} bytes long in the mean, "
            f"those that were compared {requests.answer_bytes:.0f}"
        )


def _children_seconds() -> float:
    """Processor time of the children that have ended: of wrk, while no server of ours ends."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime

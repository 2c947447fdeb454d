"""Whether time tells a stranger's row from one that does not exist: both asked for in turn."""

import random
import socket
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson

from api.tokens import sign
from benchmarks import load
from benchmarks.place import KEY, Place, Scale
from benchmarks.population import customer_number, manager_number
from benchmarks.reading import SIZES
from benchmarks.report import Report, median
from benchmarks.serving import terrace
from domain.actors import Role
from schema import identifiers

_ASKED = {Scale.FULL: 6_000, Scale.QUICK: 1_500, Scale.TINY: 60}
_QUESTIONS = {
    "customer by number": "query ($n: String!) { found: customer(by: {number: $n}) "
    "{ name accounts { balance } } }",
    "node": "query ($i: ID!) { found: node(id: $i) { id } }",
    "filter": "query ($n: String!) { found: customers(first: 5, "
    "where: {number: {eq: $n}}) { totalCount nodes { name } } }",
    "mutation": "mutation ($i: ID!) { found: raiseRiskSignal(input: {customer: $i, "
    'code: "OUTFLOW", severity: BLUE, facts: "none"}) { errors { code } } }',
}
_KINDS = ("denied", "missing")


@dataclass(frozen=True, slots=True)
class _Times:
    """Milliseconds of the answers to one question, of strangers' rows and of none."""

    denied: list[float]
    missing: list[float]

    @property
    def told_apart(self) -> float:
        """How often a stranger's row takes longer than none: 0.5 is as good as a coin.

        The share of pairs, as Mann and Whitney count them.
        """
        ranked = sorted([(t, 0) for t in self.missing] + [(t, 1) for t in self.denied])
        ranks = sum(place for place, (_, denied) in enumerate(ranked, 1) if denied)
        count = len(self.denied)
        return (ranks - count * (count + 1) / 2) / (count * len(self.missing))


async def run(place: Place) -> Report:
    """One connection asks for rows of other managers and for rows of nobody, in random order."""
    size = SIZES[place.scale]
    url = await place.populated(size.customers)
    async with terrace(place, url) as server:
        found = {name: _ask(server.port, place.scale, size.customers, name) for name in _QUESTIONS}
    rows = [
        (name, kind, median(times), sorted(times)[int(len(times) * 0.99)], len(times))
        for name, of_name in found.items()
        for kind, times in zip(_KINDS, (of_name.denied, of_name.missing), strict=True)
    ]
    ratios = {
        f"{name}_time": median(times.denied) / median(times.missing)
        for name, times in found.items()
    }
    return Report(
        "denied",
        "a manager asks for rows of other managers and for rows that are not there",
        ("question", "row", "p50 ms", "p99 ms", "asked"),
        rows,
        ratios,
        {"told_apart": {name: times.told_apart for name, times in found.items()}},
        (
            "a ratio is the median time of a stranger's row over that of none",
            "told apart, 0.5 for not at all: "
            + ", ".join(f"{name} {times.told_apart:.3f}" for name, times in found.items()),
        ),
    )


def _ask(port: int, scale: Scale, customers: int, name: str) -> _Times:
    token = sign(KEY, Role.MANAGER, manager_number(1), hours=24, now=datetime.now(UTC))
    dice, times = random.Random(name), _Times([], [])
    with closing(socket.create_connection(("127.0.0.1", port))) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for number in range(_ASKED[scale]):
            # Manager 1 has customers with odd keys only, since the number of managers is even.
            key = dice.randrange(customers // 2, customers) // 2 * 2 + 2
            denied = dice.random() < 0.5
            named = key if denied else key + 8 * customers
            variables = {
                "n": customer_number(named),
                "i": identifiers.encode("Customer", named),
            }
            document = _QUESTIONS[name]
            used = {key: value for key, value in variables.items() if f"${key}:" in document}
            body = orjson.dumps({"query": document, "variables": used})
            request = load.post("/graphql", body, token)
            began = time.perf_counter()
            connection.sendall(request)
            answer = _read(connection)
            took = (time.perf_counter() - began) * 1000
            if b'"found"' not in answer or b'"name"' in answer:
                raise RuntimeError(f"not a refusal: {answer!r}")
            if number >= _ASKED[scale] // 10:  # the first ones warm up
                (times.denied if denied else times.missing).append(took)
    print(f"{name}: {times.told_apart:.3f}", file=sys.stderr)
    return times


def _read(connection: socket.socket) -> bytes:
    """One answer, with its head."""
    answer = connection.recv(65_536)
    while b"\r\n\r\n" not in answer:
        answer += connection.recv(65_536)
    head, _, body = answer.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
    while len(body) < length:
        body += connection.recv(65_536)
    return body

"""How soon what was acknowledged is seen, while a feed sends 2,000 balances a second.

A feed sends batches over HTTP at a steady pace, day after day, and a worker keeps up with it. Every
batch has one balance of a customer of its own, whose AUM is then asked for over HTTP until it shows
it. Beside that somebody raises warning signals, and a subscriber's socket waits for their events.
"""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from api.tokens import sign
from benchmarks import documents, load
from benchmarks.place import KEY, Place, Scale
from benchmarks.population import OPEN, account_number, customer_number
from benchmarks.report import Report
from benchmarks.serving import terrace, worker
from domain.actors import Role
from schema import identifiers

RATE = 2_000
BATCH = 500
BATCH_MS, AUM_MS, EVENT_MS = 250, 1_000, 2_000
"""The limits, for 99 of 100."""

_DAYS = 28  # of the open month; then they come again
_ASK_SECONDS = 0.02
_PATIENCE_SECONDS = 60
_JUMP = Decimal(10) ** 12
_SEEN = Decimal(10) ** 9  # of a month's average: only a customer who has jumped has it
_AUM = "query Aum($number: String!) { customer(by: {number: $number}) { aum { total } } }"
_RAISE = """mutation Raise($customer: ID!, $facts: String!) {
  raiseRiskSignal(input: {
    customer: $customer, code: "BALANCE_OUTFLOW", severity: YELLOW, facts: $facts
  }) { signal { id } errors { code } } }"""
_EVENTS = "subscription { riskSignalChanged { signal { facts } } }"


@dataclass(frozen=True, slots=True)
class _Size:
    customers: int
    seconds: int
    before: int
    """Seconds at the same pace that do not count."""

    @property
    def probes(self) -> int:
        """Customers who are kept for a batch of their own."""
        return (self.seconds + self.before) * RATE // BATCH + 1


_SIZES = {
    Scale.FULL: _Size(20_000, 60, 10),
    Scale.QUICK: _Size(10_000, 20, 5),
    Scale.TINY: _Size(600, 1, 0),
}


@dataclass(frozen=True, slots=True)
class _Feed:
    """Balances by day, then by account, of the first accounts there are."""

    size: _Size
    accounts: int

    def batch(self, number: int) -> Iterator[dict[str, str]]:
        """The updates of a batch; the last one is of a customer of its own."""
        for place in range(number * (BATCH - 1), (number + 1) * (BATCH - 1)):
            day, account = divmod(place, self.accounts)
            amount = Decimal(place % 99_991) + 1000
            yield self._update(place, account // 3 + 1, account % 3 + 1, day, amount)
        yield self._update(-number, self.probe(number), 1, day, _JUMP)

    def probe(self, number: int) -> int:
        """The batch's own customer, who is in no other batch."""
        return self.size.customers - number

    @staticmethod
    def _update(name: int, customer: int, place: int, day: int, amount: Decimal) -> dict[str, str]:
        return {
            "updateId": f"U{name}",
            "account": account_number(customer, place),
            "asOf": str(OPEN.first_day + timedelta(days=day % _DAYS)),
            "balance": f"{amount:.2f}",
        }


@dataclass(slots=True)
class _Found:
    """Seconds each took, and when the event of a signal came to the socket."""

    batch: list[float] = field(default_factory=list)
    aum: list[float] = field(default_factory=list)
    event: list[float] = field(default_factory=list)
    arrived: dict[str, float] = field(default_factory=dict)
    rate: float = 0.0


async def run(place: Place) -> Report:
    """One institution, one server, one worker; then all balances are those of a few customers."""
    size = _SIZES[place.scale]
    everyone = await _found(place, size, (size.customers - size.probes) * 3)
    few = await _found(place, size, BATCH * 3)
    rows = [
        ("batch acknowledged", *_quantiles(everyone.batch), BATCH_MS),
        ("acknowledged to seen in customer.aum", *_quantiles(everyone.aum), AUM_MS),
        ("acknowledged to a subscriber's socket", *_quantiles(everyone.event), EVENT_MS),
        (f"of {BATCH} customers: batch acknowledged", *_quantiles(few.batch), BATCH_MS),
        (f"of {BATCH} customers: seen in customer.aum", *_quantiles(few.aum), AUM_MS),
    ]
    names = ("batch", "aum", "event", "few_batch", "few_aum")
    return Report(
        "visible",
        f"{RATE:,} balances/s in batches of {BATCH}, with one worker",
        ("what", "p50 ms", "p99 ms", "most ms", "limit ms"),
        rows,
        {
            f"{name}_of_limit_time": float(row[2]) / float(row[4])
            for name, row in zip(names, rows, strict=True)
        },
        {"updates_per_second": everyone.rate, "samples": len(everyone.batch)},
        (
            "ratios: the p99 over its limit",
            f"{everyone.rate:,.0f} balances/s were sent; then {few.rate:,.0f} of a few customers, "
            "whom the worker recomputes all the time",
            "events are those of warning signals, raised beside the feed: balances of the open "
            "month make none before its close",
        ),
    )


async def _found(place: Place, size: _Size, accounts: int) -> _Found:
    """What comes of a feed of so many accounts."""
    url = await place.copy(await place.populated(size.customers, points=False))
    feed = _Feed(size, accounts)
    async with terrace(place, url) as server, worker(place, url):
        await _pace(server.port, feed, 0, size.before, _Found())
        found = _Found()
        began = time.perf_counter()
        await _pace(server.port, feed, size.before, size.seconds, found)
        found.rate = len(found.batch) * BATCH / (time.perf_counter() - began)
    await place.drop(url)
    print(f"visible: {accounts:,} accounts, {found.rate:,.0f} balances/s", file=sys.stderr)
    return found


async def _pace(port: int, feed: "_Feed", second: int, seconds: int, found: _Found) -> None:
    """Send for so many seconds, `second` being how many went before."""
    step = BATCH / RATE
    first, last = int(second / step), int((second + seconds) / step)
    began = time.perf_counter()
    async with _socket(port) as socket, asyncio.TaskGroup() as tasks:
        listening = tasks.create_task(_listen(socket, found))
        under_way = []
        for number in range(first, last):
            await asyncio.sleep(began + (number - first) * step - time.perf_counter())
            under_way += [
                tasks.create_task(_batch(port, feed, number, found)),
                tasks.create_task(_signal(port, number, found)),
            ]
        await asyncio.gather(*under_way)
        listening.cancel()


async def _batch(port: int, feed: "_Feed", number: int, found: _Found) -> None:
    body = {
        "query": documents.RECORD,
        "variables": {
            "input": {
                "idempotencyKey": f"batch {number}",
                "updates": list(feed.batch(number)),
            }
        },
    }
    token = sign(KEY, Role.INTEGRATOR, "feed", hours=24, now=datetime.now(UTC))
    began = time.perf_counter()
    answer = await load.ask(port, load.post("/graphql", orjson.dumps(body), token))
    acknowledged = time.perf_counter()
    if orjson.loads(answer.body)["data"]["recordBalances"]["accepted"] != BATCH:
        raise RuntimeError(f"a batch was not accepted: {answer.body[:500]!r}")
    found.batch.append(acknowledged - began)
    found.aum.append(await _seen(port, feed.probe(number)) - acknowledged)


async def _seen(port: int, customer: int) -> float:
    """When the customer's AUM shows the balance."""
    token = sign(KEY, Role.HQ, "bench", hours=24, now=datetime.now(UTC))
    body = {"query": _AUM, "variables": {"number": customer_number(customer)}}
    request = load.post("/graphql", orjson.dumps(body), token)
    deadline = time.perf_counter() + _PATIENCE_SECONDS
    while time.perf_counter() < deadline:
        answer = orjson.loads((await load.ask(port, request)).body)
        aum = answer["data"]["customer"]["aum"]
        if aum is not None and Decimal(aum["total"]) > _SEEN:
            return time.perf_counter()
        await asyncio.sleep(_ASK_SECONDS)
    raise RuntimeError(f"customer {customer} never showed its balance")


async def _signal(port: int, number: int, found: _Found) -> None:
    """Raise a warning signal and wait for its event."""
    token = sign(KEY, Role.HQ, "bench", hours=24, now=datetime.now(UTC))
    facts = f"Seen by batch {number}."
    variables = {"customer": identifiers.encode("Customer", number + 1), "facts": facts}
    body = {"query": _RAISE, "variables": variables}
    answer = await load.ask(port, load.post("/graphql", orjson.dumps(body), token))
    acknowledged = time.perf_counter()
    if orjson.loads(answer.body)["data"]["raiseRiskSignal"]["errors"]:
        raise RuntimeError(f"a signal was not raised: {answer.body[:500]!r}")
    deadline = acknowledged + _PATIENCE_SECONDS
    while facts not in found.arrived:
        if time.perf_counter() > deadline:
            raise RuntimeError("the event of a signal never came")
        await asyncio.sleep(0.005)
    found.event.append(max(found.arrived[facts] - acknowledged, 0.0))


@asynccontextmanager
async def _socket(port: int) -> AsyncIterator[ClientConnection]:
    """A subscriber's socket, subscribed to warning signals."""
    token = sign(KEY, Role.HQ, "bench", hours=24, now=datetime.now(UTC))
    address = f"ws://127.0.0.1:{port}/graphql"
    protocol = Subprotocol("graphql-transport-ws")
    async with connect(address, subprotocols=[protocol], compression=None) as socket:
        await _say(socket, "connection_init", {"authorization": f"Bearer {token}"})
        await socket.recv()
        await _say(socket, "subscribe", {"query": _EVENTS}, id="1")
        yield socket


async def _say(socket: ClientConnection, kind: str, payload: dict[str, str], **more: str) -> None:
    await socket.send(orjson.dumps({"type": kind, "payload": payload, **more}).decode())


async def _listen(socket: ClientConnection, found: _Found) -> None:
    """Note when each event comes."""
    async for text in socket:
        message = orjson.loads(text)
        if message["type"] == "ping":
            await socket.send('{"type":"pong"}')
        elif message["type"] == "next":
            facts = message["payload"]["data"]["riskSignalChanged"]["signal"]["facts"]
            found.arrived[facts] = time.perf_counter()
        else:
            raise RuntimeError(f"the subscription ended: {text[:500]!r}")


def _quantiles(seconds: list[float]) -> tuple[float, float, float]:
    """The middle, 99 of 100, and the most, in milliseconds."""
    took = sorted(seconds)
    p50, p99 = took[len(took) // 2], took[min(int(len(took) * 0.99), len(took) - 1)]
    return p50 * 1000, p99 * 1000, took[-1] * 1000

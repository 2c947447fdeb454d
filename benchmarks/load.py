"""A load generator for HTTP/1.1: keep-alive connections in a process of their own.

Every connection sends its next request as soon as the last one is answered; with a `rate`, when
one is due. What it costs is paid from the same processors as the server, for ours and for a peer
alike.
"""

import asyncio
import multiprocessing
import random
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import cast

import uvloop

CONNECTIONS = 32
_PATIENCE_SECONDS = 300
_TICK_SECONDS = 0.001
_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = b"content-length:"


@dataclass(frozen=True, slots=True)
class Job:
    """What to send. With `seconds` requests are drawn at random until the time is up, without
    each is sent once, in order. A good answer has status 200 and holds `expected`.

    With a `rate` so many requests fall due a second, at the ticks of a millisecond. One that finds
    no idle connection waits for one, and the wait counts: a slow answer slows nobody else's clock.
    """

    port: int
    requests: Sequence[bytes]
    expected: bytes
    seconds: float | None = None
    connections: int = CONNECTIONS
    rate: float | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a job: requests answered, and how long they took, in milliseconds.

    `load_us` is the processor time that sending one and reading its answer took.
    """

    seconds: float
    requests: int
    p50: float
    p99: float
    load_us: float

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds


def post(
    path: str, body: bytes, token: str | None = None, headers: Mapping[str, str] | None = None
) -> bytes:
    """A whole HTTP request."""
    lines = [
        f"POST {path} HTTP/1.1",
        "host: 127.0.0.1",
        "content-type: application/json",
        f"content-length: {len(body)}",
    ]
    if token is not None:
        lines.append(f"authorization: Bearer {token}")
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join(lines).encode() + _END_OF_HEAD + body


async def in_another_process(job: Job) -> Outcome:
    """Run a job in a new process; raises RuntimeError when an answer was not a good one."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as processes:
        return await asyncio.get_running_loop().run_in_executor(processes, drive, job)


def drive(job: Job) -> Outcome:
    """Run a job in this process."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_drive(job))


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: its body, and how many bytes it was with its head."""

    body: bytes
    length: int


async def ask(port: int, request: bytes) -> Answer:
    """One answer."""
    work = _Work(iter([request]), b"")
    async with asyncio.timeout(_PATIENCE_SECONDS):
        caller = await _connect(port, work)
        await caller.done
    return caller.answer


async def _drive(job: Job) -> Outcome:
    deadline = None if job.seconds is None else time.perf_counter() + job.seconds
    work = _Work(_requests(job.requests, deadline), job.expected, paced=job.rate is not None)
    began, processor = time.perf_counter(), time.process_time()
    async with asyncio.timeout((job.seconds or 0) + _PATIENCE_SECONDS):
        callers = [await _connect(job.port, work) for _ in range(job.connections)]
        if job.rate is not None:
            if deadline is None:
                deadline = time.perf_counter() + len(job.requests) / job.rate
            await _pace(work, job.rate, deadline)
        await asyncio.gather(*[caller.done for caller in callers])
    seconds = time.perf_counter() - began
    return outcome(seconds, time.process_time() - processor, work.latencies)


async def _pace(work: "_Work", rate: float, deadline: float) -> None:
    """Let requests fall due until the time is up, and then let the connections end."""
    began, given = time.perf_counter(), 0
    while (now := time.perf_counter()) < deadline:
        due = int((now - began) * rate)
        work.due.extend([now] * (due - given))
        given = due
        work.wake()
        await asyncio.sleep(_TICK_SECONDS)
    work.paced = False
    work.wake()


def outcome(seconds: float, processor: float, latencies: Sequence[float]) -> Outcome:
    """The outcome of work: seconds in all, of this process's processor time, of each request."""
    took = sorted(latencies)
    load_us = processor / len(took) * 1e6
    return Outcome(seconds, len(took), _quantile(took, 0.5), _quantile(took, 0.99), load_us)


def _requests(requests: Sequence[bytes], deadline: float | None) -> Iterator[bytes]:
    if deadline is None:
        yield from requests
        return
    chance = random.Random(1)
    while time.perf_counter() < deadline:
        yield chance.choice(requests)


def _quantile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] * 1000


class _Work:
    """What all connections share: what is left to send, and how long answers took (seconds).

    When paced, `due` holds since when requests are due that nobody has sent, `idle` the
    connections with nothing to send.
    """

    def __init__(self, requests: Iterator[bytes], expected: bytes, *, paced: bool = False) -> None:
        self.paced = paced
        self.due: deque[float] = deque()
        self.idle: deque[_Caller] = deque()
        self.requests = requests
        self.expected = expected
        self.latencies: list[float] = []

    def wake(self) -> None:
        """Idle connections send what is due, or end when nothing will be."""
        while self.idle and (self.due or not self.paced):
            self.idle.popleft().send()


async def _connect(port: int, work: _Work) -> "_Caller":
    loop = asyncio.get_running_loop()
    _, caller = await loop.create_connection(
        lambda: _Caller(work, loop.create_future()), "127.0.0.1", port
    )
    return caller


class _Caller(asyncio.Protocol):
    """One connection: sends, collects the answer, sends again."""

    def __init__(self, work: _Work, done: "asyncio.Future[None]") -> None:
        self.done = done
        self.answer = Answer(b"", 0)
        self._work = work
        self._buffer = b""
        self._since = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        self._transport = cast(asyncio.Transport, transport)
        self.send()

    def data_received(self, data: bytes) -> None:
        """Collect; when the answer is whole, note the time and go on."""
        self._buffer += data
        head, found, rest = self._buffer.partition(_END_OF_HEAD)
        try:
            if not found or len(rest) < _announced(head):
                return
        except ValueError:
            self._fail(RuntimeError(f"an answer without its length: {head!r}"))
            return
        self._work.latencies.append(time.perf_counter() - self._since)
        if not head.startswith(b"HTTP/1.1 200") or self._work.expected not in rest:
            self._fail(RuntimeError(f"an answer was not as expected: {self._buffer[:500]!r}"))
            return
        self.answer = Answer(rest, len(self._buffer))
        self._buffer = b""
        self.send()

    def connection_lost(self, problem: Exception | None) -> None:
        """A server that hangs up has failed."""
        self._fail(problem or RuntimeError("the server closed a connection"))

    def send(self) -> None:
        """Send the next request, or wait until one is due, or end."""
        since = time.perf_counter()
        if self._work.paced:
            if not self._work.due:
                self._work.idle.append(self)
                return
            since = self._work.due.popleft()
        request = next(self._work.requests, None)
        if request is None:
            if not self.done.done():
                self.done.set_result(None)
            self._transport.close()
            return
        self._since = since
        self._transport.write(request)

    def _fail(self, problem: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(problem)
            self._transport.close()


def _announced(head: bytes) -> int:
    at = head.lower().index(_LENGTH) + len(_LENGTH)
    end = head.find(b"\r", at)
    return int(head[at:] if end < 0 else head[at:end])

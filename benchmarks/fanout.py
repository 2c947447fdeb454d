"""Events to many subscribed sockets, beside a bare broadcast, and what idle sockets cost."""

import asyncio
import resource
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import asyncpg
import orjson

from api.tokens import sign
from benchmarks import documents, load
from benchmarks.place import KEY, Place, Scale, superuser
from benchmarks.population import CUSTOMERS_OF_A_MANAGER, customer_number, manager_number
from benchmarks.report import Report, median
from benchmarks.serving import Serving, broadcast, terrace
from benchmarks.sockets import Clients, clients
from domain.actors import Role
from repository.database import Database
from repository.relay import relay

SIZE_OF_A_PAYLOAD = 330
_QUERIES_A_SECOND = 100.0


@dataclass(frozen=True, slots=True)
class _Size:
    customers: int
    sockets: int
    idle: int
    rounds: int
    seconds: float

    @property
    def settle(self) -> float:
        """Seconds until opened sockets have come to rest; a run of one round only tries."""
        return 3.0 if self.rounds > 1 else 0.3


_SIZES = {
    Scale.FULL: _Size(20_000, 1_000, 10_000, 9, 20.0),
    Scale.QUICK: _Size(4_000, 1_000, 2_000, 3, 5.0),
    Scale.TINY: _Size(400, 20, 40, 1, 0.5),
}

# Each of the first customers gets a manager alone; the first managers are there already.
_MANAGERS = """
insert into terrace.manager (number, name, branch_id)
select 'M' || lpad(id::text, 5, '0'), 'Manager ' || id, branch_id from terrace.customer
where id > (select count(*) from terrace.manager) and id <= $1 order by id
"""
_ASSIGN = "update terrace.customer set manager_id = id where id <= $1 and manager_id <> id"
_EVENTS = """
insert into terrace.tier_change (customer_id, manager_id, branch_id, kind, effective_from,
    from_status, to_status, from_tier, to_tier, from_policy_version, responsible_id,
    decision_month, rule, policy_version, judged, before, state)
select id, manager_id, branch_id, 'UPGRADED', '2026-01-01', 'ACTIVE', 'ACTIVE', 'T1', 'T2', 1,
    manager_id, '2025-12-01', 'UPGRADED', 1, '[]', '{}', '{}'
from terrace.customer where id <= $1
"""

Caller = tuple[str, str]  # token, document


@dataclass(slots=True)
class _Found:
    """By what was measured: milliseconds to the last socket, round by round."""

    last: dict[str, list[float]] = field(default_factory=dict)
    relay: dict[str, list[float]] = field(default_factory=dict)
    idle: dict[str, float] = field(default_factory=dict)


async def run(place: Place) -> Report:
    """One event for each of all managers, one for all, and the sockets that only wait."""
    size, found = _SIZES[place.scale], _Found()
    _many_files()
    url = await place.copy(await place.populated(size.customers))
    connection = await asyncpg.connect(superuser(url))
    await connection.execute("set session_replication_role = origin")
    await connection.execute(_MANAGERS.replace("$1", str(size.sockets)))
    await connection.execute(_ASSIGN.replace("$1", str(size.sockets)))
    await connection.execute("vacuum (analyze)")
    await connection.close()
    async with Database(url, KEY) as database:
        async with terrace(place, url) as server:
            managers = [_manager(key) for key in range(1, size.sockets + 1)]
            await _fan_out(database, server, "one event each", managers, size.sockets, size, found)
            everyone = [_caller(Role.HQ, f"hq{n}") for n in range(size.sockets)]
            await _fan_out(database, server, "one event for all", everyone, 1, size, found)
        await _floor(size, found)
        await _idle(place, url, size, found)
    await place.drop(url)
    return _report(size, found)


def _many_files() -> None:
    """Sockets are open files; what is started from here may have as many as the system lets it."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _caller(role: Role, subject: str) -> Caller:
    return sign(KEY, role, subject, hours=24, now=datetime.now(UTC)), documents.CHANGES


def _manager(key: int) -> Caller:
    return _caller(Role.MANAGER, manager_number(key))


async def _fan_out(
    database: Database,
    server: Serving,
    name: str,
    callers: Sequence[Caller],
    events: int,
    size: _Size,
    found: _Found,
) -> None:
    """Publish events, round by round, and wait until every socket has its own."""
    async with clients() as crowd:
        await crowd.open(server.port, callers)
        await asyncio.sleep(size.settle)
        for number in range(size.rounds + 1):  # the first one warms up
            announced, took = await _publish(database, events)
            arrived = await crowd.arrived(len(callers))
            if number:
                _note(found.last, name, arrived.last - announced)
                _note(found.relay, name, took)
            again = number % 3 == 0 and size.rounds > 1  # callers are looked up again, or not
            await asyncio.sleep(5.5 if again else 0.5)
    _tell(name, found)


async def _publish(database: Database, events: int) -> tuple[float, float]:
    """Events of the first customers: when their NOTIFY came, and the relay's seconds."""
    heard: asyncio.Future[float] = asyncio.get_running_loop().create_future()
    listener = await database.listener()
    try:
        await listener.add_listener("terrace_feed", lambda *_: heard.set_result(time.monotonic()))
        async with database.unit() as connection:
            await connection.execute(_EVENTS, events)
        began = time.monotonic()
        await relay(database)
        took = time.monotonic() - began
        return await heard, took
    finally:
        await listener.close()


async def _floor(size: _Size, found: _Found) -> None:
    payload = orjson.dumps({"data": {"tierChanged": "x" * SIZE_OF_A_PAYLOAD}})
    async with broadcast() as server, clients() as crowd:
        await crowd.open(server.port, [("", "")] * size.sockets)
        await asyncio.sleep(size.settle)
        for number in range(size.rounds + 1):
            answer = await load.ask(server.port, load.post("/", payload))
            arrived = await crowd.arrived(size.sockets)
            if number:
                _note(found.last, "floor", arrived.last - orjson.loads(answer.body)["began"])
            await asyncio.sleep(0.2)
    _tell("floor", found)


async def _idle(place: Place, url: str, size: _Size, found: _Found) -> None:
    """Queries at a steady pace, first alone, then beside many sockets to which nothing happens."""
    questions = []
    for key in range(1, size.customers // CUSTOMERS_OF_A_MANAGER + 1):
        body = {"query": documents.PROFILE, "variables": {"number": customer_number(key)}}
        questions.append(load.post("/graphql", orjson.dumps(body), _manager(key)[0]))
    async with terrace(place, url) as server:

        async def asked(name: str) -> None:
            job = load.Job(
                server.port, questions, b'"riskSignals"', size.seconds, rate=_QUERIES_A_SECOND
            )
            outcome = await load.in_another_process(job)
            found.idle[f"{name}_p50_ms"], found.idle[f"{name}_p99_ms"] = outcome.p50, outcome.p99
            found.idle[f"{name}_mb"] = server.megabytes()
            print(f"fanout {name}: {found.idle}", file=sys.stderr)

        await asked("warm")
        await asked("without")
        callers = [_manager(1 + n % size.sockets) for n in range(size.idle)]
        async with clients() as crowd:
            await _open_all(server, crowd, callers, size, found)
            await asked("with")
            before = server.seconds()
            await asyncio.sleep(size.seconds)
            found.idle["idle_cpu_share"] = (server.seconds() - before) / size.seconds


async def _open_all(
    server: Serving, crowd: Clients, callers: Sequence[Caller], size: _Size, found: _Found
) -> None:
    before, began = server.megabytes(), time.monotonic()
    await crowd.open(server.port, callers)
    found.idle["open_seconds"] = time.monotonic() - began
    await asyncio.sleep(size.settle)
    found.idle["kb_a_socket"] = (server.megabytes() - before) * 1000 / len(callers)


def _note(times: dict[str, list[float]], name: str, seconds: float) -> None:
    times.setdefault(name, []).append(seconds * 1000)


def _tell(name: str, found: _Found) -> None:
    rounds = ", ".join(f"{one:.0f}" for one in found.last[name])
    print(f"fanout {name}: last after {rounds} ms", file=sys.stderr)


def _report(size: _Size, found: _Found) -> Report:
    floor = found.last["floor"]
    rows = [
        (
            name,
            min(times),
            median(times),
            max(times),
            median(found.relay[name]) if name in found.relay else None,
        )
        for name, times in found.last.items()
    ]
    idle = found.idle
    return Report(
        "fanout",
        f"milliseconds from NOTIFY to the last of {size.sockets:,} sockets",
        ("events", "best", "median", "worst", "relay"),
        rows,
        {
            "one_each_time": median(found.last["one event each"]) / median(floor),
            "one_for_all_time": median(found.last["one event for all"]) / median(floor),
            "idle_p99_time": idle["with_p99_ms"] / idle["without_p99_ms"],
        },
        {"rounds_ms": found.last, "relay_ms": found.relay, "idle": idle},
        (
            "floor: one payload to sockets of the same server, without database, token or scope",
            f"{size.idle:,} idle subscribed sockets: {idle['with_mb']:,.0f} MB, "
            f"{idle['kb_a_socket']:.0f} kB each; profile p99 {idle['without_p99_ms']:.1f} ms "
            f"without, {idle['with_p99_ms']:.1f} ms beside them, at "
            f"{_QUERIES_A_SECOND:.0f} requests/s",
        ),
    )

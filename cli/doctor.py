"""What `terrace doctor` makes of what it finds: for each thing a state, a sentence, what to do."""

import platform
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from domain.actors import Scope
from repository.expected import expected_indexes
from repository.inspection import Catalogue, Work
from repository.migrate import MINIMUM_SERVER
from settings import Settings


class State(StrEnum):
    """How something is."""

    OK = "ok"
    WARNING = "warning"  # all work is done, but not as it should be
    PROBLEM = "problem"  # something is lost, wrong, open or not done, or soon will be


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at: what is so, and what to do unless it is well."""

    name: str
    state: State
    told: str
    todo: str = ""


_AHEAD_WARNING, _AHEAD_PROBLEM = 2.0, 30.0
_DIRTY_WARNING, _DIRTY_PROBLEM = 60.0, 600.0
_RELAY_WARNING, _RELAY_PROBLEM = 30.0, 300.0
_FREE_WARNING, _FREE_PROBLEM = 0.10, 0.03
_SERVERS = {"Redis": 7, "Valkey": 8}
_MIGRATE = "run `terrace migrate` with the address of the database's owner"
_START_WORKERS = "see that `terrace work` runs, and what it logs"
_SERVER = "in postgresql.conf; until then a crash may lose or damage what was acknowledged"


def of_program(settings: Settings) -> Iterator[Check]:
    """This machine: Python, and the disk where data are embedded."""
    yield Check("python", State.OK, platform.python_version())
    if settings.database_url is None and settings.data_dir.exists():
        disk = shutil.disk_usage(settings.data_dir)
        free = disk.free / disk.total
        told = f"{disk.free / 1e9:.1f} GB free ({free:.0%}) where the embedded data are"
        todo = "" if free >= _FREE_WARNING else "make room; a full disk stops all writing"
        yield Check("disk", _graded(-free, -_FREE_WARNING, -_FREE_PROBLEM), told, todo)


def of_redis(found: tuple[str, str] | str) -> Check:
    """The server of wake-ups, or why it does not answer."""
    if isinstance(found, str):
        return Check(
            "redis",
            State.WARNING,
            f"does not answer ({found}); work is done all the same, up to a second later",
            "start it, or set TERRACE_REDIS_URL to where it is",
        )
    name, version = found
    least = _SERVERS[name]
    major = version.partition(".")[0]
    if major.isdigit() and int(major) < least:
        return Check("redis", State.WARNING, f"{name} {version}", f"use {name} {least} or newer")
    return Check("redis", State.OK, f"{name} {version}")


def of_catalogue(found: Catalogue, settings: Settings) -> Iterator[Check]:
    """The server and the installation in it, as the owner sees them."""
    version = found.settings["server_version"]
    if int(found.settings["server_version_num"]) < MINIMUM_SERVER:
        yield Check("postgresql", State.PROBLEM, version, "use PostgreSQL 16 or newer")
    else:
        yield Check("postgresql", State.OK, version)
    yield _migrations(found)
    if found.key_is_ours:
        yield Check("signing key", State.OK, "the one this installation was set up with")
    else:
        yield Check(
            "signing key",
            State.PROBLEM,
            "another one than this installation was set up with",
            "use its TERRACE_SECRET_KEY or TERRACE_DATA_DIR, or give it this key: terrace migrate",
        )
    yield _clock(found.ahead)
    yield from _roles(found)
    yield from _walls(found)
    yield from _guards(found)
    yield from _indexes(found)
    yield _connections(found, settings)


def of_work(found: Work) -> Iterator[Check]:
    """What waits and what was set aside, as the writer sees it."""
    yield _durability(found)
    backlog = found.backlog
    age = backlog.dirty_oldest or 0.0
    told = f"{backlog.dirty:,} customers wait for new figures"
    told += f", the longest for {age:,.0f} s" if backlog.dirty else ""
    state = _graded(age, _DIRTY_WARNING, _DIRTY_PROBLEM)
    if found.close is not None and state is State.PROBLEM:
        state = State.WARNING  # some wait for the close to be over
    yield Check("recompute", state, told, "" if state is State.OK else _START_WORKERS)
    age = max(
        backlog.tier_changes_oldest or 0.0,
        backlog.risk_signals_oldest or 0.0,
        backlog.approval_events_oldest or 0.0,
    )
    number = backlog.tier_changes + backlog.risk_signals + backlog.approval_events
    told = f"{number:,} events wait for their place in a feed"
    told += f", the longest for {age:,.0f} s" if number else ""
    state = _graded(age, _RELAY_WARNING, _RELAY_PROBLEM)
    yield Check("relay", state, told, "" if state is State.OK else _START_WORKERS)
    age = backlog.unsealed_oldest or 0.0
    told = f"{backlog.unsealed:,} lines of the audit trail wait for their seal"
    told += f", the longest for {age:,.0f} s" if backlog.unsealed else ""
    state = _graded(age, _RELAY_WARNING, _RELAY_PROBLEM)
    todo = f"{_START_WORKERS}; then run `terrace audit verify`"
    yield Check("audit seals", state, told, "" if state is State.OK else todo)
    yield _approvals(found)
    yield from _quarantined(found)
    yield _close(found)


def _approvals(found: Work) -> Check:
    age = found.backlog.effects_oldest or 0.0
    told = f"{found.backlog.approvals_pending:,} decisions wait for a second person"
    told += f", an effect to be computed for {age:,.0f} s" if age else ""
    state = _graded(age, _DIRTY_WARNING, _DIRTY_PROBLEM)
    return Check("approvals", state, told, "" if state is State.OK else _START_WORKERS)


def _migrations(found: Catalogue) -> Check:
    if isinstance(found.migrations, str):
        todo = "run the version of the program that this database belongs to"
        return Check("migrations", State.PROBLEM, found.migrations, todo)
    if found.migrations:
        return Check("migrations", State.PROBLEM, f"{found.migrations} not applied", _MIGRATE)
    return Check("migrations", State.OK, "all applied, none changed since")


def _clock(ahead: float) -> Check:
    state = _graded(abs(ahead), _AHEAD_WARNING, _AHEAD_PROBLEM)
    told = f"the database's is {abs(ahead):.1f} s {'ahead' if ahead > 0 else 'behind'}"
    if state is State.OK:
        return Check("clock", state, told)
    todo = "run a time service (chrony, ntpd) on both machines: tokens expire by these clocks"
    return Check("clock", state, told, todo)


def _roles(found: Catalogue) -> Iterator[Check]:
    faults = [(name, "may bypass row-level security") for name in found.groups]
    missing = [role.name for role in found.roles if not role.exists or not role.can_login]
    for role in found.roles:
        if role.super or role.bypass:
            faults.append((role.name, "may bypass row-level security"))
        if role.creates_roles:
            faults.append((role.name, "may create roles"))
        others = [group for group in role.groups if group != role.group]
        if role.exists and others:
            faults.append((role.name, f"is also in {', '.join(others)}"))
        if role.exists and role.group not in role.groups:
            missing.append(role.name)
    for name, fault in faults:
        todo = (
            "as a superuser: alter role ... nosuperuser nobypassrls nocreaterole; revoke the rest"
        )
        yield Check("roles", State.PROBLEM, f"{name} {fault}", todo)
    for name in missing:
        yield Check("roles", State.PROBLEM, f"{name} is missing or cannot log in", _MIGRATE)
    if not faults and not missing:
        told = f"{len(found.roles)} login roles, none may more than it must"
        yield Check("roles", State.OK, told)


def _walls(found: Catalogue) -> Iterator[Check]:
    for table, fault in found.walls:
        todo = (
            f"run: alter table terrace.{table} enable row level security, "
            f"force row level security; "
            "its policies are in the migrations"
        )
        yield Check("row walls", State.PROBLEM, f"terrace.{table}: {fault}", todo)
    for table, policy in found.policies:
        told = f"terrace.{table}: policy {policy} lets every row pass"
        todo = "drop it, or restore it from the migrations"
        yield Check("row walls", State.PROBLEM, told, todo)
    if not found.walls and not found.policies:
        yield Check("row walls", State.OK, "row-level security is forced on every table it is for")


def _guards(found: Catalogue) -> Iterator[Check]:
    if found.migrations != 0:
        return  # what is missing then comes with them
    for table, guard in found.guards:
        yield Check(
            "audit trail",
            State.PROBLEM,
            f"terrace.{table}: the trigger {guard} is missing or does not hold in every session",
            f"find out who did it, run `terrace audit verify`, then: alter table terrace.{table} "
            f"enable always trigger {guard}, or make it as the migrations do",
        )
    if not found.guards:
        yield Check("audit trail", State.OK, "every change of a line is refused to everybody")


def _indexes(found: Catalogue) -> Iterator[Check]:
    if found.migrations != 0:
        return  # what is missing then comes with them
    expected = expected_indexes()
    for name, one in expected.items():
        told = f"{name} on terrace.{one.table} is missing"
        todo = one.statement or f"restore the constraint of that table from {one.migration}"
        if name in found.indexes and not found.indexes[name]:
            told = f"{name} on terrace.{one.table} is not valid"
            todo = f"reindex index concurrently terrace.{name}"
        elif name in found.indexes:
            continue
        yield Check("indexes", State.PROBLEM, told, todo)
    if all(found.indexes.get(name) for name in expected):
        yield Check("indexes", State.OK, f"all {len(expected)} are there and valid")


def _connections(found: Catalogue, settings: Settings) -> Check:
    api = len(Scope) * settings.reader_connections + settings.writer_connections + 4
    worker = settings.writer_connections + 2
    needed = settings.processes * api + settings.workers * worker
    kept = ("superuser_reserved_connections", "reserved_connections")
    there = int(found.settings["max_connections"])
    there -= sum(int(found.settings.get(name, "0")) for name in kept)
    told = (
        f"{settings.processes} API processes and {settings.workers} workers as set here open up to "
        f"{needed}; the server has {there}"
    )
    if needed <= there:
        return Check("connections", State.OK, told)
    todo = (
        f"raise max_connections, or lower TERRACE_READER_CONNECTIONS ({settings.reader_connections}"
        f") and TERRACE_WRITER_CONNECTIONS ({settings.writer_connections})"
    )
    return Check("connections", State.PROBLEM, told, todo)


def _durability(found: Work) -> Check:
    for name in ("fsync", "full_page_writes"):
        if found.settings[name] == "off":
            return Check(
                "durability", State.PROBLEM, f"{name} is off", f"set {name} = on {_SERVER}"
            )
    commit = found.settings["synchronous_commit"]
    if commit == "off":
        told = "synchronous_commit is off: the last acknowledged updates may be lost in a crash"
        todo = "set synchronous_commit = on for the server, the database and the writer's role"
        return Check("durability", State.PROBLEM, told, todo)
    told = f"fsync and full_page_writes are on, synchronous_commit is {commit}"
    return Check("durability", State.OK, told)


def _quarantined(found: Work) -> Iterator[Check]:
    for key, tries, error in found.quarantined:
        yield Check(
            "quarantine",
            State.PROBLEM,
            f"the customer with key {key} was set aside after {tries} tries: {_short(error)}",
            "mend the cause, then: update terrace.dirty set quarantined = false, tries = 0, "
            f"retry_at = null where customer_id = {key}",
        )
    more = found.backlog.quarantined - len(found.quarantined)
    if more > 0:
        todo = "see them: select customer_id, last_error from terrace.dirty where quarantined"
        yield Check("quarantine", State.PROBLEM, f"{more:,} more customers are set aside", todo)
    if not found.backlog.quarantined:
        yield Check("quarantine", State.OK, "no customer is set aside")


def _close(found: Work) -> Check:
    close = found.close
    if close is None:
        return Check("close", State.OK, "no close is under way")
    if close.state == "FAILED":
        told = f"the close of {close.month} failed: {_short(close.problem or '')}"
        todo = f"find out why the sums differ, then: terrace close {close.month}"
        return Check("close", State.PROBLEM, told, todo)
    told = f"the close of {close.month} has judged {close.judged:,} of {close.customers:,}"
    if close.moves:
        return Check("close", State.OK, f"{told} and goes on")
    return Check("close", State.PROBLEM, f"{told} and stands still", _START_WORKERS)


def _short(error: str) -> str:
    line = error.strip().splitlines()[0] if error.strip() else "no reason was kept"
    return line if len(line) <= 200 else line[:197] + "..."


def _graded(value: float, warning: float, problem: float) -> State:
    if value > problem:
        return State.PROBLEM
    return State.WARNING if value > warning else State.OK

"""Connections: a pool for each kind of scope, a pool for writing, and the unit of work."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote, urlsplit

import asyncpg
import orjson

from domain.actors import Scope
from repository.readers import Readers, Usage
from repository.roles import SEALER, WRITER, login_name, login_password
from telemetry import traces

if TYPE_CHECKING:
    Pool = asyncpg.Pool[asyncpg.Record]
    Connection = (
        asyncpg.pool.PoolConnectionProxy[asyncpg.Record] | asyncpg.Connection[asyncpg.Record]
    )
else:
    Pool = asyncpg.Pool
    Connection = asyncpg.Connection

_READER_SETTINGS = {
    "application_name": "terrace reader",
    "jit": "off",
    "plan_cache_mode": "force_generic_plan",
    "default_transaction_read_only": "on",
    "timezone": "UTC",
    "datestyle": "ISO, YMD",
}
_WRITER_SETTINGS = {
    "jit": "off",
    # Nobody of ours holds a lock as long. Whoever else does, such as a session left open in a
    # transaction, must not bring everybody to a stand behind one customer.
    "lock_timeout": "3s",
    # Nor does anybody of ours think as long amid a transaction. A process that is frozen, or whose
    # machine has gone, must not keep what it holds: a customer, or a chunk of a close.
    "idle_in_transaction_session_timeout": "60s",
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
    "timezone": "UTC",
    "datestyle": "ISO, YMD",
}
STATEMENTS_KEPT = 100
"""Prepared statements a connection keeps. The server holds about 1 MB for one of a profile's size,
on every connection, so whoever sends ever new documents must not be able to fill its memory."""
_STATEMENT_SECONDS_KEPT = 900
_ADMITTING = 2
"""Connections of a process for looking callers up; those who ask at once share a statement."""
_CLOSE_SECONDS = 5
_SILENCE_SECONDS = 10  # beyond the time a statement may take: then nobody answers any more
_TRIES = 5
_CLASHES = (
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.UniqueViolationError,  # the same update or key came in another transaction
    asyncpg.ForeignKeyViolationError,  # a handover moved the customer after it was looked up
)
HELD_ELSEWHERE = asyncpg.LockNotAvailableError
"""Somebody holds a row or a lock for longer than anybody may wait for it."""
UNREACHABLE = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    HELD_ELSEWHERE,
    asyncpg.InternalClientError,  # a session ended while its next statement was on the way
    asyncpg.AdminShutdownError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
)
"""What a server that is gone, going or coming makes of a statement."""
T = TypeVar("T")


def lost(error: BaseException) -> bool:
    """Whether the server went, and nothing is wrong with what was asked of it."""
    return isinstance(error, UNREACHABLE) and not isinstance(error, asyncpg.DataError)


async def persistently(work: Callable[[], Awaitable[T]], *, patience: int = 0) -> T:
    """Do a transaction again when another one got in its way; the last try's error is raised.

    `patience` tells how often it is also done again for what is HELD_ELSEWHERE: for work that
    nobody waits for at the other end of a connection.
    """
    clashes = 0
    while True:
        try:
            return await work()
        except _CLASHES:
            clashes += 1
            if clashes == _TRIES:
                raise
        except HELD_ELSEWHERE:
            patience -= 1
            if patience < 0:
                raise


FOR_A_MINUTE = 20
"""Patience for what is held elsewhere, while each wait is of _WRITER_SETTINGS' seconds."""


def database_name(url: str) -> str:
    """The name of the database an address points to; that of its user when it names none."""
    parts = urlsplit(url)
    return unquote(parts.path.lstrip("/")) or unquote(parts.username or "")


def encode_numeric(value: object) -> str:
    """A number for PostgreSQL's numeric: exact decimals only, a float is a fault of the caller."""
    if isinstance(value, Decimal) or (isinstance(value, int) and not isinstance(value, bool)):
        return str(value)
    raise TypeError(f"numeric takes a Decimal or int, not {type(value).__name__}")


_KEEP_ALIVE = {"keepidle": 30, "keepintvl": 10, "keepcnt": 3, "user_timeout": 60_000}
"""Options of TCP, seconds but for the last one, which is milliseconds."""


def _keep_alive(connection: Any) -> None:
    """Have the system find out within a minute that the server's machine has gone."""
    found = connection._transport.get_extra_info("socket")
    if found is not None and found.family in (socket.AF_INET, socket.AF_INET6):
        found.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _KEEP_ALIVE.items():
            option = getattr(socket, f"TCP_{name.upper()}", None)
            if option is not None:  # not every system has all of them
                found.setsockopt(socket.IPPROTO_TCP, option, value)


async def prepare_connection(connection: Any) -> None:
    """Teach a new connection exact decimals and JSON, and to notice a server that is gone."""
    _keep_alive(connection)
    await connection.set_type_codec(
        "numeric", schema="pg_catalog", encoder=encode_numeric, decoder=Decimal, format="text"
    )
    for name in ("json", "jsonb"):
        await connection.set_type_codec(
            name,
            schema="pg_catalog",
            encoder=lambda value: orjson.dumps(value).decode(),
            decoder=orjson.loads,
            format="text",
        )


async def _prepare_writer(connection: Any) -> None:
    """Have a connection tell what its statements took, if anybody wants to know."""
    await prepare_connection(connection)
    if traces.ACTIVE is not None:
        connection.add_query_logger(_statement_done)


def _statement_done(told: Any) -> None:
    if traces.ACTIVE is not None:
        traces.ACTIVE.done(told.query, told.elapsed, told.exception)


@dataclass(frozen=True, slots=True)
class PoolUsage:
    """How the connections of one process are used."""

    readers: dict[Scope, Usage]
    writers: Usage


async def _give_up(connection: Any, transaction: Any) -> None:
    """Roll back; by leaving the connection if the server does not answer, which does the same."""
    task = asyncio.current_task()
    told = task.cancelling() if task else 0
    try:
        async with asyncio.timeout(_CLOSE_SECONDS):
            await transaction.rollback()
    except (
        TimeoutError,
        OSError,
        asyncpg.PostgresError,
        asyncpg.InterfaceError,
        asyncio.CancelledError,  # what a timeout in a cancelled task raises before Python 3.11.3
    ) as error:
        with suppress(asyncpg.InterfaceError):  # its pool has left it already
            connection.terminate()
        if isinstance(error, asyncio.CancelledError) and task and task.cancelling() > told:
            raise  # it is told to end now


@asynccontextmanager
async def _committed(connection: Any, *, one_moment: bool = False) -> AsyncIterator[None]:
    """One transaction: all of the block, or nothing of it; all it reads as of `one_moment`."""
    transaction = connection.transaction(isolation="repeatable_read" if one_moment else None)
    await transaction.start()
    try:
        yield
    except BaseException:
        await _give_up(connection, transaction)
        raise
    await transaction.commit()


async def _close(pool: Pool) -> None:
    try:
        async with asyncio.timeout(_CLOSE_SECONDS):
            await pool.close()
    except TimeoutError:
        pool.terminate()


class Database:
    """The pools of one process. Open with `async with Database(...)`.

    Readers log in as the role of their scope, which sees no row beyond it; `unit()` is one
    transaction of the writer, committed when the block ends without an error.
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        reader_connections: int = 4,
        writer_connections: int = 8,
        acquire_seconds: float = 10.0,
        statement_seconds: float = 5.0,
    ) -> None:
        """Describe the pools; nothing is connected before the block is entered."""
        self.url = url
        self.name = database_name(url)
        self._key = key
        self._reader_connections = reader_connections
        self._writer_connections = writer_connections
        self._acquire_seconds = acquire_seconds
        self._statement_seconds = statement_seconds
        self._readers: dict[Scope, Readers] = {}
        self._writer: Pool | None = None
        self._sealer: Pool | None = None
        self._admission: Pool | None = None
        self._writes = 0  # that have a connection or wait for one

    async def __aenter__(self) -> "Database":
        """Make the pools; connections are opened as they are needed."""
        for scope in Scope:
            self._readers[scope] = Readers(
                partial(self._reader, scope),
                self._reader_connections,
                self._acquire_seconds,
                self._statement_seconds + _SILENCE_SECONDS,
            )
        self._writer = await self._pool(WRITER, self._writer_connections, "terrace writer")
        self._sealer = await self._pool(SEALER, 1, "terrace sealer")
        self._admission = await self._pool(WRITER, _ADMITTING, "terrace admission")
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Close every connection, by force if one does not come back."""
        readers, self._readers = self._readers, {}
        pools = [pool for pool in (self._writer, self._sealer, self._admission) if pool]
        self._writer = self._sealer = self._admission = None
        closing = [reader.close() for reader in readers.values()]
        await asyncio.gather(*closing, *map(_close, pools))

    def _login(self, kind: str) -> dict[str, Any]:
        """How a kind of role connects; both kinds of pool keep their statements alike."""
        return {
            "dsn": self.url,
            "user": login_name(kind, self.name),
            "password": login_password(self._key, kind, self.name),
            "statement_cache_size": STATEMENTS_KEPT,
            "max_cached_statement_lifetime": _STATEMENT_SECONDS_KEPT,
        }

    async def _pool(self, kind: str, size: int, name: str) -> Pool:
        """Connections of a role that writes, opened as they are needed."""
        return await asyncpg.create_pool(
            **self._login(kind),
            min_size=0,
            max_size=size,
            max_inactive_connection_lifetime=300,
            max_queries=1_000_000_000,
            server_settings={**_WRITER_SETTINGS, "application_name": name},
            init=_prepare_writer,
        )

    async def _reader(self, scope: Scope) -> "asyncpg.Connection[asyncpg.Record]":
        """A new connection that reads for a kind of scope.

        It only ever uses transaction-local settings, so nothing has to be reset between requests.
        """
        timeout = str(int(self._statement_seconds * 1000))
        connection: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(
            **self._login(scope.value),
            timeout=self._acquire_seconds,
            server_settings={**_READER_SETTINGS, "statement_timeout": timeout},
        )
        await prepare_connection(connection)
        return connection

    async def answer(self, scope: Scope, statement: str, values: Sequence[Any]) -> str:
        """The text that a compiled statement returns to a kind of scope.

        Requests of one statement that wait at the same time share a round trip (`readers`).
        """
        if traces.ACTIVE is None:
            return await self._readers[scope].answer(statement, values)
        with traces.ACTIVE.statement(statement, scope.value):
            return await self._readers[scope].answer(statement, values)

    async def explain(self, scope: Scope, statement: str, parameters: int) -> list[str]:
        """How the database runs a statement of so many parameters for a kind of scope, by lines.

        It is the generic plan, which all values share.
        """
        async with self.reading(scope) as connection:
            try:
                await connection.execute(f"prepare explained as {statement}")
                nulls = ", ".join(["null"] * parameters)
                rows = await connection.fetch(f"explain (verbose) execute explained({nulls})")
            finally:
                with suppress(asyncpg.PostgresError):
                    await connection.execute("deallocate explained")
            return [row[0] for row in rows]

    @asynccontextmanager
    async def reading(self, scope: Scope) -> AsyncIterator[Connection]:
        """A connection that sees the rows of a kind of scope; one statement is one transaction."""
        async with self._readers[scope].connection() as connection:
            yield connection

    @asynccontextmanager
    async def unit(self, *, one_moment: bool = False) -> AsyncIterator[Connection]:
        """One transaction of the writer: all of the block, or nothing of it.

        All that it reads is as of `one_moment`, if it asks for that; it may clash with others then.
        """
        async with self.writing() as connection, _committed(connection, one_moment=one_moment):
            yield connection

    @asynccontextmanager
    async def sealing(self) -> AsyncIterator[Connection]:
        """One transaction of the sealer, who reads the audit trail and adds seals to it."""
        if self._sealer is None:
            raise RuntimeError("the database is not open")
        async with (
            self._sealer.acquire(timeout=self._acquire_seconds) as connection,
            _committed(connection),
        ):
            yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Connection]:
        """A connection of the writer without a transaction of its own."""
        if self._writer is None:
            raise RuntimeError("the database is not open")
        self._writes += 1
        try:
            async with self._writer.acquire(timeout=self._acquire_seconds) as connection:
                yield connection
        finally:
            self._writes -= 1

    @asynccontextmanager
    async def admitting(self) -> AsyncIterator[Connection]:
        """A connection to look callers up, who must not wait behind those who write."""
        if self._admission is None:
            raise RuntimeError("the database is not open")
        async with self._admission.acquire(timeout=self._acquire_seconds) as connection:
            yield connection

    def usage(self) -> PoolUsage:
        """How the connections of this process are used now."""
        readers = {scope: reader.usage() for scope, reader in self._readers.items()}
        if self._writer is None:
            return PoolUsage(readers, Usage(0, 0, 0))
        size = self._writer.get_size()
        in_use = size - self._writer.get_idle_size()
        return PoolUsage(readers, Usage(size, in_use, max(self._writes - in_use, 0)))

    async def listener(self) -> "asyncpg.Connection[asyncpg.Record]":
        """A connection of its own for LISTEN, outside every pool; the caller closes it."""
        connection: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(
            **self._login(WRITER),
            timeout=self._acquire_seconds,
            server_settings={**_WRITER_SETTINGS, "application_name": "terrace listener"},
        )
        _keep_alive(connection)
        return connection

"""Who is let in: whom a credential names in the database, and whether it still holds."""

import asyncio
import hmac
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Generic, TypeVar

import asyncpg

from domain.actors import Channel, Grant, Role
from domain.claims import Claims, NobodyKnows, NotAdmitted
from repository.cancellation import seen
from repository.database import UNREACHABLE, Database, lost
from repository.statements import sql
from telemetry.logs import described

log = logging.getLogger(__name__)

_SECONDS = 5.0
"""How long a look-up may take: whoever waits for it is a caller at the door."""

K = TypeVar("K")
V = TypeVar("V")


@contextmanager
def _known() -> Iterator[None]:
    """In the block, a database that does not answer is no refusal."""
    try:
        yield
    except Exception as error:
        if not lost(error):
            raise
        log.warning("nobody can be looked up: %s", described(error))
        raise NobodyKnows from None


class Gathered(Generic[K, V]):
    """Look-ups that share a statement with those that are asked for at the same moment.

    An event that goes to a thousand sockets asks a thousand times whether their callers are still
    who they were.
    """

    def __init__(self, look_up: Callable[[Sequence[K]], Awaitable[Mapping[K, V]]]) -> None:
        """`look_up` finds many at once; what it leaves out is not there."""
        self._look_up = look_up
        self._gathering: tuple[set[K], asyncio.Task[Mapping[K, V]]] | None = None

    async def find(self, key: K) -> V | None:
        """What there is of a key."""
        if self._gathering is None:
            asked: set[K] = set()
            self._gathering = asked, seen(asyncio.create_task(self._together(asked)))
        keys, found = self._gathering
        keys.add(key)
        return (await asyncio.shield(found)).get(key)

    async def _together(self, asked: set[K]) -> Mapping[K, V]:
        await asyncio.sleep(0)  # for all that ask in this turn of the loop
        self._gathering = None  # who asks from here on wants a later look
        return await self._look_up(list(asked))


class Access:
    """Who is let in, as the database of one process has it."""

    def __init__(self, database: Database) -> None:
        """Describe the look-ups of a process."""
        self._database = database
        self._admissions: Gathered[Claims, tuple[int | None, bool]] = Gathered(self._look_up)

    async def admit(self, claims: Claims) -> int:
        """The key of the row that claims name, 0 for a role that names none.

        Raises NotAdmitted for a subject that is unknown, and for what was revoked; NobodyKnows
        while the database does not answer.
        """
        with _known():
            scope_id, revoked = await self._admissions.find(claims) or (None, False)
        if scope_id is None:
            raise NotAdmitted("unknown subject")
        if revoked:
            raise NotAdmitted("revoked")
        return scope_id

    async def api_key(self, prefix: str, digest: bytes) -> Claims | None:
        """What the API key of a prefix stands for, if the digest is its own."""
        with _known():
            async with self._database.admitting() as connection:
                row = await connection.fetchrow(sql("api_key_by_prefix"), prefix, timeout=_SECONDS)
        if row is None or not hmac.compare_digest(row["digest"], digest):
            return None
        return Claims(
            role=Role.INTEGRATOR,
            subject=row["integrator"],
            channel=Channel.INTEGRATOR,
            grants=frozenset(map(Grant, row["grants"])),
            key=prefix,
            issued_at=int(row["created_at"].timestamp()),
            expires_at=int(row["expires_at"].timestamp()),
        )

    async def _look_up(self, asked: Sequence[Claims]) -> Mapping[Claims, tuple[int | None, bool]]:
        async with self._database.admitting() as connection:
            rows = await connection.fetch(
                sql("admitted"),
                [claims.role.value for claims in asked],
                [claims.subject for claims in asked],
                [claims.branch for claims in asked],
                [claims.token_id for claims in asked],
                [claims.key for claims in asked],
                [datetime.fromtimestamp(claims.issued_at, UTC) for claims in asked],
                timeout=_SECONDS,
            )
        found = {
            claims: (row["scope_id"], row["revoked"])
            for claims, row in zip(asked, rows, strict=True)
        }
        used = [claims.key for claims, (_, revoked) in found.items() if claims.key and not revoked]
        if used:
            await self._note_use(used)
        return found

    async def _note_use(self, keys: Sequence[str]) -> None:
        """When keys were last used is worth knowing, and nothing that a caller may fail for."""
        try:
            async with self._database.admitting() as connection:
                await connection.execute(sql("api_key_used"), keys, timeout=_SECONDS)
        except (*UNREACHABLE, asyncpg.PostgresError) as error:
            log.warning("the use of API keys was not noted: %s", described(error))

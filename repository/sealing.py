"""The chain of the audit trail: its lines sealed one after the other, after they were committed.

A sequence hands out numbers before commit, so a line's own number is no place in a chain: a lower
one may show up later. Here one sealer at a time takes the committed lines that wait, by number, and
goes on from the last seal. Seals are written, and lines cease to wait, in one transaction, so a
sealer that is killed leaves the chain as it was. That no chain ever forks does not hang on the lock
alone: a position has one seal, and so has a line.
"""

from typing import Any

from domain.chain import BEGINNING, Link
from repository.database import Connection, Database, persistently
from repository.statements import sql

_AT_ONCE = 2000


async def seal(database: Database, limit: int = _AT_ONCE) -> int:
    """Seal the next lines that wait; returns how many."""

    async def once() -> int:
        async with database.sealing() as connection:
            await connection.execute(sql("own_chain"))
            # Statements of their own: they see what the sealer before has committed.
            link = await _head(connection)
            lines = await connection.fetch(sql("lines_to_seal"), limit)
            if not lines:
                return 0
            links = []
            for line in lines:
                link = link.next(line["content"])
                links.append(link)
            await connection.execute(
                sql("write_seals"),
                [line["id"] for line in lines],
                [one.position for one in links],
                [one.hash for one in links],
                lines[0]["sealed_at"],
            )
            return len(lines)

    return await persistently(once)


async def seal_waiting(database: Database, at_once: int = _AT_ONCE) -> int:
    """Seal what waits by now; returns how many.

    It goes on while whole batches wait, not while anything does: writers who never cease would
    otherwise have a seal committed for every line or two.
    """
    sealed = 0
    while True:
        done = await seal(database, at_once)
        sealed += done
        if done < at_once:
            return sealed


async def chain_head(database: Database) -> Link:
    """The last seal there is."""
    async with database.sealing() as connection:
        return await _head(connection)


async def _head(connection: Connection) -> Link:
    return link_of(await connection.fetchrow(sql("audit_head"))) or BEGINNING


def link_of(row: Any) -> Link | None:
    """The link that a row of a seal holds."""
    return None if row is None else Link(row["position"], row["hash"])

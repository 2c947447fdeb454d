"""Whom a token's subject names in the database."""

import asyncio
from collections.abc import Collection, Mapping

from domain.actors import Role
from repository.cancellation import seen
from repository.database import Database
from repository.statements import sql

_LOOKUP = {
    Role.CUSTOMER: "subject_customers",
    Role.MANAGER: "subject_managers",
    Role.BRANCH: "subject_branches",
}


class Subjects:
    """Looks subjects up; those that are asked for at the same moment share a statement.

    An event that goes to a thousand sockets asks a thousand times whether their callers are still
    who they were.
    """

    def __init__(self, database: Database) -> None:
        """Describe the look-ups of a process."""
        self._database = database
        self._gathering: dict[Role, tuple[set[str], asyncio.Task[Mapping[str, int]]]] = {}

    async def resolve(self, role: Role, subject: str) -> int | None:
        """The key of a role's subject; 0 for roles that have none, None if there is no such one."""
        if role not in _LOOKUP:
            return 0
        if role not in self._gathering:
            asked: set[str] = set()
            found = seen(asyncio.create_task(self._look_up(role, asked)))
            self._gathering[role] = asked, found
        subjects, found = self._gathering[role]
        subjects.add(subject)
        return (await asyncio.shield(found)).get(subject)

    async def _look_up(self, role: Role, subjects: Collection[str]) -> Mapping[str, int]:
        await asyncio.sleep(0)  # for all that ask in this turn of the loop
        del self._gathering[role]  # who asks from here on wants a later look
        return await _keys(self._database, role, subjects)


async def resolve(database: Database, role: Role, subject: str) -> int | None:
    """The key of one subject, as `Subjects.resolve` tells it."""
    return (await _keys(database, role, [subject])).get(subject) if role in _LOOKUP else 0


async def _keys(database: Database, role: Role, subjects: Collection[str]) -> Mapping[str, int]:
    async with database.writing() as connection:
        rows = await connection.fetch(sql(_LOOKUP[role]), list(subjects))
    return {row["subject"]: row["id"] for row in rows}

"""Whom a token's subject names in the database."""

from domain.actors import Role
from repository.database import Database
from repository.statements import sql

_LOOKUP = {
    Role.CUSTOMER: "subject_customer",
    Role.MANAGER: "subject_manager",
    Role.BRANCH: "subject_branch",
}


async def resolve(database: Database, role: Role, subject: str) -> int | None:
    """The key of a role's subject; 0 for roles that have none, None if there is no such subject."""
    lookup = _LOOKUP.get(role)
    if lookup is None:
        return 0
    async with database.writing() as connection:
        key: int | None = await connection.fetchval(sql(lookup), subject)
        return key

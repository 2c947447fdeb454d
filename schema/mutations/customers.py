"""Finding the customer an input names, as the writer, within the caller's scope."""

from typing import Any

from domain.actors import Actor
from repository.customers import hold_customer
from repository.database import Connection
from repository.reading.parameters import InvalidArgument
from repository.statements import sql
from schema import identifiers
from schema.mutations.operation import Refused

_LONGEST = 2000


async def locked_customer(connection: Connection, identifier: str, actor: Actor) -> Any:
    """The customer's row, locked; one the caller may not see is as good as none."""
    key = key_in(identifier, "Customer", "customer")
    return _in_scope(await hold_customer(connection, key), actor)


async def seen_customer(connection: Connection, identifier: str, actor: Actor) -> Any:
    """The customer's row as it stands, for a caller who changes nothing of it."""
    key = key_in(identifier, "Customer", "customer")
    return _in_scope(await connection.fetchrow(sql("customer_as_it_stands"), key), actor)


def _in_scope(customer: Any, actor: Actor) -> Any:
    if customer is None or not actor.sees(
        customer["id"], customer["manager_id"], customer["branch_id"]
    ):
        raise Refused("NOT_FOUND", "there is no such customer", "input", "customer")
    return customer


def key_in(identifier: str, kind: str, field: str) -> int:
    """The key that an identifier in an input names; raises Refused for one that is none."""
    try:
        return identifiers.key_of(kind, identifier)
    except InvalidArgument as fault:
        raise Refused(fault.code, str(fault), "input", field) from None


def text_of(value: str, *path: str) -> str:
    """A text of an input that must say something; raises Refused."""
    stripped = value.strip()
    if not stripped or len(stripped) > _LONGEST or "\0" in stripped:
        raise Refused("INVALID_TEXT", f"{path[-1]} has 1 to {_LONGEST} characters", "input", *path)
    return stripped

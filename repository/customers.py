"""Holding a customer whom somebody names, as the writer: everything is locked in one order."""

from typing import Any

from domain.approvals import DecisionRefused
from repository.database import Connection
from repository.statements import sql


async def hold_customer(connection: Connection, key: int) -> Any:
    """The customer's row, locked with all that a change of it may reach; None if there is none."""
    await connection.execute(sql("no_loader"))
    await connection.execute(sql("share_ledger"))
    await connection.execute(sql("lock_accounts_of"), key)
    return await connection.fetchrow(sql("customer_in_scope"), key)


async def hold_customer_numbered(connection: Connection, number: str) -> Any:
    """The same of a customer by number; raises DecisionRefused if there is none any more."""
    key = await connection.fetchval(sql("customer_key"), number)
    customer = None if key is None else await hold_customer(connection, key)
    if customer is None:
        raise DecisionRefused("NOT_FOUND", f"there is no customer {number}", "customer")
    return customer

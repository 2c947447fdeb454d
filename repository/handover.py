"""Many customers go to another manager of their branch at once: all of them, or none.

Who is handed over is either named, customer by customer, or the whole portfolio as it is when it is
done. A customer who was named and is no longer in the portfolio makes all of it refused: whoever
allowed it has looked at these customers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from domain.actors import Actor
from domain.approvals import DecisionRefused, Payload
from domain.effect import Effect
from domain.money import EXACT, ZERO
from repository.audit import Facts, audit_each
from repository.calendar import read_calendar
from repository.database import Connection
from repository.statements import sql

MOST = 2000
"""Customers of one handover: each moves with all rows that are the customer's."""
_NAMED = 20
"""Customers whom a refusal names."""


@dataclass(frozen=True, slots=True)
class _Handover:
    """Both managers, and the customers who go from the one to the other, in order of their keys."""

    giver: Any
    taker: Any
    customers: Sequence[Any]

    @property
    def keys(self) -> list[int]:
        """The keys of the customers."""
        return [customer["id"] for customer in self.customers]


async def lock_handed_over(connection: Connection, payload: Payload) -> None:
    """Keep managers and calendar as they are, then hold the customers' accounts and customers.

    Raises DecisionRefused for managers who cannot, and for too many customers.
    """
    await connection.execute(sql("no_loader"))
    await connection.execute(sql("share_ledger"))
    await _held(connection, payload)


async def effect_of_handover(connection: Connection, payload: Payload) -> Effect:
    """Who would go, with their AUM of the last closed month by tier; raises as `hand_over`.

    That of the open month moves with every balance: of so many customers nobody could look at it
    before it is another one.
    """
    handover = await _checked(connection, payload)
    calendar = await read_calendar(connection)
    months = (
        None if month is None else month.first_day
        for month in (calendar.open_month, calendar.last_closed)
    )
    rows = await connection.fetch(sql("tiers_of"), handover.keys, *months)
    aum = ZERO
    tiers = []
    for row in rows:
        shown: Decimal = row["aum"]
        aum = EXACT.add(aum, shown)
        tiers.append(
            {
                "status": row["status"],
                "tier": row["tier"],
                "customers": row["customers"],
                "aum": f"{shown:.2f}",
            }
        )
    giver, taker = handover.giver["number"], handover.taker["number"]
    return Effect(
        customers=len(handover.customers),
        aum=aum,
        managers={giver: len(handover.customers)},
        detail={
            "from": giver,
            "to": taker,
            "customers": [customer["number"] for customer in handover.customers],
            "tiers": tiers,
        },
    )


async def hand_over(connection: Connection, payload: Payload, reason: str, actor: Actor) -> Facts:
    """Give the customers to the other manager; what is theirs follows by its keys.

    Raises DecisionRefused: NOT_FOUND and MANAGER_INACTIVE about a manager, SAME_MANAGER,
    CUSTOMERS_MOVED, EMPTY_PORTFOLIO, TOO_MANY_CUSTOMERS.
    """
    handover = await _checked(connection, payload)
    giver, taker = handover.giver["number"], handover.taker["number"]
    numbers = [customer["number"] for customer in handover.customers]
    await connection.execute(sql("hand_over_all"), handover.keys, handover.taker["id"])
    await audit_each(
        connection,
        actor,
        "customer.assign",
        numbers,
        before={"manager": giver},
        after={"manager": taker},
        reason=reason,
        detail={"customers": len(numbers)},
    )
    return {"from": giver, "to": taker, "customers": len(numbers)}


async def _held(connection: Connection, payload: Payload) -> _Handover:
    """The handover, its customers held in the order in which everyone holds them."""
    await connection.execute(sql("hold_giver"), payload["from"])
    giver = await _manager(connection, payload["from"], "from")
    taker = await _manager(connection, payload["to"], "to")
    await connection.execute(sql("hold_taker"), taker["id"])
    if taker["branch_id"] != giver["branch_id"]:
        raise DecisionRefused("NOT_FOUND", "there is no such manager in the branch", "to")
    if taker["id"] == giver["id"]:
        raise DecisionRefused("SAME_MANAGER", "these are the manager's customers already", "to")
    if not taker["active"]:
        raise DecisionRefused("MANAGER_INACTIVE", "this manager is not active", "to")
    if payload["customers"] is None:
        found = await connection.fetch(sql("keys_of_portfolio"), giver["id"], MOST + 1)
    else:
        found = await connection.fetch(sql("keys_of_customers"), payload["customers"])
    if len(found) > MOST or len(payload["customers"] or ()) > MOST:
        raise DecisionRefused(
            "TOO_MANY_CUSTOMERS",
            f"at most {MOST} customers are handed over at once: name some of them",
            "customers",
        )
    keys = [row["id"] for row in found]
    await connection.execute(sql("lock_accounts_of_all"), keys)
    return _Handover(giver, taker, await connection.fetch(sql("customers_in_scope"), keys))


async def _manager(connection: Connection, number: str, member: str) -> Any:
    found = await connection.fetchrow(sql("manager_by_number"), number)
    if found is None:
        raise DecisionRefused("NOT_FOUND", "there is no such manager", member)
    return found


async def _checked(connection: Connection, payload: Payload) -> _Handover:
    """The handover, if it can be done as things are.

    Nobody comes into a portfolio since its manager is held.
    """
    handover = await _held(connection, payload)
    found = {customer["number"]: customer for customer in handover.customers}
    astray = []
    for number in found if payload["customers"] is None else payload["customers"]:
        why = _elsewhere(found.get(number), handover.giver)
        if why is not None:
            astray.append(f"{number} ({why})")
    if astray:
        more = len(astray) - _NAMED
        named = ", ".join(astray[:_NAMED]) + (f" and {more} more" if more > 0 else "")
        raise DecisionRefused(
            "CUSTOMERS_MOVED",
            f"not in the portfolio of {handover.giver['number']} any more: {named}",
            "customers",
        )
    if not found:
        raise DecisionRefused("EMPTY_PORTFOLIO", "there is nobody to hand over", "customers")
    return handover


def _elsewhere(customer: Any, giver: Any) -> str | None:
    """Why a customer is not the giver's; None for one who is."""
    if customer is None:
        return "unknown"
    if customer["status"] == "TERMINATED":
        return "terminated"
    if customer["branch_id"] != giver["branch_id"]:
        return "of another branch"
    if customer["manager_id"] == 0:
        return "with nobody"
    return None if customer["manager_id"] == giver["id"] else "with another manager"

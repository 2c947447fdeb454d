"""What has happened to customers on days, as the rules take it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from domain.happenings import NOTHING, Happenings
from domain.manual_tier import ManualTier
from domain.special import Grant
from repository.database import Connection
from repository.statements import sql


async def happenings_of(connection: Connection, customers: Sequence[int]) -> dict[int, Happenings]:
    """All that has happened to customers on days; those to whom nothing has are not in it."""
    found: dict[int, Happenings] = {}
    for row in await connection.fetch(sql("happenings_of"), customers):
        known = found.get(row["customer_id"], NOTHING)
        found[row["customer_id"]] = _READ[row["what"]](known, row)
    return found


def _grant(known: Happenings, row: Any) -> Happenings:
    given = Grant(row["day"], row["until"], row["revoked_on"])
    return replace(known, grants=(*known.grants, given))


def _termination(known: Happenings, row: Any) -> Happenings:
    return replace(known, terminations=(*known.terminations, row["day"]))


def _tier(known: Happenings, row: Any) -> Happenings:
    return replace(known, tiers=(*known.tiers, ManualTier(row["day"], row["tier"])))


_READ: Mapping[str, Callable[[Happenings, Any], Happenings]] = {
    "grant": _grant,
    "tier": _tier,
    "termination": _termination,
}

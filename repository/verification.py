"""Holding the audit trail against its chain: whether it is what was sealed, and where it is not.

Every line that has a seal is hashed again, in the chain's order. Then every line is looked up the
other way round, for one that was put in past the sealer. Anchors, links that were kept elsewhere,
tell what the chain cannot tell of itself: that it was computed anew, or that its end is gone.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from domain.chain import BEGINNING, Link
from repository.database import Connection, Database
from repository.sealing import chain_head, link_of
from repository.statements import sql

_AT_ONCE = 5000
Progress = Callable[[Link, int], None]
"""Told the last link that was found right, and the position of the last seal."""


class TrailBroken(Exception):
    """The trail is not what was sealed; the message names the first place that shows it."""


@dataclass(frozen=True, slots=True)
class Verified:
    """A trail that is what was sealed: its head, seals that were looked at, lines that wait."""

    head: Link
    seals: int
    waiting: int


async def verify(
    database: Database,
    *,
    after: int = 0,
    anchors: Sequence[Link] = (),
    progress: Progress = lambda link, last: None,
    at_once: int = _AT_ONCE,
) -> Verified:
    """Hold all lines sealed after a position against the chain; raises TrailBroken.

    The seal of the position `after` is taken as it is; 0 is the beginning. Anchors are compared
    wherever they lie.
    """
    kept = {anchor.position: anchor for anchor in sorted(anchors, key=lambda a: a.position)}
    for anchor in anchors:
        if kept[anchor.position] != anchor:
            raise TrailBroken(f"two anchors of position {anchor.position} differ")
    async with database.sealing() as connection:
        await _compare_earlier(connection, after, kept)
        link = await _start(connection, after)
    last = (await chain_head(database)).position
    while True:
        async with database.sealing() as connection:
            seals = await connection.fetch(sql("sealed_lines"), link.position, at_once)
        if not seals:
            break
        for place in range(len(seals)):
            link = _follow(link, seals, place)
            _compare(kept, link)
        progress(link, max(last, link.position))
    for anchor in kept.values():
        if anchor.position > link.position:
            raise TrailBroken(
                f"the chain ends at position {link.position}, before the anchor "
                f"{anchor.position}: its end was cut off"
            )
    return Verified(link, link.position - after, await _look_for_strays(database, at_once))


async def _start(connection: Connection, after: int) -> Link:
    if after == 0:
        return BEGINNING
    found = link_of(await connection.fetchrow(sql("audit_seal"), after))
    if found is None:
        raise TrailBroken(f"the seal of position {after} is missing")
    return found


async def _compare_earlier(connection: Connection, after: int, kept: Mapping[int, Link]) -> None:
    """Anchors that the walk does not come by; the chain holds them against what follows."""
    for position in kept:
        if position == BEGINNING.position:
            _compare(kept, BEGINNING)
        elif position <= after:
            found = link_of(await connection.fetchrow(sql("audit_seal"), position))
            if found is None:
                raise TrailBroken(f"the seal of position {position} is missing")
            _compare(kept, found)


def _compare(kept: Mapping[int, Link], link: Link) -> None:
    anchor = kept.get(link.position)
    if anchor is not None and anchor != link:
        raise TrailBroken(
            f"position {link.position} has the hash {link.hash.hex()}, and its anchor says "
            f"{anchor.hash.hex()}: the chain up to here was computed anew"
        )


def _follow(link: Link, seals: Sequence[Any], place: int) -> Link:
    """The next link, made anew from the line; raises TrailBroken if the seal says otherwise."""
    row = seals[place]
    position, line = link.position + 1, row["audit_id"]
    if row["position"] != position:
        raise TrailBroken(f"the seal of position {position} is missing")
    if row["content"] is None:
        raise TrailBroken(f"line {line}, sealed at position {position}, is missing")
    made = link.next(row["content"])
    if made.hash == row["hash"]:
        return made
    for other in seals[place + 1 :]:
        if other["content"] is None:
            continue
        moved = link.next(other["content"]).hash
        if moved in (row["hash"], other["hash"]):
            raise TrailBroken(
                f"lines were re-ordered at position {position}: line {line} stands where line "
                f"{other['audit_id']} was sealed"
            )
    raise TrailBroken(
        f"line {line} was changed after it had been sealed at position {position}, or its seal was"
    )


async def _look_for_strays(database: Database, at_once: int) -> int:
    """Raise TrailBroken for a line the sealer does not know; returns how many wait for it."""
    last: int | None = -(2**63)
    while last is not None:
        async with database.sealing() as connection:
            found = await connection.fetchrow(sql("lines_without_seal"), last, at_once)
        if found is not None and found["stray"] is not None:
            raise TrailBroken(
                f"line {found['stray']} has no seal and does not wait for one: "
                "it was inserted past the chain, or its seal was taken away"
            )
        last = None if found is None else found["last"]
    async with database.sealing() as connection:
        found = await connection.fetchrow(sql("lines_waiting"))
    if found is None:
        return 0
    if found["gone"] is not None:
        raise TrailBroken(f"line {found['gone']}, which waited for its seal, is missing")
    waiting: int = found["waiting"]
    return waiting

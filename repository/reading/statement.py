"""Statements: a tree of nodes, written as SQL and wrapped so that the actor is set first.

The finished statement has the one form that sets the actor for row-level security before anything
is read:

    select case when set_config('app.id', $1, true) is not null then <the answer> end

A setter in a FROM, a WHERE or a materialized CTE may run after the rows were read; in this form it
cannot (see docs/adr/0003). The answer is JSON, put together as text (see `json_text`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.actors import Sight
from repository.reading.json_text import Computed, json_list, sql
from repository.reading.json_text import Literal as Piece
from repository.reading.nodes import Join, Node, Record
from repository.reading.parameters import Parameters, Source
from repository.reading.writer import BOTH_WALLS, Walls, Writer

__all__ = ["BOTH_WALLS", "Statement", "Walls", "render", "render_feed", "render_payload"]


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL that returns one JSON text, and where its parameters come from."""

    sql: str
    parameters: Parameters


def render(
    fields: Sequence[tuple[str, Node]], sight: Sight, walls: Walls = BOTH_WALLS
) -> Statement:
    """One statement that answers all fields as one JSON object."""
    writer = Writer(sight, walls)
    answer = sql(writer.record(Record(fields), alias=""))
    return Statement(_with_actor(answer, walls), writer.parameters)


def render_payload(
    record: Record, columns: str, row: Source, sight: Sight, walls: Walls = BOTH_WALLS
) -> Statement:
    """One statement that answers an object over a row given as JSON, such as a mutation's result.

    `columns` declares the row's columns and types; what the object reaches from there is read
    from tables as usual.
    """
    writer = Writer(sight, walls)
    alias = writer.alias()
    source = f"jsonb_to_record({writer.parameter(row, 'jsonb')}) as {alias}({columns})"
    answer = f"(select {sql(writer.record(record, alias))} from {source})"
    return Statement(_with_actor(answer, walls), writer.parameters)


def render_feed(
    event: Record,
    join: Join,
    position: str,
    cursor: Source,
    limit: int,
    sight: Sight,
    walls: Walls = BOTH_WALLS,
) -> Statement:
    """One statement that answers the next events of a feed, oldest first.

    The answer is a JSON list of [position, event]; `position` names the column that orders the
    feed, `cursor` the position after which to go on.
    """
    writer = Writer(sight, walls)
    alias = writer.alias()
    source = writer.source(join, alias, "")
    after = writer.parameter(cursor, "bigint")
    place = f"{alias}.{position}"
    rows = (
        f"from (select {alias}.* {source} and {place} > {after} "
        f"order by {place} limit {limit}) {alias}"
    )
    pair = (
        Piece("["),
        Computed(f"{place}::text"),
        Piece(","),
        *writer.record(event, alias),
        Piece("]"),
    )
    return Statement(_with_actor(sql(json_list(pair, rows, place)), walls), writer.parameters)


def _with_actor(answer: str, walls: Walls) -> str:
    if not walls.setting:
        return f"select {answer}, {Parameters.ACTOR}"
    setting = f"set_config('app.id', {Parameters.ACTOR}::text, true)"
    return f"select case when {setting} is not null then {answer} end"

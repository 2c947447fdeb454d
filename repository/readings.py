"""Readings of customers' names: made when names are stored, and made up for where they are missing.

The dictionary is large (55 MB in memory), so it is loaded by whoever stores names, not by whoever
answers searches: a needle is never looked up.
"""

from collections.abc import Callable, Iterable
from functools import cache

from domain.names import reading
from repository.database import Database
from repository.statements import sql

_LONGEST_PERSON = 4


def readings(names: Iterable[str]) -> list[str]:
    """What to store beside each name."""
    return [reading(name, _pinyin) for name in names]


async def read_names(database: Database, batch: int = 2_000) -> int:
    """Store the readings of customers who have none, or one of a former name; returns how many.

    Each batch is a transaction of its own: whoever is cut off goes on where that was.
    """
    last = done = 0
    while True:
        async with database.unit() as connection:
            rows = await connection.fetch(sql("unread_customers"), last, batch)
            if not rows:
                return done
            ids = [row["id"] for row in rows]
            read = readings(row["name"] for row in rows)
            await connection.execute(sql("store_readings"), ids, read)
        last, done = ids[-1], done + len(ids)


def _pinyin(text: str) -> list[str]:
    """Context tells how a long name is read, a firm's or a town's; a short one is a person's."""
    if len(text) > _LONGEST_PERSON:
        syllables = list(_dictionary()(text, errors=list))
        if len(syllables) == len(text):
            return syllables
    return [_syllable(character) for character in text]


@cache
def _syllable(character: str) -> str:
    return _dictionary()(character, errors=list)[0]


@cache
def _dictionary() -> Callable[..., list[str]]:
    from pypinyin import lazy_pinyin

    return lazy_pinyin

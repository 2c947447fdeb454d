"""The schema `peer`, made of Terrace's rows in the same database."""

from pathlib import Path

import asyncpg

from benchmarks.place import superuser

_SCHEMA = Path(__file__).with_name("peer.sql")


async def make(url: str) -> None:
    """Make it, as the superuser, and let the planner know what is in it."""
    connection = await asyncpg.connect(superuser(url))
    try:
        await connection.execute(_SCHEMA.read_text(encoding="utf-8"))
        await connection.execute("vacuum (analyze)")
    finally:
        await connection.close()

"""A program for a copy of the tree: asks documents as several actors, with both walls and with one.

It reads {"servers": [database, redis], "sql": ..., "documents": [...], "actors": [[role, subject]]}
and writes what the copy's schema is and what it answers, as JSON.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import orjson

import schema
from cli.embedded import Addresses
from repository.reading.statement import Walls
from schema.published import sdl
from tests.house import KEY, new_house
from tests.schema.walls import WithoutSecondWall, engine_with


async def asked(job: dict[str, Any]) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    async with new_house(Addresses(*job["servers"])) as house:
        await house.people()
        async with house.database.unit() as connection:
            await connection.execute(job["sql"])
        async with WithoutSecondWall(house.url, KEY) as open_database:
            engines = {
                "both": house.engine,
                "predicate": engine_with(house, open_database, Walls()),
                "policies": engine_with(house, house.database, Walls(predicate=False)),
                "neither": engine_with(house, open_database, Walls(predicate=False)),
            }
            for role, subject in job["actors"]:
                actor = await house.actor(role, subject)
                answers[f"{role} {subject}"] = {
                    walls: [
                        orjson.loads(await engine.execute(engine.prepare(text, None), None, actor))
                        for text in job["documents"]
                    ]
                    for walls, engine in engines.items()
                }
    return answers


if __name__ == "__main__":
    told = asyncio.run(asked(json.load(sys.stdin)))
    place = Path(next(iter(schema.__path__)))
    json.dump({"place": str(place), "sdl": sdl(), "answers": told}, sys.stdout)

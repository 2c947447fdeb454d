"""The statements of the golden documents, as the server got them, and the files that keep them.

`python -m tests.schema.golden` (`make golden`) writes the files anew.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from cli.embedded import Addresses, servers
from domain.actors import Actor, Scope
from repository.database import Database
from repository.reading.statement import BOTH_WALLS, Walls
from schema.engine import Engine
from schema.feeds import TOPICS
from settings import Settings
from tests.house import KEY, House, new_house
from tests.schema.documents import EVENTS, GOLDEN, PAYLOADS, variables_of
from tests.schema.sql_layout import laid_out
from tests.schema.walls import engine_with

FOLDER = Path(__file__).parent / "golden"
READERS = {
    Scope.CUSTOMER: ("customer", "C1"),
    Scope.MANAGER: ("manager", "M1"),
    Scope.BRANCH: ("branch", "B1"),
    Scope.ALL: ("hq", "x"),
}
"""Somebody of each scope that sees rows of customers."""

Statements = dict[str, dict[Scope, str]]
_PREPARED = "select statement from pg_prepared_statements order by prepare_time"


@asynccontextmanager
async def single_file(house: House) -> AsyncIterator[Database]:
    """Pools of one connection each, so that whatever was prepared is found on it."""
    async with Database(house.url, KEY, reader_connections=1) as database:
        yield database


async def prepared(database: Database, scope: Scope) -> list[str]:
    """The statements the server has prepared for readers of the scope, in their order."""
    async with database.reading(scope) as connection:
        found = [row["statement"] for row in await connection.fetch(_PREPARED)]
        return [statement for statement in found if "from terrace." in statement]


async def statements(house: House, walls: Walls = BOTH_WALLS) -> Statements:
    """The statement of every golden document for each scope that may ask it.

    They are taken from the server, so they are what was sent to it and not what we think was.
    """
    found: Statements = {}
    for scope, (role, subject) in READERS.items():
        async with single_file(house) as database:
            engine = engine_with(house, database, walls)
            actor = await house.actor(role, subject)
            known: list[str] = []
            for name, document in (GOLDEN | PAYLOADS | EVENTS).items():
                asked = engine.prepare(document, None)
                if name in EVENTS:
                    await _listen(engine, database, document, actor, known)
                else:
                    await engine.execute(asked, variables_of(document), actor)
                now = await prepared(database, scope)
                new = [statement for statement in now if statement not in known]
                assert len(new) <= 1, (name, scope, new)
                if new:  # a mutation is not for everybody
                    found.setdefault(name, {})[scope] = new[0]
                known = now
    return found


async def _listen(
    engine: Engine, database: Database, document: str, actor: Actor, known: list[str]
) -> None:
    """Subscribe until the server was asked for the first events."""
    events = engine.subscribe(engine.prepare(document, None), variables_of(document), actor)

    async def first() -> None:
        async for _ in events:
            return

    waiting = asyncio.create_task(first())
    async with asyncio.timeout(10):
        while len(await prepared(database, actor.scope)) == len(known):
            assert not waiting.done() or waiting.result() is None
            for topic in TOPICS:  # as if something had happened that everybody must look at
                arrivals = engine.feeds.arrivals(topic)
                arrivals.advance(arrivals.head + 1, arrivals.tail, None)
            await asyncio.sleep(0.01)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)


def text_of(by_scope: dict[Scope, str]) -> str:
    """A golden file: each statement once, under the names of the scopes that get it."""
    scopes_of: dict[str, list[str]] = {}
    for scope, statement in by_scope.items():
        scopes_of.setdefault(statement, []).append(scope.value)
    return "\n".join(
        f"-- {', '.join(scopes)}\n{laid_out(statement)};\n"
        for statement, scopes in scopes_of.items()
    )


async def people_of_all_kinds(house: House) -> None:
    """So much that every golden document can be asked by everyone."""
    await house.people(4)
    await house.record(("A1", "2025-01-01", "250000.00"))
    await house.close("2025-01")


async def write(addresses: Addresses) -> None:
    """Write the golden files anew; files of documents that are no more go."""
    async with new_house(addresses) as house:
        await people_of_all_kinds(house)
        found = await statements(house)
    FOLDER.mkdir(exist_ok=True)
    for path in FOLDER.glob("*.sql"):
        if path.stem not in found:
            path.unlink()
    for name, by_scope in found.items():
        (FOLDER / f"{name}.sql").write_text(text_of(by_scope), encoding="utf-8")


def main() -> None:
    """Write the golden files from an installation of their own."""
    with (
        TemporaryDirectory() as folder,
        servers(Settings(data_dir=Path(folder))) as addresses,
    ):
        asyncio.run(write(addresses))


if __name__ == "__main__":
    main()

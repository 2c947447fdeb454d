"""Named SQL: every block stands on a real server, says what it is for, and is used."""

import ast
import re
from collections.abc import AsyncIterator

import asyncpg
import pytest

from cli.embedded import Addresses
from domain.actors import Scope
from repository.statements import FOLDER, statements
from tests.architecture.source_tree import PACKAGES, modules, parsed, relative, texts
from tests.house import House, new_house

SOURCES = {path.name: path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.sql"))}
INCLUDED = set(re.findall(r"\{([a-z_]+)\}", "\n".join(SOURCES.values())))
"""Blocks that stand in others; some of them are no statement by themselves."""

READ_BY_HAND = {"repository/reading/statement.py", "repository/reading/writer.py"}
"""The writer of reads: the only Python that composes SQL."""

OF_THE_SEALER = set(re.findall(r"^-- name: (\w+)$", SOURCES["chain.sql"], re.MULTILINE))
OF_AUDITORS = {"was_audited"}
"""Blocks that the writer has no right to run."""

UNUSED_FOR_NOW: set[str] = set()
"""Blocks nothing calls yet. It only shrinks."""


@pytest.fixture(scope="module")
async def installation(addresses: Addresses) -> AsyncIterator[House]:
    async with new_house(addresses) as house:
        yield house


@pytest.mark.parametrize("name", sorted(statements().keys() - INCLUDED))
async def test_the_server_takes_a_statement_from_whoever_runs_it(
    installation: House, name: str
) -> None:
    """EXPLAIN looks at everything a run would look at, the rights of the role among them."""
    database = installation.database
    connected = database.writing()
    if name in OF_THE_SEALER:
        connected = database.sealing()
    elif name in OF_AUDITORS:
        connected = database.reading(Scope.AUDIT)
    async with connected as connection:
        await connection.prepare(statements()[name])
        try:
            await connection.execute(f"explain (generic_plan) {statements()[name]}")
        except asyncpg.PostgresError as error:
            pytest.fail(f"{name}: {error}")


@pytest.mark.parametrize(("file", "source"), SOURCES.items())
def test_a_block_says_what_it_is_for(file: str, source: str) -> None:
    heads = re.findall(r"^-- name: ([a-z_]+)\n(.*)$", source, re.MULTILINE)
    assert heads, file
    silent = [name for name, told in heads if not re.match(r"-- \S.*\S", told)]
    assert silent == []


def names_in(call: ast.Call) -> set[str]:
    """The blocks that `sql(...)` may mean: one, or those whose names begin as its f-string does."""
    [given] = call.args
    if isinstance(given, ast.JoinedStr):
        beginning = given.values[0].value if isinstance(given.values[0], ast.Constant) else ""
        return {name for name in statements() if beginning and name.startswith(beginning)}
    return set()


def test_every_block_is_called_and_every_call_names_a_block() -> None:
    called = {text for path in modules(*PACKAGES) for text in texts(path)}
    for path in modules(*PACKAGES):
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "sql":
                called |= names_in(node)
    unused = statements().keys() - INCLUDED - called
    assert unused <= UNUSED_FOR_NOW, unused
    wrong = [
        f"{relative(path)}:{node.lineno}"
        for path in modules(*PACKAGES)
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "sql"
        and isinstance(node.args[0], ast.Constant)
        and node.args[0].value not in statements()
    ]
    assert wrong == []


def test_sql_lives_in_the_repository() -> None:
    sentence = re.compile(r"\s*(with|select|insert into|update|delete from|create|alter)\s", re.I)
    strays = [
        f"{relative(path)}: {text[:60]!r}"
        for path in modules("domain", "workers", "api", "schema", "cli")
        for text in texts(path)
        if sentence.match(text)
        and re.search(r"\b(from|into|set|table|role)\b", text, re.I)
        and "terrace." in text
        and not text.lstrip().startswith("(")
    ]
    assert strays == []


def test_values_are_parameters_and_never_text() -> None:
    """No f-string, % or format puts a caller's value into SQL; only the renderer composes."""
    word = re.compile(r"\b(select|insert into|update|delete from) ", re.I)
    composed = []
    for path in modules("repository"):
        if relative(path) in READ_BY_HAND:
            continue
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.JoinedStr):
                literal = "".join(
                    part.value for part in node.values if isinstance(part, ast.Constant)
                )
                if word.match(literal):
                    composed.append(f"{relative(path)}:{node.lineno}")
    assert composed == []

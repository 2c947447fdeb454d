"""The guide on adding a type is carried out: its blocks in a copy of the tree, on real servers."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from graphql import DefinitionNode, Visitor, parse, print_ast, visit

from cli.embedded import Addresses
from repository.migrate import FOLDER
from tests.architecture.source_tree import PACKAGES, ROOT

PAGE = (ROOT / "docs" / "guides" / "add-a-type.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
ACTORS = [
    ("hq", "x"),
    ("manager", "M1"),
    ("manager", "M2"),
    ("manager", "M3"),
    ("branch", "B1"),
    ("customer", "C1"),
    ("integrator", "x"),
]
WALL_TEST = "tests/architecture/test_row_walls.py"


def blocks(language: str) -> list[str]:
    return [text for found, text in BLOCKS if found == language]


class Copy:
    """The source tree with the page's migration and file in it."""

    def __init__(self, place: Path) -> None:
        self.place = place
        unwanted = shutil.ignore_patterns("__pycache__")
        for folder in (*PACKAGES, "tests"):
            shutil.copytree(ROOT / folder, place / folder, ignore=unwanted)
        for name in ("settings.py", "pyproject.toml"):
            shutil.copy(ROOT / name, place / name)
        number = len(list(FOLDER.glob("*.sql"))) + 1
        self.migration = place / "repository" / "migrations" / f"{number:04d}_meeting.sql"
        self.migration.write_text(blocks("sql")[0], encoding="utf-8")
        self.file = place / "schema" / "types" / "meeting.py"
        self.file.write_text(blocks("python")[0], encoding="utf-8")

    def run(
        self, *arguments: str, text: str = "", **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Python in the copy, which its own modules come from."""
        return subprocess.run(
            [sys.executable, "-m", *arguments],
            cwd=self.place,
            env={**os.environ, "PYTHONPATH": str(self.place), **environment},
            input=text,
            capture_output=True,
            text=True,
            timeout=120,
        )


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    return Copy(tmp_path_factory.mktemp("tree"))


@pytest.fixture(scope="module")
def told(copy: Copy, addresses: Addresses) -> dict[str, Any]:
    job = {
        "servers": [addresses.database_url, addresses.redis_url],
        "sql": blocks("sql")[1],
        "documents": blocks("graphql"),
        "actors": ACTORS,
    }
    done = copy.run("tests.guides.asking", text=json.dumps(job))
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert Path(found["place"]) == copy.place / "schema"
    return found


def test_the_customers_manager_gets_the_answers_of_the_page(told: dict[str, Any]) -> None:
    shown = [json.loads(text) for text in blocks("json")]
    assert told["answers"]["manager M1"]["both"] == shown
    assert len(shown) == 2


def test_others_see_what_the_page_says(told: dict[str, Any]) -> None:
    def seen(actor: str) -> list[list[str]]:
        """The customers of all meetings, the notes of C1's, and whether the one by id is there."""
        [lists, by_id] = (answer["data"] for answer in told["answers"][actor]["both"])
        of_customer = lists["customer"] or {"meetings": {"nodes": []}}
        return [
            [node["customer"]["number"] for node in lists["meetings"]["nodes"]],
            [node["heldOn"] for node in of_customer["meetings"]["nodes"]],
            [by_id["node"]["heldOn"]] if by_id["node"] else [],
        ]

    of_c1 = [["2025-01-14", "2025-03-04"], ["2025-03-04"]]
    assert {actor: seen(actor) for actor in told["answers"]} == {
        "hq x": [["C1", "C2"], *of_c1],
        "manager M1": [["C1"], *of_c1],
        "manager M2": [["C2"], [], []],
        "manager M3": [[], [], []],
        "branch B1": [["C1"], *of_c1],
        "customer C1": [[], [], []],
        "integrator x": [[], [], []],
    }
    assert told["answers"]["customer C1"]["both"][0]["data"]["customer"] is not None
    assert told["answers"]["manager M2"]["both"][0]["data"]["customer"] is None


def test_each_wall_alone_gives_the_same_answers(told: dict[str, Any]) -> None:
    for actor, answers in told["answers"].items():
        assert answers["predicate"] == answers["both"], actor
        assert answers["policies"] == answers["both"], actor
        saw_all = answers["neither"] == told["answers"]["hq x"]["both"]
        assert saw_all, f"{actor}: without any wall everything is seen, or this test proves nothing"


class WithoutDescriptions(Visitor):
    def enter(self, node: Any, *_: Any) -> Any:
        described = getattr(node, "description", None) is not None
        return replace(node, description=None) if described else None


def definitions(sdl: str) -> dict[str, list[str]]:
    """The lines of each type's definition."""
    document = visit(parse(sdl, no_location=True), WithoutDescriptions())
    printed = {
        definition.name.value: print_ast(definition).splitlines()
        for definition in document.definitions
        if isinstance(definition, DefinitionNode)
    }
    return dict(sorted(printed.items()))


def difference(before: dict[str, list[str]], after: dict[str, list[str]]) -> Iterator[str]:
    for name, lines in after.items():
        old = before.get(name)
        if old == lines:
            continue
        assert set(old or ()) <= set(lines), f"{name} has lost something"
        yield ""
        for line in lines:
            if old is None or line not in old:
                yield f"+{line}"
            elif not line.startswith("  "):
                yield f" {line}"


def test_the_page_shows_what_is_new_in_the_published_schema(told: dict[str, Any]) -> None:
    before = definitions((ROOT / "schema.graphql").read_text(encoding="utf-8"))
    after = definitions(told["sdl"])
    assert before.keys() <= after.keys()
    [shown] = blocks("diff")
    assert shown == "\n".join([*difference(before, after)][1:]) + "\n"


def test_the_file_meets_the_rules_of_the_house(copy: Copy) -> None:
    for command in (["check"], ["format", "--check"]):
        done = copy.run("ruff", *command, str(copy.file), str(copy.migration.parent))
        assert done.returncode == 0, done.stdout + done.stderr


def of_the_walls(copy: Copy, addresses: Addresses) -> str:
    done = copy.run(
        "pytest",
        "-p",
        "no:cacheprovider",
        WALL_TEST,
        TERRACE_TEST_DATABASE_URL=addresses.database_url,
        TERRACE_TEST_REDIS_URL=addresses.redis_url,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done.stdout


def test_the_new_table_has_both_walls(copy: Copy, addresses: Addresses) -> None:
    found = of_the_walls(copy, addresses)
    assert "FAILED" not in found, found


@pytest.mark.parametrize(
    ("call", "red"),
    [
        ("", "test_the_first_wall_repeats_the_second[terrace.meeting]"),
        (
            "grant select on terrace.meeting to terrace_customer, terrace_manager, terrace_branch,"
            " terrace_all, terrace_none;",
            "test_what_a_reader_may_read_is_declared_and_has_the_wall_of_its_kind",
        ),
        (
            "call terrace.protect('meeting', 'OWNED');",
            "test_what_a_reader_may_read_is_declared_and_has_the_wall_of_its_kind",
        ),
    ],
    ids=["forgotten", "grants alone", "of another kind"],
)
def test_a_call_that_is_forgotten_is_red(
    addresses: Addresses, tmp_path: Path, call: str, red: str
) -> None:
    broken = Copy(tmp_path)
    migration = broken.migration.read_text(encoding="utf-8")
    right = "call terrace.protect('meeting', 'INTERNAL');"
    assert right in migration
    broken.migration.write_text(migration.replace(right, call), encoding="utf-8")
    found = of_the_walls(broken, addresses)
    assert f"FAILED {WALL_TEST}::{red}" in found, found

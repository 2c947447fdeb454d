"""Money is never a float, on no way through the house."""

import ast
import re
from pathlib import Path

import pytest

from domain.months import Month
from domain.policy import DEFAULT_POLICY, policy_document
from domain.standing import Judged
from repository.database import encode_numeric
from repository.reading.expressions import decimal
from tests.architecture.source_tree import ROOT, files, imported, modules, parsed, relative

ON_THE_WAY = ("domain", "repository")
READS_JSON = {"repository/database.py"}
"""Where PostgreSQL's JSON columns are decoded: policies, judged months, stored replies.

All amounts in them are texts (`Judged.to_document`, `policy_document`), which no reader of JSON
turns into anything else; `test_documents_keep_amounts_as_texts` holds them to it.
"""


def calls(path: Path, *names: str) -> list[str]:
    """Calls of these names, `json.loads` or `float`, in a file."""
    return [
        f"{relative(path)}:{node.lineno}"
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in names
    ]


@pytest.mark.parametrize("package", [*ON_THE_WAY, "workers"])
def test_no_rule_and_no_row_makes_a_float(package: str) -> None:
    assert [found for path in modules(package) for found in calls(path, "float", "round")] == []


def test_json_with_amounts_is_read_in_one_place() -> None:
    readers = {
        relative(path)
        for path in modules(*ON_THE_WAY, "workers")
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Attribute)
        and ast.unparse(node) in ("orjson.loads", "json.loads")
        and path.name != "wakeups.py"  # topics of wake-ups, no money
    }
    assert readers <= READS_JSON
    assert not [relative(path) for path in modules(*ON_THE_WAY) if "json" in imported(path)]


def test_the_driver_is_told_to_refuse_floats() -> None:
    for value in (0.1, float("nan"), True, "1.00", None):
        with pytest.raises(TypeError):
            encode_numeric(value)


def test_no_column_and_no_cast_is_a_binary_fraction() -> None:
    binary = re.compile(r"\b(real|float[48]?|double precision)\b", re.I)
    found = [
        f"{relative(path)}: {line.strip()}"
        for path in files("repository", "*.sql")
        for line in path.read_text(encoding="utf-8").splitlines()
        if binary.search(line.partition("--")[0])
    ]
    assert found == []


def test_amounts_leave_the_database_as_text() -> None:
    assert decimal("balance").sql == "{t}.balance::text"


def test_documents_keep_amounts_as_texts() -> None:

    document = policy_document(DEFAULT_POLICY)
    assert all(isinstance(tier["threshold"], str) for tier in document["tiers"])  # type: ignore[attr-defined]
    judged = Judged(Month(2025, 1), DEFAULT_POLICY.entry_line, "T1").to_document()
    assert judged["total"] == "200000.00"


def test_the_published_schema_has_no_float() -> None:
    sdl = (ROOT / "schema.graphql").read_text(encoding="utf-8")
    assert not re.search(r": \[?Float\b", sdl)

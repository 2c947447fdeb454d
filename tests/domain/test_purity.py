"""The rules depend on nothing but their arguments: no library, no clock, no binary fractions."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

MODULES = sorted((Path(__file__).parents[2] / "domain").glob("*.py"))
CLOCKS = {"today", "now", "utcnow", "time", "monotonic", "perf_counter", "fromtimestamp"}


def nodes(module: Path) -> Iterator[ast.AST]:
    return ast.walk(ast.parse(module.read_text(encoding="utf-8")))


def imported(module: Path) -> Iterator[str]:
    for node in nodes(module):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").partition(".")[0]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.stem)
def test_a_rule_imports_the_standard_library_and_other_rules_only(module: Path) -> None:
    assert set(imported(module)) <= sys.stdlib_module_names | {"domain"}


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.stem)
def test_a_rule_asks_no_clock(module: Path) -> None:
    asked = {node.attr for node in nodes(module) if isinstance(node, ast.Attribute)}
    assert not asked & CLOCKS


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.stem)
def test_a_rule_computes_with_no_float(module: Path) -> None:
    for node in nodes(module):
        assert not (isinstance(node, ast.Constant) and isinstance(node.value, float))
        assert not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div))
        assert not (isinstance(node, ast.Call) and getattr(node.func, "id", "") == "float")

"""Files and functions stay small, and are called by what they are about."""

import ast

from tests.architecture.source_tree import ROOT, all_modules, files, parsed, relative

LONGEST_FILE = 400
LONGEST_FUNCTION = 60
LONGEST_STORY = 90
"""A flow through the whole house is told in one go; nothing else may be as long."""

LONGER_FOR_NOW: dict[str, int] = {}
"""A file, or `file:function`, beyond the limit, with its present length. This list only shrinks."""

SAYS_NOTHING = {"utils", "util", "helpers", "helper", "common", "misc", "services", "service"}


def test_a_file_can_be_read_in_one_sitting() -> None:
    lengths = {
        relative(path): len(path.read_text(encoding="utf-8").splitlines()) for path in all_modules()
    }
    too_long = {
        name: lines
        for name, lines in lengths.items()
        if lines > LONGER_FOR_NOW.get(name, LONGEST_FILE)
    }
    assert too_long == {}


def test_a_function_fits_on_a_screen() -> None:
    too_long = {}
    for path in all_modules():
        for node in ast.walk(parsed(path)):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            name = f"{relative(path)}:{node.name}"
            longest = LONGEST_STORY if name.startswith("tests/flows/") else LONGEST_FUNCTION
            if lines > LONGER_FOR_NOW.get(name, longest):
                too_long[name] = lines
    assert too_long == {}


def test_what_is_longer_for_now_is_still_there() -> None:
    gone = [name for name in LONGER_FOR_NOW if not (ROOT / name.partition(":")[0]).is_file()]
    assert gone == []


def test_no_package_or_module_has_a_name_that_says_nothing() -> None:
    named = [
        relative(path)
        for path in all_modules()
        if SAYS_NOTHING & set(path.relative_to(ROOT).with_suffix("").parts)
    ]
    assert named == []


def test_every_package_says_in_its_docstring_what_it_is_for() -> None:
    silent = [
        relative(path)
        for package in ("domain", "telemetry", "repository", "schema", "workers", "api")
        for path in files(package, "__init__.py")
        if not ast.get_docstring(parsed(path))
    ]
    assert silent == []

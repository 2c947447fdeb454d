"""The house in directions: who may import whom, and which library lives where."""

import ast
import subprocess
import sys
import tomllib
from typing import Any

import pytest

from tests.architecture.source_tree import (
    PACKAGES,
    ROOT,
    all_modules,
    imported,
    modules,
    parsed,
    relative,
)

LIBRARIES: dict[str, set[str]] = {
    "domain": set(),
    "telemetry": {"opentelemetry", "orjson"},
    "repository": {"asyncpg", "orjson"},
    "schema": {"strawberry", "graphql", "orjson"},
    "workers": {"arq", "redis", "orjson"},
    "api": {"starlette", "jwt", "cryptography", "httpx", "orjson"},
    "cli": {"click", "pydantic", "uvicorn"},
    "settings.py": {"pydantic", "pydantic_settings"},
}
"""What each part may import besides the standard library and the parts below it."""

GUESTS = {
    "schema/failures.py": {"asyncpg"},
    "cli/main.py": {"asyncpg"},
    "cli/commands/import_files.py": {"asyncpg"},
    "cli/serving.py": {"starlette"},
    "cli/telling.py": {"asyncpg"},
    "repository/readings.py": {"pypinyin"},
}
"""Libraries away from home, each with its reason beside the contract in pyproject.toml."""

EXCEPTIONS = 6
"""How many imports the contracts in pyproject.toml let pass; this number only goes down."""


def contracts(kind: str) -> list[dict[str, Any]]:
    configuration = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    found = configuration["tool"]["importlinter"]["contracts"]
    return [contract for contract in found if contract["type"] == kind]


def test_every_contract_of_pyproject_is_kept() -> None:
    # As a command of its own: within this process it would silence every logger there is.
    program = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    done = subprocess.run(
        [sys.executable, "-c", program, "--no-cache"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_contracts_say_what_the_house_is() -> None:
    [layers] = contracts("layers")
    assert layers["layers"] == [
        "cli",
        "api",
        "schema | workers",
        "repository",
        "domain | telemetry",
    ]
    [strangers] = contracts("independence")
    assert strangers["modules"] == ["api", "workers"]
    kept_out = {
        (source, library)
        for contract in contracts("forbidden")
        for source in contract["source_modules"]
        for library in contract["forbidden_modules"]
    }
    assert kept_out >= {
        *((package, "settings") for package in ("domain", "telemetry", "repository", "schema")),
        *((package, "asyncpg") for package in PACKAGES if package != "repository"),
        *((p, "strawberry") for p in PACKAGES if p not in ("schema", "telemetry")),
        *((p, "starlette") for p in PACKAGES if p not in ("api", "telemetry")),
        *((package, "arq") for package in PACKAGES if package not in ("workers", "telemetry")),
        *((package, "opentelemetry") for package in PACKAGES if package != "telemetry"),
    }


def test_the_exceptions_of_the_contracts_do_not_grow() -> None:
    let_pass = [
        line
        for kind in ("layers", "independence", "forbidden")
        for contract in contracts(kind)
        for line in contract.get("ignore_imports", ())
    ]
    assert len(let_pass) <= EXCEPTIONS, let_pass


def test_a_library_is_imported_where_it_is_at_home_and_nowhere_else() -> None:
    strangers = {}
    for module in [*modules(*PACKAGES), ROOT / "settings.py"]:
        place = relative(module)
        allowed = LIBRARIES[place.partition("/")[0]] | GUESTS.get(place, set())
        foreign = imported(module) - sys.stdlib_module_names - {*PACKAGES, "settings"}
        if not foreign <= allowed:
            strangers[place] = foreign - allowed
    assert strangers == {}


def test_the_settings_import_nothing_of_ours() -> None:
    assert not imported(ROOT / "settings.py") & set(PACKAGES)


@pytest.mark.parametrize("place", [place for place in GUESTS if "asyncpg" in GUESTS[place]])
def test_away_from_home_asyncpg_lends_nothing_but_its_exceptions(place: str) -> None:
    used = {
        node.attr
        for node in ast.walk(parsed(ROOT / place))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "asyncpg"
    }
    assert used, f"{place} no longer needs asyncpg: take it off the lists"
    assert {name for name in used if not name.endswith("Error")} == set()


def test_imports_say_where_from() -> None:
    by_dots = [
        f"{relative(path)}:{node.lineno}"
        for path in all_modules()
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.ImportFrom) and (node.level or node.names[0].name == "*")
    ]
    assert by_dots == []

"""The project's own files, as the architecture tests read them."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("domain", "telemetry", "repository", "schema", "workers", "api", "cli")
PYTHON_FOLDERS = (*PACKAGES, "tests", "benchmarks")
_NOT_OURS = {"__pycache__", "results"}


def relative(path: Path) -> str:
    """The path as it is written in an allow-list or a message: from the project's root."""
    return path.relative_to(ROOT).as_posix()


def files(folder: str, pattern: str = "*") -> Iterator[Path]:
    """Our files below a folder of the project, in order."""
    for path in sorted((ROOT / folder).rglob(pattern)):
        if path.is_file() and not _NOT_OURS & set(path.parts):
            yield path


def modules(*folders: str) -> list[Path]:
    """The Python files below these folders."""
    return [path for folder in folders for path in files(folder, "*.py")]


def all_modules() -> list[Path]:
    """Every Python file of the project."""
    return [ROOT / "settings.py", *modules(*PYTHON_FOLDERS)]


def documents() -> list[Path]:
    """Every Markdown file of the project."""
    return [*sorted(ROOT.glob("*.md")), *files("docs", "*.md")]


@cache
def parsed(path: Path) -> ast.Module:
    """A Python file as a syntax tree; parsed once a run."""
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(path: Path) -> set[str]:
    """The top-level names that a Python file imports, wherever in it it does so."""
    names: set[str] = set()
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add((node.module or "").partition(".")[0])
    return names


def texts(path: Path) -> Iterator[str]:
    """The string literals of a Python file that are values: no docstrings, no exported names."""
    told: set[int] = set()
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Expr):  # docstrings, and the strings that describe a constant
            told.add(id(node.value))
        elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            told |= {id(name) for name in ast.walk(node.value)}
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
            yield node.value

"""Named SQL: the blocks of `sql/*.sql`, each with a name and a sentence that says what it is for.

A block starts with `-- name: like_this`, its comment follows, then one statement. `{other}` inside
of a statement stands for the text of another block, so that one computation has one home.
"""

import re
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "sql"
_HEADER = re.compile(r"^-- name: ([a-z_]+)$", re.MULTILINE)
_INCLUDE = re.compile(r"\{([a-z_]+)\}")


@cache
def statements() -> dict[str, str]:
    """Every block's statement by its name, includes resolved."""
    raw: dict[str, str] = {}
    for path in sorted(FOLDER.glob("*.sql")):
        parts = _HEADER.split(path.read_text(encoding="utf-8"))
        for name, body in zip(parts[1::2], parts[2::2], strict=True):
            if name in raw:
                raise ValueError(f"{path.name}: the name {name} is taken")
            lines = [line for line in body.splitlines() if not line.startswith("--")]
            raw[name] = "\n".join(lines).strip().rstrip(";")
    return {name: _resolved(text, raw) for name, text in raw.items()}


def _resolved(text: str, raw: dict[str, str]) -> str:
    return _INCLUDE.sub(lambda found: _resolved(raw[found[1]], raw), text)


def sql(name: str) -> str:
    """The statement of a name."""
    return statements()[name]

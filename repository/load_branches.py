"""Branches of a file: parents are stored first, in whatever order they come.

An institution's branches are few: they are put in order in memory, all of a file at once.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from repository.database import Connection
from repository.loaded import Loaded, Rows, refusal
from repository.statements import sql


@dataclass(slots=True)
class _Branch:
    """A branch as it is to be; `key` is None until it is stored."""

    line: int
    name: str
    parent: str | None
    key: int | None = None
    changed: bool = True


_Tree = dict[str, _Branch]


async def load_branches(connection: Connection, rows: Rows) -> Loaded:
    """Store branches given as line, code, name and parent's code; a later line for a code wins."""
    asked = {code: _Branch(line, name, parent) for line, code, name, parent in rows}
    tree = await _stored(connection)
    refused = {code: why for code, why in _plant(tree, asked) if why}
    await _store(connection, tree)
    kept = [row for row in rows if row[1] not in refused]
    recorded = sum(tree[row[1]].changed for row in kept)
    rejections = [refusal(row[0], refused[row[1]]) for row in rows if row[1] in refused]
    return Loaded(recorded, len(kept) - recorded, rejections)


async def _stored(connection: Connection) -> _Tree:
    rows = await connection.fetch(sql("known_branches"))
    code_of = {row["id"]: row["code"] for row in rows}
    return {
        row["code"]: _Branch(0, row["name"], code_of.get(row["parent_id"]), row["id"], False)
        for row in rows
    }


def _plant(tree: _Tree, asked: _Tree) -> Iterable[tuple[str, str | None]]:
    """Put the asked branches into the tree; tells of each why it cannot be, or None."""
    for code in _parents_first(asked):
        branch, known = asked[code], tree.get(code)
        if branch.parent is not None and branch.parent not in tree:
            circular = _leads_to(code, branch.parent, asked)
            yield code, "CIRCULAR_PARENT" if circular else "UNKNOWN_BRANCH"
            continue
        if known is not None and _leads_to(code, branch.parent, tree):
            yield code, "CIRCULAR_PARENT"
            continue
        if known is None or (known.name, known.parent) != (branch.name, branch.parent):
            branch.key = None if known is None else known.key
            tree[code] = branch
        yield code, None


def _parents_first(asked: _Tree) -> list[str]:
    """The codes, each after that of its parent if there is one, else in their order."""
    ordered: dict[str, None] = {}
    for code in asked:
        path: dict[str, None] = {}
        step: str | None = code
        while step in asked and step not in ordered and step not in path:
            path[step] = None
            step = asked[step].parent
        ordered.update(dict.fromkeys(reversed(path)))
    return list(ordered)


def _leads_to(code: str, parent: str | None, tree: Mapping[str, _Branch]) -> bool:
    """Whether going up from `parent` comes to `code`."""
    seen: set[str] = set()
    while parent is not None and parent not in seen:
        if parent == code:
            return True
        seen.add(parent)
        parent = tree[parent].parent if parent in tree else None
    return False


async def _store(connection: Connection, tree: _Tree) -> None:
    """Write what is new or changed, level by level: a parent's key must be there first."""
    changed = [branch for branch in tree.values() if branch.changed and branch.key is not None]
    waiting = {code: branch for code, branch in tree.items() if branch.key is None}
    while waiting:
        level = {code: b for code, b in waiting.items() if b.parent not in waiting}
        added = await connection.fetch(
            sql("add_branches"),
            list(level),
            [branch.name for branch in level.values()],
            [_key(tree, branch.parent) for branch in level.values()],
        )
        for row in added:
            tree[row["code"]].key = row["id"]
        waiting = {code: branch for code, branch in waiting.items() if code not in level}
    if changed:
        await connection.execute(
            sql("change_branches"),
            [branch.key for branch in changed],
            [branch.name for branch in changed],
            [_key(tree, branch.parent) for branch in changed],
        )


def _key(tree: _Tree, parent: str | None) -> int | None:
    return None if parent is None else tree[parent].key

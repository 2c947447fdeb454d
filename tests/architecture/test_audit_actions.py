"""The page on the audit trail says which actions there are, and what a line of each tells."""

import ast
import re

from tests.architecture.source_tree import PACKAGES, ROOT, modules, parsed, relative

PAGE = (ROOT / "docs" / "concepts" / "audit.md").read_text(encoding="utf-8")
WRITERS = ("audit", "audit_each", "audit_close")
LOADED = "*.import"


def audited() -> dict[str, str]:
    """The action of every call that writes a line, with the file it stands in."""
    found: dict[str, str] = {}
    for path in modules(*PACKAGES):
        constants = {
            target.id: value.value
            for node in ast.walk(parsed(path))
            if isinstance(node, ast.Assign)
            for names, values in [(node.targets[0], node.value)]
            if isinstance(names, ast.Tuple) and isinstance(values, ast.Tuple)
            for target, value in zip(names.elts, values.elts, strict=True)
            if isinstance(target, ast.Name) and isinstance(value, ast.Constant)
        }
        for node in ast.walk(parsed(path)):
            if not (isinstance(node, ast.Call) and ast.unparse(node.func) in WRITERS):
                continue
            action = node.args[2]
            if isinstance(action, ast.Name):
                found[constants[action.id]] = relative(path)
            elif isinstance(action, ast.JoinedStr):
                assert ast.unparse(action) == "f'{kind}.import'", relative(path)
                found[LOADED] = relative(path)
            else:
                assert isinstance(action, ast.Constant), f"{relative(path)}:{node.lineno}"
                found[action.value] = relative(path)
    return found


def test_every_action_has_its_row_and_no_other() -> None:
    table = PAGE.partition("| Action |")[2].partition("\n\n")[0]
    told = {
        action
        for line in table.splitlines()
        if line.startswith("| `")
        for action in re.findall(r"`([a-z_]+\.[a-z_]+)`", line.split(" | ")[0])
    }
    loaded = {action for action in told if action.endswith(".import")}
    assert len(loaded) > 1
    assert (told - loaded) | {LOADED, "balances.import"} == audited().keys()

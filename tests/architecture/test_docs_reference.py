"""The reference pages say what the program has: settings, commands, codes, columns of files."""

import re
from enum import Enum
from pathlib import Path
from types import ModuleType

import click
import pytest
from annotated_types import Ge, Gt, Le, MinLen
from pydantic.fields import FieldInfo

import domain.actors
import domain.approvals
import domain.changes
import domain.customers
import domain.decision
import domain.events
import domain.policy
import domain.preview
import domain.products
import domain.risk
import domain.standing
from api.errors import STATUS_OF, Close, Code
from api.json_guard import MAX_NESTING
from api.sockets import SocketLimits
from cli.imports.kinds import KINDS, Kind
from cli.main import COMMANDS, cli
from repository.reading import parameters
from schema import cost, identifiers, limits
from schema.connections import LARGEST_PAGE
from schema.filters import MOST_COMBINED
from schema.variables import MOST_VALUES
from settings import BY_ROLE, Settings
from tests.architecture.source_tree import ROOT, files, modules, relative, texts

REFERENCE = ROOT / "docs" / "reference"
ENUMERATIONS: tuple[ModuleType, ...] = (
    domain.actors,
    domain.approvals,
    domain.changes,
    domain.customers,
    domain.decision,
    domain.events,
    domain.policy,
    domain.preview,
    domain.products,
    domain.risk,
    domain.standing,
)


def page(name: str) -> str:
    return (REFERENCE / name).read_text(encoding="utf-8")


def rows(text: str) -> list[list[str]]:
    """The cells of all table rows of a text, headings and rules left out."""
    found = []
    lines = text.splitlines()
    for number, line in enumerate(lines):
        following = lines[number + 1] if number + 1 < len(lines) else ""
        if line.startswith("|") and not line.startswith("|--") and not following.startswith("|--"):
            found.append([cell.strip() for cell in line.strip("|").split(" | ")])
    return found


def sections(text: str) -> dict[str, str]:
    """The text under each heading of the second level."""
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


# Settings


def shown_default(name: str, field: FieldInfo) -> str:
    if name == "data_dir":
        return "the user's data folder"
    if field.default is None:
        return "none"
    return f"`{field.default:g}`" if isinstance(field.default, float) else f"`{field.default}`"


def shown_bounds(field: FieldInfo) -> str | None:
    """The bounds in words; None where a sentence has to say it."""
    at_least = next((m.ge for m in field.metadata if isinstance(m, Ge)), None)
    above = next((m.gt for m in field.metadata if isinstance(m, Gt)), None)
    at_most = next((m.le for m in field.metadata if isinstance(m, Le)), None)
    shortest = next((m.min_length for m in field.metadata if isinstance(m, MinLen)), None)
    if shortest is not None:
        return f"{shortest} characters or more"
    if at_least is not None and at_most is not None:
        return f"{at_least} to {at_most}"
    if above is not None and at_most is not None:
        return f"more than {above:g}, to {at_most:g}"
    if at_least is not None:
        return f"{at_least} or more"
    return None if above is None else f"more than {above:g}"


def test_the_table_of_settings_is_the_settings() -> None:
    table = page("settings.md").partition("## Notes")[0]
    told = {cells[0]: cells[1:] for cells in rows(table)}
    assert list(told) == [f"`TERRACE_{name.upper()}`" for name in Settings.model_fields]
    for name, field in Settings.model_fields.items():
        default, allowed, meaning = told[f"`TERRACE_{name.upper()}`"]
        assert default == shown_default(name, field), name
        assert allowed == (shown_bounds(field) or allowed), name
        assert meaning == field.description, name


def test_every_setting_that_documents_name_exists() -> None:
    known = {f"TERRACE_{name.upper()}" for name in Settings.model_fields}
    known |= {"TERRACE_TEST_DATABASE_URL", "TERRACE_TEST_REDIS_URL"}  # of the tests alone
    for path in [*ROOT.glob("*.md"), *files("docs", "*.md")]:
        named = set(re.findall(r"\bTERRACE_[A-Z_]+[A-Z]\b", path.read_text(encoding="utf-8")))
        assert named <= known, relative(path)


# Commands


def command_of(name: str) -> click.Command:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    return command


def test_every_command_has_its_section_in_the_order_of_the_help() -> None:
    told = [head for head in sections(page("commands.md")) if head.startswith("terrace ")]
    assert told == [f"terrace {name}" for name in COMMANDS]


@pytest.mark.parametrize("name", COMMANDS)
def test_a_section_tells_every_option_argument_and_exit_status(name: str) -> None:
    text = sections(page("commands.md"))[f"terrace {name}"]
    command = command_of(name)
    below = list(command.commands.values()) if isinstance(command, click.Group) else []
    options = [p for c in [command, *below] for p in c.params if isinstance(p, click.Option)]
    arguments = [p for p in command.params if isinstance(p, click.Argument)]
    told = {cells[0].strip("`").split(" ")[0]: cells[1] for cells in rows(text)}
    expected = {option.opts[0] for option in options}
    named = {name for name in told if name.startswith("-")}
    assert named == expected
    usage = re.search(r"^    terrace (.+)$", text, re.MULTILINE)
    assert usage, "its usage"
    assert usage[1].split(" ")[0] == name
    for argument in arguments:
        assert argument.make_metavar(click.Context(command)).strip("[]") in usage[1]
    assert "Exit status:" in text


def test_the_commands_statuses_are_told_once_for_all() -> None:
    assert "`0`" in page("commands.md")
    assert "`1`" in page("commands.md")
    assert "`2`" in page("commands.md")


# Codes

WORD = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*")
IN_SQL = re.compile(r"'([A-Z][A-Z0-9_]{3,})'")
NOT_CODES = {
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ": "the letters of a currency",
    "C101538": "a customer of the demo data",
    "M1001": "a manager of the demo data",
    "CUTOFF": "a state of a close",
    "RUNNING": "a state of a close",
    "CLOSED": "a state of a close",
    "FAILED": "a state of a close",
    "APPLIED": "a state of a correction",
    "PENDING_REVIEW": "a state of a correction",
    "SUPERSEDED": "a state of a correction",
    "CODE": "a placeholder in a help text",
    "POSITION": "a placeholder in a help text",
    "REASON": "a placeholder in a help text",
    "TEXT": "a placeholder in a help text",
    "INSTANT": "a placeholder in a help text",
    "RS256": "an algorithm of signatures",
    "ES256": "an algorithm of signatures",
    "DESC": "a direction of a list",
    "NAME": "a sort key of a list",
    "NUMBER": "a sort key of a list, and a placeholder in a help text",
    "MONTH": "a placeholder in a help text",
    "HS256": "the algorithm of tokens",
    "POST": "a method of HTTP",
    "OPTIONS": "a method of HTTP",
    "FILE": "a placeholder in a help text",
    "OWNED": "a kind of table",
    "STAFF": "a kind of table",
    "UNION": "a kind of table",
    "REFERENCE": "a kind of table",
    "TR001": "the SQLSTATE of a function that a later migration drops",
}
NOT_LOOKED_AT = ("cli/demo/", "cli/embedded/")


def words_of_enumerations() -> set[str]:
    return {
        word
        for module in ENUMERATIONS
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, Enum)
        for member in kind
        for word in (member.name, str(member.value))
    }


def codes_in_the_program() -> dict[str, str]:
    """Every literal that can be a code, with a place where it stands."""
    found: dict[str, str] = {}
    for path in modules("schema", "api", "repository", "cli", "workers"):
        if relative(path).startswith(NOT_LOOKED_AT):
            continue
        for text in texts(path):
            if WORD.fullmatch(text) and len(text) > 3:
                found.setdefault(text, relative(path))
    for path in files("repository", "*.sql"):
        for line in path.read_text(encoding="utf-8").splitlines():
            for word in IN_SQL.findall(line.partition("--")[0]):
                found.setdefault(word, relative(path))
    for text in texts(ROOT / "domain" / "money.py"):
        if WORD.fullmatch(text) and len(text) > 3:
            found.setdefault(text, "domain/money.py")
    leave_out = words_of_enumerations() | NOT_CODES.keys()
    return {
        word: place
        for word, place in found.items()
        if word not in leave_out and not word.startswith("TERRACE_")
    }


def codes_in_the_documentation() -> set[str]:
    codes = sections(page("errors.md"))
    tables = [text for head, text in codes.items() if not head.startswith("Close codes")]
    return {
        cells[0].strip("`") for text in tables for cells in rows(text) if cells[0].startswith("`")
    }


def test_every_code_a_caller_can_get_is_documented() -> None:
    missing = {
        code: place
        for code, place in codes_in_the_program().items()
        if code not in codes_in_the_documentation()
    }
    assert missing == {}


def test_no_code_is_documented_that_nobody_can_get() -> None:
    in_two_senses = {"TERMINATED", "EXPIRED"}  # a status or state too
    stale = codes_in_the_documentation() - codes_in_the_program().keys() - in_two_senses
    assert stale == set()


def test_what_is_said_to_be_no_code_is_still_in_the_program() -> None:
    literals = {
        text
        for path in modules("schema", "api", "repository", "cli", "workers")
        for text in texts(path)
    }
    literals |= {
        word
        for path in files("repository", "*.sql")
        for word in IN_SQL.findall(path.read_text(encoding="utf-8"))
    }
    assert set(NOT_CODES) <= literals


def test_every_code_has_a_meaning_and_something_to_do() -> None:
    for head, text in sections(page("errors.md")).items():
        for cells in rows(text):
            assert len(cells) >= 3, f"{head}: {cells}"
            assert all(cells), f"{head}: {cells}"


@pytest.mark.parametrize("code", Code, ids=lambda code: code.value)
def test_the_api_codes_are_documented_with_their_status(code: Code) -> None:
    [row] = [
        cells for cells in rows(sections(page("errors.md"))["Requests"]) if cells[0] == f"`{code}`"
    ]
    assert row[1] == str(STATUS_OF[code])


def test_the_close_codes_of_a_socket_are_documented() -> None:
    [text] = [t for head, t in sections(page("errors.md")).items() if head.startswith("Close")]
    assert [int(cells[0]) for cells in rows(text)] == [int(code) for code in Close]


# Import files


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_a_file_has_the_columns_that_are_documented(kind: Kind) -> None:
    told = rows(sections(page("import-files.md"))[kind.name])
    assert [cells[0].strip("`") for cells in told] == [column.name for column in kind.columns]
    header = ",".join(column.name for column in kind.columns if column.required)
    assert f"\n{header}" in sections(page("import-files.md"))[kind.name]


def test_the_kinds_are_documented_in_the_order_a_folder_is_loaded_in() -> None:
    told = [head for head in sections(page("import-files.md")) if head in KINDS]
    assert told == list(KINDS)


def test_the_rejection_codes_of_files_are_told_with_the_files() -> None:
    text = page("import-files.md")
    codes = {
        code for code, place in codes_in_the_program().items() if place.startswith("cli/imports")
    }
    assert {code for code in codes if f"`{code}`" not in text} == set()


def test_the_path_of_the_reference_is_a_folder() -> None:
    assert {path.name for path in Path(REFERENCE).iterdir()} == {
        "commands.md",
        "errors.md",
        "filters.md",
        "import-files.md",
        "limits.md",
        "settings.md",
    }


# Cost and limits


def told_limits() -> dict[str, str]:
    """What the page on limits says of each thing."""
    return {cells[0]: cells[1] for cells in rows(page("limits.md")) if len(cells) == 2}


@pytest.mark.parametrize(
    ("what", "points"),
    [
        ("a value shown", cost.VALUE),
        ("a look-up of one row of another table, a list or a page", cost.LOOK_UP),
        ("`totalCount`, a count or a sum", cost.COUNT),
        ("a field that Python works out: `outlook`, `explanation`", cost.COMPUTED),
        ("characters of a document", limits.LONGEST_DOCUMENT),
        ("fragments within fragments", limits.DEEPEST_FRAGMENTS),
        ("values in the variables, at every depth", MOST_VALUES),
        ("ids in `nodes(ids:)`", identifiers.MOST_AT_ONCE),
        ("values compared with in one operation", parameters.MOST_PARAMETERS),
        ("letters of a text compared with", parameters.LONGEST_TEXT),
        ("levels of nested JSON", MAX_NESTING),
    ],
)
def test_a_limit_is_what_the_page_says(what: str, points: int) -> None:
    assert told_limits()[what] == f"{points:,}"


def test_the_limits_of_settings_and_lists_are_what_the_page_says() -> None:
    told = told_limits()
    assert told["`customer`"] == f"{Settings().max_cost['customer']:,}"
    others = {points for role, points in Settings().max_cost.items() if role != "customer"}
    assert [told[", ".join(f"`{r}`" for r in Settings().max_cost if r != "customer")]] == [
        f"{points:,}" for points in others
    ]
    for name, setting in [
        ("levels of nested fields", "max_depth"),
        ("fields, after fragments are spread", "max_fields"),
        ("tokens of a document", "max_tokens"),
    ]:
        assert told[name].endswith(f", {getattr(Settings(), setting):,}")
    assert told["members of `in`; filters in `and`, `or`"] == (
        f"{parameters.LONGEST_LIST:,}; {MOST_COMBINED:,}"
    )
    assert told["introspection, in values by estimate"].startswith(f"{limits.MOST_INTROSPECTED:,}")
    assert told["rows of a page"].startswith(f"1 to {LARGEST_PAGE};")
    assert told["each row of a list or page"].startswith(f"{cost.ROW}, ")
    assert told["`vipStatistics`"].startswith(f"{cost.AGGREGATE}, ")


def test_what_a_caller_may_take_is_what_the_page_says() -> None:
    names = [name for name in BY_ROLE if name != "max_cost"]
    section = page("limits.md").partition("## What a caller may take")[2].partition("\n\n###")[0]
    told = {cells[0]: cells[1:] for cells in rows(section)}
    assert told.pop("Setting") == [f"`TERRACE_{name.upper()}`" for name in names]
    found = {
        role: limits for roles, limits in told.items() for role in re.findall(r"`(\w+)`", roles)
    }
    assert found == {
        role: [f"{BY_ROLE[name][role]:,}" for name in names] for role in Settings().max_cost
    }
    assert set(found) == {role.value for role in domain.actors.Role}
    text = page("limits.md")
    assert f"show {Settings().failures_per_minute} bad tokens in a minute" in text
    assert f"runs {SocketLimits().operations} operations at the most" in text
    assert f"| {cost.CHANGE}, each row in a list of its input {cost.CHANGED_ROW} more" in text

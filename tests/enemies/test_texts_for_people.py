"""Where texts of callers reach a log, a terminal or a spreadsheet, they are texts and no more."""

import csv
import io
import json
import logging
import re
from pathlib import Path

import pytest

from cli.imports.fields import shown
from cli.imports.records import Reject
from cli.imports.rejected import RejectedFile, as_text
from cli.imports.rows import readable
from domain.actors import Role
from repository.revocations import shut_out_bearer
from telemetry.logs import JsonLines, TextLines
from tests.cli.test_access_commands import typed
from tests.enemies.texts import EVERY, STORABLE
from tests.house import House

OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What a terminal obeys, or what makes a line of its own for some reader of lines."""
STARTS = ("=", "+", "-", "@", "\uff1d")


def logged(form: logging.Formatter, text: str) -> str:
    """A line about a text, in all the places where a line has texts."""
    try:
        raise ConnectionRefusedError(111, text)
    except ConnectionRefusedError as error:
        trace = (type(error), error, error.__traceback__)
    record = logging.LogRecord("terrace.test", 20, "x.py", 1, "of %s", (text,), trace)
    record.origin = text
    return form.format(record)


@pytest.mark.parametrize("text", EVERY)
def test_a_line_of_the_log_stays_one_line(text: str) -> None:
    as_json = logged(JsonLines(), text)
    assert not OBEYED.search(as_json)
    assert as_json.splitlines() == [as_json]
    told = json.loads(as_json)
    assert told["message"] == f"of {text}".strip()
    assert told["origin"] == text
    for_people = logged(TextLines(), text)
    assert not OBEYED.search(for_people)
    first, about, *stack = for_people.splitlines()
    assert "terrace.test: of " in first
    assert about.startswith("  ConnectionRefusedError: ")
    assert all(place.startswith("    ") for place in stack)
    assert for_people.encode()


def cells(path: Path, separator: str) -> list[str]:
    """The cells of a file as a spreadsheet has them that parts them by this."""
    text = path.read_text(encoding="utf-8")
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    return [cell for row in rows for cell in row]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_no_rejected_row_is_a_formula_in_a_spreadsheet(tmp_path: Path, separator: str) -> None:
    path = tmp_path / "rejected.csv"
    with RejectedFile(path) as file:
        file.write(
            Reject(place, "MALFORMED_ROW", f"got {shown(text)}", readable(row))
            for place, text in enumerate(EVERY)
            if not re.search("[\ud800-\udfff]", text)
            for row in (text, f"A1,{text}", f"A1{separator}{text}", f'"{text}"')
        )
    found = cells(path, separator)
    assert len(found) > 4 * len(EVERY)
    for cell in found:
        assert not cell.strip(' "\t\r\n').startswith(STARTS), cell
    assert not OBEYED.search("".join(found))


def test_a_row_without_a_formula_is_told_as_it_was() -> None:
    for row in ("A1,2025-01-01,-5.00", "C1,\u5f20\u4f1f,INDIVIDUAL", "a=b", 'A1,"x, y"'):
        assert as_text(row) == row
    assert as_text("=1,2") == "'=1,2"


async def test_a_list_in_a_terminal_has_a_line_for_each(house: House) -> None:
    actor = await house.actor("administrator")
    for number, text in enumerate(STORABLE):
        subject, reason = f"{number} {text}" if text.isprintable() else str(number), f"as {text}"
        await shut_out_bearer(house.database, Role.HQ, subject, None, reason, actor)
    listed = (await typed(house, "access", "list")).stdout
    assert listed.count("\n") == len(listed.splitlines()) == len(STORABLE)
    assert not OBEYED.search(listed)

"""JSON documents that people write: what is wrong with them is said in one line."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.main import cli

SCENARIO = '[{"name": "x", "months": [{"month": "2025-01", "aum": %s}]}]'
MISTAKES = {
    "not JSON": (b"{", "is not JSON"),
    "not UTF-8": ('"é"'.encode("latin-1"), "is not JSON"),
    "nested too deeply": (b"[" * 100_000, "is not JSON"),
    "a key twice": (
        (SCENARIO % '"1.00", "aum": "2.00"').encode(),
        "the key 'aum' stands twice in one object",
    ),
    "an integer of 5,000 digits": (
        (SCENARIO % ("9" * 5_000)).encode(),
        "scenario 0 (x): months[0].aum:",
    ),
    "not a number": ((SCENARIO % "NaN").encode(), "scenario 0 (x): months[0].aum:"),
    "half of a character": (b'[{"name": "\\ud800", "months": []}]', "scenario 0: name: holds"),
}


@pytest.mark.parametrize(("content", "said"), MISTAKES.values(), ids=MISTAKES)
def test_a_document_with_a_mistake(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "given.json"
    path.write_bytes(content)
    result = CliRunner().invoke(cli, ["simulate", str(path)])
    assert result.exit_code == 2
    assert not result.stdout
    *_, last = result.stderr.strip().split("\n")
    assert last.startswith(f"Error: {path}")
    assert said in last


def test_a_document_from_standard_input_and_with_a_byte_order_mark(tmp_path: Path) -> None:
    document = (SCENARIO % 250_000).encode("utf-8-sig")
    result = CliRunner().invoke(cli, ["simulate", "-"], input=document)
    assert (result.exit_code, '"ACTIVE"' in result.stdout) == (0, True)

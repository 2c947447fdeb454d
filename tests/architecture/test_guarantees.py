"""The page of guarantees names tests and scenarios that there are."""

import re

from tests.architecture.source_tree import ROOT
from tests.faults.catalogue import SCENARIOS

PAGE = ROOT / "docs" / "concepts" / "guarantees.md"
ROWS = [
    row for row in PAGE.read_text(encoding="utf-8").splitlines() if re.match(r"\| (?!Promise)", row)
]


def test_each_promise_names_tests_that_there_are() -> None:
    assert len(ROWS) > 25
    for row in ROWS:
        holders = re.findall(r"`([^`]+)`", row.split("|")[-2])
        assert holders, row
        text = ""
        for holder in holders:
            if holder.endswith(".py"):
                files = list((ROOT / "tests").glob(holder))
                assert files, holder
                text = "".join(file.read_text(encoding="utf-8") for file in files)
            elif "…" in holder:
                assert re.search(rf"def test_\w*{holder.strip('…')}", text), (row, holder)
            else:
                assert holder in SCENARIOS, holder

"""The pages on operating say what there is: figures, checks of the doctor."""

import re

from telemetry.figures import REQUESTS
from telemetry.meters import METERS
from tests.architecture.source_tree import ROOT, texts

MONITORING = (ROOT / "docs" / "operating" / "monitoring.md").read_text(encoding="utf-8")
RUNNING = (ROOT / "docs" / "operating" / "running.md").read_text(encoding="utf-8")
NAME = re.compile(r"terrace_[a-z_]+[a-z]")


def test_every_figure_is_on_the_page_and_no_other() -> None:
    counted = {metric.name for metric in METERS._metrics}
    assert REQUESTS.name in counted
    asked_for = {t for t in texts(ROOT / "cli" / "telling.py") if NAME.fullmatch(t)}
    assert asked_for
    assert set(NAME.findall(MONITORING)) == counted | asked_for


def test_every_check_of_the_doctor_is_on_the_page_and_no_other() -> None:
    source = (ROOT / "cli" / "doctor.py").read_text(encoding="utf-8")
    checks = set(re.findall(r"Check\(\s*\"([a-z ]+)\"", source))
    section = RUNNING.partition("## terrace doctor")[2]
    told = {
        name
        for line in section.splitlines()
        if line.startswith("| `")
        for name in re.findall(r"`([a-z ]+)`", line.split(" | ")[0])
    }
    assert told == checks

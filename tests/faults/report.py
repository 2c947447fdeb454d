"""The page about the last run of each scenario at the full dose."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HEAD = """# Faults

What the write path survives, as `make faults` last found it. The page is written by the run; every
scenario starts real servers and processes, kills or hinders some of them, and then compares the
ledger, the figures, standings and events of every customer with a model of the rules that shares
no code with the program. How the scenarios work is told at the head of each file of `tests/faults`.

`make faults` runs them all at the full dose and writes each result here when it is there;
`ARGS=--resume` leaves out those that are here already. `ARGS="--dose 0.1 worker-kills"` is a
smaller run of one, of which this page says nothing. `python -m tests.faults.without --all` takes
the safeguards of the write path out of a copy of the tree, one at a time, and shows that each is
missed: the list of them, and of what goes red, is `tests/faults/safeguards.py`.
"""


def kept(folder: Path, dose: float) -> dict[str, dict[str, Any]]:
    """The results that the report has at this dose, by scenario."""
    try:
        document = json.loads((folder / "faults.json").read_text())
    except FileNotFoundError:
        return {}
    return {e["scenario"]: e for e in document["scenarios"]} if document["dose"] == dose else {}


def keep(folder: Path, dose: float, order: Sequence[str], entry: dict[str, Any]) -> None:
    """Put a result into the report, in place of the last one of its scenario.

    Of another dose the report has nothing any more: one page tells of one dose.
    """
    found = kept(folder, dose) | {entry["scenario"]: entry}
    document = {"dose": dose, "scenarios": [found[name] for name in order if name in found]}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "faults.json").write_text(json.dumps(document, indent=1) + "\n")
    (folder / "faults.md").write_text(page(document))


def page(document: dict[str, Any]) -> str:
    """The page as Markdown."""
    rows = [
        "| Scenario | What happens | Dose | Faults found | Seconds |",
        "|---|---|---|---:|---:|",
    ]
    for entry in document["scenarios"]:
        dose = "; ".join([entry["dose"], *entry["notes"]])
        count = len(entry["problems"])
        about = entry["about"]
        rows.append(f"| `{entry['scenario']}` | {about} | {dose} | {count} | {entry['seconds']} |")
    seconds = sum(entry["seconds"] for entry in document["scenarios"])
    seeds = ", ".join(map(str, sorted({entry["seed"] for entry in document["scenarios"]})))
    told = f"Dose {document['dose']:g}, seed {seeds}, {seconds // 60} minutes in all."
    parts = [HEAD, told, "\n".join(rows)]
    for entry in document["scenarios"]:
        if entry["problems"]:
            lines = "\n".join(f"- {problem[:300]}" for problem in entry["problems"][:10])
            parts.append(f"## Faults of {entry['scenario']}\n\n{lines}")
    return "\n\n".join(parts) + "\n"

"""The page about the last full run."""

from typing import Any

HEAD = """# Faults

What the write path survives, as `make faults` last found it. The page is written by the run; every
scenario starts real servers and processes, kills or hinders some of them, and then compares the
ledger, the figures, standings and events of every customer with a model of the rules that shares
no code with the program. How the scenarios work is told at the head of each file of `tests/faults`.

`make faults` runs them all at the full dose; `ARGS="--dose 0.1 worker-kills"` some of one, without
writing this page. `python -m tests.faults.without --all` takes the safeguards of the write path out
of a copy of the tree, one at a time, and shows that each is missed: the list of them, and of what
goes red, is `tests/faults/safeguards.py`.
"""


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
    told = f"Seed {document['seed']}, dose {document['dose']:g}, {seconds // 60} minutes in all."
    parts = [HEAD, told, "\n".join(rows)]
    for entry in document["scenarios"]:
        if entry["problems"]:
            lines = "\n".join(f"- {problem[:300]}" for problem in entry["problems"][:10])
            parts.append(f"## Faults of {entry['scenario']}\n\n{lines}")
    return "\n\n".join(parts) + "\n"

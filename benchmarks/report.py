"""What a benchmark found: a table to read and a JSON file to compare."""

import json
import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.place import Scale

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of one benchmark.

    `ratios` are ours over the peer's, larger is better but for names ending in `_time`; a group of
    them may stand under one name. `figures` hold everything else, the single rounds too.
    """

    name: str
    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[object]]
    ratios: Mapping[str, float | Mapping[str, float]]
    figures: Mapping[str, object]
    notes: Sequence[str] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class Machine:
    """Where and on what a run was made."""

    cores: int
    processor: str
    python: str
    postgresql: str
    load_average: float

    @classmethod
    def here(cls, postgresql: str) -> "Machine":
        """This machine, now."""
        return cls(
            os.cpu_count() or 0,
            platform.machine(),
            platform.python_version(),
            postgresql,
            round(os.getloadavg()[0], 2),
        )

    def line(self) -> str:
        """All of it in one line."""
        return (
            f"{self.cores} cores {self.processor}, Python {self.python}, "
            f"PostgreSQL {self.postgresql}, load average before {self.load_average}"
        )


def show(report: Report, machine: Machine, scale: Scale) -> str:
    """The report as text."""
    cells = [list(report.columns), *[[_cell(value) for value in row] for row in report.rows]]
    widths = [max(len(row[place]) for row in cells) for place in range(len(report.columns))]
    lines = [f"{report.name}: {report.title}", ""]
    for number, row in enumerate(cells):
        padded = [
            cell.ljust(width) if place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  " + "  ".join(padded).rstrip())
        if number == 0:
            lines.append("  " + "  ".join("-" * width for width in widths))
    lines.append("")
    for name, ratio in report.ratios.items():
        group = ratio if isinstance(ratio, Mapping) else {"": ratio}
        lines += [f"  {name} {within}".rstrip() + f": {_cell(of)}" for within, of in group.items()]
    lines += [f"  {note}" for note in report.notes]
    lines.append(f"  {machine.line()}, scale {scale}")
    return "\n".join(lines) + "\n"


def write(report: Report, machine: Machine, scale: Scale, folder: Path) -> Path:
    """The report as `NAME.json` in a folder, which is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{report.name}.json"
    document = written(report, machine, scale)
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return path


def written(report: Report, machine: Machine, scale: Scale) -> dict[str, object]:
    """The report as it is written: with where, when and at which scale it was measured."""
    return {
        "name": report.name,
        "title": report.title,
        "scale": scale.value,
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {name: getattr(machine, name) for name in machine.__slots__},
        "ratios": dict(report.ratios),
        "table": [dict(zip(report.columns, row, strict=True)) for row in report.rows],
        "figures": report.figures,
        "notes": list(report.notes),
    }


def median(values: Sequence[float]) -> float:
    """The middle of the rounds."""
    return statistics.median(values)


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case int():
            return f"{value:,}"
        case float() if abs(value) >= 100:
            return f"{value:,.0f}"
        case float():
            return f"{value:.3g}" if abs(value) < 10 else f"{value:.1f}"
        case _:
            return str(value)

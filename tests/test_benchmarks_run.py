"""Benchmarks run from start to end in a tiny size; how fast anything was is not asserted."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def run(*arguments: str) -> str:
    command = [sys.executable, "-m", "benchmarks", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict]:
    folder = tmp_path_factory.mktemp("results")
    table = run("close", "profile", "--tiny", "--results", str(folder))
    assert "requests/s" in table
    assert "customers/s" in table
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in folder.iterdir()}


def test_each_benchmark_writes_its_ratios_to_the_peer(results: dict[str, dict]) -> None:
    ratios = {name: set(result["ratios"]) for name, result in results.items()}
    assert ratios == {
        "profile": {"requests_per_second", "server_time", "postgres_time"},
        "close": {"close_time_small", "close_time", "growth_exponent", "bare_growth_exponent"},
    }
    figures = [value for result in results.values() for value in result["ratios"].values()]
    assert all(isinstance(value, float) for value in figures)


def test_a_result_says_where_and_at_which_scale_it_was_measured(results: dict[str, dict]) -> None:
    for result in results.values():
        assert result["scale"] == "tiny"
        assert result["machine"]["cores"] >= 1
        assert result["machine"]["postgresql"].startswith("18")


def test_both_sides_of_a_read_are_measured(results: dict[str, dict]) -> None:
    sides = {row["side"]: row["requests/s"] for row in results["profile"]["table"]}
    assert sides.keys() == {"terrace", "ceiling"}
    assert all(rate > 0 for rate in sides.values())
    assert results["profile"]["figures"]["engine_us"].keys() == {"validate", "compile", "cached"}


def test_the_list_names_every_benchmark() -> None:
    names = [line.split()[0] for line in run("--list").splitlines()]
    assert names == ["profile", "list", "import", "close", "record"]

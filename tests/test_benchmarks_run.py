"""Benchmarks run from start to end in a tiny size; how fast anything was is not asserted."""

import asyncio
import json
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from benchmarks import load
from benchmarks.api import wrk
from benchmarks.api.queries import QUERIES
from benchmarks.api.rounds import compare
from benchmarks.api.sides import Side
from benchmarks.serving import POSTGRAPHILE, Serving

ROOT = Path(__file__).resolve().parent.parent


def run(*arguments: str) -> str:
    command = [sys.executable, "-m", "benchmarks", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict]:
    folder = tmp_path_factory.mktemp("results")
    table = run("profile", "shutdown", "--tiny", "--results", str(folder))
    assert "requests/s" in table
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in folder.iterdir()}


def test_each_benchmark_writes_its_ratios_to_the_peer(results: dict[str, dict]) -> None:
    ratios = {name: set(result["ratios"]) for name, result in results.items()}
    assert ratios == {
        "profile": {"requests_per_second", "server_time", "postgres_time"},
        "shutdown": {"shutdown_time"},
    }
    figures = [value for result in results.values() for value in result["ratios"].values()]
    assert all(isinstance(value, float) for value in figures)


def test_the_write_path_is_measured_in_one_run(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.write", "--tiny", "--results", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    result = json.loads((tmp_path / "write.json").read_text(encoding="utf-8"))
    assert result["ratios"].keys() == result["limits"].keys()
    assert result["ratios"].keys() == {"import_vs_copy", "record_vs_unnest", "close_vs_sql"}
    assert {"import", "record", "close", "visible"} <= result["parts"].keys()
    assert result["parts"]["close"]["ratios"].keys() == {
        *("close_time_small", "close_time", "growth_exponent", "bare_growth_exponent")
    }
    assert "customers/s" in done.stdout


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
    assert names == [
        "profile",
        "list",
        "limits",
        "denied",
        "import",
        "close",
        "preview",
        "record",
        "audit",
        "shutdown",
        "fanout",
        "visible",
    ]


@asynccontextmanager
async def answering(body: bytes) -> AsyncIterator[Serving]:
    """A server that answers every request with the same."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with_head = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)
        while request := await reader.read(10_000):
            assert request.startswith(b"POST ")
            writer.write(with_head)
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1") as server:
        yield Serving(server.sockets[0].getsockname()[1], psutil.Process())


@pytest.mark.parametrize(
    ("theirs", "problem"),
    [
        (b'{"data": {"customer": {"name": "Li", "number": "C1"}}}', None),
        (b'{"data": {"customer": {"name": "Lu", "number": "C1"}}}', "ours 1 and theirs 1 say"),
        (b'{"data": {"customer": null}}', "ours 1 and theirs 1 say"),
        (b'{"errors": [{"message": "no"}], "data": null}', "theirs answered"),
    ],
)
async def test_answers_are_compared_before_anything_is_timed(
    theirs: bytes, problem: str | None
) -> None:
    ours = b'{"data":{"customer":{"number":"C1","name":"Li"}}}'
    async with answering(ours) as our_server, answering(theirs) as their_server:
        sides = [
            Side(name, [server], [1], lambda query, question: load.post("/", b"{}"))
            for name, server in (("ours", our_server), ("theirs", their_server))
        ]
        if problem is None:
            lengths = await compare(sides, QUERIES[0], 400)
            assert lengths["theirs"] - lengths["ours"] == len(theirs) - len(ours)
        else:
            with pytest.raises(RuntimeError, match=problem):
                await compare(sides, QUERIES[0], 400)


async def test_equal_answers_that_hold_nothing_are_refused() -> None:
    async with answering(b'{"data": {"customer": null}}') as server:
        side = Side("ours", [server], [1], lambda query, question: load.post("/", b"{}"))
        with pytest.raises(RuntimeError, match="nothing was found"):
            await compare([side], QUERIES[0], 400)


async def test_a_paced_load_sends_no_more_than_falls_due() -> None:
    async with answering(b'{"data": 1}') as server:
        job = load.Job(server.port, [load.post("/", b"{}")], b'"data"', 0.5, rate=100)
        found = await load.in_another_process(job)
    assert 0 < found.requests <= 50


@pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk is missing")
async def test_answers_under_load_are_as_long_as_those_compared() -> None:
    async with answering(b'{"data": 1}') as server:
        request = [load.post("/", b"{}")]
        whole = (await load.ask(server.port, request[0])).length
        with wrk.prepared(request, whole) as good, wrk.prepared(request, whole * 2) as longer:
            assert (await wrk.run([server.port], good, 1)).requests > 0
            with pytest.raises(RuntimeError, match="bytes long in the mean"):
                await wrk.run([server.port], longer, 1)


def test_a_missing_load_generator_is_named_with_how_to_install_it(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.api"],
        cwd=ROOT,
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 1
    assert "apt-get install wrk" in done.stderr


@pytest.mark.skipif(
    shutil.which("wrk") is None or not (POSTGRAPHILE / "node_modules" / ".installed").exists(),
    reason="wrk is missing, or `make bench-api` has not installed PostGraphile yet",
)
def test_the_read_path_is_measured_beside_every_peer(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.api", "--tiny", "--results", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    result = json.loads((tmp_path / "api.json").read_text(encoding="utf-8"))
    queries = {"profile", "list", "tiny"}
    for peer in ("postgraphile", "ceiling"):
        assert result["ratios"][peer].keys() == queries
    assert {(row["side"], row["processes"]) for row in result["table"]} == {
        *((side, 1) for side in ("terrace", "postgraphile", "postgraphile-scoped", "ceiling")),
        *((side, 2) for side in ("terrace", "postgraphile", "postgraphile-scoped", "ceiling")),
        ("dataloaders", 1),
    }
    assert all(row["requests/s"] > 0 for row in result["table"])
    assert result["figures"]["half_load"].keys() == queries

"""What a bare clone needs: pinned dependencies, the files it runs on, and no particular machine."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.architecture.source_tree import ROOT, files, relative

LOCKS = ("runtime", "traces", "dev")
HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}(?: \\)?$")
MACHINE_PATHS = re.compile(r"(?<![\w.])(/root/|/home/|/work/|/Users/|/mnt/|[A-Z]:\\)")


def locked(name: str) -> dict[str, str]:
    """The pinned version of each distribution."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    pins: dict[str, str] = {}
    for line in text.splitlines():
        if line.startswith(" "):
            continue
        pinned = re.match(r"([A-Za-z0-9._-]+)==([^\s;]+)", line)
        assert pinned, f"{name}.txt: {line}"
        assert line.endswith("\\"), f"{name}.txt: {pinned[1]} has no hash"
        pins[pinned[1].lower()] = pinned[2]
    return pins


def declared(extra: str | None = None) -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    listed = project["dependencies"] if extra is None else project["optional-dependencies"][extra]
    return {re.split(r"[<>=!;\s\[]", line)[0].lower() for line in listed}


def tracked() -> list[Path]:
    """The files of the repository as git has them; without git, those of our folders."""
    done = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True
    )
    if done.returncode:
        folders = ("api", "schema", "workers", "repository", "domain", "cli", "tests", "docs")
        return [*ROOT.glob("*.*"), *(path for folder in folders for path in files(folder))]
    return [ROOT / name for name in done.stdout.splitlines() if (ROOT / name).is_file()]


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_file_pins_every_distribution_by_hash_and_names_no_place(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    assert locked(name)
    assert not re.search(r"://|--index-url|--extra-index-url|--find-links|\bfile:| @ ", text)
    for line in text.splitlines():
        if line.startswith(" "):
            assert HASH.fullmatch(line), f"{name}.txt: {line}"


def test_the_lock_files_agree_with_each_other_and_with_what_is_declared() -> None:
    runtime, dev = locked("runtime"), locked("dev")
    assert {name: dev.get(name) for name in runtime} == runtime
    assert declared() <= runtime.keys() | {"uvloop"}
    assert declared("dev") <= dev.keys()
    traces = locked("traces")
    assert {name: dev.get(name) for name in traces} == traces
    assert runtime.keys() | declared("traces") <= traces.keys()


def test_nothing_but_wheels_is_needed_to_run() -> None:
    recipes = [
        relative(path) for path in tracked() if re.search(r"(?i)dockerfile|compose", path.name)
    ]
    assert recipes == [], "a second way to start is a way nobody tests"


def test_everything_the_program_reads_beside_its_modules_is_packaged() -> None:
    setuptools = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    patterns = setuptools["setuptools"]["package-data"]["repository"]
    read = {path.relative_to(ROOT / "repository") for path in files("repository", "*.sql")}
    packaged = {path for path in read for pattern in patterns if path.match(pattern)}
    assert read == packaged, sorted(map(str, read - packaged))[:3]


def test_no_file_knows_the_machine_it_was_written_on() -> None:
    found = []
    for path in tracked():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        if path == Path(__file__):
            continue
        found += [
            f"{relative(path)}:{number}"
            for number, line in enumerate(text.splitlines(), 1)
            if MACHINE_PATHS.search(line)
        ]
    assert found == []

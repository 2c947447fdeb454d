"""Embedded servers in processes of their own, and the certainty that none is left behind."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from cli.embedded import Installation

ROOT = Path(__file__).parents[2]

OWNER = """
import json, sys
from pathlib import Path
from cli.embedded import Installation
installation = Installation(Path(sys.argv[1]))
found = installation.start()
print(json.dumps([found.database_url, found.redis_url]), flush=True)
sys.stdin.read()
installation.stop()
"""


def processes_of(folder: Path) -> list[int]:
    """Ids of the processes whose command line names the folder, this one excepted."""
    listed = subprocess.run(
        ["ps", "-eww", "-o", "pid=,stat=,command="], capture_output=True, text=True, check=True
    )
    rows = [line.split(None, 2) for line in listed.stdout.splitlines() if str(folder) in line]
    return [int(row[0]) for row in rows if int(row[0]) != os.getpid() and "Z" not in row[1]]


def wait_for(condition: Callable[[], bool], seconds: float = 10.0) -> bool:
    """Whether the condition comes true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def assert_deserted(folder: Path) -> None:
    """Fail when a process of the folder does not end; end it then."""
    ended = wait_for(lambda: not processes_of(folder))
    for pid in processes_of(folder):
        os.kill(pid, signal.SIGKILL)
    assert ended, "a server was left running"


class Launched:
    """A Python process that runs a script with the data folder as its first argument."""

    def __init__(
        self, script: str, arguments: Sequence[object], prefix: Sequence[str] = ()
    ) -> None:
        self.process = subprocess.Popen(
            [*prefix, sys.executable, "-c", script, *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        )

    def answer(self) -> list[str]:
        """The next line it prints, which is JSON."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            pytest.fail("the launched process ended: " + self.process.communicate()[1])
        answer: list[str] = json.loads(line)
        return answer

    def finish(self, seconds: float = 40.0) -> str:
        """Close its standard input, wait for its end, and return its error output."""
        _, errors = self.process.communicate(timeout=seconds)
        return errors

    def kill(self) -> None:
        """Kill -9, from which nobody can tidy up."""
        self.process.kill()
        self.process.wait()


Launch = Callable[..., Launched]


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Launch]:
    """Starts launchers; afterwards no process that names a folder of theirs may be left."""
    started: list[Launched] = []
    folders = [tmp_path]

    def start(
        folder: Path, script: str = OWNER, *more: object, prefix: Sequence[str] = ()
    ) -> Launched:
        folders.append(folder)
        started.append(Launched(script, (folder, *more), prefix))
        return started[-1]

    yield start
    for launched in started:
        if launched.process.poll() is None:
            launched.kill()
        for stream in (
            launched.process.stdin,
            launched.process.stdout,
            launched.process.stderr,
        ):
            if stream is not None:
                stream.close()
    for folder in folders:
        assert_deserted(folder)


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder whose servers have run and been stopped."""
    folder = tmp_path_factory.mktemp("made") / "data"
    installation = Installation(folder)
    installation.start()
    installation.stop()
    return folder


@pytest.fixture
def data_dir(tmp_path: Path, made_once: Path) -> Path:
    """A copy of such a folder, for tests that are not about the first start."""
    return Path(shutil.copytree(made_once, tmp_path / "data"))


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory, made_once: Path) -> Iterator[Installation]:
    """One running installation, for tests that only look."""
    folder = tmp_path_factory.mktemp("running") / "data"
    installation = Installation(Path(shutil.copytree(made_once, folder)))
    installation.start()
    yield installation
    installation.stop()


@pytest.fixture(scope="module")
def shared_dir(tmp_path_factory: pytest.TempPathFactory, made_once: Path) -> Iterator[Path]:
    """One folder for the tests of a module, each of which leaves it usable and without an owner."""
    folder = Path(shutil.copytree(made_once, tmp_path_factory.mktemp("shared") / "data"))
    yield folder
    assert_deserted(folder)

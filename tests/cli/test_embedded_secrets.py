"""The signing key: configured, or made once."""

import time
from pathlib import Path

import pytest

from cli.embedded import EmbeddedError, signing_key
from settings import Settings
from tests.cli.conftest import Launch

RACE = """
import json, sys, time
from pathlib import Path
from cli.embedded import signing_key
from settings import Settings
folder, start = Path(sys.argv[1]), float(sys.stdin.readline())
keys = []
for round in range(20):
    while time.time() < start + round * 0.03:
        pass
    keys.append(signing_key(Settings(data_dir=folder / str(round))))
print(json.dumps(keys))
"""


def test_a_configured_key_is_used_and_nothing_is_written(tmp_path: Path) -> None:
    settings = Settings(
        data_dir=tmp_path / "data",
        secret_key="k" * 32,  # type: ignore[arg-type]
    )
    assert signing_key(settings) == "k" * 32
    assert not (tmp_path / "data").exists()


def test_the_key_is_made_once_and_private(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    key = signing_key(settings)
    assert len(key) >= 43
    assert signing_key(settings) == key
    path = tmp_path / "data" / "secret.key"
    assert path.read_text() == key + "\n"
    assert path.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700


def test_two_folders_have_two_keys(tmp_path: Path) -> None:
    keys = {signing_key(Settings(data_dir=tmp_path / name)) for name in "ab"}
    assert len(keys) == 2


def test_processes_that_ask_at_once_get_the_same_key(launch: Launch, tmp_path: Path) -> None:
    racers = [launch(tmp_path, RACE) for _ in range(8)]
    start = time.time() + 1.0
    for racer in racers:
        assert racer.process.stdin is not None
        racer.process.stdin.write(f"{start}\n")
        racer.process.stdin.flush()
    first, *others = [racer.answer() for racer in racers]
    assert others == [first] * 7
    assert len(set(first)) == 20
    assert not list(tmp_path.rglob(".secret.key.*"))


@pytest.mark.parametrize("content", ["", "short\n", "\x00" * 64, " " * 64])
def test_a_damaged_key_is_refused_and_kept(tmp_path: Path, content: str) -> None:
    path = tmp_path / "secret.key"
    path.write_text(content)
    with pytest.raises(EmbeddedError, match=r"secret\.key"):
        signing_key(Settings(data_dir=tmp_path))
    assert path.read_text() == content


def test_a_key_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "secret.key").mkdir()
    with pytest.raises(EmbeddedError, match="cannot be read or made"):
        signing_key(Settings(data_dir=tmp_path))

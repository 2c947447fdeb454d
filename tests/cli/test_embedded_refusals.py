"""What keeps the servers from starting is told in words that help."""

import os
from pathlib import Path

import pytest

from cli.embedded import EmbeddedError, Installation, servers
from cli.embedded.errors import FolderError, ServerFailed
from settings import Settings

pytestmark = pytest.mark.usefixtures("launch")


def test_data_of_another_major_version_are_refused(data_dir: Path) -> None:
    (data_dir / "postgres" / "data" / "PG_VERSION").write_text("17\n")
    with pytest.raises(FolderError, match=r"written by PostgreSQL 17, and this is PostgreSQL 18\."):
        Installation(data_dir).start()


def test_a_folder_without_data_is_refused(data_dir: Path) -> None:
    (data_dir / "postgres" / "data" / "PG_VERSION").unlink()
    with pytest.raises(FolderError, match="holds no PostgreSQL data"):
        Installation(data_dir).start()


def test_a_server_that_does_not_start_is_quoted(data_dir: Path) -> None:
    with (data_dir / "postgres" / "data" / "postgresql.conf").open("a") as file:
        file.write("no_such_setting = 1\n")
    installation = Installation(data_dir)
    with pytest.raises(ServerFailed, match="no_such_setting"):
        installation.start()
    assert installation.running() is None


def test_a_long_log_is_set_aside_at_the_start(data_dir: Path) -> None:
    log = data_dir / "postgres" / "server.log"
    with log.open("wb") as file:
        file.truncate(9 * 1024 * 1024)
    with servers(Settings(data_dir=data_dir)):
        assert log.stat().st_size < 100_000
    assert log.with_name("server.log.old").stat().st_size == 9 * 1024 * 1024


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_told() -> None:
    with pytest.raises(EmbeddedError, match="TERRACE_DATA_DIR"):
        Installation(Path("/proc/terrace"))


def test_a_file_in_place_of_the_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(EmbeddedError, match="TERRACE_DATA_DIR"):
        Installation(tmp_path / "data")

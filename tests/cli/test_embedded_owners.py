"""One owner of a data folder at a time; others share its servers or are refused."""

import json
import logging
import shutil
import threading
import time
from pathlib import Path

import pytest

from cli.embedded import Addresses, EmbeddedError, Installation, own_servers, servers
from cli.embedded.errors import FolderBusy
from settings import Settings
from tests.cli.conftest import Launch, processes_of

USER = """
import json, sys, time
from pathlib import Path
from cli.embedded import servers
from settings import Settings
with servers(Settings(data_dir=Path(sys.argv[1]))) as found:
    assert found.answer()
    print(json.dumps([found.database_url, found.redis_url]), flush=True)
    time.sleep(float(sys.argv[2]))
    assert found.answer(), "cut off"
"""


def test_a_second_owner_is_refused_with_process_and_folder(
    launch: Launch, shared_dir: Path
) -> None:
    launcher = launch(shared_dir)
    launcher.answer()
    with (
        pytest.raises(FolderBusy) as refused,
        own_servers(Settings(data_dir=shared_dir)),
    ):
        pass
    assert f"{shared_dir} is in use by process {launcher.process.pid}." in str(refused.value)
    assert "\n" not in str(refused.value)
    assert Installation(shared_dir).running() is not None
    assert launcher.finish() == ""


def test_another_command_shares_the_running_servers(launch: Launch, shared_dir: Path) -> None:
    launcher = launch(shared_dir)
    expected = Addresses(*launcher.answer())
    before = set(processes_of(shared_dir))
    assert Installation(shared_dir).running() == expected
    with servers(Settings(data_dir=shared_dir)) as addresses:
        assert addresses == expected
    assert expected.answer()
    assert before <= set(processes_of(shared_dir))
    launcher.finish()
    assert Installation(shared_dir).running() is None
    assert not expected.answer()


def test_the_owner_waits_for_those_who_share(launch: Launch, shared_dir: Path) -> None:
    launcher = launch(shared_dir)
    launcher.answer()
    user = launch(shared_dir, USER, 1.5)
    user.answer()
    started = time.monotonic()
    assert "Other commands use the servers" in launcher.finish()
    assert time.monotonic() - started > 0.8
    assert user.finish() == ""
    assert user.process.returncode == 0


def test_the_owner_does_not_wait_for_ever(
    launch: Launch, shared_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    installation = Installation(shared_dir, users_seconds=0.3)
    installation.start()
    user = launch(shared_dir, USER, 60)
    user.answer()
    with caplog.at_level(logging.WARNING):
        installation.stop()
    assert "stopping the servers all the same" in caplog.text


def test_a_user_that_is_killed_holds_nobody_up(launch: Launch, shared_dir: Path) -> None:
    installation = Installation(shared_dir)
    installation.start()
    user = launch(shared_dir, USER, 60)
    user.answer()
    user.kill()
    started = time.monotonic()
    installation.stop()
    assert time.monotonic() - started < 15  # not the thirty that users have


def test_who_comes_while_the_owner_leaves_becomes_the_next_owner(
    launch: Launch, shared_dir: Path
) -> None:
    owner = launch(shared_dir)
    owner.answer()
    early = launch(shared_dir, USER, 1.0)
    early.answer()
    assert owner.process.stdin is not None
    owner.process.stdin.close()
    time.sleep(0.2)
    late = launch(shared_dir, USER, 0.1)
    late.answer()
    assert owner.process.wait(5) == 0
    for user in (early, late):
        user.process.wait(20)
        assert user.process.returncode == 0


def test_many_commands_at_once_all_get_servers(launch: Launch, tmp_path: Path) -> None:
    users = [launch(tmp_path / "data", USER, seconds / 10) for seconds in range(6)]
    for user in users:
        errors = user.finish()
        assert user.process.returncode == 0, errors
    assert not processes_of(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "no json",
        "[]",
        "7",
        '{"database_url": 1}',
        '{"database_url": "x", "redis_url": "redis://[", "owner": "?"}',
        '{"database_url": "postgresql://127.0.0.1:999999/x", "redis_url": "", "owner": 1}',
        '{"database_url": "postgresql://127.0.0.1:1/x", "redis_url": "", "owner": 1}',
        b"\xff\xfe",
    ],
)
def test_garbage_in_the_file_of_addresses_is_ignored(
    running: Installation, content: str | bytes
) -> None:
    file = running.data_dir / "running.json"
    kept = file.read_bytes()
    try:
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        assert Installation(running.data_dir).running() is None
    finally:
        file.write_bytes(kept)
    assert Installation(running.data_dir).running() is not None


def test_addresses_are_not_believed_when_nobody_owns_the_folder(
    running: Installation, tmp_path: Path
) -> None:
    other = Installation(tmp_path / "data")
    for name in ("running.json", "lock"):
        shutil.copy(running.data_dir / name, other.data_dir)
    assert other.running() is None


def test_addresses_of_an_owner_that_has_died_are_not_believed(running: Installation) -> None:
    file = running.data_dir / "running.json"
    kept = file.read_text()
    try:
        file.write_text(json.dumps({**json.loads(kept), "owner": 1}))
        assert running.running() is None
    finally:
        file.write_text(kept)


def test_stopping_what_another_owns_does_nothing(running: Installation) -> None:
    Installation(running.data_dir).stop()
    assert running.running() is not None


def test_a_failure_in_the_block_ends_the_servers_and_is_not_swallowed(shared_dir: Path) -> None:
    with (
        pytest.raises(FolderBusy, match="of the block"),
        servers(Settings(data_dir=shared_dir)) as addresses,
    ):
        raise FolderBusy("of the block")
    assert not addresses.answer()


def test_an_owner_without_postgres_cannot_be_shared_for_it(shared_dir: Path) -> None:
    owner = Installation(shared_dir, postgres=False)
    owner.start()
    try:
        with (
            pytest.raises(EmbeddedError, match="with TERRACE_DATABASE_URL set"),
            servers(Settings(data_dir=shared_dir)),
        ):
            pass
    finally:
        owner.stop()


def test_an_owner_that_never_gets_ready_is_named(shared_dir: Path) -> None:
    stuck = Installation(shared_dir)
    assert stuck._lock.take()
    stuck._lock.sign()
    try:
        with (
            pytest.raises(FolderBusy, match=r"Process \d+ holds .* do not answer"),
            Installation(shared_dir).shared(seconds=0.2),
        ):
            pass
    finally:
        stuck._lock.release()


def test_servers_outlive_the_thread_that_started_them(shared_dir: Path) -> None:
    installation = Installation(shared_dir)
    thread = threading.Thread(target=installation.start)
    thread.start()
    thread.join()
    try:
        time.sleep(0.3)
        installation.check()
        assert installation.running() is not None
    finally:
        installation.stop()


def test_threads_of_one_process_share_too(shared_dir: Path) -> None:
    found: list[Addresses] = []

    def use() -> None:
        with servers(Settings(data_dir=shared_dir)) as addresses:
            found.append(addresses)

    with servers(Settings(data_dir=shared_dir)) as addresses:
        threads = [threading.Thread(target=use) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
    assert found == [addresses] * 4

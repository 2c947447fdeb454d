"""Processes die without warning; the data survive, and nothing needs a hand to go on."""

import asyncio
import os
import secrets
import shutil
import signal
import subprocess
from pathlib import Path

import asyncpg
import pytest
import redis as redis_client

from cli.embedded import Addresses, Installation, servers
from cli.embedded.errors import ServerFailed
from cli.embedded.postgres import Postgres
from settings import Settings
from tests.cli.conftest import OWNER, Launch, processes_of, wait_for

IN_A_THREAD = f"import threading\nscript = {OWNER!r}\n" + (
    "thread = threading.Thread(target=exec, args=(script, {}))\nthread.start()\nthread.join()\n"
)
WITHOUT_A_WATCH = (
    "from cli.embedded import child\nchild.can_pdeathsig = lambda: True\n"
    "child.pdeathsig = lambda death: ()\n" + OWNER
)


async def write(addresses: Addresses) -> str:
    """A row and a key of this name, both of which the server has confirmed."""
    name = secrets.token_hex(8)
    connection = await asyncpg.connect(addresses.database_url)
    await connection.execute("create table if not exists kept (name text)")
    await connection.execute("insert into kept values ($1)", name)
    await connection.close()
    with redis_client.Redis.from_url(addresses.redis_url) as redis:
        redis.set(name, "kept")
    return name


async def assert_kept(data_dir: Path, *names: str) -> None:
    with servers(Settings(data_dir=data_dir)) as addresses:
        connection = await asyncpg.connect(addresses.database_url)
        rows = await connection.fetch("select name from kept")
        await connection.close()
        assert set(names) <= {row["name"] for row in rows}
        with redis_client.Redis.from_url(addresses.redis_url) as redis:
            assert redis.exists(*names) == len(names)


@pytest.mark.parametrize("script", [OWNER, IN_A_THREAD], ids=["main thread", "another thread"])
async def test_servers_end_with_a_launcher_that_is_killed(
    launch: Launch, shared_dir: Path, script: str
) -> None:
    launcher = launch(shared_dir, script)
    name = await write(Addresses(*launcher.answer()))
    assert len(processes_of(shared_dir)) >= 2
    launcher.kill()
    assert wait_for(lambda: not processes_of(shared_dir), 5.0)
    assert Installation(shared_dir).running() is None
    await assert_kept(shared_dir, name)


def test_an_orderly_stop_leaves_no_watcher_behind(launch: Launch, shared_dir: Path) -> None:
    launcher = launch(shared_dir, IN_A_THREAD)
    launcher.answer()
    pid = (shared_dir / "valkey" / "server.pid").read_text().strip()
    watcher = f"leash TERM {pid}"
    assert watcher in subprocess.check_output(["ps", "-eww", "-o", "args"], text=True)
    assert launcher.finish() == ""
    assert watcher not in subprocess.check_output(["ps", "-eww", "-o", "args"], text=True)


async def test_a_start_right_after_a_kill_waits_for_the_old_servers(
    launch: Launch, shared_dir: Path
) -> None:
    names = []
    for _ in range(3):
        launcher = launch(shared_dir)
        names.append(await write(Addresses(*launcher.answer())))
        launcher.kill()
    await assert_kept(shared_dir, *names)


async def test_servers_that_outlived_their_launcher_are_ended_by_the_next_start(
    launch: Launch, shared_dir: Path
) -> None:
    launcher = launch(shared_dir, WITHOUT_A_WATCH)
    name = await write(Addresses(*launcher.answer()))
    launcher.kill()
    await asyncio.sleep(0.5)
    assert len(processes_of(shared_dir)) == 2
    assert Installation(shared_dir).running() is None
    await assert_kept(shared_dir, name)


@pytest.mark.parametrize(
    ("name", "pid_file"),
    [("PostgreSQL", "postgres/data/postmaster.pid"), ("Valkey", "valkey/server.pid")],
)
async def test_a_killed_server_is_noticed_and_starts_again(
    shared_dir: Path, name: str, pid_file: str
) -> None:
    installation = Installation(shared_dir)
    addresses = installation.start()
    try:
        written = await write(addresses)
        installation.check()
        os.kill(int((shared_dir / pid_file).read_text().split()[0]), signal.SIGKILL)
        assert wait_for(lambda: installation.running() is None)
        await asyncio.sleep(0.2)  # its sockets close before it can be waited for
        with pytest.raises(ServerFailed, match=f"{name} ended by signal 9"):
            installation.check()
    finally:
        installation.stop()
    await assert_kept(shared_dir, written)


async def test_a_first_start_killed_in_the_middle_leaves_nothing_half_made(
    launch: Launch, tmp_path: Path
) -> None:
    data_dir = tmp_path / "data"
    launcher = launch(data_dir)
    assert wait_for(lambda: any(data_dir.glob("postgres.new-*/data/base")))
    launcher.kill()
    assert not (data_dir / "postgres").exists()
    with servers(Settings(data_dir=data_dir)) as addresses:
        name = await write(addresses)
    assert not list(data_dir.glob("postgres.new-*"))
    await assert_kept(data_dir, name)


def test_a_half_made_folder_of_an_earlier_start_is_removed(tmp_path: Path) -> None:
    draft = tmp_path / "data" / "postgres.new-0123"
    (draft / "data" / "base").mkdir(parents=True)
    (draft / "data" / "PG_VERSION").write_text("18\n")
    with servers(Settings(data_dir=tmp_path / "data")) as addresses:
        assert addresses.database_url
        assert not draft.exists()


@pytest.mark.parametrize("pid_file", ["postgres/data/postmaster.pid", "valkey/server.pid"])
@pytest.mark.parametrize("content", ["{pid}\n", "x\x00\n"])
def test_a_stale_pid_file_bars_no_start_and_harms_no_other_program(
    shared_dir: Path, pid_file: str, content: str
) -> None:
    ours = "postgres" in pid_file
    installation = Installation(shared_dir, postgres=ours, valkey=not ours)
    with subprocess.Popen(["sleep", "60"]) as bystander:
        try:
            (shared_dir / pid_file).write_text(content.format(pid=bystander.pid))
            installation.start()
            installation.stop()
            assert bystander.poll() is None
        finally:
            bystander.kill()


def test_a_dead_servers_file_is_not_taken_for_readiness(tmp_path: Path) -> None:
    """A container that starts again gives its processes the ids they had before."""
    postgres = Postgres(tmp_path, choose_port=lambda: 5001)
    postgres.data.mkdir()
    lines = ["77", str(postgres.data), "1700000000", "5000", "", "127.0.0.1", " 1 2", "ready   "]
    (postgres.data / "postmaster.pid").write_text("\n".join(lines))
    postgres._port = 5001
    assert not postgres._is_ready(77)
    postgres._port = 5000
    assert postgres._is_ready(77)
    assert not postgres._is_ready(78)


def test_an_unfinished_last_write_of_valkey_is_cut_off(shared_dir: Path) -> None:
    installation = Installation(shared_dir, postgres=False)
    with redis_client.Redis.from_url(installation.start().redis_url) as redis:
        redis.set("whole", "1")
    installation.stop()
    (log,) = (shared_dir / "valkey" / "appendonlydir").glob("*.incr.aof")
    with log.open("ab") as file:
        file.write(b"*3\r\n$3\r\nSET\r\n$4\r\nha")
    with redis_client.Redis.from_url(installation.start().redis_url) as redis:
        assert redis.get("whole") == b"1"
    installation.stop()


def test_damaged_data_of_valkey_are_set_aside_for_they_hold_nothing_of_value(
    shared_dir: Path, tmp_path: Path
) -> None:
    with servers(Settings(data_dir=shared_dir)):
        pass
    folder = tmp_path / "data"
    shutil.copytree(shared_dir, folder, ignore=shutil.ignore_patterns("*.sock", ".s.PGSQL.*"))
    for path in (folder / "valkey" / "appendonlydir").glob("*.base.rdb"):
        path.write_bytes(b"damaged" * 20)
    with servers(Settings(data_dir=folder)) as addresses:
        assert addresses.answer()
    assert (folder / "valkey" / "appendonlydir.unreadable").is_dir()


def test_ctrl_c_while_starting_leaves_nothing_running(launch: Launch, tmp_path: Path) -> None:
    launcher = launch(tmp_path / "data")
    assert wait_for(lambda: any((tmp_path / "data").glob("postgres.new-*/data/base")))
    launcher.process.send_signal(signal.SIGINT)
    assert "KeyboardInterrupt" in launcher.finish(10.0)
    assert not processes_of(tmp_path)
    assert not list((tmp_path / "data").glob("postgres*"))


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="setpriv is not installed")
def test_a_terminals_ctrl_c_does_not_reach_the_servers(shared_dir: Path) -> None:
    installation = Installation(shared_dir)
    installation.start()
    try:
        sessions = {os.getsid(pid) for pid in processes_of(shared_dir)}
        assert os.getsid(0) not in sessions
    finally:
        installation.stop()

"""PostgreSQL refuses root: the ways around, and what is said where none is open."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import asyncpg
import pytest

from cli.embedded import Addresses, Installation
from cli.embedded.errors import PrivilegeError
from cli.embedded.privileges import find_privileges
from tests.cli.conftest import OWNER, Launch, processes_of, wait_for

NOBODY = 65534
READ_ALL = ("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")
AS_NOBODY = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *READ_ALL, "--")
"""An ordinary user, who may read this checkout and its Python wherever they lie."""
AS_NAMELESS = tuple(part.replace(str(NOBODY), "54321") for part in AS_NOBODY)

NO_NAMESPACES = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
parent, child = os.pipe(), os.pipe()
me = os.getpid()
if os.fork() == 0:  # maps every user id to itself, which only a process outside may do
    os.read(parent[0], 1)
    for kind in ("gid", "uid"):
        with open(f"/proc/{me}/{kind}_map", "w") as file:
            file.write("0 0 65536")
    os.write(child[1], b"x")
    os._exit(0)
if libc.unshare(0x10000000):
    sys.exit("no user namespaces here")
os.write(parent[1], b"x")
os.read(child[0], 1)
os.wait()
with open("/proc/sys/user/max_user_namespaces", "w") as file:
    file.write("0")
os.execvp(sys.argv[1], sys.argv[1:])
"""
WITHOUT_NAMESPACES = (sys.executable, "-c", NO_NAMESPACES)
"""In a user namespace of its own whose root may make no more of them, as in many containers."""
POWERLESS = (*WITHOUT_NAMESPACES, "setpriv", "--bounding-set=-setuid", "--")
"""Root there, but without the right to become another user."""


def works(prefix: Sequence[str]) -> bool:
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        return False
    return subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0


def owner_of(path: Path) -> int:
    return path.stat().st_uid


async def assert_runs(launch: Launch, data_dir: Path, prefix: Sequence[str]) -> None:
    """It starts, answers, dies with its launcher, and starts again with what was written."""
    launcher = launch(data_dir, OWNER, prefix=prefix)
    connection = await asyncpg.connect(Addresses(*launcher.answer()).database_url)
    await connection.execute("create table if not exists kept as select 42 as x")
    await connection.close()
    assert processes_of(data_dir)
    launcher.kill()
    assert wait_for(lambda: not processes_of(data_dir), 5.0)
    launcher = launch(data_dir, OWNER, prefix=prefix)
    connection = await asyncpg.connect(Addresses(*launcher.answer()).database_url)
    assert await connection.fetchval("select x from kept") == 42
    await connection.close()
    assert launcher.finish() == ""


@pytest.fixture
def own_dir() -> Iterator[Path]:
    """A data folder to be, where any user may make it."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o777)
        yield Path(folder) / "data"
        assert wait_for(lambda: not processes_of(Path(folder)))


@pytest.mark.skipif(not works(AS_NOBODY), reason="needs root and setpriv to become another user")
async def test_an_ordinary_user_runs_it_as_himself(own_dir: Path, launch: Launch) -> None:
    await assert_runs(launch, own_dir, AS_NOBODY)
    assert owner_of(own_dir / "postgres" / "data") == NOBODY


@pytest.mark.skipif(not works(AS_NAMELESS), reason="needs root and setpriv to become another user")
async def test_a_user_id_without_a_name_gets_one_in_a_namespace(
    own_dir: Path, launch: Launch
) -> None:
    await assert_runs(launch, own_dir, AS_NAMELESS)
    assert owner_of(own_dir / "postgres" / "data") == 54321


@pytest.mark.skipif(not works(WITHOUT_NAMESPACES), reason="needs root and user namespaces")
async def test_root_without_namespaces_runs_it_as_nobody(launch: Launch, tmp_path: Path) -> None:
    hidden = tmp_path / "only root may enter"
    hidden.mkdir(mode=0o700)
    data_dir = hidden / "data"
    await assert_runs(launch, data_dir, WITHOUT_NAMESPACES)
    assert owner_of(data_dir / "postgres" / "data") == NOBODY
    assert owner_of(data_dir) == 0

    installation = Installation(data_dir)  # namespaces again: the data become root's again
    addresses = installation.start()
    try:
        connection = await asyncpg.connect(addresses.database_url)
        assert await connection.fetchval("select x from kept") == 42
        await connection.close()
    finally:
        installation.stop()
    assert owner_of(data_dir / "postgres" / "data") == 0
    await assert_runs(launch, data_dir, WITHOUT_NAMESPACES)


@pytest.mark.skipif(not works(POWERLESS), reason="needs root and user namespaces")
def test_root_who_may_do_nothing_is_told_what_to_set(launch: Launch, tmp_path: Path) -> None:
    errors = launch(tmp_path / "data", OWNER, prefix=POWERLESS).finish()
    assert "PostgreSQL refuses to run as root" in errors
    assert "TERRACE_DATABASE_URL" in errors.splitlines()[-1]


@pytest.mark.skipif(not works(AS_NOBODY), reason="needs root and setpriv to become another user")
def test_another_users_folder_is_refused(launch: Launch, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o755)
    tmp_path.chmod(0o755)
    errors = launch(folder, OWNER, prefix=AS_NOBODY).finish()
    assert "TERRACE_DATA_DIR" in errors.splitlines()[-1]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs a way around")
def test_without_any_tool_root_is_told_what_to_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(PrivilegeError, match="neither `unshare` nor `setpriv` is installed"):
        find_privileges(tmp_path / "postgres", tmp_path)

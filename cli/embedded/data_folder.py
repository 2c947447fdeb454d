"""The data folder: made private, written atomically, locked between processes."""

import errno
import fcntl
import os
import secrets
import tempfile
import time
from pathlib import Path

from cli.embedded.errors import EmbeddedError, FolderError


def prepare(folder: Path) -> Path:
    """Make the folder with mode 0700 and return its absolute path.

    The mode of a folder that exists and holds something is left alone, since it may be a mount or
    be used for more than Terrace: every secret in it has mode 0600 of its own.

    Raises:
        FolderError: it cannot be made or written.
    """
    try:
        folder = folder.expanduser().resolve()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.stat().st_uid == os.geteuid() and not any(folder.iterdir()):
            folder.chmod(0o700)
        with tempfile.TemporaryFile(dir=folder):
            pass  # os.access would ask for the real user, and leave out capabilities
    except (OSError, RuntimeError) as error:
        raise FolderError(
            f"The data folder {folder} cannot be used by user id {os.geteuid()} ({error}). "
            "Set TERRACE_DATA_DIR to a folder you may write, or run Terrace as its owner."
        ) from error
    return folder


def write_private(path: Path, text: str) -> None:
    """Write a file of mode 0600 so that a reader sees the old text or the new one, never a part."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        sync(path.parent)
    finally:
        draft.unlink(missing_ok=True)


def sync(folder: Path) -> None:
    """Make renames in the folder outlast a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class FileLock:
    """A lock between processes, shared or exclusive; the kernel frees it when its holder dies.

    The file is never removed: a lock on a removed file guards nothing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    @property
    def held(self) -> bool:
        """Whether this object holds the lock."""
        return self._descriptor is not None

    def take(self, *, shared: bool = False, seconds: float = 0.0) -> bool:
        """Take the lock, trying for so many seconds; False when another process keeps it."""
        deadline = time.monotonic() + seconds
        while not self._try(fcntl.LOCK_SH if shared else fcntl.LOCK_EX):
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.02)
        return True

    def release(self) -> None:
        """Let the lock go; nothing happens when it is not held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def is_taken(self) -> bool:
        """Whether some process holds the lock exclusively, this one included."""
        if self._descriptor is not None:
            return True
        if self._try(fcntl.LOCK_SH):
            self.release()
            return False
        return True

    def sign(self) -> None:
        """Write the holder's process id into the file, for the message others get."""
        if self._descriptor is None:
            raise EmbeddedError(f"{self.path} is not locked")
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)

    def holder(self) -> str:
        """The process id that the holder wrote, or `unknown`."""
        try:
            return self.path.read_text(encoding="utf-8").strip() or "unknown"
        except (OSError, UnicodeDecodeError):
            return "unknown"

    def _try(self, kind: int) -> bool:
        descriptor = -1
        try:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except OSError as error:
            if descriptor >= 0:
                os.close(descriptor)
            if error.errno in (errno.EWOULDBLOCK, errno.EINTR):
                return False
            raise FolderError(f"{self.path} cannot be locked: {error.strerror}") from error
        self._descriptor = descriptor
        return True

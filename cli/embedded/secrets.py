"""The key that signs tokens: configured, or made once and kept in the data folder."""

import secrets

from cli.embedded.data_folder import FileLock, prepare, write_private
from cli.embedded.errors import FolderError
from settings import Settings

SHORTEST = 32
"""Characters a key must have at least, as `TERRACE_SECRET_KEY` must."""


def signing_key(settings: Settings) -> str:
    """The signing key: `TERRACE_SECRET_KEY`, else the text of `<data_dir>/secret.key`.

    The file is made on first use, with mode 0600; processes that ask at once get the same key.

    Raises:
        FolderError: the data folder cannot be used, or the file holds no usable key.
    """
    if settings.secret_key is not None:
        return settings.secret_key.get_secret_value()
    folder = prepare(settings.data_dir)
    path = folder / "secret.key"
    lock = FileLock(folder / "secret.lock")
    if not lock.take(seconds=10.0):
        raise FolderError(f"{lock.path} stays locked; is another process stuck with it?")
    try:
        if not path.exists():
            write_private(path, secrets.token_urlsafe(48) + "\n")
        key = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise FolderError(f"The signing key {path} cannot be read or made: {error}") from error
    finally:
        lock.release()
    if len(key) < SHORTEST or not key.isprintable():
        raise FolderError(
            f"The signing key {path} is damaged: it must be {SHORTEST} printable characters at "
            "least. Restore it from a backup, or remove it to have a new one made (tokens in use "
            "then become invalid)."
        )
    return key

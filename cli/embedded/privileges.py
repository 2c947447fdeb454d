"""How to run PostgreSQL, which refuses to run as root and as a user id that has no name.

Three ways, the first that works here is taken:

1. as the caller, when that is an ordinary user with a name;
2. in a user namespace in which the caller is called `nobody`: the data stay the caller's own;
3. for root where namespaces are forbidden, as in many containers: as user `nobody`, who then owns
   the data, with the one right to pass through folders that only root may enter.
"""

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cli.embedded.errors import FolderError, PrivilegeError, ServerMissing


@dataclass(frozen=True)
class Privileges:
    """The command that must stand in front of PostgreSQL's, and who owns the data then."""

    prefix: tuple[str, ...]
    uid: int
    gid: int
    version: str
    """What `postgres --version` says, for instance `postgres (PostgreSQL) 18.6`."""

    def own(self, folder: Path) -> None:
        """Give the folder and all in it to the user who will run the server.

        The folder itself goes last: as long as it is another's, the work is to be done again.

        Raises:
            FolderError: it belongs to another user, and the caller is not root.
        """
        if folder.stat().st_uid == self.uid:
            return
        try:
            for path in (*folder.rglob("*"), folder):
                os.chown(path, self.uid, self.gid, follow_symlinks=False)
        except PermissionError as error:
            raise FolderError(
                f"{folder} belongs to another user. Run Terrace as that user, or set "
                "TERRACE_DATA_DIR to another folder."
            ) from error


def find_privileges(postgres: Path, folder: Path) -> Privileges:
    """The first way by which the program runs and can enter the folder.

    Raises:
        PrivilegeError: the user is root or has no name, and no way around is open here.
        ServerMissing: the program does not run on this machine at all.
    """
    reasons = []
    for prefix, uid, gid in _ways():
        probe = [
            "/bin/sh",
            "-c",
            'cd "$1" && exec "$2" --version',
            "probe",
            str(folder),
            str(postgres),
        ]
        try:
            tried = subprocess.run(
                [*prefix, *probe], capture_output=True, text=True, timeout=30, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            reasons.append(str(error))
            continue
        if tried.returncode == 0:
            return Privileges(prefix, uid, gid, tried.stdout.strip())
        reasons.append(tried.stderr.strip() or f"{prefix[0]} ended with {tried.returncode}")
    why = "; ".join(reasons) or "neither `unshare` nor `setpriv` is installed"
    if os.geteuid() != 0 and _has_name():
        raise ServerMissing(
            f"The embedded PostgreSQL does not run on this machine ({why}). "
            "Set TERRACE_DATABASE_URL to a server of your own."
        )
    who = "root" if os.geteuid() == 0 else f"user id {os.geteuid()}, which has no name"
    raise PrivilegeError(
        f"PostgreSQL refuses to run as {who}, and nothing else is allowed here ({why}). "
        "Run Terrace as an ordinary user, or set TERRACE_DATABASE_URL to a server of your own."
    )


def _ways() -> Iterator[tuple[tuple[str, ...], int, int]]:
    me, group = os.geteuid(), os.getegid()
    if me != 0 and _has_name():
        yield (), me, group
        return
    user = _ordinary_user()
    if unshare := shutil.which("unshare"):
        names = (f"--map-user={user.pw_uid}", f"--map-group={user.pw_gid}")
        yield (unshare, "--user", *names, "--"), me, group
    if me == 0 and (setpriv := shutil.which("setpriv")):
        become = (f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups")
        keep = ("--inh-caps=+dac_override", "--ambient-caps=+dac_override")
        yield (setpriv, *become, *keep, "--"), user.pw_uid, user.pw_gid


def _has_name() -> bool:
    try:
        pwd.getpwuid(os.geteuid())
    except KeyError:
        return False
    return True


def _ordinary_user() -> pwd.struct_passwd:
    """`nobody`, or else any user but root: inside, the id must have a name."""
    try:
        return pwd.getpwnam("nobody")
    except KeyError:
        for user in pwd.getpwall():
            if user.pw_uid != 0:
                return user
    raise PrivilegeError(
        "This system knows no user but root, as whom PostgreSQL refuses to run. "
        "Add a user, or set TERRACE_DATABASE_URL to a server of your own."
    )

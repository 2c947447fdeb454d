"""Where tests write: in memory, if there is enough of it.

A test's database is some 350 files. To make and remove them on a disk costs the kernel up to half a
second of the processor, most of what a whole test takes; in memory it costs nothing to speak of.
"""

import os
import tempfile
from pathlib import Path

from cli.embedded.cluster import memory_megabytes

MEMORY = Path("/dev/shm")
LEAST_MEMORY, LEAST_FREE = 12_000, 6_000
"""Megabytes that the machine, or its container, must have, and of them what is free for files."""


def write_in_memory() -> None:
    """Have all temporary files of this process and its children lie in memory.

    They stay on the disk where somebody has said where they shall lie (TMPDIR), and where memory is
    scarce or may hold no programs, as in many containers.
    """
    if "TMPDIR" in os.environ or not MEMORY.is_dir() or memory_megabytes() < LEAST_MEMORY:
        return
    space = os.statvfs(MEMORY)
    free = space.f_bavail * space.f_frsize // 2**20
    if free >= LEAST_FREE and not space.f_flag & os.ST_NOEXEC:
        os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)

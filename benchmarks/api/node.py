"""The Node that runs PostGraphile: the one installed with it, or one on the PATH."""

import json
import platform
import shutil
import subprocess
from pathlib import Path

from benchmarks.serving import POSTGRAPHILE

_OLDEST = 22
_MODULES = POSTGRAPHILE / "node_modules"


class NodeMissing(Exception):
    """PostGraphile, or a Node new enough for it, is not installed."""


def find() -> Path:
    """Where Node is; raises NodeMissing with what to do."""
    if not (_MODULES / "postgraphile").is_dir():
        raise NodeMissing("PostGraphile is not installed: `make bench-api` does that, by npm")
    machine = {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    own = _MODULES / f"node-{platform.system().lower()}-{machine}" / "bin" / "node"
    if own.is_file():
        return own
    found = shutil.which("node")
    if found is None or int(version(Path(found)).lstrip("v").partition(".")[0]) < _OLDEST:
        raise NodeMissing(f"PostGraphile needs Node {_OLDEST} or newer on the PATH")
    return Path(found)


def version(node: Path) -> str:
    """What `node --version` says."""
    return subprocess.run(
        [node, "--version"], capture_output=True, text=True, check=True
    ).stdout.strip()


def postgraphile_version() -> str:
    """The version that is installed."""
    manifest = (_MODULES / "postgraphile" / "package.json").read_text(encoding="utf-8")
    return str(json.loads(manifest)["version"])

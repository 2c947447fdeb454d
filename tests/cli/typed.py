"""`terrace import` as somebody types it in a folder."""

import gzip
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner, Result

from cli.main import cli
from tests.cli.imported import HEADERS
from tests.house import KEY

ROOT = Path(__file__).parents[2]


def environment(url: str) -> dict[str, str]:
    return {"TERRACE_DATABASE_URL": url, "TERRACE_SECRET_KEY": KEY, "PYTHONPATH": str(ROOT)}


@dataclass
class Shell:
    """A folder and a database, and the command given in it."""

    url: str
    folder: Path

    def file(self, name: str, *rows: str) -> str:
        """A file with the header of its kind."""
        text = "\n".join([HEADERS[name.partition(".")[0]], *rows]) + "\n"
        data = text.encode()
        (self.folder / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        return name

    def gives(self, *arguments: str, given: bytes | None = None) -> Result:
        """Run `terrace import` here."""
        back = Path.cwd()
        os.chdir(self.folder)
        try:
            return CliRunner().invoke(
                cli, ["import", *arguments], input=given, env=environment(self.url)
            )
        finally:
            os.chdir(back)

    def process(self, *arguments: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "cli.main", "import", *arguments],
            cwd=self.folder,
            env={**os.environ, **environment(self.url)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

"""Take safeguards out of a copy of the tree, one at a time, and see their proofs go red.

python -m tests.faults.without [--all] [NAME ...]
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.faults.safeguard import Safeguard
from tests.faults.safeguards import SAFEGUARDS

ROOT = Path(__file__).parents[2]
SECONDS = 300


def goes_red(safeguard: Safeguard) -> tuple[bool, str]:
    """Whether the proof fails without the safeguard, and the end of what it said."""
    with tempfile.TemporaryDirectory(prefix="terrace-without-") as folder:
        copy = Path(folder) / "tree"
        left_out = shutil.ignore_patterns(".venv", ".git", "node_modules", "*_cache", "__pycache__")
        shutil.copytree(ROOT, copy, ignore=left_out)
        file = copy / safeguard.file
        text = file.read_text()
        if safeguard.text not in text:
            return False, f"{safeguard.file} has it no more"
        file.write_text(text.replace(safeguard.text, safeguard.without))
        if safeguard.proof.startswith("tests/"):
            proof = ["pytest", "-q", "-x", "-p", "no:cacheprovider", safeguard.proof]
        else:
            name, dose = safeguard.proof.split()
            proof = ["tests.faults", "--dose", dose, name]
        environment = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
        try:
            done = subprocess.run(
                [sys.executable, "-m", *proof],
                cwd=copy,
                env=environment,
                capture_output=True,
                text=True,
                timeout=SECONDS,
            )
        except subprocess.TimeoutExpired:
            return True, "it does not end"
        lines = (done.stdout + done.stderr).strip().splitlines()
        return done.returncode == 1, next(
            (line for line in reversed(lines) if "Error" in line or "FAILED" in line), lines[-1]
        )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.without")
    parser.add_argument("names", nargs="*", choices=[*SAFEGUARDS, []], metavar="NAME")
    parser.add_argument("--all", action="store_true", help="the whole list")
    given = parser.parse_args()
    kept = []
    for name in SAFEGUARDS if given.all else given.names:
        red, said = goes_red(SAFEGUARDS[name])
        print(f"{name:18} {'red' if red else 'NOT RED'}  {SAFEGUARDS[name].proof}: {said[:160]}")
        sys.stdout.flush()
        if not red:
            kept.append(name)
    return 1 if kept else 0


if __name__ == "__main__":
    sys.exit(main())

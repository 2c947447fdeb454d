"""Installations that are started, killed and cleaned up."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.installation import Installation, installed


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    with installed(tmp_path) as built:
        yield built

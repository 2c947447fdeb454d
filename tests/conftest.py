"""What every test may use: one embedded PostgreSQL and Valkey, and fresh databases on them."""

import asyncio
import gc
import os
import shutil
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from cli.embedded import Addresses, servers
from cli.serving import _COLLECT_AFTER
from settings import Settings
from tests.databases import drop_templates, wait_for_disk
from tests.house import House, new_house
from tests.in_memory import write_in_memory

write_in_memory()
BROUGHT = {
    "database_url": os.environ.get("TERRACE_TEST_DATABASE_URL"),
    "redis_url": os.environ.get("TERRACE_TEST_REDIS_URL"),
}
RANDOM = ("TERRACE_SEED", "TERRACE_OPERATIONS", "TERRACE_FAULTY")
"""What the environment may say of random operations; no setting of the product is kept."""
for name in [name for name in os.environ if name.startswith("TERRACE_") and name not in RANDOM]:
    del os.environ[name]

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # started in the background by a shell:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # programs under test must hear it

gc.set_threshold(*_COLLECT_AFTER)  # as when serving: what was imported is looked through too often


def pytest_collection_finish() -> None:
    """The garbage collector leaves alone what was imported and collected, as the API's does."""
    gc.collect()
    gc.freeze()


LONGEST = (
    "sweep/test_sweep.py",
    "flows/test_operator.py",
    "flows/test_whole_installation.py",
    "test_benchmarks_run.py",
    "guides/test_add_a_type.py",
    "cli/test_group.py",
    "schema/test_fuzz.py",
    "flows/test_subscriber_restarts.py",
    "cli/test_garbage.py",
    "enemies/test_injection.py",
    "telemetry/test_traces.py",
    "schema/test_walls_at_once.py",
)
"""The files that take longest, which come first: no process is left with one at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first, and leave all else in its order."""
    places = {f"tests/{name}": place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.nodeid.partition("::")[0], len(LONGEST)))


SHARED = Path(__file__).resolve().parent.parent.parent / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """Golden cases and real data beside the repository; tests on them are skipped without."""
    if not SHARED.is_dir():
        pytest.skip("the folder ../shared with golden cases and real data is not here")
    return SHARED


@pytest.fixture(scope="session")
def brought() -> dict[str, str]:
    """The servers that the environment brings to be tried, by setting."""
    return {name: url for name, url in BROUGHT.items() if url}


@pytest.fixture(scope="session")
def addresses(
    brought: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Addresses]:
    """The servers of the whole run: embedded, or those the environment brings."""
    folder = tmp_path_factory.mktemp("servers")
    with servers(Settings(data_dir=folder, **brought)) as running:
        if "database_url" not in brought:
            asyncio.run(wait_for_disk(running, "off"))
        yield running
        asyncio.run(drop_templates(running))
    shutil.rmtree(folder)


@pytest.fixture
async def house(addresses: Addresses) -> AsyncIterator[House]:
    """An installation of its own, without any data."""
    async with new_house(addresses) as built:
        yield built

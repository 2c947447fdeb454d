from collections.abc import AsyncIterator

import httpx
import pytest_asyncio

from api.sockets import SocketLimits
from tests.api.serving import Served, bearer_of, serve


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def served() -> AsyncIterator[Served]:
    """One server for all tests that do not need one of their own."""
    async with serve(limits=SocketLimits(operations=4)) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def http(served: Served) -> AsyncIterator[httpx.AsyncClient]:
    """A client with a customer's token."""
    # It speaks no TLS: reading the certificates of all authorities would take 40 ms of each test.
    async with httpx.AsyncClient(base_url=served.url, headers=bearer_of(), verify=False) as client:
        yield client

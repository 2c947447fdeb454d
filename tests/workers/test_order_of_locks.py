"""Who writes waits for the locks of docs/adr/0011, in their order."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from domain.approvals import Payload
from repository.acts.act import Act
from repository.acts.correction import CORRECTION
from repository.acts.handover import HANDOVER
from repository.held import post_held
from repository.special import start_due_grants
from repository.statements import sql
from schema import identifiers
from tests.flows.test_special_vip import granted_on_the_20th
from tests.house import House
from tests.interleaving import waiting
from workers.recompute import recompute

ACCOUNT = "select from terrace.account where number = 'A1' for no key update"
CUSTOMER = "select from terrace.customer where number = 'C1' for no key update"
ASSIGN = "mutation ($c: ID!) { assignManager(input: {customer: $c}) { errors { code } } }"


@asynccontextmanager
async def held(house: House, lock: str) -> AsyncIterator[Any]:
    """Another transaction has taken a lock."""
    async with house.database.unit() as connection:
        await connection.execute(lock)
        yield connection


async def test_a_mutation_locks_accounts_before_their_customer(house: House) -> None:
    await house.people(2)
    async with held(house, ACCOUNT) as other:
        asking = asyncio.create_task(house.data(ASSIGN, {"c": identifiers.encode("Customer", 1)}))
        await waiting(house)
        await other.execute(f"{CUSTOMER} nowait")
    assert (await asking)["assignManager"]["errors"] == []


@pytest.mark.parametrize(
    ("act", "payload"),
    [
        (CORRECTION, {"customer": "C1"}),
        (HANDOVER, {"from": "M1", "to": "M3", "customers": None}),
    ],
    ids=lambda given: getattr(given, "kind", ""),
)
async def test_a_decision_locks_accounts_before_their_customer(
    house: House, act: Act, payload: Payload
) -> None:
    await house.people(2)

    async def locked() -> None:
        async with house.database.unit() as connection:
            await act.lock(connection, payload)

    async with held(house, ACCOUNT) as other:
        deciding = asyncio.create_task(locked())
        await waiting(house)
        await other.execute(f"{CUSTOMER} nowait")
    await deciding


async def test_a_recompute_leaves_a_locked_customer_for_the_next_one(house: House) -> None:
    await house.people(2)
    await house.record(("A1", "2025-01-01", "1.00"))
    async with held(house, CUSTOMER):
        assert await recompute(house.database, 100) == 0
        assert await house.value("select count(*) from terrace.aum") == 0
    assert await recompute(house.database, 100) == 1


async def test_a_grant_that_is_due_locks_its_customer(house: House) -> None:
    await granted_on_the_20th(house)
    async with held(house, CUSTOMER):
        starting = asyncio.create_task(start_due_grants(house.database))
        await waiting(house)
        assert not starting.done()
    assert await starting == 1


async def test_held_updates_are_not_posted_while_a_close_moves_the_calendar(house: House) -> None:
    await house.people(2)
    async with held(house, sql("own_ledger")):
        posting = asyncio.create_task(post_held(house.database))
        await waiting(house)
        assert not posting.done()
    assert await posting == 0

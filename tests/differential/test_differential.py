"""Random operations through the engine and through plain execution give the same answer."""

import asyncio
import json
import os
import random
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from cli.embedded import Addresses
from domain.actors import Actor
from tests.differential.both import Both, asked_both_ways
from tests.differential.comparing import difference, smallest
from tests.differential.lives import lived_in
from tests.differential.operations import random_operation, readable_fields
from tests.differential.plain import plain_schema
from tests.differential.values import Values
from tests.house import House

SEED = int(os.environ.get("TERRACE_SEED", "20251014"))
OPERATIONS = int(os.environ.get("TERRACE_OPERATIONS", "1500"))
RUNS = 3
FAULTY = float(os.environ.get("TERRACE_FAULTY", "0.02"))
"""The share of values that a field refuses."""
CASES = sorted((Path(__file__).parent / "cases").glob("*.json"))
ACTORS = [
    *[("hq", "x")] * 8, *[("auditor", "a")] * 8, ("risk", "r"),
    ("integrator", "i"), ("administrator", "a"),
    ("branch", "B1"), ("branch", "B2"), ("branch", "U"), ("branch", "B10"),
    ("manager", "M1"), ("manager", "M2"), ("manager", "M3"), ("manager", "m1"),
    ("customer", "C1"), ("customer", "C2"), ("customer", "C6"), ("customer", "C9"),
    ("customer", "C10"), ("customer", "C12"), ("customer", "c17"), ("customer", "N1"),
]  # fmt: skip


EVERY_PREVIEW = """{ tierPolicyPreviews(first: 9) { nodes { id state stale
    policy { watchMonths demoteTo floor divisor countedClasses tiers { code name threshold } }
    matrix { fromStatus fromTier toStatus toTier customers aumBefore aumAfter }
    byTier { status tier name customersBefore customersAfter aumBefore aumAfter }
    movements { movement customers }
    managers { manager { number } customers entering rising falling leaving }
    touchedCustomers(first: 50) { totalCount edges { cursor node { customer { number }
        manager { number } movement fromStatus fromTier fromSince fromShortfallMonths
        fromBelowEntryMonths fromRetentionCloses toStatus toTier toSince toShortfallMonths
        toBelowEntryMonths toRetentionCloses aumBefore aumAfter } } } } } }"""
EVERY_CORRECTION = """{ corrections(first: 9) { totalCount edges { cursor node { id month postedIn
    customer { number } state figures { month old new complete } approvedBy recordedAt
    fromStatus fromTier { code name } fromSince fromShortfallMonths fromBelowEntryMonths
    fromRetentionCloses toStatus toTier { code rank } toSince toShortfallMonths toBelowEntryMonths
    toRetentionCloses } } } }"""
EVERY_APPROVAL = """{ approvals(first: 9) { totalCount edges { cursor node { id kind state subject
    payload payloadHash reason customer { number } branch { code } requestedBy requestedAt
    expiresAt effect { hash computedAt customers entering rising falling leaving otherwise aum
        managers { number customers } detail }
    problem decidedBy decidedAt decisionReason result } } } }"""
"""Few rows of many fields, so deep that chance seldom leads to each of them."""


@pytest.fixture(scope="module")
async def lived(addresses: Addresses) -> AsyncIterator[Both]:
    async with asked_both_ways(addresses, lived_in) as both:
        yield both


@pytest.fixture(scope="module")
async def new(addresses: Addresses) -> AsyncIterator[Both]:
    async with asked_both_ways(addresses, nothing) as both:
        yield both


async def nothing(house: House) -> None:
    """A house in which nothing happened: no rows, no business date."""


async def told(
    both: Both, actor: Actor, document: str, variables: dict[str, Any], found: str, where: str
) -> str:
    """All that is needed to see a difference again."""

    async def differs(smaller: str, given: dict[str, Any]) -> str | None:
        return await both.difference(actor, smaller, given)

    small = await smallest(plain_schema(), document, variables, differs)
    return (
        f"\n{where}, {actor.role} {actor.subject}\n{found}\n\n{document}\n"
        f"variables: {json.dumps(variables, ensure_ascii=False)}\n\nsmaller:\n{small}"
    )


async def compare(both: Both, actors: list[tuple[str, str]], count: int, runs: int = RUNS) -> None:
    dice = random.Random(SEED)
    values = Values(dice, both.rows, both.cursors, FAULTY)
    asked: Counter[str] = Counter()
    print(f"seed {SEED}, {count} operations")
    number = 0
    while number < count:
        operation = random_operation(dice, plain_schema(), values, asked, both.valid, runs)
        who = [await both.house.actor(*dice.choice(actors)) for _ in operation.runs]
        asking = zip(who, operation.runs, strict=True)
        # All runs at once: requests that wait together may share a round trip, but no answer.
        answers = await asyncio.gather(
            *(both.engine_answer(actor, operation.document, given) for actor, given in asking)
        )
        for actor, variables, answer in zip(who, operation.runs, answers, strict=True):
            number += 1
            plain = both.plain_answer(actor, operation.document, variables)
            found = difference(answer, plain)
            if found:
                where = f"seed {SEED}, operation {number}"
                pytest.fail(
                    await told(both, actor, operation.document, variables, found, where),
                    pytrace=False,
                )


async def test_random_operations_are_answered_as_plain_execution_answers_them(lived: Both) -> None:
    for role, subject in ACTORS:
        actor = await lived.house.actor(role, subject)
        for document in (EVERY_PREVIEW, EVERY_CORRECTION, EVERY_APPROVAL):
            assert await lived.difference(actor, document, {}) is None, (role, subject)
    await compare(lived, ACTORS, OPERATIONS)
    seen = set[str]().union(*(resolvers.seen for resolvers in lived.plain.values()))
    fields = readable_fields(plain_schema())
    unseen = fields - seen
    # Nearly all of the schema was answered with a value, or the comparison would say little.
    assert len(unseen) * 20 < len(fields) or OPERATIONS < 1000, sorted(unseen)


async def test_many_at_once_are_each_given_their_own_answer(lived: Both) -> None:
    await compare(lived, [("manager", "M1"), ("manager", "M3"), ("hq", "x")], OPERATIONS // 3, 40)


async def test_so_are_those_of_a_house_in_which_nothing_happened(new: Both) -> None:
    await compare(new, [("hq", "x"), ("risk", "r"), ("integrator", "i")], OPERATIONS // 10)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
async def test_what_was_once_different_is_the_same(path: Path, lived: Both, new: Both) -> None:
    case = json.loads(path.read_text(encoding="utf-8"))
    both = {"lived": lived, "new": new}[case["house"]]
    actor = await both.house.actor(*case["actor"])
    assert await both.difference(actor, case["document"], case["variables"]) is None

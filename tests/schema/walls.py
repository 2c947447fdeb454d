"""A house with everything a customer can have, its callers, and engines with a wall taken down."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import orjson

from cli.session import OPERATOR
from domain.actors import Actor, Scope
from domain.months import Month
from domain.policy import DEFAULT_POLICY
from repository.database import Database
from repository.previews import request_preview
from repository.reading.statement import Walls
from schema.engine import Engine
from schema.limits import Limits
from tests.house import House
from tests.schema.documents import GOLDEN, variables_of
from workers.preview import carry_out_previews

ACTORS = [
    ("hq", "x"),
    ("risk", "x"),
    ("auditor", "x"),
    ("administrator", "x"),
    ("branch", "B1"),
    ("branch", "B2"),
    ("branch", "U"),
    ("manager", "M1"),
    ("manager", "M2"),
    ("manager", "M3"),
    ("customer", "C1"),
    ("customer", "C2"),
    ("integrator", "x"),
]


class WithoutSecondWall(Database):
    """Reads as a role that row-level security lets see everything: as an auditor."""

    def _login(self, kind: str) -> dict[str, Any]:
        return super()._login(Scope.AUDIT.value)


async def lived_in(house: House) -> None:
    """Two branches with customers who have everything a customer can have."""
    await house.people(8)
    await house.record(*[(f"A{n}", "2025-01-01", f"{n}50000.00") for n in range(1, 9)])
    await house.close("2025-01")
    await house.record(*[(f"A{n}", "2025-01-01", f"{n}0000.00") for n in range(1, 9)])
    for number, (role, subject) in {
        "C1": ("manager", "M1"),
        "C2": ("manager", "M2"),
        "C3": ("risk", "r"),
    }.items():
        found = await house.data(
            "query ($n: String!) { customer(by: {number: $n}) { id } }", {"n": number}
        )
        raised = await house.data(
            """mutation ($c: ID!) { raiseRiskSignal(input: {customer: $c, code: "OUTFLOW",
            severity: RED, facts: "gone"}) { signal { id } errors { code } } }""",
            {"c": found["customer"]["id"]},
            role=role,
            subject=subject,
        )
        assert raised["raiseRiskSignal"]["errors"] == []
    await house.work()
    await _asked_about_a_correction(house)
    await house.work()
    lower = replace(DEFAULT_POLICY.lowest, threshold=Decimal("100000.00"))
    policy = replace(DEFAULT_POLICY, tiers=(lower, *DEFAULT_POLICY.tiers[1:]))
    month = Month(2025, 1)
    await request_preview(house.database, policy, month, month, OPERATOR)
    await carry_out_previews(house.database, days=30)


async def _asked_about_a_correction(house: House) -> None:
    """Somebody waits for somebody else to allow a correction."""
    found = await house.data(
        "{ corrections(first: 1, where: {state: {eq: PENDING_REVIEW}}) { nodes { id } } }"
    )
    asked = await house.data(
        """mutation ($c: ID!) { applyCorrection(input: {correction: $c, reason: "came late"}) {
        errors { code } } }""",
        {"c": found["corrections"]["nodes"][0]["id"]},
    )
    assert asked["applyCorrection"]["errors"] == []


async def every_id(house: House) -> list[str]:
    """The identifiers of all rows there are."""
    found = await house.data("""{ customers(first: 100) { nodes { id accounts { id } } }
        managers(first: 100) { nodes { id } } branches { id }
        tierChanges(first: 100) { nodes { id } } riskSignals(first: 100) { nodes { id } }
        corrections(first: 100) { nodes { id } } approvals(first: 100) { nodes { id } }
        tierPolicyPreviews(first: 100) { nodes { id } } }""")
    ids = [node["id"] for c in found["customers"]["nodes"] for node in (c, *c["accounts"])]
    ids += [branch["id"] for branch in found["branches"]]
    for name in (
        "managers",
        "tierChanges",
        "riskSignals",
        "corrections",
        "approvals",
        "tierPolicyPreviews",
    ):
        ids += [node["id"] for node in found[name]["nodes"]]
    return ids


def engine_with(house: House, database: Database, walls: Walls) -> Engine:
    """An engine on other pools or with other walls than the house's own."""

    async def wake(topic: str) -> None:
        pass

    return Engine(
        database, house.feeds, Limits(15, 1000, 5000), wake=wake, future_days=1, walls=walls
    )


async def answer_to(engine: Engine, actor: Actor, document: str, ids: list[str]) -> bytes:
    """The bytes of an answer."""
    prepared = engine.prepare(document, None)
    return await engine.execute(prepared, variables_of(document, ids), actor)


async def answers(engine: Engine, actor: Actor, ids: list[str]) -> dict[str, Any]:
    """What an actor gets for every golden document."""
    return {
        name: orjson.loads(await answer_to(engine, actor, document, ids))
        for name, document in GOLDEN.items()
    }

"""Previews of a tier policy: asked for, carried out by workers, seen by the union, cancelled."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from cli.embedded import Addresses
from repository import previews
from repository.previews import finish_preview, forget_previews, judge_chunk, next_preview
from schema import identifiers
from tests.flows.test_special_vip import identifier
from tests.house import House, new_house
from workers.preview import carry_out_previews

LOWER = {
    "tiers": [
        {"code": "T1", "name": "Gold", "threshold": "100000.00"},
        {"code": "T2", "name": "Platinum", "threshold": "500000.00"},
    ],
    "watchMonths": 1,
}
SHOWN = """id state customers judged differing moved stale fromLedger problem askedBy firstMonth
    lastMonth lastClosed cancelledBy cancelReason
    policy { watchMonths demoteTo countedClasses tiers { code threshold } }
    movements { movement customers }
    matrix { fromStatus fromTier toStatus toTier customers aumBefore aumAfter }
    byTier { status tier name customersBefore customersAfter aumBefore aumAfter }
    managers { manager { number } customers entering rising falling leaving }"""
ASK = f"""mutation ($p: TierPolicyInput!, $f: Month!, $t: Month!) {{
    previewTierPolicy(input: {{policy: $p, from: $f, to: $t}}) {{
    preview {{ {SHOWN} }} errors {{ code field message }} }} }}"""
CANCEL = """mutation ($id: ID!, $r: String) {
    cancelTierPolicyPreview(input: {id: $id, reason: $r}) {
    preview { state cancelledBy cancelReason } errors { code field } } }"""
READ = f"query ($id: ID!) {{ tierPolicyPreview(id: $id) {{ {SHOWN} }} }}"
TOUCHED = """query ($id: ID!, $w: PolicyPreviewCustomerFilter) { tierPolicyPreview(id: $id) {
    touchedCustomers(first: 50, where: $w) { totalCount nodes { customer { number }
    manager { number } movement fromStatus fromTier toStatus toTier toSince aumBefore aumAfter
    } } } }"""


async def lived(house: House, customers: int = 8) -> None:
    """Two closed months: odd customers with 150,000, even ones with 600,000 and then 300,000."""
    await house.people(customers)
    numbers = range(1, customers + 1)
    await house.record(
        *((f"A{n}", "2025-01-01", "600000.00" if n % 2 == 0 else "150000.00") for n in numbers)
    )
    await house.close("2025-01")
    await house.record(*((f"A{n}", "2025-02-01", "300000.00") for n in numbers if n % 2 == 0))
    await house.close("2025-02")


@pytest.fixture(scope="module")
async def settled(addresses: Addresses) -> AsyncIterator[House]:
    """A house with one preview, which is done; nothing is changed in it."""
    async with new_house(addresses) as house:
        await lived(house)
        await done(house)
        yield house


PREVIEW = identifiers.encode("TierPolicyPreview", 1)


async def ask(
    house: House, policy: Any = LOWER, first: str = "2025-01", last: str = "2025-02"
) -> dict[str, Any]:
    answer = await house.data(ASK, {"p": policy, "f": first, "t": last})
    return answer["previewTierPolicy"]


async def done(house: House, **given: Any) -> dict[str, Any]:
    asked = (await ask(house, **given))["preview"]
    await carry_out_previews(house.database, days=30, chunk=3)
    return await read(house, asked["id"])


async def read(house: House, preview: str) -> dict[str, Any]:
    return (await house.data(READ, {"id": preview}))["tierPolicyPreview"]


async def touched(house: House, preview: str, **where: Any) -> list[dict[str, Any]]:
    found = await house.data(TOUCHED, {"id": preview, "w": where or None})
    connection = found["tierPolicyPreview"]["touchedCustomers"]
    assert connection["totalCount"] == len(connection["nodes"])
    return connection["nodes"]


async def test_a_preview_tells_what_a_policy_would_have_done(settled: House) -> None:
    found = await read(settled, PREVIEW)
    assert found["state"] == "DONE"
    assert (found["customers"], found["judged"]) == (8, 8)
    assert (found["differing"], found["moved"], found["stale"]) == (8, 8, False)
    assert (found["askedBy"], found["lastClosed"]) == ("hq:test", "2025-02")
    assert (found["fromLedger"], found["problem"]) == (False, None)
    assert found["policy"]["watchMonths"] == 1
    assert found["policy"]["demoteTo"] == "MAX_IN_WINDOW"
    assert found["policy"]["tiers"][0] == {"code": "T1", "threshold": "100000.00"}
    assert found["movements"] == [
        {"movement": "ENTERS", "customers": 4},
        {"movement": "FALLS", "customers": 4},
    ]
    assert found["matrix"] == [
        cell("NON_MEMBER", None, "ACTIVE", "T1", 4, "600000.00"),
        cell("WATCH", "T2", "ACTIVE", "T1", 4, "1200000.00"),
    ]
    assert {
        p["tier"]: (p["name"], p["customersAfter"], p["aumAfter"]) for p in found["byTier"]
    } == {
        None: (None, 0, "0.00"),
        "T1": ("Gold", 8, "1800000.00"),
        "T2": ("Platinum", 0, "0.00"),
    }
    assert [(m["manager"]["number"], m["entering"], m["falling"]) for m in found["managers"]] == [
        ("M1", 4, 0),
        ("M2", 0, 4),
    ]


def cell(
    was: str, from_tier: str | None, would: str, to_tier: str, customers: int, aum: str
) -> dict[str, Any]:
    return {
        "fromStatus": was,
        "fromTier": from_tier,
        "toStatus": would,
        "toTier": to_tier,
        "customers": customers,
        "aumBefore": aum,
        "aumAfter": aum,
    }


async def test_the_customers_are_listed_with_both_standings(settled: House) -> None:
    first, second, *others = await touched(settled, PREVIEW)
    assert first == {
        "customer": {"number": "C1"},
        "manager": {"number": "M1"},
        "movement": "ENTERS",
        "fromStatus": "NON_MEMBER",
        "fromTier": None,
        "toStatus": "ACTIVE",
        "toTier": "T1",
        "toSince": "2025-02",
        "aumBefore": "150000.00",
        "aumAfter": "150000.00",
    }
    assert (second["fromTier"], second["toTier"], second["toSince"]) == ("T2", "T1", "2025-03")
    assert len(others) == 6
    falling = await touched(settled, PREVIEW, movement={"eq": "FALLS"}, fromTier={"eq": "T2"})
    assert [row["customer"]["number"] for row in falling] == ["C2", "C4", "C6", "C8"]
    manager = identifiers.encode("Manager", 1)
    assert len(await touched(settled, PREVIEW, manager={"eq": manager}, toTier={"eq": "T1"})) == 4
    assert await touched(settled, PREVIEW, fromTier={"eq": "T9"}) == []


async def test_the_same_preview_is_found_while_it_is_under_way(house: House) -> None:
    await lived(house, 2)
    first, second = await asyncio.gather(ask(house), ask(house))
    assert first["preview"]["id"] == second["preview"]["id"]
    assert (first["preview"]["state"], first["preview"]["matrix"]) == ("WAITING", [])
    assert house.woken[-2:] == ["preview", "preview"]
    assert await touched(house, first["preview"]["id"]) == []
    other = await ask(house, first="2025-02")
    assert other["preview"]["id"] != first["preview"]["id"]
    for months in range(2, previews.MOST_UNDER_WAY):
        assert (await ask(house, {**LOWER, "watchMonths": months}))["errors"] == []
    refused = await ask(house, {**LOWER, "watchMonths": 100})
    assert [error["code"] for error in refused["errors"]] == ["TOO_MANY_PREVIEWS"]
    await carry_out_previews(house.database, days=30)
    assert (await ask(house))["preview"]["id"] != first["preview"]["id"]
    audit = await house.trail("select subject from terrace.audit where action = 'policy.preview'")
    numbers = range(1, previews.MOST_UNDER_WAY + 2)
    assert [row["subject"] for row in audit] == [f"preview {number}" for number in numbers]


@pytest.mark.parametrize(
    ("policy", "months", "code", "field"),
    [
        ({}, ("2025-01", "2025-03"), "NOT_CLOSED", ["input", "to"]),
        ({}, ("2024-12", "2025-02"), "BEFORE_FIRST_MONTH", ["input", "from"]),
        ({}, ("2025-02", "2025-01"), "INVALID_MONTHS", ["input", "to"]),
        ({"tiers": []}, (), "INVALID_POLICY", ["input", "policy", "tiers"]),
        ({"watchMonths": 0}, (), "INVALID_POLICY", ["input", "policy", "watchMonths"]),
        ({"countedClasses": []}, (), "INVALID_POLICY", ["input", "policy", "countedClasses"]),
        (
            {"tiers": [*LOWER["tiers"], LOWER["tiers"][0]]},  # type: ignore[misc, index]
            (),
            "INVALID_POLICY",
            ["input", "policy", "tiers", "2", "code"],
        ),
    ],
)
async def test_what_cannot_be_previewed_is_refused_by_its_field(
    settled: House, policy: Any, months: tuple[str, ...], code: str, field: list[str]
) -> None:
    first, last = months or ("2025-01", "2025-02")
    refused = await ask(settled, {**LOWER, **policy}, first, last)
    assert refused["preview"] is None
    assert [(error["code"], error["field"]) for error in refused["errors"]] == [(code, field)]
    assert await settled.value("select count(*) from terrace.policy_preview") == 1


async def test_a_preview_is_seen_by_the_union_alone(settled: House) -> None:
    everything = f"query ($id: ID!) {{ node(id: $id) {{ ... on TierPolicyPreview {{ {SHOWN} }} }} "
    everything += "tierPolicyPreview(id: $id) { id } "
    everything += "tierPolicyPreviews(first: 5) { totalCount nodes { id } } }"
    for role in ("hq", "risk", "auditor"):
        seen = await settled.data(everything, {"id": PREVIEW}, role=role)
        assert seen["node"]["differing"] == 8
        assert seen["tierPolicyPreviews"] == {"totalCount": 1, "nodes": [{"id": PREVIEW}]}
    missing = identifiers.encode("TierPolicyPreview", 999)
    for role, subject in [("customer", "C1"), ("manager", "M1"), ("branch", "B1")]:
        seen = await settled.data(everything, {"id": PREVIEW}, role=role, subject=subject)
        assert seen == await settled.data(everything, {"id": missing}, role=role, subject=subject)
        assert seen["node"] is seen["tierPolicyPreview"] is None
        assert seen["tierPolicyPreviews"] == {"totalCount": 0, "nodes": []}
    for role, subject in [("risk", "x"), ("auditor", "x"), ("branch", "B1"), ("manager", "M1")]:
        answer = await settled.ask(
            ASK, {"p": LOWER, "f": "2025-01", "t": "2025-02"}, role=role, subject=subject
        )
        assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_its_rows_follow_a_customer_who_is_handed_over(house: House) -> None:
    await lived(house, 2)
    preview = (await done(house))["id"]
    await house.data(
        """mutation ($c: ID!, $m: ID) { assignManager(input: {customer: $c, manager: $m}) {
        errors { code } } }""",
        {"c": await identifier(house, "C1"), "m": identifiers.encode("Manager", 3)},
    )
    assert [row["manager"]["number"] for row in await touched(house, preview)] == ["M3", "M2"]


async def test_what_is_cancelled_ends_and_leaves_nothing(house: House) -> None:
    await lived(house)
    preview = (await ask(house))["preview"]["id"]
    async with house.database.unit() as connection:
        under_way = await next_preview(connection)
        assert under_way is not None
        await previews.plan_preview(connection, under_way.id, 3)
    assert await judge_chunk(house.database, under_way)
    assert (await read(house, preview))["judged"] == 3
    assert await house.value("select count(*) from terrace.policy_preview_customer") == 3
    assert await touched(house, preview) == []
    answer = await house.data(CANCEL, {"id": preview, "r": "a slip"})
    assert answer["cancelTierPolicyPreview"] == {
        "preview": {"state": "CANCELLED", "cancelledBy": "hq:test", "cancelReason": "a slip"},
        "errors": [],
    }
    assert not await judge_chunk(house.database, under_way)
    assert not await finish_preview(house.database, under_way.id)
    assert await carry_out_previews(house.database, days=30) == 0
    for table in ("policy_preview_customer", "policy_preview_chunk"):
        assert await house.value(f"select count(*) from terrace.{table}") == 0
    assert (await read(house, preview))["matrix"] == []
    again = await house.data(CANCEL, {"id": preview})
    assert again["cancelTierPolicyPreview"]["errors"] == [
        {"code": "PREVIEW_OVER", "field": ["input", "id"]}
    ]
    nobody = await house.data(CANCEL, {"id": identifiers.encode("TierPolicyPreview", 77)})
    assert nobody["cancelTierPolicyPreview"]["errors"][0]["code"] == "NOT_FOUND"


async def test_a_part_that_was_killed_is_taken_up_again(house: House) -> None:
    """Cut off after its customers are written: nothing of it is there, and another one does it."""
    await lived(house)
    expected = await done(house)
    preview = (await ask(house))["preview"]["id"]
    async with house.database.unit() as connection:
        under_way = await next_preview(connection)
        assert under_way is not None
        await previews.plan_preview(connection, under_way.id, 3)
    blocker = await asyncpg.connect(house.url)
    await blocker.execute("begin; lock table terrace.policy_preview_customer in share mode")
    killed = asyncio.create_task(judge_chunk(house.database, under_way))
    while not await blocker.fetchval("select count(*) from pg_locks where not granted"):
        await asyncio.sleep(0.01)
    await house.fetch("""select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database()
            and pid in (select pid from pg_locks where not granted)""")
    await blocker.close()
    assert isinstance((await asyncio.gather(killed, return_exceptions=True))[0], Exception)
    judged = await asyncio.gather(
        *(carry_out_previews(house.database, days=30, chunk=3) for _ in range(2))
    )
    assert sum(judged) == 3
    found = await read(house, preview)
    assert found["state"] == "DONE"
    for told in ("matrix", "byTier", "managers", "movements", "judged", "differing"):
        assert found[told] == expected[told]
    assert len(await touched(house, preview)) == 8


async def test_a_preview_whose_ground_has_moved_says_so(house: House) -> None:
    await lived(house)
    by_close = (await done(house))["id"]
    await house.close("2025-03")
    assert (await read(house, by_close))["stale"]
    fresh = (await done(house))["id"]
    assert not (await read(house, fresh))["stale"]
    await house.record(("A1", "2025-02-02", "900000.00"))
    await house.work()
    assert (await read(house, fresh))["stale"]
    corrected = (await done(house))["id"]
    await house.record(("A1", "2025-02-02", "150000.00"))  # nothing is left to correct
    await house.work()
    assert (await read(house, corrected))["stale"]


async def test_other_classes_are_counted_from_the_ledger(house: House) -> None:
    await lived(house, 2)
    await house.fetch("""insert into terrace.account
        (customer_id, manager_id, branch_id, number, product_class, currency, opened_on)
        select id, manager_id, branch_id, 'I' || id, 'INSURANCE', 'CNY', '2024-01-01'
        from terrace.customer""")
    await house.record(("I1", "2025-01-01", "400000.00"))
    await house.work()
    counted = ["DEMAND_DEPOSIT", "INSURANCE"]
    found = await done(house, policy={**LOWER, "countedClasses": counted, "divisor": "FIXED_30"})
    assert found["fromLedger"]
    assert found["policy"]["countedClasses"] == counted
    [first, second] = await touched(house, found["id"])
    assert (first["toTier"], first["aumBefore"]) == ("T2", "150000.00")
    assert first["aumAfter"] == "513333.33"  # 550,000 on 28 days, over 30
    assert second["aumAfter"] == "280000.00"


async def test_a_fault_of_the_program_ends_it_at_the_third_time(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await lived(house, 2)
    preview = (await ask(house))["preview"]["id"]

    async def broken(*given: object) -> None:
        raise ArithmeticError("no such sum")

    monkeypatch.setattr(previews, "preview_span", broken)
    await carry_out_previews(house.database, days=30)
    found = await read(house, preview)
    assert (found["state"], found["judged"]) == ("FAILED", 0)
    # What went wrong is for the log: it may tell of what is nobody's business.
    assert found["problem"] == "a fault of the program: the log of the workers tells more"


async def test_old_previews_are_removed(house: House) -> None:
    await lived(house)
    kept, old = (await done(house))["id"], (await done(house, first="2025-02"))["id"]
    await house.fetch(
        "update terrace.policy_preview set ended_at = now() - interval '31 days' where id = 2"
    )
    assert await forget_previews(house.database, 30) == 8
    assert (await house.data(READ, {"id": old}))["tierPolicyPreview"] is None
    assert len(await touched(house, kept)) == 8

"""The audit trail as auditors ask for it, and what each command leaves in it."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from cli.embedded import Addresses
from cli.session import OPERATOR
from domain.actors import Actor, Role
from domain.policy import DEFAULT_POLICY, policy_document
from repository.audit import audit
from repository.calendar import publish_policy
from repository.sealing import seal
from repository.special import end_relation
from repository.statements import sql
from schema import identifiers
from tests.deciding import granted
from tests.house import House, new_house
from tests.schema.walls import ACTORS

DESK = Actor(Role.BRANCH, "B1", 2, "counter", origin="10.1.2.3")
PAGE = """query ($w: AuditEntryFilter, $n: Int = 10, $a: String) {
    auditEntries(first: $n, after: $a, where: $w) { totalCount pageInfo { hasNextPage endCursor }
    nodes { subject } } }"""


@pytest.fixture(scope="module")
async def trail(addresses: Addresses) -> AsyncIterator[House]:
    """A house with people, and lines of three kinds."""
    async with new_house(addresses) as house:
        await house.people(2)
        async with house.database.unit() as connection:
            for actor, action, subject in (
                (DESK, "test.one", "C1"),
                (OPERATOR, "test.one", "C2"),
                (OPERATOR, "test.two", "C1"),
            ):
                await audit(connection, actor, action, subject, detail={"list": [1, {"a": "ü"}]})
        await house.record(("A1", "2025-01-31", "7.00"))
        await seal(house.database)
        yield house


async def page(house: House, role: str = "auditor", **variables: Any) -> dict[str, Any]:
    found = await house.data(PAGE, variables, role=role, subject="a")
    return found["auditEntries"]


async def test_an_auditor_reads_every_line_newest_first(trail: House) -> None:
    found = await page(trail)
    assert [node["subject"] for node in found["nodes"]] == ["1 updates", "C1", "C2", "C1"]
    assert found["totalCount"] == 4


@pytest.mark.parametrize(("role", "subject"), [a for a in ACTORS if a[0] != "auditor"])
async def test_for_everybody_else_there_is_none(trail: House, role: str, subject: str) -> None:
    """Denied equals missing, by the list, by count and by identifier; administrators too."""
    if role == "branch" and subject == "B2":
        return
    line = identifiers.encode("AuditEntry", 1)
    found = await trail.data(
        """query ($i: ID!) { auditEntries(first: 10) { totalCount nodes { id } }
        node(id: $i) { id } }""",
        {"i": line},
        role=role,
        subject=subject,
    )
    assert found == {"auditEntries": {"totalCount": 0, "nodes": []}, "node": None}


async def test_a_line_is_shown_whole_with_its_place_in_the_chain(trail: House) -> None:
    found = await trail.data(
        """query ($i: ID!) { node(id: $i) { id ... on AuditEntry { recordedAt businessDate principal
        role channel origin action subject before after reason detail
        seal { position hash sealedAt } } } }""",
        {"i": identifiers.encode("AuditEntry", 1)},
        role="auditor",
        subject="a",
    )
    shown = found["node"]
    [row] = await trail.trail("""select encode(s.hash, 'hex') as hash, a.recorded_at from
        terrace.audit a join terrace.audit_seal s on s.audit_id = a.id where a.id = 1""")
    assert shown.pop("recordedAt")[:19] == row["recorded_at"].isoformat()[:19]
    assert shown["seal"].pop("sealedAt").startswith("20")
    assert shown == {
        "id": identifiers.encode("AuditEntry", 1),
        "businessDate": None,
        "principal": "branch:B1",
        "role": "BRANCH",
        "channel": "counter",
        "origin": "10.1.2.3",
        "action": "test.one",
        "subject": "C1",
        "before": None,
        "after": None,
        "reason": None,
        "detail": {"list": [1, {"a": "ü"}]},
        "seal": {"position": "1", "hash": row["hash"]},
    }


@pytest.mark.parametrize(
    ("where", "subjects"),
    [
        ({"principal": {"eq": "branch:B1"}}, ["C1"]),
        ({"role": {"eq": "BRANCH"}}, ["C1"]),
        ({"role": {"in": ["BRANCH", "HQ"]}}, ["C1", "C2", "C1"]),
        ({"channel": {"eq": "cli"}}, ["C1", "C2"]),
        ({"origin": {"startsWith": "10.1."}}, ["C1"]),
        ({"origin": {"eq": None}}, ["1 updates", "C1", "C2"]),
        ({"action": {"startsWith": "test."}, "subject": {"eq": "C1"}}, ["C1", "C1"]),
        ({"businessDate": {"eq": "2025-01-31"}}, ["1 updates"]),
        ({"recordedAt": {"lt": "2020-01-01T00:00:00Z"}}, []),
        ({"not": {"recordedAt": {"lt": "2020-01-01T00:00:00Z"}}}, ["1 updates", "C1", "C2", "C1"]),
    ],
    ids=str,
)
async def test_lines_are_chosen_by_all_that_they_tell(
    trail: House, where: dict[str, Any], subjects: list[str]
) -> None:
    found = await page(trail, w=where)
    assert [node["subject"] for node in found["nodes"]] == subjects
    assert found["totalCount"] == len(subjects)


async def test_pages_follow_each_other_by_key(trail: House) -> None:
    seen, cursor = [], None
    for _ in range(4):
        found = await page(trail, n=1, a=cursor)
        seen += [node["subject"] for node in found["nodes"]]
        cursor = found["pageInfo"]["endCursor"]
    assert seen == ["1 updates", "C1", "C2", "C1"]
    assert found["pageInfo"]["hasNextPage"] is False


# What commands leave behind


async def lines(house: House, *actions: str) -> list[tuple[Any, ...]]:
    rows = await house.trail(
        "select * from terrace.audit where action = any($1::text[]) order by id", list(actions)
    )
    names = ("action", "subject", "before", "after", "reason")
    return [tuple(row[name] for name in names) for row in rows]


async def _changes(house: House, customer: str) -> None:
    """All that can be changed of a customer, one after the other."""
    for document in (
        """assignManager(input: {customer: $c, manager: $m, reason: "on leave"}) {
            errors { code } }""",
        """assignManager(input: {customer: $c, manager: null}) { errors { code } }""",
        None,
        """revokeSpecialVip(input: {customer: $c, reason: "moved"}) { errors { code } }""",
        """raiseRiskSignal(input: {customer: $c, code: "OUTFLOW", severity: RED,
            facts: "was seen at 138 1234 1001"}) { errors { code } }""",
    ):
        if document is None:
            assert await granted(house, customer) == []
            continue
        variable = ", $m: ID!" if "$m" in document else ""
        given = {"c": customer, "m": identifiers.encode("Manager", 3)}
        answer = await house.data(f"mutation ($c: ID!{variable}) {{ {document} }}", given)
        assert list(answer.values()) == [{"errors": []}]
    async with house.database.unit() as connection:
        row = await connection.fetchrow(sql("customer_by_number"), "C1")
        await end_relation(connection, row, "closed all accounts", OPERATOR)


async def test_every_change_of_a_customer_tells_before_after_and_reason(house: House) -> None:
    await house.people(2)
    await house.record(("A1", "2025-01-15", "50000.00"))
    await _changes(house, identifiers.encode("Customer", 1))
    none, special = ("NON_MEMBER", None), ("SPECIAL", None)

    def state(of: tuple[str, str | None], **more: Any) -> dict[str, Any]:
        return {"status": of[0], "tier": of[1], **more}

    assert await lines(
        house, "customer.assign", "special.grant", "special.revoke", "customer.terminate"
    ) == [
        ("customer.assign", "C1", {"manager": "M1"}, {"manager": "M3"}, "on leave"),
        ("customer.assign", "C1", {"manager": "M3"}, {"manager": None}, "handover"),
        (
            "special.grant",
            "C1",
            state(none),
            {**state(special), "from": "2025-01-15", "until": "2026-01-31"},
            "mayor",
        ),
        (
            "special.revoke",
            "C1",
            state(special, until="2026-01-31"),
            state(("EXITED_UNRATED", None), until=None),
            "moved",
        ),
        (
            "customer.terminate",
            "C1",
            state(("EXITED_UNRATED", None)),
            state(("REMOVED", None), terminatedOn="2025-01-15"),
            "closed all accounts",
        ),
    ]
    [signal] = await lines(house, "risk_signal.raise")
    assert signal[3] == {"signal": 1, "code": "OUTFLOW", "severity": "RED"}
    everything = "\n".join(
        row["said"] for row in await house.trail("select a::text as said from terrace.audit a")
    )
    assert "1234" not in everything  # neither what was observed nor anybody's telephone


async def test_a_policy_and_a_batch_tell_what_came_of_them(house: House) -> None:
    await house.people(1)
    document = policy_document(DEFAULT_POLICY) | {"effective": "2030-01"}
    await publish_policy(house.database, document, OPERATOR)
    [policy] = await lines(house, "policy.publish")
    assert policy[1:4] == ("version 2", policy_document(DEFAULT_POLICY), document)
    await house.record(("A1", "2025-01-01", "1.00"), ("A9", "2025-01-01", "1.00"))
    [batch] = await house.trail("select * from terrace.audit where action = 'balances.record'")
    assert batch["detail"] == {"accepted": 1, "duplicates": 0, "rejected": 1}
    assert (batch["role"], batch["principal"]) == ("integrator", "integrator:test")

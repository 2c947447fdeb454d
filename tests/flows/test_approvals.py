"""Decisions that need two people: asked for by one, done when another allows it."""

import asyncio
import dataclasses
from collections import Counter
from typing import Any

import asyncpg
import orjson
import pytest

from cli.session import OPERATOR
from domain.actors import Role
from repository.approvals import Seen, give
from repository.revocations import let_in_again, shut_out_bearer
from schema import identifiers
from tests.deciding import GIVE, GRANT, SHOWN, allowed, granted, shown
from tests.deciding import give as given_by
from tests.house import House
from workers.approvals import see_to_approvals

C1 = identifiers.encode("Customer", 1)
LIST = """query ($w: ApprovalFilter) { approvals(first: 50, where: $w) {
    totalCount nodes { state subject } } }"""
REFUSE = """mutation ($id: ID!) { refuseApproval(input: {approval: $id, reason: "no"}) {
    approval { state } errors { code field } } }"""
WITHDRAW = """mutation ($id: ID!) { withdrawApproval(input: {approval: $id, reason: "no"}) {
    approval { state } errors { code field } } }"""
REFRESH = f"""mutation ($id: ID!) {{ refreshApproval(input: {{approval: $id}}) {{
    approval {{ {SHOWN} }} errors {{ code field }} }} }}"""
TOLD = """subscription { approvalChanged(after: "YXBwcm92YWw6MA==") {
    state approval { id state subject } } }"""
MANAGER, BRANCH = {"role": "manager", "subject": "M1"}, {"role": "branch", "subject": "B1"}
ELSEWHERE = {"role": "branch", "subject": "B2"}


@pytest.fixture
async def asked(house: House) -> dict[str, Any]:
    """The manager of C1 has asked for special VIP."""
    await house.people()
    await house.record(("A1", "2025-01-15", "50000.00"))
    await house.work()
    answer = await house.data(GRANT, {"c": C1, "r": "mayor"}, **MANAGER)
    payload = answer["grantSpecialVip"]
    assert (payload["errors"], payload["customer"]["standing"]["status"]) == ([], "NON_MEMBER")
    return await shown(house, payload["approval"]["id"], **MANAGER)


def codes(payload: dict[str, Any]) -> list[str]:
    return [error["code"] for error in payload["errors"]]


async def told(house: House, count: int, **who: str) -> list[tuple[str, str]]:
    """So many steps as a subscriber is told of them, each with the state of the request by now."""
    await house.work()
    actor = await house.actor(**who)
    found: list[tuple[str, str]] = []
    async for event in house.engine.subscribe(house.engine.prepare(TOLD, None), {}, actor):
        step = orjson.loads(event)["data"]["approvalChanged"]
        found.append((step["state"], step["approval"]["state"]))
        if len(found) == count:
            break
    return found


async def test_what_is_asked_for_is_done_when_somebody_else_allows_it(
    house: House, asked: dict[str, Any]
) -> None:
    assert (asked["kind"], asked["state"], asked["requestedBy"]) == (
        "SPECIAL_VIP",
        "PENDING",
        "manager:M1",
    )
    assert asked["effect"]["detail"] == {
        "before": {"status": "NON_MEMBER", "tier": None},
        "after": {"status": "SPECIAL", "tier": None},
        "from": "2025-01-15",
        "until": "2026-01-31",
        "policyVersion": 1,
    }
    assert asked["effect"]["managers"] == [{"number": "M1", "customers": 1}]
    again = await house.data(GRANT, {"c": C1, "r": "mayor"}, role="hq")
    assert again["grantSpecialVip"]["approval"]["id"] == asked["id"]  # it waits already
    given = await given_by(house, asked, **BRANCH)
    assert given["errors"] == []
    assert (given["approval"]["state"], given["approval"]["result"]) == (
        "APPROVED",
        {"from": "2025-01-15", "until": "2026-01-31"},
    )
    assert (await house.standing("C1"))["status"] == "SPECIAL"
    assert await told(house, 2, **BRANCH) == [("PENDING", "APPROVED"), ("APPROVED", "APPROVED")]
    lines = await house.trail("""select action, principal, reason from terrace.audit
        where action ~ 'approval|special' order by id""")
    assert [tuple(line) for line in lines] == [
        ("approval.request", "manager:M1", "mayor"),
        ("special.grant", "branch:B1", "mayor"),
        ("approval.give", "branch:B1", "looked at"),
    ]


async def test_nobody_decides_what_one_has_asked_for_oneself(
    house: House, asked: dict[str, Any]
) -> None:
    ann = dataclasses.replace(await house.actor(**BRANCH), person="ann")
    bob = dataclasses.replace(ann, person="bob")
    hq = dataclasses.replace(await house.actor("hq", "ann"))

    async def does(document: str, actor: Any, **variables: str) -> dict[str, Any]:
        prepared = house.engine.prepare(document, None)
        answer = orjson.loads(await house.engine.execute(prepared, variables, actor, None))
        return next(iter(answer["data"].values()))

    late = {"c": C1, "r": "mayor", "d": "2025-02-10"}
    request = (await does(GRANT, ann, **late))["approval"]["id"]
    found = await shown(house, request, **BRANCH)
    assert found["requestedBy"] == "branch:B1/ann"
    variables = {"id": request, "p": found["payloadHash"], "e": found["effect"]["hash"]}
    assert codes(await does(GIVE, ann, **variables)) == ["SAME_PERSON"]
    assert codes(await does(GIVE, hq, **variables)) == ["SAME_PERSON"]  # in another role
    assert codes(await does(REFUSE, ann, id=request)) == ["SAME_PERSON"]
    nobody = dataclasses.replace(ann, person="")  # of the branch, and perhaps Ann
    assert codes(await does(GIVE, nobody, **variables)) == ["SAME_PERSON"]
    assert codes(await does(WITHDRAW, bob, id=request)) == ["NOT_THE_MAKER"]
    assert codes(await does(GIVE, bob, **variables)) == []
    assert codes(await does(WITHDRAW, ann, id=request)) == ["ALREADY_DECIDED"]
    mine = {"id": asked["id"]}
    assert (await house.data(WITHDRAW, mine, **MANAGER))["withdrawApproval"] == {
        "approval": {"state": "WITHDRAWN"},
        "errors": [],
    }
    forbidden = await house.ask(GIVE, {**mine, "p": "", "e": ""}, **MANAGER)
    assert forbidden["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_a_request_is_for_those_in_whose_scope_it_is(
    house: House, asked: dict[str, Any]
) -> None:
    for document in (REFUSE, REFRESH):
        payload = next(iter((await house.data(document, asked, **ELSEWHERE)).values()))
        assert (codes(payload), payload["approval"]) == (["NOT_FOUND"], None)
    assert codes(await given_by(house, asked, **ELSEWHERE)) == ["NOT_FOUND"]
    counts = {}
    for role, subject in [
        ("customer", "C1"),
        ("manager", "M1"),
        ("manager", "M2"),
        ("branch", "B1"),
        ("branch", "B2"),
        ("hq", "x"),
        ("auditor", "x"),
        ("administrator", "x"),
    ]:
        found = await house.data(LIST, {}, role=role, subject=subject)
        counts[subject if role != "auditor" else role] = found["approvals"]["totalCount"]
    assert counts == {"C1": 0, "M1": 1, "M2": 0, "B1": 1, "B2": 0, "x": 0, "auditor": 1}
    chosen = {
        "w": {
            "kind": {"eq": "SPECIAL_VIP"},
            "state": {"eq": "PENDING"},
            "not": {"requestedBy": {"eq": "hq:test"}},
        }
    }
    assert (await house.data(LIST, chosen))["approvals"]["totalCount"] == 1
    hand = "mutation ($c: ID!) { assignManager(input: {customer: $c}) { errors { code } } }"
    await house.data(hand, {"c": C1})  # to nobody: the request goes along
    assert (await house.data(LIST, {}, **MANAGER))["approvals"]["totalCount"] == 0


async def test_what_is_allowed_is_what_was_asked_for_and_looked_at(
    house: House, asked: dict[str, Any]
) -> None:
    forged = {**asked, "payloadHash": "0" * 64}
    assert codes(await given_by(house, forged, **BRANCH)) == ["PAYLOAD_MISMATCH"]
    unseen = {**asked, "effect": {"hash": "0" * 64}}
    assert codes(await given_by(house, unseen, **BRANCH)) == ["STALE_EFFECT"]
    await house.record(("A1", "2025-01-16", "70000.00"))
    await house.work()
    stale = await given_by(house, asked, **BRANCH)
    assert codes(stale) == ["STALE_EFFECT"]
    now = stale["approval"]["effect"]
    assert (now["hash"] != asked["effect"]["hash"], now["detail"]["from"]) == (True, "2025-01-16")
    assert (await house.standing("C1"))["status"] == "NON_MEMBER"
    assert codes(await given_by(house, stale["approval"], **BRANCH)) == []
    assert await granted(house, C1) == ["ALREADY_GRANTED"]


async def test_the_database_refuses_what_the_program_should_not_try(
    house: House, asked: dict[str, Any]
) -> None:
    for change in ("payload = '{}'", "reason = 'x'", "maker = 'x'", "expires_at = now()"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await house.fetch(f"update terrace.approval set {change}")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await house.fetch("delete from terrace.approval")
    decide = """update terrace.approval set state = '{}', decided_at = now(), result = '{{}}',
        checker = '{}'"""
    with pytest.raises(asyncpg.CheckViolationError):
        await house.fetch(decide.format("APPROVED", "m1"))
    await house.fetch(decide.format("APPROVED", "somebody else"))
    for change in ("state = 'PENDING', decided_at = null", "checker = 'x'", "effect_hash = 'x'"):
        with pytest.raises(asyncpg.RaiseError, match="is APPROVED and stays so"):
            await house.fetch(f"update terrace.approval set {change}")


async def test_a_request_changes_nothing_if_any_part_of_its_decision_fails(
    house: House, asked: dict[str, Any]
) -> None:
    owner = await asyncpg.connect(house.url)
    try:
        await owner.execute("revoke insert on terrace.approval_event from terrace_writer")
        variables = {"id": asked["id"], "p": asked["payloadHash"], "e": asked["effect"]["hash"]}
        answer = await house.ask(GIVE, variables, **BRANCH)
        assert answer["errors"][0]["extensions"]["code"] == "INTERNAL"
        assert await house.value("select count(*) from terrace.special_grant") == 0
        assert (await shown(house, asked["id"]))["state"] == "PENDING"
        await owner.execute("grant insert on terrace.approval_event to terrace_writer")
    finally:
        await owner.close()
    assert codes(await given_by(house, asked, **BRANCH)) == []


async def test_of_a_thousand_who_decide_at_once_one_does(
    house: House, asked: dict[str, Any]
) -> None:
    variables = {"id": asked["id"], "p": asked["payloadHash"], "e": asked["effect"]["hash"]}

    somebody = await house.actor("hq")
    documents = [house.engine.prepare(document, None) for document in (REFUSE, GIVE, GIVE)]

    async def decide(number: int) -> str:
        actor = dataclasses.replace(somebody, subject=f"checker {number}")
        while True:  # a busy machine may let somebody wait too long for a connection
            answer = await house.engine.execute(documents[number % 3], variables, actor, None)
            found = orjson.loads(answer)
            if "errors" not in found:
                return ",".join(codes(next(iter(found["data"].values())))) or "DONE"
            assert found["errors"][0]["extensions"]["code"] == "UNAVAILABLE", found

    said = Counter(await asyncio.gather(*map(decide, range(1000))))
    assert said == {"DONE": 1, "ALREADY_DECIDED": 999}
    found = await shown(house, asked["id"])
    grants = await house.value("select count(*) from terrace.special_grant")
    assert (found["state"], grants) in [("APPROVED", 1), ("REJECTED", 0)]
    assert await house.value("select count(*) from terrace.approval_event") == 2


async def test_what_nobody_decides_in_time_is_over(house: House, asked: dict[str, Any]) -> None:
    owner = await asyncpg.connect(house.url.replace("//terrace:", "//postgres:"))
    try:
        await owner.execute(
            "update terrace.approval set requested_at = now() - interval '8 days', "
            "expires_at = now() - interval '1 day'"
        )
    finally:
        await owner.close()
    assert (await shown(house, asked["id"]))["state"] == "EXPIRED"
    async with house.database.unit() as connection:  # somebody has the customer
        await connection.execute("select from terrace.customer where id = 1 for update")
        assert await see_to_approvals(house.database) == 1  # and nobody waits long for it
    assert codes(await given_by(house, asked, **BRANCH)) == ["EXPIRED"]
    assert await see_to_approvals(house.database) == 1
    assert await see_to_approvals(house.database) == 0
    assert codes(await given_by(house, asked, **BRANCH)) == ["ALREADY_DECIDED"]
    assert await told(house, 2, **MANAGER) == [("PENDING", "EXPIRED"), ("EXPIRED", "EXPIRED")]
    assert await granted(house, C1) == []  # it can be asked for again


async def test_what_somebody_asked_for_who_is_shut_out_is_not_given(
    house: House, asked: dict[str, Any]
) -> None:
    out = await shut_out_bearer(house.database, Role.MANAGER, "M1", None, "left", OPERATOR)
    assert codes(await given_by(house, asked, **BRANCH)) == ["MAKER_SHUT_OUT"]
    await let_in_again(house.database, out, "is back", OPERATOR)
    assert codes(await given_by(house, asked, **BRANCH)) == []


async def test_a_grant_that_has_become_impossible_is_refused_and_goes_on_waiting(
    house: House, asked: dict[str, Any]
) -> None:
    other = await house.data(GRANT, {"c": C1, "d": "2025-01-15", "r": "mayor"})
    assert codes(await allowed(house, other["grantSpecialVip"])) == []
    assert codes(await given_by(house, asked, **BRANCH)) == ["ALREADY_GRANTED"]
    assert (await shown(house, asked["id"]))["state"] == "PENDING"
    seen = Seen(asked["payloadHash"], asked["effect"]["hash"])
    with pytest.raises(Exception, match="no such request"):
        await give(house.database, 999, seen, "", await house.actor("hq"))

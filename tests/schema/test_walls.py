"""Who sees which rows: two walls, and each of them holds without the other."""

import asyncio

import orjson
import pytest

from domain.actors import SEES_ALL, Role
from repository.reading.statement import Walls
from tests.house import KEY, House
from tests.schema.documents import GOLDEN
from tests.schema.walls import (
    ACTORS,
    WithoutSecondWall,
    answers,
    engine_with,
    every_id,
    lived_in,
)


async def test_each_wall_alone_shows_exactly_what_both_show(house: House) -> None:
    await lived_in(house)
    ids = await every_id(house)
    rls_only = engine_with(house, house.database, Walls(predicate=False))
    async with WithoutSecondWall(house.url, KEY) as open_database:
        predicate_only = engine_with(house, open_database, Walls())
        for role, subject in ACTORS:
            actor = await house.actor(role, subject)
            both = await answers(house.engine, actor, ids)
            assert all("errors" not in answer for answer in both.values()), both
            assert await answers(rls_only, actor, ids) == both, (role, subject)
            assert await answers(predicate_only, actor, ids) == both, (role, subject)


async def test_without_the_setter_a_reader_sees_nothing(house: House) -> None:
    await lived_in(house)
    unset = engine_with(house, house.database, Walls(predicate=False, setting=False))
    for role, subject in ACTORS:
        actor = await house.actor(role, subject)
        if actor.scope in SEES_ALL:
            continue
        answer = await unset.execute(unset.prepare(GOLDEN["customers"], None), None, actor)
        assert orjson.loads(answer)["data"]["customers"]["totalCount"] == 0


@pytest.mark.parametrize(
    ("role", "subject", "numbers"),
    [
        ("hq", "x", ["C1", "C2", "C3", "C4", "C5", "C6", "C7", "C8"]),
        ("branch", "B1", ["C1", "C3", "C5", "C7"]),
        ("branch", "U", []),
        ("manager", "M2", ["C2", "C4", "C6", "C8"]),
        ("manager", "M3", []),
        ("customer", "C2", ["C2"]),
        ("integrator", "x", []),
    ],
)
async def test_a_role_sees_its_rows(
    house: House, role: str, subject: str, numbers: list[str]
) -> None:
    await house.people(8)
    found = await house.data(
        "{ customers(first: 100) { totalCount nodes { number accounts { number } } } }",
        role=role,
        subject=subject,
    )
    assert [c["number"] for c in found["customers"]["nodes"]] == numbers
    assert found["customers"]["totalCount"] == len(numbers)


async def test_a_row_one_may_not_see_is_as_good_as_none(house: House) -> None:
    await lived_in(house)
    ids = await every_id(house)
    seen = await house.data(GOLDEN["everyone"], {"ids": ids[:60]}, role="manager", subject="M1")
    missing = await house.data(
        GOLDEN["everyone"], {"ids": ["Q3VzdG9tZXI6OTk5OTk="]}, role="manager", subject="M1"
    )
    assert missing["nodes"] == [None]
    shown = [node for node in seen["nodes"] if node]
    customers = {n["number"] for n in shown if n["__typename"] == "Customer"}
    assert customers == {"C1", "C3", "C5", "C7"}
    assert {n["number"] for n in shown if n["__typename"] == "Manager"} == {"M1"}
    by_number = await house.data(
        """{ mine: customer(by: {number: "C1"}) { number }
            other: customer(by: {number: "C2"}) { number }
            none: customer(by: {number: "C99"}) { number } }""",
        role="manager",
        subject="M1",
    )
    assert by_number == {"mine": {"number": "C1"}, "other": None, "none": None}


async def test_many_actors_at_once_each_see_their_own(house: House) -> None:
    await lived_in(house)
    expected = {}
    for role, subject in ACTORS:
        actor = await house.actor(role, subject)
        prepared = house.engine.prepare(GOLDEN["holdings"], None)
        expected[role, subject] = await house.engine.execute(prepared, None, actor)

    async def ask(role: str, subject: str) -> bool:
        actor = await house.actor(role, subject)
        prepared = house.engine.prepare(GOLDEN["holdings"], None)
        answer = await house.engine.execute(prepared, None, actor)
        return answer == expected[role, subject]

    assert all(await asyncio.gather(*[ask(*ACTORS[n % len(ACTORS)]) for n in range(192)]))


async def test_a_handover_moves_all_of_a_customers_rows_with_its_commit(house: House) -> None:
    await lived_in(house)
    found = await house.data(
        """{ customer(by: {number: "C1"}) { id } to: manager(by: {number: "M3"}) { id }
            far: manager(by: {number: "M2"}) { id } }"""
    )
    assign = """mutation ($c: ID!, $m: ID) { assignManager(input: {customer: $c, manager: $m}) {
        customer { manager { number } } errors { code field } } }"""
    far = await house.data(assign, {"c": found["customer"]["id"], "m": found["far"]["id"]})
    assert far["assignManager"]["errors"] == [{"code": "NOT_FOUND", "field": ["input", "manager"]}]
    moved = await house.data(
        assign, {"c": found["customer"]["id"], "m": found["to"]["id"]}, role="branch", subject="B1"
    )
    assert moved["assignManager"]["customer"] == {"manager": {"number": "M3"}}
    everything = """{ customer(by: {number: "C1"}) { accounts { number } aumHistory { total }
        standing { status } tierChanges(first: 5) { nodes { kind } }
        riskSignals(first: 5) { nodes { code } } } }"""
    assert await house.data(everything, role="manager", subject="M1") == {"customer": None}
    theirs = (await house.data(everything, role="manager", subject="M3"))["customer"]
    assert theirs["accounts"] == [{"number": "A1"}]
    assert [n["kind"] for n in theirs["tierChanges"]["nodes"]] == []
    assert theirs["riskSignals"]["nodes"] == [{"code": "OUTFLOW"}]


async def test_personal_details_are_masked_but_for_the_customer(house: House) -> None:
    await house.people()
    async with house.database.unit() as connection:
        await connection.execute("""update terrace.customer set email = 'anna@bank.example',
            id_document = '110101199001011234', birth_date = '1990-01-01',
            address = 'Long Street 1, Northtown' where number = 'C1'""")
    document = """{ customer(by: {number: "C1"}) { phone email idDocument birthDate address } }"""
    masked = {
        "phone": "138****1001",
        "email": "a***@bank.example",
        "idDocument": "1****34",
        "birthDate": None,
        "address": "Long S****",
    }
    for role, subject in (("hq", "x"), ("manager", "M1"), ("branch", "B1"), ("auditor", "a")):
        assert (await house.data(document, role=role, subject=subject))["customer"] == masked
    own = await house.data(document, role="customer", subject="C1")
    assert own["customer"]["phone"] == "13812341001"
    assert own["customer"]["birthDate"] == "1990-01-01"


def test_the_roles_are_all_tried() -> None:
    assert {role for role, _ in ACTORS} == {role.value for role in Role}

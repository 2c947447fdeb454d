"""What is personal or secret, and who is shown it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from graphql import GraphQLObjectType, get_named_type

from domain.actors import Actor, Grant, Role
from domain.field_classes import FieldClass
from schema.classes import class_of
from schema.errors import RequestError
from schema.published import graphql_schema
from tests.house import House

ROOT = Path(__file__).parents[2]
PEOPLE = """{ customers(first: 10) { nodes { number name phone email idDocument birthDate address
    riskSignals(first: 1) { nodes { code facts } } } } }"""
UNMASK = """mutation ($customer: ID!, $fields: [PersonalField!]!, $reason: String!) {
    unmaskPersonalData(input: {customer: $customer, fields: $fields, reason: $reason}) {
        personalData { phone email idDocument birthDate address } customer { number phone }
        errors { code field } } }"""


def fields_of(root: str | None = None) -> Iterator[tuple[str, str, Any]]:
    """The fields of all object types, or of those that a root type leads to."""
    schema = graphql_schema()
    types = [t for t in schema.type_map.values() if isinstance(t, GraphQLObjectType)]
    if root is not None:
        types = [schema.type_map[root]]  # type: ignore[list-item]
        for found in types:
            for field in found.fields.values():
                below = get_named_type(field.type)
                implementations = [
                    below,
                    *(schema.get_possible_types(below) if below.name == "Node" else ()),
                ]
                types += [
                    t
                    for t in implementations
                    if isinstance(t, GraphQLObjectType) and t not in types
                ]
    for found in types:
        for name, field in found.fields.items():
            if "strawberry-definition" in field.extensions:
                yield found.name, name, field.extensions["strawberry-definition"]


def test_the_page_lists_what_is_personal_and_what_is_secret() -> None:
    declared = {
        f"{kind}.{name}": class_of(kind, field).name
        for kind, name, field in fields_of()
        if class_of(kind, field) in (FieldClass.PERSONAL, FieldClass.SECRET)
    }
    page = (ROOT / "docs/concepts/visibility.md").read_text(encoding="utf-8")
    rows = [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in page.splitlines()]
    told = {row[0]: row[1] for row in rows if len(row) == 2 and "." in row[0]}
    assert told == declared
    assert len(told) >= 13


@pytest.mark.parametrize("root", ["Query", "Subscription"])
def test_no_read_leads_to_a_secret(root: str) -> None:
    found = list(fields_of(root))
    assert len(found) > 100
    for kind, name, field in found:
        assert class_of(kind, field) is not FieldClass.SECRET, f"{kind}.{name}"


async def someone(house: House) -> str:
    """C1, of whom everything is known; the identifier."""
    await house.people(2)
    await house.fetch("""update terrace.customer set name = 'Wang Fang', email = 'wf@example.org',
        id_document = '530102199001011234', birth_date = '1990-01-01', address = '8 Long Street, X'
        where number = 'C1'""")
    found = await house.data('{ customer(by: {number: "C1"}) { id } }')
    await house.data(
        """mutation ($c: ID!) { raiseRiskSignal(input: {customer: $c, code: "OUTFLOW",
        severity: RED, facts: "seen at a casino"}) { errors { code } } }""",
        {"c": found["customer"]["id"]},
    )
    return found["customer"]["id"]


async def asked_by(house: House, document: str, *grants: Grant) -> dict[str, Any]:
    integrator = Actor(Role.INTEGRATOR, "mart", 0, "integrator", "", frozenset(grants))
    try:
        prepared = house.engine.prepare(document, None)
        return orjson.loads(await house.engine.execute(prepared, None, integrator))
    except RequestError as error:
        return {"errors": error.errors}


async def test_an_integrator_sees_people_as_far_as_it_was_granted(house: House) -> None:
    await someone(house)
    assert await asked_by(house, PEOPLE, Grant.FEEDS) == {"data": {"customers": {"nodes": []}}}
    [first, _] = (await asked_by(house, PEOPLE, Grant.READ_INTERNAL))["data"]["customers"]["nodes"]
    assert first == {
        "number": "C1",
        "name": "W**",
        **dict.fromkeys(("phone", "email", "idDocument", "birthDate", "address")),
        "riskSignals": {"nodes": [{"code": "OUTFLOW", "facts": "s**"}]},
    }
    [first, _] = (await asked_by(house, PEOPLE, Grant.READ_PERSONAL))["data"]["customers"]["nodes"]
    assert first == {
        "number": "C1",
        "name": "Wang Fang",
        "phone": "138****1001",
        "email": "w***@example.org",
        "idDocument": "5****34",
        "birthDate": None,
        "address": "8 Lon****",
        "riskSignals": {"nodes": [{"code": "OUTFLOW", "facts": "seen at a casino"}]},
    }


@pytest.mark.parametrize(
    "document",
    [
        '{ customers(first: 1, where: {name: {eq: "Wang Fang"}}) { totalCount } }',
        '{ customers(first: 1, where: {not: {name: {startsWith: "W"}}}) { totalCount } }',
        '{ customers(first: 1, where: {search: "wang"}) { totalCount } }',
        '{ customers(first: 1, where: {phone: {endsWith: "1001"}}) { totalCount } }',
        "{ customers(first: 1, orderBy: {field: NAME}) { nodes { number } } }",
        '{ riskSignals(first: 1, where: {facts: {contains: "casino"}}) { totalCount } }',
        '{ managers(first: 1) { nodes { customers(first: 1, where: {name: {eq: "W"}}) '
        "{ totalCount } } } }",
    ],
)
async def test_nobody_finds_out_by_asking_who_may_not_see(house: House, document: str) -> None:
    await someone(house)
    refused = await asked_by(house, document, Grant.READ_INTERNAL)
    assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert "errors" not in await asked_by(house, document, Grant.READ_PERSONAL)


async def test_who_unmasks_is_on_record_before_anything_is_shown(house: House) -> None:
    given = {"customer": await someone(house), "fields": ["PHONE", "BIRTH_DATE"], "reason": " why "}
    answer = await house.data(UNMASK, given, role="manager", subject="M1")
    assert answer["unmaskPersonalData"] == {
        "personalData": {
            "phone": "13812341001",
            "email": None,
            "idDocument": None,
            "birthDate": "1990-01-01",
            "address": None,
        },
        "customer": {"number": "C1", "phone": "138****1001"},
        "errors": [],
    }
    [line] = await house.trail("select * from terrace.audit where action = 'customer.unmask'")
    assert (line["principal"], line["subject"]) == ("manager:M1", "C1")
    assert "PHONE" in str(line)
    assert "1381234" not in str(line)


@pytest.mark.parametrize(
    ("role", "subject", "changes", "code"),
    [
        ("manager", "M2", {}, "NOT_FOUND"),
        ("branch", "B2", {}, "NOT_FOUND"),
        ("manager", "M1", {"customer": "Q3VzdG9tZXI6OTk="}, "NOT_FOUND"),
        ("manager", "M1", {"reason": " "}, "INVALID_TEXT"),
        ("manager", "M1", {"fields": []}, "INVALID_FIELDS"),
    ],
)
async def test_what_is_refused_shows_nothing(
    house: House, role: str, subject: str, changes: dict[str, Any], code: str
) -> None:
    given = {"customer": await someone(house), "fields": ["PHONE"], "reason": "why"} | changes
    answer = (await house.data(UNMASK, given, role=role, subject=subject))["unmaskPersonalData"]
    assert answer["errors"][0]["code"] == code
    assert (answer["personalData"], answer["customer"]) == (None, None)
    assert not await house.trail("select from terrace.audit where action = 'customer.unmask'")

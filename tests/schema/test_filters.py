"""Typed filters: one row of the tables below for each operator a type has."""

from collections.abc import AsyncIterator

import pytest
from graphql import GraphQLInputObjectType, GraphQLList, build_schema, get_nullable_type

from cli.embedded import Addresses
from tests.architecture.source_tree import ROOT
from tests.house import House, new_house

OPERATORS = {
    "Text": {"eq", "in", "contains", "startsWith", "endsWith"},
    "Date": {"eq", "in", "gt", "gte", "lt", "lte", "between"},
    "Month": {"eq", "in", "gt", "gte", "lt", "lte", "between"},
    "Decimal": {"eq", "in", "gt", "gte", "lt", "lte", "between"},
    "Instant": {"eq", "in", "gt", "gte", "lt", "lte", "between"},
    "Id": {"eq", "in"},
    "Severity": {"eq", "in"},
    "Bool": {"eq", "in"},
}

DAYS = [
    ({"eq": "2024-02-01"}, "2"),
    ({"in": ["2024-01-01", "2024-03-01"]}, "13"),
    ({"in": []}, ""),
    ({"gt": "2024-02-01"}, "3"),
    ({"gte": "2024-02-01"}, "23"),
    ({"lt": "2024-02-01"}, "1"),
    ({"lte": "2024-02-01"}, "12"),
    ({"between": {"from": "2024-02-01", "to": "2024-03-01"}}, "23"),
    ({"between": {"from": "2024-02-01", "to": "2024-02-01"}}, "2"),
    ({"between": {"from": "2024-03-01", "to": "2024-02-01"}}, ""),
    ({"between": {"from": "2024-01-01", "to": "2024-03-01"}, "gt": "2024-01-01"}, "23"),
    ({"between": None, "in": None, "lt": None}, "123"),
    ({}, "123"),
]
AMOUNTS = [
    ({"eq": "20.5"}, "2"),
    ({"in": ["10", "30.00"]}, "13"),
    ({"gt": "20.50"}, "3"),
    ({"gte": "20.50"}, "23"),
    ({"lt": "20.50"}, "1"),
    ({"lte": "20.50"}, "12"),
    ({"between": {"from": "10", "to": "20.50"}}, "12"),
    ({"between": {"from": "20.50", "to": "10"}}, ""),
]
TEXTS = [
    ({"eq": "A_1"}, "1"),
    ({"eq": "a_1"}, ""),
    ({"in": ["A_1", "A\\3"]}, "13"),
    ({"contains": "a"}, "123"),
    ({"contains": "_"}, "1"),
    ({"contains": "%"}, "2"),
    ({"contains": "\\"}, "3"),
    ({"startsWith": "A_"}, "1"),
    ({"startsWith": "A%"}, "2"),
    ({"startsWith": "a"}, ""),
    ({"startsWith": ""}, "123"),
    ({"endsWith": "2"}, "2"),
    ({"endsWith": "%2"}, "2"),
    ({"contains": "'; drop table terrace.account; --"}, ""),
    ({"contains": None, "startsWith": "A\\"}, "3"),
]
INSTANTS = [
    ({"eq": "2025-01-02T08:00:00+08:00"}, "2"),
    ({"in": ["2025-01-01T00:00:00Z", "2025-01-03T00:00:00Z"]}, "13"),
    ({"gt": "2025-01-02T00:00:00Z"}, "3"),
    ({"gte": "2025-01-02T00:00:00Z"}, "23"),
    ({"lt": "2025-01-02T00:00:00Z"}, "1"),
    ({"lte": "2025-01-02T00:00:00Z"}, "12"),
    ({"between": {"from": "2025-01-01T00:00:00Z", "to": "2025-01-02T00:00:00Z"}}, "12"),
    ({"between": {"from": "2025-01-01T00:00:00.000001Z", "to": "2025-01-01T23:59:59Z"}}, ""),
]
SIGNALS = [
    ({"severity": {"eq": "RED"}}, "1"),
    ({"severity": {"in": ["RED", "BLUE"]}}, "13"),
    ({"code": {"startsWith": "OUT"}}, "12"),
    ({"facts": {"contains": "SIGNAL 3"}}, "3"),
    ({"or": [{"severity": {"eq": "BLUE"}}, {"code": {"eq": "OUTFLOW"}}]}, "123"),
    ({"and": [{"code": {"eq": "OUTFLOW"}}, {"not": {"severity": {"eq": "RED"}}}]}, "2"),
    ({"not": {"reportedAt": {"between": {"from": "2025-01-01T00:00:00Z",
                                         "to": "2025-01-02T00:00:00Z"}}}}, "3"),
]  # fmt: skip


@pytest.fixture(scope="module")
async def stocked(addresses: Addresses) -> AsyncIterator[House]:
    """C1 with three accounts and three warning signals, numbered 1 to 3 in every respect."""
    async with new_house(addresses) as house:
        await house.people(2)
        async with house.database.unit() as connection:
            await connection.execute(r"""
                delete from terrace.account;
                insert into terrace.account (customer_id, manager_id, branch_id, number,
                    product_class, currency, opened_on, closed_on, balance, balance_as_of)
                select c.id, c.manager_id, c.branch_id, v.number, v.product_class, 'CNY',
                    v.opened_on, v.closed_on, v.balance, v.opened_on
                from terrace.customer c, (values
                    ('A_1', 'GOLD', date '2024-01-01', null, 10.00),
                    ('A%2', 'FUND', date '2024-02-01', date '2024-06-01', 20.50),
                    ('A\3', 'FUND', date '2024-03-01', date '2024-07-01', 30.00)
                ) v(number, product_class, opened_on, closed_on, balance)
                where c.number = 'C1';
                insert into terrace.risk_signal (customer_id, manager_id, branch_id, code, severity,
                    facts, reported_by, reported_at)
                select c.id, c.manager_id, c.branch_id, v.code, v.severity, v.facts, 'test', v.at
                from terrace.customer c, (values
                    ('OUTFLOW', 'RED', 'signal 1', timestamptz '2025-01-01 00:00Z'),
                    ('OUTFLOW', 'ORANGE', 'signal 2', timestamptz '2025-01-02 00:00Z'),
                    ('OVERDUE', 'BLUE', 'signal 3', timestamptz '2025-01-03 00:00Z')
                ) v(code, severity, facts, at)
                where c.number = 'C1';
            """)
        yield house


async def accounts(house: House, where: object) -> str:
    found = await house.data(
        """query ($w: AccountFilter) {
            customer(by: {number: "C1"}) { accounts(where: $w) { number } } }""",
        {"w": where},
    )
    return "".join(sorted(row["number"][-1] for row in found["customer"]["accounts"]))


async def signals(house: House, where: object) -> str:
    found = await house.data(
        "query ($w: RiskSignalFilter) { riskSignals(first: 9, where: $w) { nodes { facts } } }",
        {"w": where},
    )
    return "".join(row["facts"][-1] for row in found["riskSignals"]["nodes"])


@pytest.mark.parametrize(("tests", "expected"), DAYS)
async def test_dates(stocked: House, tests: object, expected: str) -> None:
    assert await accounts(stocked, {"openedOn": tests}) == expected


@pytest.mark.parametrize(("tests", "expected"), AMOUNTS)
async def test_amounts(stocked: House, tests: object, expected: str) -> None:
    assert await accounts(stocked, {"balance": tests}) == expected


@pytest.mark.parametrize(("tests", "expected"), TEXTS)
async def test_texts(stocked: House, tests: object, expected: str) -> None:
    assert await accounts(stocked, {"number": tests}) == expected


@pytest.mark.parametrize(("tests", "expected"), INSTANTS)
async def test_instants(stocked: House, tests: object, expected: str) -> None:
    assert await signals(stocked, {"reportedAt": tests}) == expected


@pytest.mark.parametrize(("where", "expected"), SIGNALS)
async def test_enumerations_texts_and_combinations(
    stocked: House, where: object, expected: str
) -> None:
    assert await signals(stocked, where) == expected


async def test_equal_to_null_finds_what_is_absent_and_its_negation_the_rest(stocked: House) -> None:
    assert await accounts(stocked, {"closedOn": {"eq": None}}) == "1"
    assert await accounts(stocked, {"not": {"closedOn": {"eq": None}}}) == "23"
    # What is absent meets no other condition, so the negation of one holds for it.
    assert await accounts(stocked, {"closedOn": {"lt": "2024-06-30"}}) == "2"
    assert await accounts(stocked, {"not": {"closedOn": {"lt": "2024-06-30"}}}) == "13"
    absent = {"closedOn": {"between": {"from": "1900-01-01", "to": "2999-12-31"}}}
    assert await accounts(stocked, absent) == "23"


async def test_filters_written_into_the_document_and_given_as_variables_agree(
    stocked: House,
) -> None:
    found = await stocked.data(
        """query ($from: Date!, $days: [Date!]) { customer(by: {number: "C1"}) {
            literal: accounts(where: {openedOn: {between: {from: "2024-02-01", to: "2024-12-31"}}})
                { number }
            mixed: accounts(where: {openedOn: {between: {from: $from, to: "2024-12-31"}}})
                { number }
            list: accounts(where: {openedOn: {in: $days}}) { number } } }""",
        {"from": "2024-02-01", "days": ["2024-02-01", "2024-03-01"]},
    )
    assert [len(rows) for rows in found["customer"].values()] == [2, 2, 2]


async def test_months_of_changes_and_when_they_were_recorded(house: House) -> None:
    await house.people(1)
    for month, balance in (("2025-01", "1000000.00"), ("2025-02", "4000000.00")):
        await house.record(("A1", f"{month}-01", balance))
        await house.close(month)

    async def kinds(where: object) -> list[str]:
        found = await house.data(
            "query ($w: TierChangeFilter) { tierChanges(first: 9, where: $w) { nodes { kind } } }",
            {"w": where},
        )
        return [row["kind"] for row in found["tierChanges"]["nodes"]]

    both = ["ENTERED", "UPGRADED"]
    assert await kinds({"effectiveFrom": {"in": ["2025-02", "2025-03"]}}) == both
    assert await kinds({"effectiveFrom": {"between": {"from": "2025-03", "to": "2025-09"}}}) == [
        "UPGRADED"
    ]
    assert await kinds({"effectiveFrom": {"between": {"from": "2025-03", "to": "2025-02"}}}) == []
    assert await kinds({"recordedAt": {"gt": "2000-01-01T00:00:00Z"}}) == both
    assert await kinds({"recordedAt": {"lt": "2000-01-01T00:00:00Z"}}) == []
    assert await kinds({"fromTier": {"eq": None}}) == ["ENTERED"]
    assert await kinds({"fromStatus": {"eq": "ACTIVE"}}) == ["UPGRADED"]


@pytest.mark.parametrize(
    ("tests", "code"),
    [
        ({"gt": "2025-01-01T00:00:00"}, "INVALID_INSTANT"),
        ({"gt": "0001-01-01T00:00:00+14:00"}, "INVALID_INSTANT"),
        ({"lt": "9999-12-31T23:59:59-14:00"}, "INVALID_INSTANT"),
        ({"between": {"from": "x", "to": "2025-01-01T00:00:00Z"}}, "INVALID_INSTANT"),
        ({"between": {"from": "2025-01-01T00:00:00Z"}}, "BAD_USER_INPUT"),
        ({"between": {"from": None, "to": "2025-01-01T00:00:00Z"}}, "BAD_USER_INPUT"),
    ],
)
async def test_what_is_no_instant_or_no_range_is_refused(
    stocked: House, tests: object, code: str
) -> None:
    answer = await stocked.ask(
        "query ($w: RiskSignalFilter) { riskSignals(first: 9, where: $w) { totalCount } }",
        {"w": {"reportedAt": tests}},
    )
    assert answer["errors"][0]["extensions"]["code"] == code


def test_every_filter_has_the_operators_of_its_type() -> None:
    schema = build_schema((ROOT / "schema.graphql").read_text(encoding="utf-8"))
    for name, operators in OPERATORS.items():
        filter_type = schema.type_map[f"{name}Filter"]
        assert isinstance(filter_type, GraphQLInputObjectType)
        assert set(filter_type.fields) == operators, name
        assert isinstance(get_nullable_type(filter_type.fields["in"].type), GraphQLList)

"""Fields that cannot be answered: errors with paths, null up to where it may be."""

from typing import Any

import pytest

from domain.actors import Role
from schema.engine import Engine
from schema.limits import Limits
from tests.house import House


def told(answer: dict[str, Any]) -> list[tuple[list[Any], str]]:
    return [(error["path"], error["extensions"]["code"]) for error in answer["errors"]]


async def test_a_field_that_may_be_null_is_null_and_its_neighbours_are_answered(
    house: House,
) -> None:
    await house.people(2)
    answer = await house.ask(
        """query ($bad: ID!) { bad: node(id: $bad) { id } worse: node(id: "?") { id }
            good: customer(by: {number: "C1"}) { number } }""",
        {"bad": "nonsense"},
    )
    assert answer["data"] == {"bad": None, "worse": None, "good": {"number": "C1"}}
    assert told(answer) == [(["bad"], "INVALID_ID"), (["worse"], "INVALID_ID")]
    assert answer["errors"][0]["locations"] == [{"line": 1, "column": 21}]
    assert list(answer["data"]) == ["bad", "worse", "good"]


async def test_null_goes_up_to_the_next_place_that_may_be_null(house: House) -> None:
    await house.people(4)
    async with house.database.unit() as connection:
        await connection.execute("update terrace.customer set manager_id = 0 where number = 'C2'")
    answer = await house.ask(
        """query ($n: Int!) { customers(first: 4) { nodes { number
            manager { number customers(first: $n) { totalCount } } } } }""",
        {"n": 0},
    )
    nodes = answer["data"]["customers"]["nodes"]
    assert [node["manager"] for node in nodes] == [None] * 4
    assert [node["number"] for node in nodes] == ["C1", "C2", "C3", "C4"]
    path = ["customers", "nodes", 0, "manager", "customers"]
    assert (
        told(answer)
        == [  # C2 has no manager whose customers could be asked for
            ([*path[:2], place, *path[3:]], "BAD_USER_INPUT") for place in (0, 2, 3)
        ]
    )


async def test_null_where_it_must_not_be_takes_the_whole_answer(house: House) -> None:
    await house.people(2)
    answer = await house.ask("{ calendar { homeCurrency } customers(first: 500) { totalCount } }")
    assert answer["data"] is None
    assert told(answer) == [(["customers"], "BAD_USER_INPUT")]
    inside = await house.ask(
        '{ customers(first: 2) { nodes { riskSignals(first: 1, after: "x") { totalCount } } } }'
    )
    assert inside["data"] is None
    assert told(inside) == [(["customers", "nodes", 0, "riskSignals"], "INVALID_CURSOR")]


async def test_no_error_where_nothing_was_asked(house: House) -> None:
    """A field of an object that is not there is never reached, so its arguments do not matter."""
    answer = await house.ask('{ customer(by: {number: "C9"}) { aumHistory(last: 0) { total } } }')
    assert answer == {"data": {"customer": None}}


async def test_objects_of_an_interface_are_told_apart(house: House) -> None:
    await house.people(2)
    found = await house.data("{ customers(first: 1) { nodes { id manager { id } } } }")
    [customer] = found["customers"]["nodes"]
    answer = await house.ask(
        """query ($ids: [ID!]!) { nodes(ids: $ids) { __typename
            ... on Customer { x: aumHistory(last: 3) { total } }
            ... on Manager { y: customers(first: -1) { totalCount } } } }""",
        {"ids": [customer["id"], customer["manager"]["id"]]},
    )
    assert answer["data"] == {"nodes": [{"__typename": "Customer", "x": []}, None]}
    assert told(answer) == [(["nodes", 1, "y"], "BAD_USER_INPUT")]


async def test_a_fault_is_its_own_fields_and_not_its_namesakes(house: House) -> None:
    await house.people(1)
    answer = await house.ask(
        """query ($bad: Int!, $good: Int!) { customers(first: 1) {
            x: nodes { manager { h: customers(first: $bad) { totalCount } } }
            y: nodes { manager { h: customers(first: $good) { totalCount } } } } }""",
        {"bad": -1, "good": 5},
    )
    assert answer["data"]["customers"] == {
        "x": [{"manager": None}],
        "y": [{"manager": {"h": {"totalCount": 1}}}],
    }
    assert told(answer) == [(["customers", "x", 0, "manager", "h"], "BAD_USER_INPUT")]


async def test_a_house_without_a_date_answers_everything_else(house: House) -> None:
    await house.people(1)
    answer = await house.ask(
        """{ a: customer(by: {number: "C1"}) { number } b: customer(by: {number: "C1"}) {
            outlook { month } } c: customer(by: {number: "C1"}) { standing { month } } }"""
    )
    assert answer["data"] == {"a": {"number": "C1"}, "b": None, "c": None}
    assert told(answer) == [
        (["b", "outlook"], "NO_BUSINESS_DATE"),
        (["c", "standing", "month"], "NO_BUSINESS_DATE"),
    ]


async def test_what_a_scalar_cannot_read_refuses_the_request(house: House) -> None:
    await house.people(1)
    for document, variables in [
        ('{ customer(by: {number: "C1"}) { aum(month: "2025-13") { total } } }', None),
        (
            'query ($m: Month) { customer(by: {number: "C1"}) { aum(month: $m) { total } } }',
            {"m": "soon"},
        ),
    ]:
        answer = await house.ask(document, variables)
        assert "data" not in answer
        assert answer["errors"][0]["extensions"]["code"] == "INVALID_MONTH"


async def test_a_payload_keeps_what_was_done_and_tells_what_cannot_be_shown(house: House) -> None:
    await house.people(1)
    found = await house.data('{ customer(by: {number: "C1"}) { id } }')
    answer = await house.ask(
        """mutation ($c: ID!) { raiseRiskSignal(input: {customer: $c, code: "OUTFLOW",
            severity: RED, facts: "gone"}) { signal { code customer { outlook { month } } }
            errors { code } } }""",
        {"c": found["customer"]["id"]},
    )
    assert answer["data"] == {"raiseRiskSignal": {"signal": None, "errors": []}}
    path = ["raiseRiskSignal", "signal", "customer", "outlook"]
    assert told(answer) == [(path, "NO_BUSINESS_DATE")]
    assert await house.value("select count(*) from terrace.risk_signal") == 1


# Cost


def limited(house: House, **cost: int) -> Engine:
    async def wake(topic: str) -> None:
        pass

    limits = Limits(15, 1000, 5000, {Role(role): points for role, points in cost.items()})
    return Engine(house.database, house.feeds, limits, wake=wake, future_days=1)


async def test_an_operation_beyond_its_points_is_refused_with_the_figure(house: House) -> None:
    await house.people(2)
    house.engine = limited(house, customer=1_000)
    document = "query ($n: Int!) { customers(first: $n) { nodes { number accounts { number } } } }"
    small = await house.ask(document, {"n": 5}, role="customer", subject="C1")
    assert small["data"]["customers"]["nodes"][0]["number"] == "C1"
    large = await house.ask(document, {"n": 100}, role="customer", subject="C1")
    assert "data" not in large
    extensions = large["errors"][0]["extensions"]
    assert extensions == {"code": "LIMIT_EXCEEDED", "cost": {"requested": 4_310, "limit": 1_000}}
    assert "4310" in large["errors"][0]["message"]
    assert "data" in await house.ask(document, {"n": 100}), "other roles have other limits"


@pytest.mark.parametrize("size", ["first: 100", "first: $n"])
async def test_the_cost_grows_with_every_level_of_lists(house: House, size: str) -> None:
    await house.people(2)
    declared = "query ($n: Int!) " if "$" in size else "query "
    one = f"{declared} {{ managers({size}) {{ nodes {{ number }} }} }}"
    two = one.replace("number", f"customers({size}) {{ nodes {{ number }} }}")
    given = {"n": 100}
    costs = []
    for document in (one, two):
        answer = await house.ask(document, given, extensions={"cost": True})
        costs.append(answer["extensions"]["cost"])
    assert costs[0]["requested"] == 10 + 100 * (2 + 1)
    assert costs[1]["requested"] == 10 + 100 * (2 + 10 + 100 * (2 + 1))
    assert costs[1]["actual"] == 10 + 3 * (2 + 10) + 2 * (2 + 1)
    assert costs[1]["limit"] is None


async def test_the_plan_is_shown_to_administrators_alone(house: House) -> None:
    await house.people(1)
    shown = await house.ask(
        "{ customers(first: 3) { nodes { number } } }",
        extensions={"explain": True, "persistedQuery": {"version": 1}},
    )
    plan = shown["extensions"]["plan"]
    assert plan["scope"] == "ALL"
    assert "from terrace.customer" in plan["statement"]
    assert any("terrace.customer" in line for line in plan["explain"])
    for extensions, code in [({"explain": True}, "FORBIDDEN"), ({"cost": 7}, "BAD_USER_INPUT")]:
        refused = await house.ask(
            "{ viewer { role } }", role="manager", subject="M1", extensions=extensions
        )
        assert "data" not in refused
        assert refused["errors"][0]["extensions"]["code"] == code

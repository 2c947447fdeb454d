"""Reading by plans: what GraphQL promises, on one statement an operation."""

from collections.abc import AsyncIterator

import pytest

from cli.embedded import Addresses
from tests.house import House, new_house
from tests.schema.documents import GOLDEN, variables_of

PAGE = """query ($first: Int, $after: String, $last: Int, $before: String, $by: CustomerOrder) {
    customers(first: $first, after: $after, last: $last, before: $before, orderBy: $by) {
        edges { cursor node { number } }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""


async def numbers(house: House, **arguments: object) -> tuple[list[str], dict]:
    found = (await house.data(PAGE, arguments))["customers"]
    return [edge["node"]["number"] for edge in found["edges"]], found["pageInfo"]


@pytest.fixture(scope="module")
async def thirteen(addresses: Addresses) -> AsyncIterator[House]:
    """Thirteen customers, some of one name; they are only read."""
    async with new_house(addresses) as house:
        await house.people(13)
        await house.fetch("update terrace.customer set name = 'Same name' where id % 3 = 0")
        yield house


@pytest.mark.parametrize("field", ["NUMBER", "NAME"])
@pytest.mark.parametrize("direction", ["ASC", "DESC"])
@pytest.mark.parametrize("size", [1, 3, 7, 100])
async def test_pages_join_to_the_whole_in_both_directions(
    thirteen: House, field: str, direction: str, size: int
) -> None:
    house = thirteen
    by = {"field": field, "direction": direction}
    whole, _ = await numbers(house, first=100, by=by)
    assert len(whole) == 13
    forward: list[str] = []
    after = None
    while True:
        page, info = await numbers(house, first=size, after=after, by=by)
        forward += page
        assert info["hasPreviousPage"] == (after is not None)
        if not info["hasNextPage"]:
            break
        after = info["endCursor"]
    assert forward == whole
    backward: list[str] = []
    before = None
    while True:
        page, info = await numbers(house, last=size, before=before, by=by)
        backward = page + backward
        assert info["hasNextPage"] == (before is not None)
        if not info["hasPreviousPage"]:
            break
        before = info["startCursor"]
    assert backward == whole


async def test_a_cursor_stays_in_its_place_when_its_row_goes(house: House) -> None:
    await house.people(5)
    page, info = await numbers(house, first=2)
    assert page == ["C1", "C2"]
    async with house.database.unit() as connection:
        await connection.execute("delete from terrace.account where number = 'A2'")
        await connection.execute("delete from terrace.customer where number = 'C2'")
        await connection.execute(
            "insert into terrace.customer (number, name, kind, branch_id) "
            "values ('C11', 'x', 'INDIVIDUAL', 2), ('C21', 'x', 'INDIVIDUAL', 2)"
        )
    page, _ = await numbers(house, first=2, after=info["endCursor"])
    assert page == ["C21", "C3"]


REFUSED = [
    ("{ customers { nodes { number } } }", "BAD_USER_INPUT"),
    ("{ customers(first: 0) { nodes { number } } }", "BAD_USER_INPUT"),
    ("{ customers(first: -1) { nodes { number } } }", "BAD_USER_INPUT"),
    ("{ customers(first: 101) { nodes { number } } }", "BAD_USER_INPUT"),
    ("{ customers(first: 1, last: 1) { nodes { number } } }", "BAD_USER_INPUT"),
    ('{ customers(first: 1, before: "x") { nodes { number } } }', "BAD_USER_INPUT"),
    ('{ customers(first: 1, after: "x") { nodes { number } } }', "INVALID_CURSOR"),
    ('{ customers(first: 1, after: "WyJhIiwgImIiXQ==") { nodes { number } } }', "INVALID_CURSOR"),
    ('{ customers(first: 1, after: "") { nodes { number } } }', "INVALID_CURSOR"),
    ('{ tierChanges(first: 1, after: "WyIxZTk5Il0=") { nodes { id } } }', "INVALID_CURSOR"),
    ('{ node(id: "x") { id } }', "INVALID_ID"),
    ('{ node(id: "Q3VzdG9tZXI6") { id } }', "INVALID_ID"),
    ('{ customer(by: {id: "????"}) { id } }', "INVALID_ID"),
    ('{ customer(by: {number: "C1"}) { aumHistory(last: 0) { total } } }', "BAD_USER_INPUT"),
    ('{ customer(by: {number: "C1"}) { aum(month: "2025-13") { total } } }', "INVALID_MONTH"),
    ("{ customer(by: {}) { id } }", "GRAPHQL_VALIDATION_FAILED"),
    ('{ customer(by: {id: "x", number: "y"}) { id } }', "GRAPHQL_VALIDATION_FAILED"),
    ("{ customers(first: 1) { nodes { secret } } }", "GRAPHQL_VALIDATION_FAILED"),
    ("{ customers(first: 1", "GRAPHQL_PARSE_FAILED"),
    ("query A { viewer { role } } query B { viewer { role } }", "OPERATION_RESOLUTION_FAILURE"),
    ("fragment F on Viewer { role }", "GRAPHQL_VALIDATION_FAILED"),
    ("{ " + "a: viewer { role } " * 600 + "}", "LIMIT_EXCEEDED"),
    ("{ viewer { role } " + "# " + "x " * 10 + "\n" + "b " * 6000 + "}", "LIMIT_EXCEEDED"),
]


@pytest.mark.parametrize(("document", "code"), REFUSED, ids=[row[0][:50] for row in REFUSED])
async def test_what_cannot_be_answered_is_refused_with_a_code(
    thirteen: House, document: str, code: str
) -> None:
    answer = await thirteen.ask(document)
    assert answer["errors"][0]["extensions"]["code"] == code, answer
    assert "padding" not in answer["errors"][0]["message"]


async def test_a_document_of_doubling_fragments_is_measured_in_one_pass(house: House) -> None:
    fragments = " ".join(
        f"fragment F{n} on Viewer {{ ...F{n + 1} ...F{n + 1} }}" for n in range(30)
    )
    document = f"{{ viewer {{ ...F0 }} }} {fragments} fragment F30 on Viewer {{ role }}"
    answer = await house.ask(document)
    assert answer["errors"][0]["extensions"]["code"] == "LIMIT_EXCEEDED"


async def test_depth_and_breadth_are_bounded_but_introspection_is_not(house: House) -> None:
    deep = "{ branches " + "{ parent " * 16 + "{ code }" + " }" * 16 + " }"
    assert (await house.ask(deep))["errors"][0]["extensions"]["code"] == "LIMIT_EXCEEDED"
    broad = "{ viewer { " + " ".join(f"a{n}: role" for n in range(1001)) + " } }"
    assert (await house.ask(broad))["errors"][0]["extensions"]["code"] == "LIMIT_EXCEEDED"
    from graphql import get_introspection_query

    schema = (await house.data(get_introspection_query()))["__schema"]
    assert schema["queryType"]["name"] == "Query"


async def test_aliases_fragments_variables_and_directives(house: House) -> None:
    await house.people(4)
    found = await house.data(
        """query ($n: String!, $with: Boolean! = false, $where: AccountFilter) {
            one: customer(by: {number: $n}) { ...Name accounts(where: $where) { number } }
            two: customer(by: {number: "C2"}) { ...Name kind @include(if: $with)
                status @skip(if: $with) ... on Customer { again: name } ... @include(if: $with) {
                branch { code } } }
            __typename }
        fragment Name on Customer { __typename name }""",
        {"n": "C1", "where": {"number": {"startsWith": "A"}, "closedOn": {"eq": None}}},
    )
    assert found == {
        "one": {"__typename": "Customer", "name": "Customer 1", "accounts": [{"number": "A1"}]},
        "two": {
            "__typename": "Customer",
            "name": "Customer 2",
            "status": "CURRENT",
            "again": "Customer 2",
        },
        "__typename": "Query",
    }
    assert list(found["two"]) == ["__typename", "name", "status", "again"]


async def test_the_same_document_with_other_variables_gives_other_answers(house: House) -> None:
    await house.people(6)
    document = """query ($w: CustomerFilter, $n: Int!) { customers(first: $n, where: $w) {
        nodes { number } } }"""
    for where, expected in [
        (None, ["C1", "C2", "C3"]),
        ({}, ["C1", "C2", "C3"]),
        ({"number": {"in": ["C5", "C6"]}}, ["C5", "C6"]),
        ({"number": {"in": []}}, []),
        ({"number": {"eq": "C4"}}, ["C4"]),
        ({"not": {"number": {"in": ["C1", "C2"]}}}, ["C3", "C4", "C5"]),
        ({"or": [{"number": {"eq": "C2"}}, {"name": {"contains": "CUSTOMER 5"}}]}, ["C2", "C5"]),
        ({"or": []}, []),
        ({"and": []}, ["C1", "C2", "C3"]),
        ({"manager": {"eq": None}}, []),
        ({"name": {"contains": "100%_"}}, []),
        ({"kind": {"eq": "ORGANISATION"}}, []),
        ({"kind": {"in": ["INDIVIDUAL"]}}, ["C1", "C2", "C3"]),
    ]:
        found = await house.data(document, {"w": where, "n": 3})
        assert [c["number"] for c in found["customers"]["nodes"]] == expected, where


async def test_each_golden_document_is_one_statement(house: House) -> None:
    await house.people(4)
    await house.record(("A1", "2025-01-01", "250000.00"))
    await house.close("2025-01")
    actor = await house.actor("hq")
    for name, document in GOLDEN.items():
        prepared = house.engine.prepare(document, None)
        variables = variables_of(document)
        before = len(house.engine._plans)
        await house.engine.execute(prepared, variables, actor)
        await house.engine.execute(prepared, variables, actor)
        assert len(house.engine._plans) == before + 1, name


async def test_hostile_texts_are_values_and_nothing_else(house: House) -> None:
    await house.people(2)
    for text in ("'; drop table terrace.customer; --", '" or 1=1', "\\", "%", "🦊", "{t}", "$1"):
        found = await house.data(
            """query ($n: String!) { customer(by: {number: $n}) { number }
                customers(first: 5, where: {name: {contains: $n}}) { nodes { number } } }""",
            {"n": text},
        )
        assert found == {"customer": None, "customers": {"nodes": []}}
    answer = await house.ask(
        "query ($n: String!) { customer(by: {number: $n}) { number } }", {"n": "a\0b"}
    )
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_new_house_answers_without_a_business_date(house: House) -> None:
    await house.people(1)
    found = await house.data(
        "{ calendar { businessDate openMonth } customers(first: 1) { nodes { aum { total } } } }"
    )
    assert found["calendar"] == {"businessDate": None, "openMonth": None}
    assert found["customers"]["nodes"] == [{"aum": None}]
    for document in (
        "{ vipStatistics { month } }",
        "{ customers(first: 1) { nodes { standing { month } } } }",
        "{ customers(first: 1) { nodes { outlook { month } } } }",
    ):
        answer = await house.ask(document)
        assert answer["errors"][0]["extensions"]["code"] == "NO_BUSINESS_DATE"


async def test_policies_and_tiers_by_month(house: House) -> None:
    found = await house.data(
        """{ tiers { code name rank threshold } tiers26: tiers(asOf: "2026-01") { code }
            tierPolicies { version effectiveFrom watchMonths exitMonths retentionMonths
            tiers { code } } }"""
    )
    assert [t["code"] for t in found["tiers"]] == ["T1", "T2", "T3", "T4", "T5"]
    assert found["tiers"][0] == {
        "code": "T1",
        "name": "Gold",
        "rank": 1,
        "threshold": "200000.00",
    }
    assert found["tierPolicies"][0]["effectiveFrom"] == "1900-01"


async def test_a_page_is_one_answer_whatever_is_asked_of_it(house: House) -> None:
    await house.people(4)
    found = await house.data(
        """query ($no: Boolean!) { a: customers(first: 3) { totalCount }
            b: customers(first: 2) { __typename } c: customers(first: 2) { nodes @skip(if: $no) {
            id } __typename } d: customers(first: 2, where: {number: {eq: "none"}}) { totalCount }
            managers(first: 5) { nodes { customers(first: 1) { totalCount } } } }""",
        {"no": True},
    )
    kind = {"__typename": "CustomerConnection"}
    assert (found["a"], found["b"], found["c"]) == ({"totalCount": 4}, kind, kind)
    assert found["d"] == {"totalCount": 0}
    counts = [m["customers"]["totalCount"] for m in found["managers"]["nodes"]]
    assert counts == [2, 2, 0]


async def test_variables_inside_of_lists_and_objects_count(house: House) -> None:
    await house.people(4)
    found = await house.data(
        """query ($a: String!, $i: ID!, $k: CustomerKind!) {
            one: customers(first: 5, where: {number: {in: [$a, "C3"]}}) { nodes { number } }
            two: customers(first: 5, where: {or: {number: {eq: $a}}}) { nodes { number } }
            three: customers(first: 5, where: {and: [{number: {eq: $a}}]}) { nodes { number } }
            four: customers(first: 5, where: {kind: {in: [$k]}}) { totalCount }
            nodes(ids: [$i]) { __typename } }""",
        {"a": "C2", "i": "Q3VzdG9tZXI6MQ==", "k": "ORGANISATION"},
    )
    assert [c["number"] for c in found["one"]["nodes"]] == ["C2", "C3"]
    assert [c["number"] for c in found["two"]["nodes"]] == ["C2"]
    assert [c["number"] for c in found["three"]["nodes"]] == ["C2"]
    assert found["four"] == {"totalCount": 0}
    assert found["nodes"] == [{"__typename": "Customer"}]


async def test_introspection_is_bounded_by_what_it_would_answer(house: House) -> None:
    aliases = " ".join(f"b{n}: name" for n in range(200))
    document = (
        "{ __schema { "
        + " ".join(f"a{n}: types {{ fields {{ type {{ ...F }} }} }}" for n in range(20))
        + f" }} }} fragment F on __Type {{ {aliases} }}"
    )
    answer = await house.ask(document)
    assert answer["errors"][0]["extensions"]["code"] == "LIMIT_EXCEEDED"


async def test_customers_without_a_judgement_are_found_as_what_they_show(house: House) -> None:
    await house.people(2)
    await house.record(("A1", "2025-01-01", "1.00"))
    found = await house.data("""{
        outside: customers(first: 5, where: {vipStatus: {eq: NON_MEMBER}}) { totalCount }
        inside: customers(first: 5, where: {vipStatus: {in: [ACTIVE, WATCH]}}) { totalCount }
        without: customers(first: 5, where: {tier: {eq: null}}) { totalCount } }""")
    assert [page["totalCount"] for page in found.values()] == [2, 0, 2]


@pytest.mark.parametrize("key", [{}, {"n": None}])
async def test_a_key_that_is_null_is_refused(thirteen: House, key: dict) -> None:
    answer = await thirteen.ask("query ($n: String) { customer(by: {number: $n}) { id } }", key)
    assert "INTERNAL" not in str(answer)
    assert answer["errors"]

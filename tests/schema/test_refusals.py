"""What is refused before anything is read or done, and that nothing is."""

import base64
import json

import pytest

from repository.kept import Kept
from tests.house import House

LIST = """query ($where: CustomerFilter, $after: String, $by: CustomerOrder) {
    customers(first: 2, where: $where, after: $after, orderBy: $by) { nodes { number }
        pageInfo { endCursor } } }"""
CHANGES = "query ($after: String) { tierChanges(first: 1, after: $after) { nodes { id } } }"
RAISE = """mutation ($id: ID!, $number: String) { a: raiseRiskSignal(input: {customer: $id,
    code: "OUTFLOW", severity: RED, facts: "f"}) { signal { id customer { accounts(where: {number:
    {eq: $number}}) { number } } } errors { code } } %s }"""


def code_of(answer: dict) -> str:
    data = answer.get("data")
    assert data is None or None in data.values(), "what was refused has no value"
    return answer["errors"][0]["extensions"]["code"]


async def customer_id(house: House) -> str:
    return (await house.data('{ customer(by: {number: "C1"}) { id } }'))["customer"]["id"]


async def test_a_filter_has_so_many_values_and_no_more(house: House) -> None:
    await house.people(2)
    conditions = [{"number": {"eq": f"C{n}"}} for n in range(600)]
    few = await house.data(LIST, {"where": {"or": conditions[:400]}})
    assert [node["number"] for node in few["customers"]["nodes"]] == ["C1", "C2"]
    assert code_of(await house.ask(LIST, {"where": {"or": conditions}})) == "LIMIT_EXCEEDED"


async def test_a_cursor_is_of_its_own_connection_and_order(house: House) -> None:
    await house.people(5)
    managers = await house.data("{ managers(first: 1) { pageInfo { endCursor } } }")
    foreign = managers["managers"]["pageInfo"]["endCursor"]
    assert code_of(await house.ask(LIST, {"after": foreign})) == "INVALID_CURSOR"
    own = (await house.data(LIST))["customers"]["pageInfo"]["endCursor"]
    assert [
        n["number"] for n in (await house.data(LIST, {"after": own}))["customers"]["nodes"]
    ] == [
        "C3",
        "C4",
    ]
    other_way = {"after": own, "by": {"field": "NUMBER", "direction": "DESC"}}
    assert code_of(await house.ask(LIST, other_way)) == "INVALID_CURSOR"


@pytest.mark.parametrize("name", ["Customer:01", "Customer:1 ", "Customer:1.2", "Customer:1\n"])
async def test_an_identifier_has_one_form(house: House, name: str) -> None:
    await house.people(2)
    given = base64.b64encode(name.encode()).decode()
    answer = await house.ask("query ($id: ID!) { node(id: $id) { id } }", {"id": given})
    if name == "Customer:1.2":
        assert answer == {"data": {"node": None}}
    else:
        assert code_of(answer) == "INVALID_ID"
    loose = (await customer_id(house)).rstrip("=") + "="
    if loose != await customer_id(house):
        answer = await house.ask("query ($id: ID!) { node(id: $id) { id } }", {"id": loose})
        assert code_of(answer) == "INVALID_ID"


async def test_a_mutation_whose_answer_could_not_be_read_does_nothing(house: House) -> None:
    await house.people(2)
    given = {"id": await customer_id(house), "number": "\0"}
    assert code_of(await house.ask(RAISE % "", given)) == "BAD_USER_INPUT"
    second = """b: raiseRiskSignal(
            input: {customer: $id, code: "OUTFLOW", severity: RED, facts: "f"}) {
        signal { customer { tierChanges(first: 0) { totalCount } } } }"""
    assert code_of(await house.ask(RAISE % second, {**given, "number": "A1"})) == "BAD_USER_INPUT"
    forbidden = 'b: closeMonth(input: {month: "2025-01"}) { errors { code } }'
    answer = await house.ask(
        RAISE % forbidden, {**given, "number": "A1"}, role="manager", subject="M1"
    )
    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert await house.value("select count(*) from terrace.risk_signal") == 0
    assert (await house.data(RAISE % "", {**given, "number": "A1"}))["a"]["errors"] == []


async def test_a_bad_month_is_refused_wherever_it_stands(house: House) -> None:
    for document in (
        '{ vipStatistics(month: "2026-13") { total } }',
        '{ a: viewer { role } tiers(asOf: "x") { code } }',
    ):
        assert code_of(await house.ask(document)) == "INVALID_MONTH"


async def test_comparing_equal_fields_is_not_worth_a_second(house: House) -> None:
    for document in ("{ %s }" % ("viewer { role scope } " * 320), "{ %s }" % ("calendar " * 400)):
        assert code_of(await house.ask(document)) == "GRAPHQL_VALIDATION_FAILED"
    unused = "fragment F on Query { %s } query A { viewer { role } }" % ("viewer { role } " * 600)
    assert code_of(await house.ask(unused)) == "LIMIT_EXCEEDED"
    assert "errors" not in await house.ask("{ %s }" % ("viewer { role } " * 40))


async def test_changes_without_a_manager_are_found_by_null(house: House) -> None:
    await house.people(2)
    await house.fetch("update terrace.customer set manager_id = 0 where number = 'C2'")
    await house.record(("A1", "2025-01-01", "300000.00"), ("A2", "2025-01-01", "300000.00"))
    await house.close("2025-01")
    found = await house.data("""{ tierChanges(first: 9, where: {manager: {eq: null}}) {
        nodes { customer { number } manager { number } } } }""")
    assert found["tierChanges"]["nodes"] == [{"customer": {"number": "C2"}, "manager": None}]


@pytest.mark.parametrize("given", [{"contains": "x" * 4_001}, {"in": ["x"] * 10_001}], ids=list)
async def test_what_is_compared_with_has_bounds(house: House, given: dict) -> None:
    assert code_of(await house.ask(LIST, {"where": {"name": given}})) == "BAD_USER_INPUT"


def forged(cursor: str, *values: object) -> str:
    mark, *_ = json.loads(base64.b64decode(cursor))
    return base64.b64encode(json.dumps([mark, *values]).encode()).decode()


async def test_a_forged_cursor_is_refused(house: House) -> None:
    await house.people(3)
    own = (await house.data(LIST))["customers"]["pageInfo"]["endCursor"]
    for values in ((), ("C1", "C1"), (7,), (None,), ("C\0",)):
        assert code_of(await house.ask(LIST, {"after": forged(own, *values)})) == "INVALID_CURSOR"


async def test_a_forged_cursor_of_numbers_is_refused(house: House) -> None:
    await house.people(2)
    await house.record(("A1", "2025-01-01", "300000.00"))
    await house.close("2025-01")
    found = await house.data("{ tierChanges(first: 1) { pageInfo { endCursor } } }")
    own = found["tierChanges"]["pageInfo"]["endCursor"]
    _, *values = json.loads(base64.b64decode(own))
    for place in range(len(values)):
        for wrong in ("x", "1e3", "99999999999999999999", "1" * 5000, ""):
            given = [wrong if n == place else value for n, value in enumerate(values)]
            answer = await house.ask(CHANGES, {"after": forged(own, *given)})
            assert code_of(answer) == "INVALID_CURSOR", given


async def test_at_most_100_ids_at_once_and_none_beyond_the_keys(house: House) -> None:
    await house.people(2)
    document = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    one = (await house.data('{ customer(by: {number: "C1"}) { id } }'))["customer"]["id"]
    assert len((await house.data(document, {"ids": [one] * 100}))["nodes"]) == 100
    assert code_of(await house.ask(document, {"ids": [one] * 101})) == "BAD_USER_INPUT"
    for name in (f"Customer:{2**31}", "Branch:2", "Customer:1.2"):
        given = base64.b64encode(name.encode()).decode()
        answer = await house.ask("query ($i: ID!) { customer(by: {id: $i}) { id } }", {"i": given})
        assert answer == {"data": {"customer": None}}, name


async def test_ever_new_documents_do_not_fill_the_memory(house: House) -> None:
    house.engine._documents = Kept(3, 1_000_000)
    for n in range(5):
        await house.data(f"{{ a{n}: viewer {{ role }} }}")
    await house.data("{ viewer { role } }" + " " * 20_000)
    kept = [document[:5] for document, _ in house.engine._documents._values]
    assert kept == ["{ a2:", "{ a3:", "{ a4:"]


async def test_ever_new_shapes_of_variables_do_not_fill_the_memory(house: House) -> None:
    house.engine._plans = Kept(50, 100_000)
    document = LIST.replace("pageInfo { endCursor }", "totalCount")
    for n in range(1, 56):
        await house.data(document, {"where": {"or": [{"number": {"eq": "C1"}}] * n}})
    assert 5 < len(house.engine._plans) < 50  # the later ones are heavy
    assert house.engine._plans.held <= 100_000


async def test_a_fragment_that_spreads_itself_is_refused(house: House) -> None:
    answer = await house.ask("{ viewer { ...F } } fragment F on Viewer { ...F }")
    assert code_of(answer) == "GRAPHQL_VALIDATION_FAILED"


async def test_null_in_place_of_a_default_is_refused(house: House) -> None:
    document = """mutation ($i: CloseMonthInput = {month: "2025-01"}) {
        closeMonth(input: $i) { errors { code } } }"""
    assert code_of(await house.ask(document, {"i": None})) == "BAD_USER_INPUT"


async def test_so_many_faults_are_told_and_no_more(house: House) -> None:
    fields = " ".join(f"a{n}: nothing{n}" for n in range(50))
    assert len((await house.ask(f"{{ {fields} }}"))["errors"]) <= 21
    given = {"ids": [7.5] * 50}
    answer = await house.ask("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", given)
    assert len(answer["errors"]) <= 21

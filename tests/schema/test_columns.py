"""Rows read as columns say what the library makes of them, or are left to it."""

import datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from repository.reading.parameters import Unreadable
from schema.columns import Table
from schema.document import prepare
from schema.errors import RequestError
from schema.limits import Limits
from schema.published import graphql_schema
from schema.variables import MOST_VALUES

DOCUMENT = """mutation ($input: RecordBalancesInput!) {
    recordBalances(input: $input) { accepted } }"""
VARIABLES = prepare(graphql_schema(), DOCUMENT, None, Limits(15, 1000, 5000)).variables
NAMES = ("updateId", "account", "asOf", "balance")
TEXT = st.sampled_from(["", "a", "1.5", "1.50", "-0.00", "1e3", "2025-01-01", "2025-02-30", "é\0"])
ODD = st.sampled_from([None, 1, 1.5, True, [], {}, ["a"]])


def rows(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    whole = st.fixed_dictionaries(dict.fromkeys(NAMES, values))
    fewer = st.fixed_dictionaries({}, optional=dict.fromkeys((*NAMES, "memo"), values))
    return st.lists(st.one_of(whole, whole, fewer, ODD), max_size=4)


def coerced(variables: dict[str, Any]) -> Any:
    try:
        return VARIABLES.values(variables).coerced["input"]
    except RequestError as error:
        return [fault["message"] for fault in error.errors]


def seen(columns: Any) -> Any:
    """Rows of coerced values, however they were read."""
    if isinstance(columns, Table):
        return list(zip(*map(columns.values, NAMES), strict=True))
    return [tuple(row[name] for name in NAMES) for row in columns]


@given(
    rows(TEXT) | rows(TEXT | ODD) | ODD,
    st.sampled_from(["k", "", None, 1]),
    st.sampled_from([{}, {"more": 1}]),
    st.sampled_from([None, "updates", "idempotencyKey"]),
)
def test_columns_say_what_the_library_makes_of_rows(
    updates: Any, key: Any, more: dict[str, int], missing: str | None
) -> None:
    request = {"idempotencyKey": key, "updates": updates, **more}
    variables = {"input": {name: request[name] for name in request if name != missing}}
    found = coerced(variables)
    tables, VARIABLES._tables = VARIABLES._tables, []
    try:
        expected = coerced(variables)
    finally:
        VARIABLES._tables = tables
    if isinstance(expected, list):
        assert found == expected
        return
    assert found["idempotencyKey"] == expected["idempotencyKey"]
    assert seen(found["updates"]) == seen(expected["updates"])


def test_plain_rows_are_not_looked_at_one_by_one() -> None:
    row = {"updateId": "u", "account": "A", "asOf": "2025-01-01", "balance": "1e3"}
    [table] = [coerced({"input": {"idempotencyKey": "k", "updates": [row]}})["updates"]]
    assert isinstance(table, Table)
    assert table.texts("balance") == ["1e3"]
    assert table.values("asOf") == [datetime.date(2025, 1, 1)]
    assert isinstance(table.values("balance")[0], Unreadable)


def test_rows_count_among_the_values_of_a_request() -> None:
    row = {"updateId": "u", "account": "A", "asOf": "2025-01-01", "balance": "1"}
    given = {"input": {"idempotencyKey": "k", "updates": [row] * (MOST_VALUES // 5)}}
    assert coerced(given) == [f"the variables have more than {MOST_VALUES} values"]
    fewer = {"input": {"idempotencyKey": "k", "updates": [row] * (MOST_VALUES // 5 - 2)}}
    assert isinstance(coerced(fewer)["updates"], Table)
    assert coerced({**fewer, "other": [1] * 20}) == coerced(given)

"""What a request may hold and how it is answered, one row each, against a real server."""

from urllib.parse import quote

import httpx
import orjson
import pytest

from tests.api.serving import HELLO, JSON, RESPONSE, WORLD, Served, code_of, post


@pytest.mark.parametrize("accept", [JSON, RESPONSE])
async def test_a_query_is_answered_in_the_type_asked_for(
    http: httpx.AsyncClient, accept: str
) -> None:
    response = await post(http, HELLO, accept)
    assert response.status_code == 200
    assert response.headers["content-type"] == f"{accept}; charset=utf-8"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["cache-control"] == "no-store"
    assert response.json() == WORLD


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ({"query": "{ hello }", "variables": None, "operationName": None}, WORLD),
        ({"query": "{ hello }", "extensions": None}, WORLD),
        ({"query": "{ hello }", "extensions": {"some": "value"}, "unknown": 1}, WORLD),
        ({"query": "{ hello }", "operationName": ""}, WORLD),
        (
            {"query": "query A { hello } query B { count(n: 2) }", "operationName": "B"},
            {"data": {"count": 2}},
        ),
        (
            {"query": "query ($n: Int) { count(n: $n) }", "variables": {"n": 7}},
            {"data": {"count": 7}},
        ),
        (
            {"query": '{ hello(name: "Run🏃Swim🏊") }'},
            {"data": {"hello": "Hello, Run🏃Swim🏊"}},
        ),
        (
            {"query": "query ($v: Decimal!) { amount(value: $v) }", "variables": {"v": "0.10"}},
            {"data": {"amount": "0.10"}},
        ),
        (
            # A client that has a hash and the document is simply answered.
            HELLO | {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "abc"}}},
            WORLD,
        ),
    ],
)
async def test_a_well_formed_request_is_answered(
    http: httpx.AsyncClient, body: object, answer: object
) -> None:
    response = await post(http, body)
    assert (response.status_code, response.json()) == (200, answer)


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        (b"", "MALFORMED_JSON", "line 1, column 1"),
        (b'{ "not a JSON', "MALFORMED_JSON", "JSON"),
        (b'{"query": "\xff"}', "MALFORMED_JSON", "UTF-8"),
        (b'{"query": "{ hello }", "variables": {"n": NaN}}', "MALFORMED_JSON", "JSON"),
        (b"[" * 60_000, "MALFORMED_JSON", "64 levels"),
        (b'{"query":"{ hello }","variables":' + b'{"a":' * 9_000, "MALFORMED_JSON", "64 levels"),
        (b"null", "BAD_REQUEST", "must be an object, not null"),
        (b"1", "BAD_REQUEST", "must be an object, not a number"),
        (b"true", "BAD_REQUEST", "must be an object, not a boolean"),
        (b'"x"', "BAD_REQUEST", "must be an object, not a string"),
        (b"[]", "BATCHING_NOT_SUPPORTED", "one operation a request"),
        ([HELLO, HELLO], "BATCHING_NOT_SUPPORTED", "one operation a request"),
        ({}, "BAD_REQUEST", "'query' is missing"),
        ({"qeury": "{ hello }"}, "BAD_REQUEST", "'query' is missing"),
        ({"query": None}, "BAD_REQUEST", "'query' is missing"),
        ({"query": 0}, "BAD_REQUEST", "'query' must be a string, not a number"),
        ({"query": {"a": 1}}, "BAD_REQUEST", "'query' must be a string, not an object"),
        ({"query": ["a"]}, "BAD_REQUEST", "'query' must be a string, not an array"),
        ({"query": False}, "BAD_REQUEST", "'query' must be a string, not a boolean"),
        (HELLO | {"operationName": 1.5}, "BAD_REQUEST", "'operationName' must be a string"),
        (HELLO | {"operationName": {}}, "BAD_REQUEST", "'operationName' must be a string"),
        (HELLO | {"variables": "x"}, "BAD_REQUEST", "'variables' must be an object, not a str"),
        (HELLO | {"variables": []}, "BAD_REQUEST", "'variables' must be an object, not an arr"),
        (HELLO | {"variables": False}, "BAD_REQUEST", "'variables' must be an object, not a boo"),
        (HELLO | {"extensions": 0}, "BAD_REQUEST", "'extensions' must be an object, not a num"),
        (HELLO | {"extensions": ["a"]}, "BAD_REQUEST", "'extensions' must be an object"),
        ({"query": "subscription { silence }"}, "SUBSCRIPTION_NEEDS_SOCKET", "WebSocket"),
    ],
)
@pytest.mark.parametrize("accept", [JSON, RESPONSE])
async def test_a_malformed_request_is_a_400_in_either_type(
    http: httpx.AsyncClient, body: object, code: str, words: str, accept: str
) -> None:
    response = await post(http, body, accept)
    assert response.status_code == 400
    assert response.headers["content-type"].startswith(accept)
    assert code_of(response) == code
    assert words in response.json()["errors"][0]["message"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"query": "{"}, "SYNTAX"),
        ({"query": ""}, "SYNTAX"),
        ({"query": "{ nosuchfield }"}, "VALIDATION"),
        (HELLO | {"operationName": "Missing"}, "VALIDATION"),
        ({"query": "query ($id: ID!) { identity(id: $id) }"}, "BAD_USER_INPUT"),
        (
            {"query": "query ($v: Decimal!) { amount(value: $v) }", "variables": {"v": 0.1}},
            "BAD_USER_INPUT",
        ),
        (
            {"query": "query ($n: Int) { count(n: $n) }", "variables": {"n": 10**30}},
            "BAD_USER_INPUT",
        ),
    ],
)
async def test_what_the_engine_refuses_is_a_200_in_plain_json_only(
    http: httpx.AsyncClient, body: object, code: str
) -> None:
    plain, response = await post(http, body, JSON), await post(http, body, RESPONSE)
    assert (plain.status_code, response.status_code) == (200, 400)
    assert code_of(plain) == code_of(response) == code


async def test_an_engine_out_of_capacity_says_so_in_either_type(http: httpx.AsyncClient) -> None:
    for accept in (JSON, RESPONSE):
        body = {"query": "query overloaded { hello }", "operationName": "overloaded"}
        response = await post(http, body, accept)
        assert (response.status_code, code_of(response)) == (503, "UNAVAILABLE")


async def test_a_huge_integer_does_not_change_on_its_way(http: httpx.AsyncClient) -> None:
    query = {"query": "query ($id: ID!) { identity(id: $id) }", "variables": {"id": 10**29 + 1}}
    response = await post(http, query)
    assert response.json() == {"data": {"identity": str(10**29 + 1)}}


@pytest.mark.parametrize("accept", [JSON, RESPONSE])
async def test_a_field_error_is_a_200_with_its_code(http: httpx.AsyncClient, accept: str) -> None:
    response = await post(http, {"query": "{ fails hello }"}, accept)
    assert response.status_code == 200
    assert response.json()["data"] == {"fails": None, "hello": "Hello, world"}
    assert response.json()["errors"][0]["extensions"] == {"code": "NOT_FOUND"}


@pytest.mark.parametrize("accept", [JSON, RESPONSE, None])
async def test_persisted_query_clients_get_the_answer_they_know(
    http: httpx.AsyncClient, accept: str | None
) -> None:
    extensions = {
        "persistedQuery": {"version": 1, "sha256Hash": "ecf4edb46db40b5132295c0291d62fb6"}
    }
    by_post = await post(http, {"extensions": extensions}, accept)
    by_get = await http.get("/graphql", params={"extensions": orjson.dumps(extensions).decode()})
    for response in (by_post, by_get):
        assert response.status_code == 200
        assert code_of(response) == "PERSISTED_QUERY_NOT_SUPPORTED"
        assert response.json()["errors"][0]["message"] == "PersistedQueryNotSupported"


@pytest.mark.parametrize(
    ("query_string", "answer"),
    [
        ("query={hello}", WORLD),
        ("query=%7Bhello%7D&variables=&operationName=&extensions=", WORLD),
        ("query=query+A{hello}query+B{count(n:3)}&operationName=B", {"data": {"count": 3}}),
        (
            "query=query($n:Int){count(n:$n)}&variables=" + quote('{"n": 4}'),
            {"data": {"count": 4}},
        ),
        ('query={hello(name:"' + quote("🏃") + '")}&utm=1', {"data": {"hello": "Hello, 🏃"}}),
    ],
)
async def test_a_query_may_come_by_get(
    http: httpx.AsyncClient, query_string: str, answer: object
) -> None:
    response = await http.get(f"/graphql?{query_string}", headers={"Accept": RESPONSE})
    assert (response.status_code, response.json()) == (200, answer)


@pytest.mark.parametrize(
    ("query_string", "status", "code"),
    [
        ("", 400, "BAD_REQUEST"),
        ("query=", 400, "BAD_REQUEST"),
        ("query={hello}&query={hello}", 400, "BAD_REQUEST"),
        ("query=%ff%fe", 400, "BAD_REQUEST"),
        ("query={hello}&variables=[1]", 400, "BAD_REQUEST"),
        ("query={hello}&variables={", 400, "MALFORMED_JSON"),
        ("query={hello}&variables=" + "[" * 5_000, 400, "MALFORMED_JSON"),
        ("query={hello}&extensions=1", 400, "BAD_REQUEST"),
        ("a=1&" * 100, 400, "BAD_REQUEST"),
        ("query=mutation{bump}", 405, "METHOD_NOT_ALLOWED"),
        ("query=query+A{hello}mutation+B{bump}&operationName=B", 405, "METHOD_NOT_ALLOWED"),
        ("query=subscription{silence}", 400, "SUBSCRIPTION_NEEDS_SOCKET"),
    ],
)
async def test_what_may_not_come_by_get_is_refused(
    http: httpx.AsyncClient, served: Served, query_string: str, status: int, code: str
) -> None:
    bumps = served.engine.bumps
    response = await http.get(f"/graphql?{query_string}", headers={"Accept": RESPONSE})
    assert (response.status_code, code_of(response)) == (status, code)
    assert response.headers.get("allow") == ("POST" if status == 405 else None)
    assert served.engine.bumps == bumps

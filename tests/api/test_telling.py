"""What the API tells of requests: ids, counts, lines in the log, and nothing of anybody."""

import io
import json
import logging
from collections.abc import Iterator

import httpx
import pytest

from settings import Settings
from telemetry import logs
from telemetry.figures import FAILED, OPERATIONS, REQUESTS, SUBSCRIPTIONS
from telemetry.meters import METERS
from tests.api.serving import (
    Served,
    acknowledge,
    bearer_of,
    hear,
    post,
    say,
    serve,
    subscribe,
    until,
)

NAME = "Wang Xiaoming"
GREETING = "query Greeting($n: String) { hello(name: $n) }"


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    stream = io.StringIO()
    logs.configure("debug", "json", stream)
    yield stream
    root.setLevel(level)
    root.handlers = handlers


def told(stream: io.StringIO, message: str) -> list[dict]:
    return [line for line in ours(stream) if line["message"].startswith(message)]


def ours(stream: io.StringIO) -> list[dict]:
    """All lines but those of the clients in this test, which know what they send."""
    found = [json.loads(line) for line in stream.getvalue().splitlines()]
    clients = ("websockets.client", "httpx", "httpcore")
    return [line for line in found if not line["logger"].startswith(clients)]


def counted(place: int) -> float:
    return METERS.cells[place]


async def test_a_request_has_an_id_of_its_own_or_its_callers(http: httpx.AsyncClient) -> None:
    first = await post(http, {"query": "{ hello }"})
    second = await post(http, {"query": "{ hello }"})
    assert first.headers["x-request-id"] != second.headers["x-request-id"]
    given = await post(http, {"query": "{ hello }"}, **{"X-Request-Id": "till-7.a"})
    assert given.headers["x-request-id"] == "till-7.a"
    insane = await post(http, {"query": "{ hello }"}, **{"X-Request-Id": "<script> " + NAME})
    assert insane.headers["x-request-id"] not in ("<script>", NAME)
    refused = await post(http, {"query": "{ nothing }"}, **{"X-Request-Id": "till-8"})
    assert (refused.status_code, refused.headers["x-request-id"]) == (400, "till-8")


async def test_requests_are_counted_by_kind_and_status(http: httpx.AsyncClient) -> None:
    places = [
        REQUESTS.at("query", "200"),
        REQUESTS.at("mutation", "200"),
        REQUESTS.at("none", "400"),
        REQUESTS.at("query", "500"),
    ]
    before = [counted(place) for place in places]
    await post(http, {"query": "{ hello }"})
    await post(http, {"query": "mutation { bump }"})
    await post(http, {"query": "{ nothing }"})
    assert [counted(place) - one for place, one in zip(places, before, strict=True)] == [1, 1, 1, 0]


async def test_an_answer_without_data_is_counted_though_its_status_is_200(
    http: httpx.AsyncClient,
) -> None:
    before = counted(FAILED.at("query"))
    answer = await post(http, {"query": GREETING, "variables": {"n": 5}}, "application/json")
    assert answer.status_code == 200
    assert counted(FAILED.at("query")) == before + 1


@pytest.mark.parametrize("logs_requests", [True, False])
async def test_a_request_is_a_line_in_the_log_if_asked_for_and_says_nothing_of_anybody(
    lines: io.StringIO, logs_requests: bool
) -> None:
    settings = Settings(max_body_bytes=65_536, log_requests=logs_requests)
    async with (
        serve(settings=settings) as served,
        httpx.AsyncClient(base_url=served.url, headers=bearer_of()) as client,
    ):
        given = {"query": GREETING, "variables": {"n": NAME}}
        await post(client, given, **{"X-Request-Id": "till-1"})
        token = client.headers["authorization"]
    requests = told(lines, "request")
    if not logs_requests:
        assert requests == []
        return
    [line] = requests
    expected = {
        "request_id": "till-1",
        "operation": "Greeting",
        "kind": "query",
        "role": "customer",
        "status": 200,
    }
    assert expected.items() <= line.items()
    assert line["duration_ms"] > 0
    assert_says_nothing(lines, token)


def assert_says_nothing(lines: io.StringIO, token: str) -> None:
    said = json.dumps(ours(lines))
    for personal in (NAME, "C1", token, token[:30], "hello", "$n"):
        assert personal not in said, personal


async def test_a_failing_request_says_nothing_of_anybody_but_where_it_failed(
    lines: io.StringIO,
) -> None:
    settings = Settings(max_body_bytes=65_536, log_requests=True)
    async with (
        serve(settings=settings) as served,
        httpx.AsyncClient(base_url=served.url, headers=bearer_of()) as client,
    ):
        served.engine.crash_with = ValueError(f"bad value {NAME!r} of C1")
        given = {"query": GREETING, "variables": {"n": NAME}}
        answer = await post(client, given, **{"X-Request-Id": "till-2"})
        token = client.headers["authorization"]
    [error] = answer.json()["errors"]
    [line] = told(lines, "error ")
    assert error["extensions"]["id"] in line["message"]
    assert line["request_id"] == "till-2"
    assert line["operation"] == "Greeting"
    assert line["exception"][0]["type"] == "builtins.ValueError"
    assert any("echo_engine.py" in place for place in line["exception"][0]["stack"])
    assert_says_nothing(lines, token)


async def test_operations_on_a_socket_are_counted_and_have_ids(
    served: Served, lines: io.StringIO
) -> None:
    completed = OPERATIONS.at("query", "completed")
    stopped = OPERATIONS.at("subscription", "stopped")
    failed = OPERATIONS.at("none", "failed")
    before = [counted(place) for place in (completed, stopped, failed, SUBSCRIPTIONS.at())]
    async with served.socket() as socket:
        await acknowledge(socket)
        await socket.send(subscribe("{ hello }", "a"))
        await hear(socket)
        await hear(socket)
        await socket.send(subscribe("{ nothing }", "b"))
        assert (await hear(socket))["type"] == "error"
        await socket.send(subscribe("subscription { silence }", "c"))
        await until(lambda: counted(SUBSCRIPTIONS.at()) == before[3] + 1)
        served.engine.crash_with = ValueError(NAME)
        await socket.send(subscribe(GREETING, "d", variables={"n": NAME}))
        assert (await hear(socket))["type"] == "error"
        await say(socket, id="c", type="complete")
        await until(lambda: counted(stopped) == before[1] + 1)
    assert counted(completed) == before[0] + 1
    assert counted(failed) == before[2] + 1
    assert counted(SUBSCRIPTIONS.at()) == before[3]
    [line] = told(lines, "error ")
    assert line["request_id"]
    assert line["operation"] == "Greeting"
    assert_says_nothing(lines, bearer_of()["Authorization"])


async def figures() -> str:
    return "terrace_up 1\n"


@pytest.mark.parametrize(
    ("token", "headers", "status"),
    [
        (None, {}, 200),
        (None, {"X-Forwarded-For": "203.0.113.9"}, 403),
        (None, {"Forwarded": "for=203.0.113.9"}, 403),
        ("a token of the scraper", {}, 401),
        ("a token of the scraper", {"Authorization": "Bearer another"}, 401),
        (
            "a token of the scraper",
            {"Authorization": "Bearer a token of the scraper", "X-Forwarded-For": "10.0.0.1"},
            200,
        ),
    ],
)
async def test_figures_are_for_the_inner_network_or_for_who_has_the_token(
    token: str | None, headers: dict[str, str], status: int
) -> None:
    settings = Settings(metrics_token=token)  # type: ignore[arg-type]
    async with serve(settings=settings, scrape=figures) as served, httpx.AsyncClient() as client:
        answer = await client.get(f"{served.url}/metrics", headers=headers)
    assert answer.status_code == status
    assert ("terrace_up 1" in answer.text) == (status == 200)

"""What becomes of operations on a socket, against a real server."""

import asyncio
import logging
from contextlib import suppress

import pytest
from websockets.exceptions import ConnectionClosed

from tests.api.serving import Served, acknowledge, closing, hear, say, subscribe, until


@pytest.mark.parametrize(
    ("query", "payload", "answers"),
    [
        ("{ hello }", {}, [{"data": {"hello": "Hello, world"}}]),
        ("mutation { bump }", {}, None),
        ("query A {hello} query B {count(n:2)}", {"operationName": "B"}, [{"data": {"count": 2}}]),
        (
            "subscription ($to: Int!) { ticks(to: $to) }",
            {"variables": {"to": 3}, "operationName": None, "extensions": None},
            [{"data": {"ticks": tick}} for tick in (1, 2, 3)],
        ),
        ("subscription { ticks(to: 0) }", {"variables": None}, []),
        (
            "{ hello }",
            {"extensions": {"persistedQuery": {"version": 1}}},
            [{"data": {"hello": "Hello, world"}}],
        ),
    ],
)
async def test_an_operation_of_any_kind_is_answered_and_completed(
    served: Served, query: str, payload: dict, answers: list | None
) -> None:
    async with served.socket() as socket:
        await acknowledge(socket)
        for identifier in ("1", 'a "quoted" \\ é', "1"):  # an id is free again at once
            await socket.send(subscribe(query, identifier, **payload))
            for answer in answers if answers is not None else [None]:
                heard = await hear(socket)
                assert (heard["id"], heard["type"]) == (identifier, "next")
                if answer is not None:
                    assert heard["payload"] == answer
            assert await hear(socket) == {"id": identifier, "type": "complete"}


@pytest.mark.parametrize(
    ("query", "payload", "code"),
    [
        ("{", {}, "SYNTAX"),
        ("", {}, "SYNTAX"),
        ("subscription {", {}, "SYNTAX"),
        ("{ nosuchfield }", {}, "VALIDATION"),
        ("{ hello }", {"operationName": "Missing"}, "VALIDATION"),
        ("query ($id: ID!) { identity(id: $id) }", {}, "BAD_USER_INPUT"),
        ("subscription ($n: Int!) { ticks(to: $n) }", {"variables": {"n": 0.5}}, "BAD_USER_INPUT"),
        ("subscription { refusedAtOnce }", {}, "FORBIDDEN"),
    ],
)
async def test_a_refused_request_is_an_error_of_its_operation_alone(
    served: Served, query: str, payload: dict, code: str
) -> None:
    async with served.socket() as socket:
        await acknowledge(socket)
        for _ in range(2):
            await socket.send(subscribe(query, "7", **payload))
            heard = await hear(socket)
            assert (heard["id"], heard["type"]) == ("7", "error")
            assert heard["payload"][0]["extensions"]["code"] == code
        await socket.send(subscribe("{ hello }"))
        assert (await hear(socket))["type"] == "next"


async def test_a_hash_without_its_query_gets_the_code_its_clients_know(served: Served) -> None:
    async with served.socket() as socket:
        await acknowledge(socket)
        payload = {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "abc"}}}
        await say(socket, type="subscribe", id="1", payload=payload)
        heard = await hear(socket)
        assert heard["type"] == "error"
        assert heard["payload"][0]["extensions"]["code"] == "PERSISTED_QUERY_NOT_SUPPORTED"


async def test_a_field_error_is_a_next_like_any_other(served: Served) -> None:
    async with served.socket() as socket:
        await acknowledge(socket)
        await socket.send(subscribe("{ fails }"))
        heard = await hear(socket)
        assert heard["type"] == "next"
        assert heard["payload"]["errors"][0]["extensions"] == {"code": "NOT_FOUND"}
        assert (await hear(socket))["type"] == "complete"


async def test_a_stream_may_end_in_a_refusal(served: Served) -> None:
    async with served.socket() as socket:
        await acknowledge(socket)
        await socket.send(subscribe("subscription { refusedLater }"))
        assert (await hear(socket))["type"] == "next"
        heard = await hear(socket)
        assert heard["type"] == "error"
        assert heard["payload"][0]["extensions"]["code"] == "CURSOR_EXPIRED"


@pytest.mark.parametrize("query", ["{ crashes }", "subscription { crashesLater }"])
async def test_a_fault_of_ours_is_masked_and_logged_under_its_id(
    served: Served, query: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with served.socket() as socket:
        await acknowledge(socket)
        with caplog.at_level(logging.ERROR):
            await socket.send(subscribe(query))
            heard = await hear(socket)
            if heard["type"] == "next":
                heard = await hear(socket)
        assert heard["type"] == "error"
        assert heard["payload"][0]["extensions"]["code"] == "INTERNAL"
        assert "hunter2" not in str(heard)
        assert heard["payload"][0]["extensions"]["id"] in caplog.text
        await socket.send(subscribe("{ hello }"))
        assert (await hear(socket))["type"] == "next"


async def test_complete_ends_the_operation_and_frees_its_id(served: Served) -> None:
    async with served.socket() as socket:
        await acknowledge(socket)
        for _ in range(3):
            await socket.send(subscribe("subscription { silence }"))
            await until(lambda: served.engine.open_streams == 1)
            await say(socket, type="complete", id="1")
            await until(lambda: served.engine.open_streams == 0)
        await socket.send(subscribe("{ hello }"))
        assert (await hear(socket))["type"] == "next"


async def test_complete_of_a_query_means_its_answer_is_not_sent(served: Served) -> None:
    cancelled = served.engine.cancelled
    async with served.socket() as socket:
        await acknowledge(socket)
        await socket.send(subscribe("{ sleeps(seconds: 30) }"))
        await asyncio.sleep(0.05)
        await say(socket, type="complete", id="1")
        await until(lambda: served.engine.cancelled == cancelled + 1)
        await say(socket, type="complete", id="never seen")
        await say(socket, type="ping")
        assert await hear(socket) == {"type": "pong"}


async def test_operations_run_side_by_side(served: Served) -> None:
    async with served.socket() as socket:
        await acknowledge(socket)
        await socket.send(subscribe("{ sleeps(seconds: 0.2) }", "slow"))
        await socket.send(subscribe("{ hello }", "quick"))
        order = [(await hear(socket))["id"] for _ in range(4)]
        assert order == ["quick", "quick", "slow", "slow"]


async def test_a_socket_runs_so_many_operations_and_no_more(served: Served) -> None:
    async with served.socket() as socket:
        await acknowledge(socket)
        for number in range(4):
            await socket.send(subscribe("subscription { silence }", f"s{number}"))
        await socket.send(subscribe("{ hello }", "one too many"))
        heard = await hear(socket)
        assert (heard["id"], heard["type"]) == ("one too many", "error")
        assert heard["payload"][0]["extensions"]["code"] == "TOO_MANY_OPERATIONS"
        await say(socket, type="complete", id="s0")
        await until(lambda: served.engine.open_streams == 3)
        await socket.send(subscribe("{ hello }", "now"))
        assert (await hear(socket))["id"] == "now"


async def test_a_client_that_goes_leaves_nothing_behind(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        async with served.socket() as socket:
            await acknowledge(socket)
            for number in range(3):
                await socket.send(subscribe("subscription { silence }", f"s{number}"))
            await until(lambda: served.engine.open_streams == 3)
        await until(lambda: served.engine.open_streams == 0)
        await until(lambda: len(served.app.state.sockets) == 0)
        async with served.socket() as socket:
            await acknowledge(socket)
            await socket.send(subscribe("subscription { silence }"))
            await until(lambda: served.engine.open_streams == 1)
            socket.transport.abort()
            await until(lambda: served.engine.open_streams == 0)
    assert [record.getMessage() for record in caplog.records] == []


async def test_a_message_above_the_frame_limit_closes_the_socket(served: Served) -> None:
    for size in (70_000, 200_000):  # above our limit, above the server's own
        async with served.socket() as socket:
            await acknowledge(socket)
            with suppress(ConnectionClosed):  # which may come while we send
                await socket.send(subscribe("{ hello }", padding="é" * (size // 2)))
            assert (await closing(socket))[0] == 1009

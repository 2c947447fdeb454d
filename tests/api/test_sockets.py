"""The rules of graphql-transport-ws, one row each, against a real server."""

import asyncio
import logging
from contextlib import suppress

import orjson
import pytest
from websockets.exceptions import ConnectionClosed

from domain.actors import Role
from tests.api.serving import Served, acknowledge, closing, hear, say, token, until


def subscribe(query: str, identifier: str = "1", **payload: object) -> str:
    message = {"id": identifier, "type": "subscribe", "payload": {"query": query} | payload}
    return orjson.dumps(message).decode()


INIT = orjson.dumps({"type": "connection_init", "payload": {"token": token()}}).decode()


@pytest.mark.parametrize("offered", [None, "graphql-ws", "graphql"])
async def test_only_the_one_subprotocol_is_spoken(served: Served, offered: str | None) -> None:
    # A client that insists on its subprotocol fails the handshake by itself; a raw one is told.
    headers = {"Sec-WebSocket-Protocol": offered} if offered else {}
    async with served.socket(subprotocols=(), additional_headers=headers) as socket:
        assert await closing(socket) == (4406, "Subprotocol not acceptable")


async def test_the_subprotocol_is_found_among_others(served: Served) -> None:
    offered = ("graphql-ws", "graphql-transport-ws")
    async with served.socket(subprotocols=offered) as socket:
        assert socket.subprotocol == "graphql-transport-ws"
        await acknowledge(socket)


@pytest.mark.parametrize(
    "payload",
    [
        {"token": token()},
        {"authorization": f"Bearer {token()}"},
        {"Authorization": f"Bearer {token()}"},
        {"Authorization": f"bearer {token()}", "unknown": [1]},
    ],
)
async def test_the_token_may_come_with_connection_init(served: Served, payload: dict) -> None:
    async with served.socket() as socket:
        await say(socket, type="connection_init", payload=payload)
        assert await hear(socket) == {"type": "connection_ack"}


@pytest.mark.parametrize(
    "init",
    [
        {"type": "connection_init"},
        {"type": "connection_init", "payload": None},
        {"type": "connection_init", "payload": {}},
    ],
)
async def test_the_token_may_come_with_the_upgrade_request(served: Served, init: dict) -> None:
    headers = {"Authorization": f"Bearer {token(Role.MANAGER, 'M1')}"}
    async with served.socket(additional_headers=headers) as socket:
        await say(socket, **init)
        assert await hear(socket) == {"type": "connection_ack"}
        await socket.send(subscribe("{ caller }"))
        assert (await hear(socket))["payload"] == {"data": {"caller": "manager:M1:21:api"}}


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (None, "Send a token"),
        ({}, "Send a token"),
        ({"token": "nonsense"}, "malformed"),
        ({"token": ""}, "must be 'Bearer'"),
        ({"token": 5}, "must be 'Bearer'"),
        ({"token": {"a": 1}}, "must be 'Bearer'"),
        ({"authorization": token()}, "must be 'Bearer'"),
        ({"Authorization": ["Bearer x"]}, "must be 'Bearer'"),
        ({"token": token(seconds=0)}, "expired"),
        ({"token": token(subject="C404")}, "unknown subject"),
    ],
)
async def test_who_has_no_sound_token_is_forbidden(
    served: Served, payload: object, reason: str
) -> None:
    async with served.socket() as socket:
        await say(socket, type="connection_init", payload=payload)
        code, said = await closing(socket)
        assert code == 4403
        assert said.startswith("Forbidden")
        assert reason in said


async def test_a_bad_token_in_the_message_is_not_made_good_by_the_header(served: Served) -> None:
    headers = {"Authorization": f"Bearer {token()}"}
    async with served.socket(additional_headers=headers) as socket:
        await say(socket, type="connection_init", payload={"token": "nonsense"})
        assert (await closing(socket))[0] == 4403


MALFORMED: list[tuple[str | bytes, str]] = [
    ("", "not valid JSON"),
    ("{", "not valid JSON"),
    ("[]", "must be an object, not an array"),
    ("[" * 60_000, "64 levels"),
    ('"x"', "must be an object, not a string"),
    ("1", "must be an object, not a number"),
    ("null", "must be an object, not null"),
    ("true", "must be an object, not a boolean"),
    ("{}", "'type' must be a string, not null"),
    ('{"type": 1}', "'type' must be a string, not a number"),
    ('{"type": ["ping"]}', "'type' must be a string, not an array"),
    ('{"type": {"a": 1}}', "'type' must be a string, not an object"),
    ('{"type": "start"}', "unknown type"),
    ('{"type": "connection_ack"}', "unknown type"),
    ('{"type": "next", "id": "1"}', "unknown type"),
    ('{"type": "connection_init", "payload": "x"}', "'payload' must be an object"),
    ('{"type": "connection_init", "payload": [1]}', "'payload' must be an object"),
    ('{"type": "ping", "payload": 1}', "'payload' must be an object"),
    ('{"type": "pong", "payload": "x"}', "'payload' must be an object"),
    ('{"type": "complete"}', "'id' must be a string, not null"),
    ('{"type": "complete", "id": {"a": 1}}', "'id' must be a string, not an object"),
    ('{"type": "subscribe", "payload": {"query": "{hello}"}}', "'id' must be a string"),
    ('{"type": "subscribe", "id": 1, "payload": {"query": "{hello}"}}', "not a number"),
    ('{"type": "subscribe", "id": [1], "payload": {"query": "{hello}"}}', "not an array"),
    ('{"type": "subscribe", "id": "", "payload": {"query": "{hello}"}}', "must not be empty"),
    ('{"type": "subscribe", "id": "1"}', "'payload' of subscribe is missing"),
    ('{"type": "subscribe", "id": "1", "payload": null}', "'payload' of subscribe is missing"),
    ('{"type": "subscribe", "id": "1", "payload": "{hello}"}', "'payload' must be an object"),
    (b"{}", "text frames"),
    (b"\xff\xfe", "text frames"),
]
MALFORMED_REQUEST: list[tuple[str, str]] = [
    ('{"type": "subscribe", "id": "1", "payload": {}}', "'query' is missing"),
    ('{"type": "subscribe", "id": "1", "payload": {"query": 1}}', "'query' must be a string"),
    ('{"type": "subscribe", "id": "1", "payload": {"query": ["a"]}}', "'query' must be a"),
    (subscribe("{hello}", variables=[]), "'variables' must be an object, not an array"),
    (subscribe("{hello}", variables="x"), "'variables' must be an object, not a string"),
    (subscribe("{hello}", operationName=5), "'operationName' must be a string"),
    (subscribe("{hello}", extensions=1), "'extensions' must be an object"),
]


@pytest.mark.parametrize("acknowledged", [False, True])
@pytest.mark.parametrize(("message", "reason"), MALFORMED)
async def test_a_message_outside_of_the_protocol_closes_the_socket_with_its_reason(
    served: Served, message: str | bytes, reason: str, acknowledged: bool
) -> None:
    async with served.socket() as socket:
        if acknowledged:
            await acknowledge(socket)
        await socket.send(message)
        code, said = await closing(socket)
        assert code == 4400
        assert reason in said


@pytest.mark.parametrize(("message", "reason"), MALFORMED_REQUEST)
async def test_a_malformed_request_closes_the_socket_with_its_reason(
    served: Served, message: str, reason: str
) -> None:
    async with served.socket() as socket:
        await acknowledge(socket)
        await socket.send(message)
        code, said = await closing(socket)
        assert code == 4400
        assert reason in said


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        ([subscribe("{ hello }")], 4401),
        ([subscribe("subscription { silence }")], 4401),
        ([INIT, INIT], 4429),
        ([INIT, '{"type":"connection_init"}'], 4429),
        ([INIT, subscribe("subscription { silence }"), subscribe("{ hello }")], 4409),
    ],
)
async def test_messages_out_of_turn_close_the_socket(
    served: Served, messages: list[str], code: int
) -> None:
    async with served.socket() as socket:
        for message in messages:
            await socket.send(message)
        assert (await closing(socket))[0] == code


async def test_a_reason_is_cut_to_what_a_close_frame_has_room_for(served: Served) -> None:
    async with served.socket() as socket:
        await acknowledge(socket)
        for _ in range(2):
            await socket.send(subscribe("subscription { silence }", "é" * 200))
        code, reason = await closing(socket)
        assert code == 4409
        assert reason.startswith("Subscriber for éé")
        assert 121 <= len(reason.encode()) <= 123


@pytest.mark.parametrize(
    ("ping", "pong"),
    [
        ({}, {}),
        ({"payload": {"sent": 1, "n": [None]}}, {"payload": {"sent": 1, "n": [None]}}),
        ({"payload": None}, {"payload": None}),
        ({"payload": {"big": 10**18}}, {"payload": {"big": 10**18}}),
    ],
)
async def test_a_ping_is_answered_with_its_payload_at_any_time(
    served: Served, ping: dict, pong: dict
) -> None:
    async with served.socket() as socket:
        for _ in range(2):
            await say(socket, type="ping", **ping)
            assert await hear(socket) == {"type": "pong"} | pong
        await say(socket, type="pong")
        await say(socket, type="pong", payload={"a": 1})
        await acknowledge(socket)


async def test_a_ping_may_hold_an_integer_of_any_length(served: Served) -> None:
    async with served.socket() as socket:
        await socket.send('{"type":"ping","payload":{"n":%s}}' % ("9" * 40))
        assert "9" * 40 in await socket.recv()


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
        assert heard["payload"][0]["extensions"]["errorId"] in caplog.text
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

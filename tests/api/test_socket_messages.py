"""What a client may say on a socket, one row each, against a real server."""

import orjson
import pytest

from domain.actors import Role
from tests.api.serving import Served, acknowledge, closing, hear, say, subscribe, token

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

"""The messages of graphql-transport-ws: what a client may say, and how the server says things.

The protocol is the one of the graphql-ws project (its PROTOCOL.md). Whatever is not of it is
`Malformed`, with a reason that fits into the close frame.
"""

import json
from dataclasses import dataclass

import orjson

from api.errors import Refusal
from api.json_guard import parse, type_name

SUBPROTOCOL = "graphql-transport-ws"
LONGEST_REASON = 123
"""Bytes a close frame has room for (RFC 6455, section 5.5)."""

Members = dict[str, object]


class Malformed(Exception):
    """A message outside of the protocol; the socket closes with 4400 and this reason."""


@dataclass(frozen=True, slots=True)
class ConnectionInit:
    """The first message; its payload may carry the token."""

    payload: Members | None


@dataclass(frozen=True, slots=True)
class Ping:
    """A question whether the other side lives; the payload goes back in the pong."""

    payload: Members | None
    has_payload: bool


@dataclass(frozen=True, slots=True)
class Pong:
    """An answer to a ping, or a sign of life without one."""


@dataclass(frozen=True, slots=True)
class Subscribe:
    """The request to run an operation of any kind; `payload` is the GraphQL request."""

    id: str
    payload: Members


@dataclass(frozen=True, slots=True)
class Complete:
    """The client wants no more of an operation."""

    id: str


Message = ConnectionInit | Ping | Pong | Subscribe | Complete


def read_message(raw: bytes) -> Message:
    """The message in a text frame; raises `Malformed`."""
    try:
        value = parse(raw, "The message")
    except Refusal as refusal:
        raise Malformed(str(refusal)) from None
    if not isinstance(value, dict):
        raise Malformed(f"The message must be an object, not {type_name(value)}")
    match value.get("type"):
        case "connection_init":
            return ConnectionInit(_payload(value))
        case "ping":
            return Ping(_payload(value), "payload" in value)
        case "pong":
            _payload(value)
            return Pong()
        case "subscribe":
            identifier = _id(value)
            payload = _payload(value)
            if payload is None:
                raise Malformed("'payload' of subscribe is missing")
            return Subscribe(identifier, payload)
        case "complete":
            return Complete(_id(value))
        case str():
            raise Malformed("The message has an unknown type")
        case other:
            raise Malformed(f"'type' must be a string, not {type_name(other)}")


def token_header(payload: Members | None) -> str | None:
    """What connection_init says in place of an Authorization header, None if nothing.

    `{"authorization": "Bearer ..."}` in either spelling, or `{"token": "..."}`. A value that is
    no string comes back as one that no authenticator admits.
    """
    for name, prefix in (("authorization", ""), ("Authorization", ""), ("token", "Bearer ")):
        value = (payload or {}).get(name)
        if value is not None:
            return f"{prefix}{value}" if isinstance(value, str) else ""
    return None


ACKNOWLEDGED = '{"type":"connection_ack"}'
PING = '{"type":"ping"}'


def pong(ping: Ping) -> str:
    """The answer to a ping, with its payload."""
    answer: Members = {"type": "pong"}
    if ping.has_payload:
        answer["payload"] = ping.payload
    # Not orjson: a payload may hold integers beyond 64 bits, and they go back as they came.
    return json.dumps(answer, separators=(",", ":"))


def next_event(identifier: str, response: bytes) -> str:
    """One response object of an operation, which is passed on as the bytes it is."""
    return f'{{"id":{_quoted(identifier)},"type":"next","payload":{response.decode()}}}'


def failed(identifier: str, errors: list[dict[str, object]]) -> str:
    """The end of an operation that could not be run (any further)."""
    return orjson.dumps({"id": identifier, "type": "error", "payload": errors}).decode()


def completed(identifier: str) -> str:
    """The end of an operation that has said everything."""
    return f'{{"id":{_quoted(identifier)},"type":"complete"}}'


def close_reason(text: str) -> str:
    """The text, cut to what a close frame has room for without breaking a character."""
    return text.encode()[:LONGEST_REASON].decode(errors="ignore")


def _quoted(identifier: str) -> str:
    return orjson.dumps(identifier).decode()


def _id(message: Members) -> str:
    identifier = message.get("id")
    if not isinstance(identifier, str):
        raise Malformed(f"'id' must be a string, not {type_name(identifier)}")
    if not identifier:
        raise Malformed("'id' must not be empty")
    return identifier


def _payload(message: Members) -> Members | None:
    payload = message.get("payload")
    if payload is None or isinstance(payload, dict):
        return payload
    raise Malformed(f"'payload' must be an object, not {type_name(payload)}")

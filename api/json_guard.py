"""JSON from strangers: bounded in depth before it is parsed, exact in its integers after."""

import json
import re

import orjson

from api.errors import Code, Refusal

MAX_NESTING = 64
"""Levels of objects and arrays in a request; the engine's recursion is never the one to notice."""

_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_LONG_INTEGER = re.compile(rb"[:\[,]\s*-?[0-9]{19}")


def parse(raw: bytes, what: str) -> object:
    """The value of a JSON text in UTF-8; raises `Refusal` with the code MALFORMED_JSON.

    `what` names the text in the message. Integers are exact whatever their length: orjson makes
    floats of those beyond 64 bits, so a text that has one is read again by the standard library.
    """
    # A text with few brackets cannot be deep; this spares nearly every request the look.
    if raw.count(b"{") + raw.count(b"[") > MAX_NESTING and _nested_too_deeply(raw):
        raise Refusal(Code.MALFORMED_JSON, f"{what} is nested more than {MAX_NESTING} levels deep")
    try:
        value: object = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise Refusal(
            Code.MALFORMED_JSON,
            f"{what} is not valid JSON in UTF-8 (line {error.lineno}, column {error.colno})",
        ) from None
    if _LONG_INTEGER.search(raw):
        value = json.loads(raw)
    return value


def type_name(value: object) -> str:
    """What a JSON value is, in the words of an error message."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "an array"
        case _:
            return "an object"


def _nested_too_deeply(raw: bytes) -> bool:
    """Whether brackets stand deeper in each other than they may.

    Without its escapes a text is in a string after every other quote. What is left outside are
    brackets, of which each round takes the innermost away; the work is bytes' own, for a request
    of a thousand rows has twelve thousand strings.
    """
    text = raw.replace(b"\\\\", b"").replace(b'\\"', b"")
    brackets = b"".join(text.split(b'"')[::2]).translate(None, _NO_BRACKETS)
    for _ in range(MAX_NESTING):
        if not brackets:
            return False
        brackets = brackets.replace(b"{}", b"").replace(b"[]", b"")
    return bool(brackets)

"""JSON from strangers: bounded in depth before it is parsed, exact in its integers after."""

import json
import re

import orjson

from api.errors import Code, Refusal

MAX_NESTING = 64
"""Levels of objects and arrays in a request; the engine's recursion is never the one to notice."""

_STRING_OR_BRACKET = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[{]|[\]}]', re.DOTALL)
_LONG_INTEGER = re.compile(rb"[:\[,]\s*-?[0-9]{19}")


def parse(raw: bytes, what: str) -> object:
    """The value of a JSON text in UTF-8; raises `Refusal` with the code MALFORMED_JSON.

    `what` names the text in the message. Integers are exact whatever their length: orjson makes
    floats of those beyond 64 bits, so a text that has one is read again by the standard library.
    """
    # A text with few brackets cannot be deep; this spares nearly every request the scan.
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
    depth = 0
    for found in _STRING_OR_BRACKET.finditer(raw):
        first = found.group()[0]
        if first in b"[{":
            depth += 1
            if depth > MAX_NESTING:
                return True
        elif first in b"]}":
            depth -= 1
    return False

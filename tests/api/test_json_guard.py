import json
import time
from contextlib import suppress

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.errors import Code, Refusal
from api.json_guard import MAX_NESTING, parse

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def nested(levels: int, opening: bytes = b"[", closing: bytes = b"]") -> bytes:
    return opening * levels + b"1" + closing * levels


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[1,]",
        b"{'a': 1}",
        b"NaN",
        b"Infinity",
        b"1e999",
        b"01",
        b'"\xff"',
        b"\xff\xfe{\x00}\x00",
        b'"\\ud800"',
        b'"unterminated',
        b'"\\',
        b"\xef\xbb\xbf{}",
        b"1" * 5_000,
        nested(MAX_NESTING + 1),
        nested(MAX_NESTING + 1, b'{"a":', b"}"),
        nested(100_000),
        b"[" * 1_000_000,
        b'["]",' * 100,
    ],
)
def test_what_is_not_bounded_json_in_utf8_is_refused(raw: bytes) -> None:
    with pytest.raises(Refusal) as refused:
        parse(raw, "it")
    assert refused.value.code is Code.MALFORMED_JSON
    assert len(str(refused.value)) < 100


def test_the_deepest_allowed_nesting_is_read() -> None:
    parse(nested(MAX_NESTING), "it")


def test_brackets_in_strings_and_beside_each_other_are_not_depth() -> None:
    assert parse(orjson.dumps({"query": "{[" * 1_000 + '\\"{{'}), "it")
    assert parse(b"[" + b"{}," * 1_000 + b"[]]", "it")


@pytest.mark.parametrize(
    "number", ["9" * 19, "9" * 30, "-" + "9" * 25, "18446744073709551616", "-9223372036854775809"]
)
@pytest.mark.parametrize("around", ["[%s]", '{"a":%s}', '{"a": %s}', "[1,%s]", "[1,\n %s]"])
def test_integers_stay_exact_whatever_their_length(number: str, around: str) -> None:
    value = parse((around % number).encode(), "it")
    assert str(value).count(number.lstrip("-")) == 1


def test_long_digits_in_a_string_stay_a_string() -> None:
    assert parse(b'{"account":"6222020200012345678901"}', "it") == {
        "account": "6222020200012345678901"
    }


@given(JSON)
def test_whatever_json_can_say_is_read_as_it_was_meant(value: object) -> None:
    raw = json.dumps(value).encode()
    try:
        orjson.loads(raw)
    except orjson.JSONDecodeError:  # lone surrogates
        return
    if not isinstance(value, int):  # a bare number is no request
        assert parse(raw, "it") == value


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    with suppress(Refusal):
        parse(raw, "it")


def test_the_guard_is_cheap_even_for_a_body_made_of_brackets() -> None:
    raw = b"[" + b"[]," * 300_000 + b"[]]"
    started = time.process_time()
    parse(raw, "it")
    assert time.process_time() - started < 3  # some tenths; by squares it would be minutes

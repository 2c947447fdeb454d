import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.socket_protocol import Malformed, close_reason, next_event, read_message

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
TYPES = st.sampled_from(["connection_init", "ping", "pong", "subscribe", "complete"])
MESSAGES = st.fixed_dictionaries(
    {"type": TYPES | VALUES}, optional={"id": VALUES, "payload": VALUES}
)


@given(MESSAGES | VALUES)
def test_any_json_is_a_message_or_malformed(value: object) -> None:
    try:
        message = read_message(json.dumps(value).encode())
    except Malformed as malformed:
        said = str(malformed)
    else:
        said = type(message).__name__
    assert said


@given(st.binary(max_size=100))
def test_any_bytes_are_a_message_or_malformed(raw: bytes) -> None:
    with pytest.raises(Malformed):
        read_message(raw)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_id_comes_back_as_it_was(identifier: str) -> None:
    message = orjson.loads(next_event(identifier, b'{"data":{"a":1}}'))
    assert message == {"id": identifier, "type": "next", "payload": {"data": {"a": 1}}}


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
def test_a_reason_always_fits_into_a_close_frame(text: str) -> None:
    reason = close_reason(text)
    assert len(reason.encode()) <= 123
    assert text.startswith(reason)
    assert reason == text or len(reason.encode()) >= 120

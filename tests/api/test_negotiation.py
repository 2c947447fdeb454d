from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.errors import Refusal
from api.negotiation import MediaType, accepts_html, answer_type, require_json

PLAIN = MediaType.JSON
RESPONSE = MediaType.RESPONSE
BOTH = b"application/graphql-response+json, application/json"
BROWSER = b"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (None, PLAIN),
        (b"", PLAIN),
        (b"*/*", PLAIN),
        (b"application/*", PLAIN),
        (BROWSER, PLAIN),
        (b"application/json", PLAIN),
        (b"APPLICATION/JSON", PLAIN),
        (b"application/json; charset=utf-8", PLAIN),
        (b'application/json; charset="UTF-8"', PLAIN),
        (b"application/graphql-response+json", RESPONSE),
        (b"application/graphql-response+json; charset=utf-8", RESPONSE),
        (BOTH, RESPONSE),
        (b"application/json, application/graphql-response+json", RESPONSE),
        (b"application/graphql-response+json,application/json;q=0.9", RESPONSE),
        (b"application/graphql-response+json;q=0.8, application/json;q=0.9", PLAIN),
        (b"application/graphql-response+json;q=0, */*", PLAIN),
        (b"application/json;q=0, */*", RESPONSE),
        (b"application/json;q=0, application/*", RESPONSE),
        (b"application/graphql-response+json, */*;q=0.1", RESPONSE),
        (b"application/json;q=0.1, */*", RESPONSE),
        (b"application/json, */*", PLAIN),
        (b"text/html, application/graphql-response+json;q=0.001", RESPONSE),
        (b"application/json;q=nonsense, application/graphql-response+json;q=0.5", RESPONSE),
        (BOTH + b", text/event-stream, multipart/mixed", RESPONSE),
        (b"text/plain, " * 100 + b"application/json", PLAIN),
        (b"text/html", None),
        (b"application/xml, text/*", None),
        (b"application/json;q=0", None),
        (b"*/*;q=0", None),
        (b"application/json; charset=utf-16", None),
        (b";;;,,,=", None),
        (b"application/json;q=nan", None),
        (b"application/json;q=2", None),
    ],
)
def test_the_answer_is_of_the_type_the_caller_prefers(
    accept: bytes | None, chosen: MediaType | None
) -> None:
    if chosen is None:
        with pytest.raises(Refusal) as refused:
            answer_type(accept)
        assert refused.value.status == 406
    else:
        assert answer_type(accept) is chosen


@pytest.mark.parametrize(
    ("content_type", "encoding", "taken"),
    [
        (b"application/json", None, True),
        (b"application/json; charset=utf-8", None, True),
        (b'Application/JSON;CHARSET="UTF-8"', None, True),
        (b"application/json", b"identity", True),
        (None, None, False),
        (b"", None, False),
        (b"text/plain", None, False),
        (b"application/graphql", None, False),
        (b"application/x-www-form-urlencoded", None, False),
        (b"multipart/form-data; boundary=x", None, False),
        (b"application/json; charset=latin-1", None, False),
        (b"application/json", b"gzip", False),
        (b"application/json, application/json", None, False),
    ],
)
def test_a_body_is_json_in_utf8(
    content_type: bytes | None, encoding: bytes | None, taken: bool
) -> None:
    if taken:
        require_json(content_type, encoding)
    else:
        with pytest.raises(Refusal) as refused:
            require_json(content_type, encoding)
        assert refused.value.status == 415


def test_browsers_are_known_by_what_they_ask_for() -> None:
    assert accepts_html(BROWSER)
    assert not accepts_html(b"*/*")
    assert not accepts_html(b"text/html;q=0")
    assert not accepts_html(None)


@given(st.binary(max_size=300))
def test_any_header_is_answered_or_refused(header: bytes) -> None:
    with suppress(Refusal):
        answer_type(header)

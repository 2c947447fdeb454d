import asyncio
import base64
import json
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.tokens import DevelopmentTokens, sign
from domain.actors import Channel, Grant, Role
from domain.claims import Claims, NotAdmitted

KEY = "a key for tests, long enough for any of the algorithms that are refused below"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
STAMP = int(NOW.timestamp())
SOUND = {
    "role": "customer",
    "sub": "C1",
    "channel": "api",
    "iat": STAMP,
    "exp": STAMP + 3600,
    "iss": "terrace",
    "aud": "terrace-api",
}


def read(key: str, token: str, *, now: datetime) -> Claims:
    return asyncio.run(DevelopmentTokens(key).verified(token, now.timestamp()))


def forged(key: str = KEY, algorithm: str = "HS256", **changes: object) -> str:
    payload = {name: value for name, value in (SOUND | changes).items() if value is not None}
    return jwt.encode(payload, key, algorithm=algorithm)


@pytest.mark.parametrize("role", Role)
def test_what_was_signed_is_read_back(role: Role) -> None:
    token = sign(KEY, role, "S-7", hours=2, channel="call_centre", token_id="t1", now=NOW)
    said = {"grants": frozenset({Grant.FEEDS}), "token_id": "t1"}
    times = {"issued_at": STAMP, "expires_at": STAMP + 7200}
    assert read(KEY, token, now=NOW) == Claims(role, "S-7", Channel.CALL_CENTRE, **said, **times)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"key": "another key of at least 32 bytes...."}, "bad signature"),
        ({"algorithm": "HS512"}, "algorithm not allowed"),
        ({"algorithm": "HS384"}, "algorithm not allowed"),
        ({"key": "", "algorithm": "none"}, "algorithm not allowed"),
        ({"aud": "another-api"}, "wrong audience"),
        ({"aud": ["terrace-api", "another-api"]}, "wrong audience"),
        ({"aud": None}, "missing aud"),
        ({"iss": "someone"}, "wrong issuer"),
        ({"iss": None}, "missing iss"),
        ({"exp": None}, "missing exp"),
        ({"iat": None}, "missing iat"),
        ({"role": None}, "missing role"),
        ({"role": "root"}, "unknown role"),
        ({"role": 5}, "unknown role"),
        ({"role": ["root", 5]}, "unknown role"),
        ({"role": {"hq": 1}}, "unknown role"),
        ({"sub": None}, "missing subject, which a customer's token must name"),
        ({"sub": " "}, "missing subject, which a customer's token must name"),
        ({"sub": None, "role": "manager"}, "missing subject, which a manager's token must name"),
        ({"sub": "", "role": "branch"}, "missing subject, which a branch's token must name"),
        ({"sub": "a\x00b"}, "subject is not a short line of text"),
        ({"sub": "a" * 129}, "subject is not a short line of text"),
        ({"role": ["customer", "hq"]}, "more than one role"),
        ({"channel": "batch"}, "unknown channel"),
        ({"scope": 7}, "scope is not a list of words"),
        ({"scope": [7]}, "scope is not a list of words"),
        ({"jti": "a\x00b"}, "jti is not a short line of text"),
        ({"nbf": STAMP + 61}, "not valid yet"),
        ({"nbf": "soon"}, "nbf is not a time"),
        ({"exp": float("nan")}, "exp is not a time"),
        ({"channel": 5}, "channel is not a short line of text"),
        ({"channel": "a\nb"}, "channel is not a short line of text"),
        ({"exp": STAMP}, "expired"),
        ({"exp": STAMP - 1}, "expired"),
        ({"exp": "soon"}, "exp is not a time"),
        ({"exp": True}, "exp is not a time"),
        ({"exp": 10**30}, "exp is not a time"),
        ({"exp": -5}, "exp is not a time"),
        ({"iat": STAMP + 61}, "issued in the future"),
        ({"filler": "x" * 5000}, "too long"),
    ],
)
def test_a_token_that_is_not_ours_or_not_valid_is_refused(changes: dict, reason: str) -> None:
    token = forged(**changes)
    with pytest.raises(NotAdmitted) as refused:
        read(KEY, token, now=NOW)
    assert str(refused.value) == reason
    assert token not in str(refused.value)


@pytest.mark.parametrize(
    "garbage", ["", ".", "..", "a.b.c", "€.€.€", "\x00", "\ud800", "a" * 5000, "e30.e30."]
)
def test_garbage_is_refused(garbage: str) -> None:
    with pytest.raises(NotAdmitted):
        read(KEY, garbage, now=NOW)


def test_an_unsigned_header_nested_without_end_is_refused() -> None:
    header = base64.urlsafe_b64encode(b"[" * 1_500).decode().rstrip("=")
    with pytest.raises(NotAdmitted, match="malformed"):
        read(KEY, f"{header}.e30.e30", now=NOW)


def test_a_sound_token_with_its_payload_changed_is_refused() -> None:
    head, _, signature = forged().split(".")
    payload = base64.urlsafe_b64encode(json.dumps(SOUND | {"role": "hq"}).encode()).decode()
    with pytest.raises(NotAdmitted, match="bad signature"):
        read(KEY, f"{head}.{payload.rstrip('=')}.{signature}", now=NOW)


def test_the_last_second_still_counts_and_the_next_does_not() -> None:
    token = sign(KEY, Role.HQ, "office", hours=1, now=NOW)
    assert read(KEY, token, now=NOW + timedelta(seconds=3599.999)).subject == "office"
    with pytest.raises(NotAdmitted, match="expired"):
        read(KEY, token, now=NOW + timedelta(hours=1))


def test_a_clock_a_little_ahead_of_ours_may_issue_tokens() -> None:
    assert read(KEY, forged(iat=STAMP + 60), now=NOW).role is Role.CUSTOMER


def test_roles_that_name_no_row_need_no_subject() -> None:
    assert read(KEY, forged(role="auditor", sub=None), now=NOW).subject == "auditor"


@pytest.mark.parametrize(("role", "subject"), [(Role.CUSTOMER, ""), (Role.HQ, "a\x00b")])
def test_nothing_is_signed_that_would_not_be_read(role: Role, subject: str) -> None:
    with pytest.raises(ValueError, match="subject"):
        sign(KEY, role, subject, hours=1, now=NOW)


@given(st.text(max_size=200))
def test_any_text_is_refused_in_the_same_way(text: str) -> None:
    with pytest.raises(NotAdmitted):
        read(KEY, text, now=NOW)

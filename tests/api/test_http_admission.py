"""Methods, media types and callers: who is let in, against a real server."""

import logging
import re

import httpx
import pytest

from domain.actors import Role
from tests.api.serving import HELLO, JSON, RESPONSE, Served, bearer_of, code_of, post, token


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"])
async def test_other_methods_are_refused_with_those_allowed(
    http: httpx.AsyncClient, method: str
) -> None:
    response = await http.request(method, "/graphql")
    assert response.status_code == 405
    assert response.headers["allow"] == "GET, POST"


@pytest.mark.parametrize(
    ("content_type", "extra", "status"),
    [
        ("application/json; charset=utf-8", {}, 200),
        ("Application/JSON ; charset=UTF-8", {}, 200),
        (None, {}, 415),
        ("text/plain", {}, 415),
        ("application/graphql", {}, 415),
        ("multipart/form-data; boundary=x", {}, 415),
        ("application/x-www-form-urlencoded", {}, 415),
        ("application/json; charset=utf-16", {}, 415),
        (JSON, {"Content-Encoding": "gzip"}, 415),
        (JSON, {"Accept": "text/html"}, 406),
        (JSON, {"Accept": "application/xml, text/*;q=0.5"}, 406),
        (JSON, {"Accept": "*/*"}, 200),
    ],
)
async def test_media_types_are_negotiated(
    http: httpx.AsyncClient, content_type: str | None, extra: dict[str, str], status: int
) -> None:
    response = await post(http, HELLO, None, **{"Content-Type": content_type} | extra)
    assert response.status_code == status
    if status != 200:
        assert code_of(response) in {"UNSUPPORTED_MEDIA_TYPE", "NOT_ACCEPTABLE"}


@pytest.mark.parametrize("accept", [JSON, RESPONSE])
@pytest.mark.parametrize(
    ("authorization", "challenge"),
    [
        (None, "Bearer"),
        ("Basic dXNlcjpwYXNz", "Bearer"),
        ("Bearer nonsense", 'Bearer error="invalid_token"'),
        (f"Bearer {token(seconds=0)}", 'Bearer error="invalid_token"'),
        (f"Bearer {token(subject='C404')}", 'Bearer error="invalid_token"'),
    ],
)
async def test_who_has_no_sound_token_is_not_admitted(
    served: Served, accept: str, authorization: str | None, challenge: str
) -> None:
    async with httpx.AsyncClient(base_url=served.url) as stranger:
        headers = {"Authorization": authorization} if authorization else {}
        response = await post(stranger, HELLO, accept, **headers)
        assert response.status_code == 401
        assert response.headers["www-authenticate"] == challenge
        assert response.headers["content-type"].startswith(accept)
        assert code_of(response) == "UNAUTHENTICATED"
        if authorization:
            assert authorization.split()[1] not in response.text


async def test_two_authorization_headers_admit_nobody(served: Served) -> None:
    twice = [("Authorization", f"Bearer {token()}"), ("Authorization", f"Bearer {token()}")]
    async with httpx.AsyncClient(base_url=served.url) as stranger:
        headers = [*twice, ("Content-Type", JSON)]
        response = await stranger.post("/graphql", json=HELLO, headers=headers)
    assert response.status_code == 401


async def test_the_caller_is_the_one_the_token_names(http: httpx.AsyncClient) -> None:
    headers = bearer_of(Role.MANAGER, "M1")
    response = await post(http, {"query": "{ caller }"}, **headers)
    assert response.json() == {"data": {"caller": "manager:M1:21:api"}}


async def test_a_fault_of_ours_is_masked_and_logged_under_its_id(
    http: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        response = await post(http, {"query": "{ crashes }"})
    assert response.status_code == 500
    assert code_of(response) == "INTERNAL"
    assert "hunter2" not in response.text
    assert "Traceback" not in response.text
    error_id = response.json()["errors"][0]["extensions"]["id"]
    assert re.fullmatch("[0-9a-f]{16}", error_id)
    record = next(record for record in caplog.records if error_id in record.getMessage())
    assert "hunter2" in str(record.exc_info[1])


async def test_a_browser_sees_what_this_is(served: Served) -> None:
    async with httpx.AsyncClient(base_url=served.url) as browser:
        response = await browser.get("/graphql", headers={"Accept": "text/html, */*;q=0.8"})
        assert response.status_code == 200
        assert response.headers["content-type"] == "text/html; charset=utf-8"
        assert response.headers["content-security-policy"].startswith("default-src 'none'")
        assert f"curl {served.url}/graphql" in response.text
        assert not re.search(r"<script|<link|src=", response.text)


@pytest.mark.parametrize("host", ["x<script>alert(1)</script>", "x; rm -rf ~", "$(id)", "`id`"])
async def test_the_page_repeats_no_strange_host(served: Served, host: str) -> None:
    async with httpx.AsyncClient(base_url=served.url) as browser:
        response = await browser.get("/graphql", headers={"Accept": "text/html", "Host": host})
    assert "curl http://127.0.0.1:8000/graphql" in response.text


async def test_other_paths_are_not_found(http: httpx.AsyncClient) -> None:
    assert (await http.get("/")).status_code == 404

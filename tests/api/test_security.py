"""Headers of every answer, and what browsers' pages may do."""

import asyncio

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from api.security import SECURITY
from settings import Settings
from tests.api.serving import (
    HELLO,
    WORLD,
    Served,
    acknowledge,
    bearer_of,
    closing,
    hear,
    post,
    serve,
    subscribe,
)

DESK = "https://desk.example"
PREFLIGHT = {"Origin": DESK, "Access-Control-Request-Method": "POST"}


@pytest.mark.parametrize(
    ("method", "path", "accept", "status"),
    [
        ("POST", "/graphql", "application/json", 200),
        ("POST", "/graphql", "text/css", 406),
        ("PUT", "/graphql", "*/*", 405),
        ("OPTIONS", "/graphql", "*/*", 405),
        ("GET", "/graphql", "text/html", 200),
        ("GET", "/livez", "*/*", 200),
        ("GET", "/readyz", "*/*", 200),
        ("GET", "/nothing", "*/*", 404),
        ("POST", "/livez", "*/*", 405),
        ("GET", "/metrics", "*/*", 404),
    ],
)
async def test_every_answer_has_the_headers(
    http: httpx.AsyncClient, method: str, path: str, accept: str, status: int
) -> None:
    response = await http.request(
        method, path, headers={"Accept": accept}, json=HELLO if method == "POST" else None
    )
    assert response.status_code == status
    for name, value in SECURITY:
        assert response.headers.get_list(name.decode()) == [value.decode()], name
    assert "strict-transport-security" not in response.headers
    assert not any(name.startswith("access-control") for name in response.headers)


async def test_refusals_of_strangers_have_them_too(served: Served) -> None:
    async with httpx.AsyncClient(base_url=served.url) as stranger:
        response = await post(stranger, HELLO)
    assert response.status_code == 401
    assert {name.decode() for name, _ in SECURITY} <= set(response.headers)


@pytest.mark.parametrize("path", ["/graphql", "/livez"])
async def test_browsers_are_bound_to_https_where_a_trusted_proxy_says_so(path: str) -> None:
    said = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.5"}
    for trusted, bound in (("127.0.0.1", True), ("192.0.2.1", False)):
        settings = Settings(trusted_proxies=trusted)
        async with (
            serve(settings=settings, proxy_headers=False) as served,
            httpx.AsyncClient(base_url=served.url) as http,
        ):
            response = await http.get(path, headers={**said, "Accept": "text/html"})
            assert ("strict-transport-security" in response.headers) is bound
            if path == "/graphql":
                assert (f"curl https://127.0.0.1:{served.port}" in response.text) is bound


async def test_without_a_setting_no_page_may_ask(http: httpx.AsyncClient) -> None:
    for response in (
        await http.options("/graphql", headers=PREFLIGHT),
        await post(http, HELLO, Origin=DESK),
    ):
        assert not any(name.startswith("access-control") for name in response.headers)


async def test_pages_of_configured_origins_may_ask_and_others_may_not() -> None:
    settings = Settings(cors_origins=f"{DESK}, http://localhost:3000")
    async with (
        serve(settings=settings) as served,
        httpx.AsyncClient(base_url=served.url, headers=bearer_of()) as http,
    ):
        response = await http.options("/graphql", headers=PREFLIGHT)
        assert (response.status_code, response.content) == (204, b"")
        assert response.headers["access-control-allow-origin"] == DESK
        assert response.headers["access-control-allow-methods"] == "GET, POST"
        allowed = response.headers["access-control-allow-headers"].split(", ")
        assert {"authorization", "content-type"} <= set(allowed)
        assert response.headers["vary"] == "Origin"
        assert "content-length" not in response.headers
        for content in (HELLO, {"query": 1}):  # refusals can be read by the page as well
            answered = await post(http, content, Origin=DESK)
            assert answered.headers["access-control-allow-origin"] == DESK
            assert "retry-after" in answered.headers["access-control-expose-headers"]
            assert answered.headers["vary"] == "Origin"
        for strange in ("https://evil.example", "null", f"{DESK}.evil.example", DESK[:-1], ""):
            refused = await http.options("/graphql", headers=PREFLIGHT | {"Origin": strange})
            assert refused.status_code == 405
            answered = await post(http, HELLO, Origin=strange or "-")
            assert answered.json() == WORLD  # a token is needed anyway; the page cannot read it
            assert answered.headers["vary"] == "Origin"
            for response in (refused, answered):
                assert "access-control-allow-origin" not in response.headers
        for response in (await post(http, HELLO), await http.options("/graphql")):
            assert "access-control-allow-origin" not in response.headers
        assert "access-control-allow-credentials" not in answered.headers


async def test_a_socket_of_a_strange_page_is_not_opened() -> None:
    async with serve(settings=Settings(cors_origins=f"{DESK}:443")) as served:
        async with served.socket(origin=DESK) as socket:
            await acknowledge(socket)
        for strange in ("https://evil.example", "null", f"http://127.0.0.1:{served.port}"):
            with pytest.raises(InvalidStatus) as refused:
                await served.socket(origin=strange)
            assert refused.value.response.status_code == 403
        async with served.socket() as program:
            await acknowledge(program)


async def test_the_page_can_be_left_out() -> None:
    async with (
        serve(settings=Settings(landing_page=False)) as served,
        httpx.AsyncClient(base_url=served.url) as browser,
    ):
        response = await browser.get("/graphql", headers={"Accept": "text/html"})
        assert response.status_code == 406
        assert b"Terrace" not in response.content


async def test_what_is_compressed_is_not_taken(http: httpx.AsyncClient) -> None:
    for coding in ("gzip", "deflate", "br", "zstd", "identity, gzip"):
        assert (await post(http, HELLO, **{"Content-Encoding": coding})).status_code == 415


async def test_bodies_are_bounded_in_a_pipeline_too(served: Served) -> None:
    """Three requests at once on a connection; the one in the middle is too large."""
    token = bearer_of()["Authorization"]

    def request(body: bytes) -> bytes:
        head = (
            f"POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    good, large = b'{"query": "{ hello }"}', b'{"query": "' + b"x" * 70_000 + b'"}'
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(request(good) + request(large) + request(good))
    answered = b""
    async with asyncio.timeout(5):
        while answered.count(b"HTTP/1.1 ") < 3 or not answered.endswith(b'"Hello, world"}}'):
            answered += await reader.read(65_536)
    assert [part[:3] for part in answered.split(b"HTTP/1.1 ")[1:]] == [b"200", b"413", b"200"]
    writer.close()


async def test_messages_are_bounded_however_they_are_cut_or_compressed() -> None:
    """As the real server has it: a message in pieces, each small, and one that is compressed."""
    settings = Settings(max_frame_bytes=2_000)
    async with serve(settings=settings, ws_max_size=settings.max_frame_bytes) as served:
        async with served.socket(compression="deflate") as socket:
            assert socket.protocol.extensions == []  # offered, and not taken
            await acknowledge(socket)
            await socket.send(["x" * 1_500] * 3)
            assert (await closing(socket))[0] == 1009
        async with served.socket() as socket:  # of characters that take three bytes
            await acknowledge(socket)
            await socket.send("\u6771" * 1_000)
            assert (await closing(socket))[0] == 1009
        async with served.socket() as socket:
            await acknowledge(socket)
            message = subscribe("{ hello }")
            await socket.send([message[:10], message[10:]])  # pieces of a good one
            assert (await hear(socket))["type"] == "next"

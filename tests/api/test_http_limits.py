"""Bodies without end, callers who hang up, and whoever else wastes the server's time."""

import asyncio
import logging
from collections.abc import AsyncIterator

import httpx
import orjson
import pytest

import api.http
from tests.api.serving import Served, token, until

LIMIT = 65_536


def padded(size: int) -> bytes:
    body = orjson.dumps({"query": "{ hello }", "padding": ""})
    return body.replace(b'""', b'"' + b"x" * (size - len(body)) + b'"')


async def in_chunks(raw: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(raw), 10_000):
        yield raw[start : start + 10_000]


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(("size", "status"), [(LIMIT, 200), (LIMIT + 1, 413), (40 * LIMIT, 413)])
async def test_bodies_are_bounded_with_and_without_an_announced_length(
    http: httpx.AsyncClient, size: int, status: int, streamed: bool
) -> None:
    content = in_chunks(padded(size)) if streamed else padded(size)
    response = await http.post(
        "/graphql", content=content, headers={"Content-Type": "application/json"}
    )
    assert response.status_code == status
    if status == 413:
        assert response.json()["errors"][0]["extensions"]["code"] == "BODY_TOO_LARGE"


async def test_the_connection_outlives_a_body_that_was_too_large(http: httpx.AsyncClient) -> None:
    headers = {"Content-Type": "application/json"}
    await http.post("/graphql", content=padded(3 * LIMIT), headers=headers)
    assert (await http.post("/graphql", json={"query": "{ hello }"})).status_code == 200


async def test_query_strings_are_bounded_too(served: Served) -> None:
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/graphql",
        "query_string": b"query={hello}&x=" + b"x" * LIMIT,
        "headers": [(b"authorization", f"Bearer {token()}".encode())],
    }
    sent: list[dict] = []

    async def send(message: dict) -> None:
        sent.append(message)

    await served.app(scope, None, send)
    assert sent[0]["status"] == 413


async def raw_request(
    served: Served, body: bytes, length: int | None = None
) -> asyncio.StreamWriter:
    """A request on a bare connection, so that it can be left half-way."""
    _, writer = await asyncio.open_connection("127.0.0.1", served.port)
    head = (
        f"POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token()}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {length or len(body)}\r\n\r\n"
    )
    writer.write(head.encode() + body)
    await writer.drain()
    return writer


async def test_a_caller_who_hangs_up_ends_the_work(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    before = served.engine.cancelled
    with caplog.at_level(logging.WARNING):
        writer = await raw_request(served, b'{"query": "{ sleeps(seconds: 30) }"}')
        await asyncio.sleep(0.15)
        writer.close()
        await until(lambda: served.engine.cancelled == before + 1)
        await until(lambda: not served.server.server_state.tasks)
    assert caplog.records == []


async def test_a_caller_who_hangs_up_within_the_body_is_forgotten(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        writer = await raw_request(served, b'{"query": ', 1_000)
        await asyncio.sleep(0.05)
        writer.close()
        await until(lambda: not served.server.server_state.tasks)
    assert caplog.records == []


async def test_work_that_is_watched_and_ends_is_answered(http: httpx.AsyncClient) -> None:
    query = {"query": "{ sleeps(seconds: 0.2) }"}
    for _ in range(2):
        response = await http.post("/graphql", json=query)
        assert response.json() == {"data": {"sleeps": "rested"}}


async def test_a_cancellation_that_is_not_ours_stays_one(served: Served) -> None:
    body = b'{"query": "{ sleeps(seconds: 30) }"}'
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/graphql",
        "query_string": b"",
        "headers": [
            (b"authorization", f"Bearer {token()}".encode()),
            (b"content-type", b"application/json"),
        ],
    }
    messages = [{"type": "http.request", "body": body}]

    async def receive() -> dict:
        if messages:
            return messages.pop()
        return await asyncio.Event().wait()

    async def send(message: dict) -> None:
        raise AssertionError("nothing to send")

    for wait in (0.01, 0.15):  # before and after listening to the connection
        messages[:] = [{"type": "http.request", "body": body}]
        request = asyncio.create_task(served.app(scope, receive, send))
        await asyncio.sleep(wait)
        request.cancel()
        with pytest.raises(asyncio.CancelledError):
            await request


async def test_a_body_that_does_not_arrive_is_not_waited_for(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.http, "BODY_SECONDS", 0.1)
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(
        f"POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token()}\r\n"
        "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{".encode()
    )
    answer = await asyncio.wait_for(reader.read(), 3)  # to the end: the connection is closed
    assert answer.startswith(b"HTTP/1.1 408")
    writer.close()


async def test_a_query_string_has_so_many_members(http: httpx.AsyncClient) -> None:
    answer = await http.get("/graphql?query=%7Bhello%7D" + "&a=1" * 100)
    assert answer.status_code == 400

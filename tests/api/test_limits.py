"""What a caller may take in a minute and at once, over HTTP and sockets of a real server."""

import asyncio
import re
from contextlib import AsyncExitStack

import httpx
import pytest

from api import door as module
from api.buckets import Buckets
from api.door import Door
from api.errors import Unauthenticated
from domain.actors import Actor, Role
from schema.errors import RateLimited
from settings import Settings
from tests.api.serving import (
    HELLO,
    JSON,
    RESPONSE,
    WORLD,
    Served,
    acknowledge,
    bearer_of,
    closing,
    hear,
    post,
    say,
    serve,
    subscribe,
    token,
    until,
)

SLEEP = {"query": "{ sleeps(seconds: 20) }"}


def limited(**by_role: object) -> Settings:
    return Settings(max_body_bytes=65_536, **by_role)


def told(response: httpx.Response) -> dict:
    [error] = response.json()["errors"]
    return error["extensions"]


def client(served: Served, *who) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=served.url, headers=bearer_of(*who), verify=False)


@pytest.mark.parametrize("accept", [JSON, RESPONSE])
async def test_requests_in_a_minute_are_limited_with_what_is_left_and_when_to_return(
    accept: str,
) -> None:
    async with (
        serve(settings=limited(requests_per_minute={"customer": 3})) as served,
        client(served) as http,
        client(served, Role.MANAGER, "M1") as other,
    ):
        for left in (2, 1, 0):
            response = await post(http, HELLO, accept)
            assert response.json() == WORLD
            assert response.headers["ratelimit-policy"] == (
                '"requests";q=3;w=60, "points";q=600000;w=60;qu="points"'
            )
            assert response.headers["ratelimit"].startswith(f'"requests";r={left};t=')
        response = await post(http, HELLO, accept)
        assert response.status_code == 429
        assert response.headers["ratelimit"].startswith('"requests";r=0;t=')
        assert response.headers["content-type"].startswith(accept)
        seconds = int(response.headers["retry-after"])
        assert 15 <= seconds <= 20
        assert told(response) == {
            "code": "RATE_LIMITED",
            "name": "requests",
            "limit": 3,
            "window": 60,
            "remaining": 0,
            "retryAfter": seconds,
        }
        # Another token does not make another caller; another principal is one.
        again = await post(http, HELLO, **bearer_of(seconds=60))
        assert again.status_code == 429
        assert (await post(other, HELLO)).json() == WORLD


async def test_who_comes_back_when_told_to_is_served() -> None:
    async with (
        serve(settings=limited(requests_per_minute={"customer": 120})) as served,
        client(served) as http,
    ):
        while (response := await post(http, HELLO)).status_code == 200:
            pass
        await asyncio.sleep(int(response.headers["retry-after"]))
        assert (await post(http, HELLO)).json() == WORLD


async def test_a_socket_is_limited_with_http_and_stays_open() -> None:
    async with (
        serve(settings=limited(requests_per_minute={"customer": 4})) as served,
        client(served) as http,
        served.socket() as socket,
    ):
        assert (await post(http, HELLO)).json() == WORLD
        await acknowledge(socket)  # is a request as well
        for identifier in ("1", "2", "3"):
            await socket.send(subscribe("{ hello }", identifier))
            heard = await hear(socket)
            if identifier != "3":
                assert heard["type"] == "next"
                assert (await hear(socket))["type"] == "complete"
        assert heard["type"] == "error"
        [error] = heard["payload"]
        assert error["extensions"]["code"] == "RATE_LIMITED"
        assert error["extensions"]["name"] == "requests"
        assert error["extensions"]["retryAfter"] >= 1
        await say(socket, type="ping")
        assert (await hear(socket))["type"] == "pong"
        assert (await post(http, HELLO)).status_code == 429
        async with served.socket() as second:
            await say(second, type="connection_init", payload={"token": token()})
            code, reason = await closing(second)
            assert code == 4431
            assert "try again in" in reason


async def test_what_runs_at_once_is_counted_over_requests_and_sockets_together() -> None:
    settings = limited(max_operations={"customer": 3})
    async with (
        serve(settings=settings) as served,
        client(served) as http,
        served.socket() as socket,
    ):
        await acknowledge(socket)
        running = [asyncio.create_task(post(http, SLEEP)) for _ in range(2)]
        await socket.send(subscribe(SLEEP["query"], "slow"))
        await until(lambda: module_count(served) == 3)
        response = await post(http, HELLO)
        assert response.status_code == 429
        assert response.headers["retry-after"] == "1"
        assert told(response)["name"] == "operations"
        assert told(response)["limit"] == 3
        await socket.send(subscribe("{ hello }", "more"))
        heard = await hear(socket)
        assert (heard["id"], heard["type"]) == ("more", "error")
        # Who ends one has room for another; a caller who hangs up has ended his.
        await say(socket, type="complete", id="slow")
        await until(lambda: module_count(served) == 2)
        assert (await post(http, HELLO)).json() == WORLD
        for task in running:
            task.cancel()
        await until(lambda: module_count(served) == 0)


def module_count(served: Served) -> int:
    """How many operations of C1 run."""
    door: Door = served.app._endpoint._door
    return door.caller(Actor(Role.CUSTOMER, "C1", 11)).operations


async def test_bodies_that_do_not_come_are_counted_too() -> None:
    async with serve(settings=limited(max_operations={"customer": 2})) as served:
        head = (
            f"POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token()}\r\n"
            "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
        )
        writers = []
        for _ in range(2):
            _, writer = await asyncio.open_connection("127.0.0.1", served.port)
            writer.write(head.encode())
            writers.append(writer)
        await until(lambda: module_count(served) == 2)
        async with client(served) as http:
            assert (await post(http, HELLO)).status_code == 429
            for writer in writers:
                writer.close()
            await until(lambda: module_count(served) == 0)
            assert (await post(http, HELLO)).json() == WORLD


async def test_sockets_of_a_caller_are_limited_with_a_close_code_of_their_own() -> None:
    async with (
        serve(settings=limited(max_sockets={"customer": 2})) as served,
        AsyncExitStack() as stack,
    ):
        opened = [await stack.enter_async_context(served.socket()) for _ in range(3)]
        await acknowledge(opened[0])
        await acknowledge(opened[1])
        await say(opened[2], type="connection_init", payload={"token": token()})
        code, reason = await closing(opened[2])
        assert code == 4430
        assert "2 sockets" in reason
        await opened[0].close()
        async with served.socket() as another:
            await acknowledge(another)
        async with served.socket() as others:
            await acknowledge(others, token(Role.MANAGER, "M1"))


async def test_subscriptions_of_a_caller_are_limited_over_all_sockets() -> None:
    async with (
        serve(settings=limited(max_subscriptions={"customer": 2})) as served,
        served.socket() as one,
        served.socket() as two,
    ):
        await acknowledge(one)
        await acknowledge(two)
        await one.send(subscribe("subscription { silence }", "1"))
        await one.send(subscribe("subscription { silence }", "2"))
        await until(lambda: served.engine.open_streams == 2)
        await two.send(subscribe("subscription { silence }", "3"))
        heard = await hear(two)
        assert heard["type"] == "error"
        assert heard["payload"][0]["extensions"]["name"] == "subscriptions"
        await two.send(subscribe("{ hello }", "4"))  # queries are counted by themselves
        assert (await hear(two))["type"] == "next"
        assert (await hear(two))["type"] == "complete"
        await one.close()
        await until(lambda: served.engine.open_streams == 0)
        await two.send(subscribe("subscription { silence }", "5"))
        await until(lambda: served.engine.open_streams == 1)


# Tokens that are refused


async def knock(served: Served, authorization: str | None) -> httpx.Response:
    async with httpx.AsyncClient(base_url=served.url) as stranger:
        return await post(
            stranger, HELLO, **({"Authorization": authorization} if authorization else {})
        )


async def test_an_address_that_guesses_is_shut_out_but_not_those_who_share_it() -> None:
    async with (
        serve(settings=limited(failures_per_minute=3)) as served,
        client(served) as known,
        served.socket() as socket,
    ):
        assert (await post(known, HELLO)).json() == WORLD
        for _ in range(5):
            assert (await knock(served, None)).status_code == 401  # who shows none guesses none
        for guess in range(3):
            assert (await knock(served, f"Bearer {guess}")).status_code == 401
        response = await knock(served, "Bearer 4")
        assert response.status_code == 429
        assert told(response)["name"] == "failures"
        assert int(response.headers["retry-after"]) == told(response)["retryAfter"]
        # A good token is no better than a bad one here, or guessing would go on.
        assert (await knock(served, f"Bearer {token(Role.MANAGER, 'M1')}")).status_code == 429
        assert (await post(known, HELLO)).json() == WORLD
        await say(socket, type="connection_init", payload={"token": "guessed"})
        assert (await closing(socket))[0] == 4431


async def test_a_token_that_was_good_is_looked_at_no_longer_once_it_was_refused() -> None:
    door = Door(limited(failures_per_minute=2))
    good, asked = True, 0

    async def identify() -> str:
        nonlocal asked
        asked += 1
        if not good:
            raise Unauthenticated("revoked")
        return "somebody"

    assert await door.identified("once good", "198.51.100.7", identify) == "somebody"
    good = False
    for _ in range(2):  # and with this its address is shut out
        with pytest.raises(Unauthenticated):
            await door.identified("once good", "198.51.100.7", identify)
    with pytest.raises(RateLimited):
        await door.identified("once good", "198.51.100.7", identify)
    assert asked == 3  # and not a fourth time


async def test_guesses_behind_a_trusted_proxy_shut_out_their_own_address() -> None:
    settings = limited(failures_per_minute=2, trusted_proxies="127.0.0.0/8")
    async with serve(settings=settings) as served:

        async def from_address(address: str | None, guess: str) -> int:
            headers = {"X-Forwarded-For": address} if address else {}
            async with httpx.AsyncClient(base_url=served.url, headers=headers) as http:
                return (await post(http, HELLO, Authorization=guess)).status_code

        good = f"Bearer {token()}"
        for guess in range(4):
            await from_address("198.51.100.7", f"Bearer {guess}")
            # What a caller says himself stands to the left of what the proxy adds.
            await from_address(f"203.0.113.{guess}, 198.51.100.8", f"Bearer {guess}")
            await from_address(None, f"Bearer {guess}")  # the proxy itself, of nobody
            await from_address(f"2001:db8::{guess}", f"Bearer {guess}")  # one subscriber's
        assert await from_address("198.51.100.7", good) == 429
        assert await from_address("203.0.113.9, 198.51.100.8", good) == 429
        assert await from_address("2001:db8::77", good) == 429
        assert await from_address("198.51.100.9", good) == 200
        assert await from_address("2001:db8:0:1::77", good) == 200
        assert await from_address(None, good) == 200


async def test_memory_is_bounded_under_a_flood_of_callers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_KNOWN", 100)
    door = Door(Settings(), Buckets())
    busy = door.caller(Actor(Role.CUSTOMER, "busy", 1))
    door.open(busy)
    for number in range(1_000):
        door.request(door.caller(Actor(Role.INTEGRATOR, f"i{number}", 0)))
        door._count_failure(f"198.51.{number // 250}.{number % 250}")
    for known in (door._callers, door._places):
        assert len(known._young) + len(known._old) <= 202
    assert door.caller(Actor(Role.CUSTOMER, "busy", 1)) is busy


async def test_a_policy_is_a_structured_field() -> None:
    caller = Door(Settings()).caller(Actor(Role.CUSTOMER, "C1", 1))
    item = r'"\w+"(;\w+=(\d+|"\w+"))+'
    for name, value in Door(Settings()).told(caller):
        assert re.fullmatch(rf"{item}, {item}", value.decode()), name

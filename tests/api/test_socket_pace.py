"""Sockets over time: what is waited for, for how long, and how all of it ends."""

import asyncio
import time

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from api.sockets import SocketLimits
from domain.actors import Role
from tests.api.serving import (
    KEY,
    SUBJECTS,
    Served,
    acknowledge,
    authenticator_of,
    bearer_of,
    closing,
    hear,
    say,
    serve,
    subscribe,
    token,
    until,
)


async def test_a_client_that_does_not_introduce_itself_is_closed() -> None:
    async with serve(limits=SocketLimits(init_seconds=0.2)) as served:
        async with served.socket() as silent, served.socket() as chatty:
            for _ in range(3):
                await say(chatty, type="ping")  # signs of life are no introduction
            started = time.monotonic()
            assert await closing(silent) == (4408, "Connection initialisation timeout")
            assert (await closing(chatty))[0] == 4408
            assert time.monotonic() - started < 4  # not the usual five
        async with served.socket() as introduced:
            await acknowledge(introduced)
            await asyncio.sleep(0.3)
            await say(introduced, type="ping")
            assert await hear(introduced) == {"type": "pong"}


async def test_an_introduction_whose_lookup_hangs_is_closed_too() -> None:
    async def hanging(role: Role, subject: str) -> int | None:
        return await asyncio.Event().wait()

    limits = SocketLimits(init_seconds=0.2)
    async with (
        serve(authenticator=authenticator_of(KEY, hanging), limits=limits) as served,
        served.socket() as socket,
    ):
        await say(socket, type="connection_init", payload={"token": token()})
        assert (await closing(socket))[0] == 4408


async def test_an_introduction_whose_lookup_fails_is_closed_without_a_word_of_it() -> None:
    async def broken(role: Role, subject: str) -> int | None:
        raise ConnectionError("password=hunter2")

    async with (
        serve(authenticator=authenticator_of(KEY, broken)) as served,
        served.socket() as socket,
    ):
        await say(socket, type="connection_init", payload={"token": token()})
        assert await closing(socket) == (4500, "Internal server error")


@pytest.mark.parametrize("busy", [False, True])
async def test_a_socket_closes_when_its_token_expires(busy: bool) -> None:
    async with serve() as served, served.socket() as socket:
        ends = int(time.time()) + 2  # tokens end on whole seconds
        await acknowledge(socket, token(seconds=2, at=ends - 2))
        await socket.send(
            subscribe(f"subscription {{ {'flood(bytes: 100)' if busy else 'silence'} }}")
        )
        code, reason = await closing(socket)
        assert (code, "expired" in reason) == (4403, True)
        assert ends - 0.05 <= time.time() < ends + 0.5
        await until(lambda: served.engine.open_streams == 0)


async def test_no_event_reaches_a_subject_that_was_revoked_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("api.identity.REMEMBERED_SECONDS", 0.05)
    subjects = dict(SUBJECTS)

    async def resolve(role: Role, subject: str) -> int | None:
        return subjects.get((role, subject))

    for changed_to, reason in ((99, "not what it was"), (None, "unknown subject")):
        subjects[Role.CUSTOMER, "C1"] = 11
        async with (
            serve(authenticator=authenticator_of(KEY, resolve)) as served,
            served.socket() as socket,
        ):
            await acknowledge(socket)
            await socket.send(subscribe("subscription { callers }"))
            served.engine.caller_events.put_nowait(None)
            assert (await hear(socket))["payload"]["data"] == {"callers": "customer:C1:11:api"}
            subjects[Role.CUSTOMER, "C1"] = changed_to
            await asyncio.sleep(0.06)
            served.engine.caller_events.put_nowait(None)
            with pytest.raises(ConnectionClosed) as closed:
                await hear(socket)  # and not one event more
            assert closed.value.rcvd.code == 4403
            assert reason in closed.value.rcvd.reason


async def test_an_idle_socket_is_pinged_and_a_busy_one_is_not() -> None:
    async with (
        serve(limits=SocketLimits(ping_seconds=0.2)) as served,
        served.socket() as socket,
    ):
        await acknowledge(socket)
        assert await hear(socket) == {"type": "ping"}
        await say(socket, type="pong")
        for _ in range(8):
            await say(socket, type="ping")
            assert await hear(socket) == {"type": "pong"}
            await asyncio.sleep(0.05)
        assert await hear(socket) == {"type": "ping"}


async def test_sockets_opened_together_are_not_pinged_together() -> None:
    loop, pinged, waited = asyncio.get_running_loop(), [], []

    async def first_ping(served: Served) -> None:
        async with served.socket() as socket:
            await acknowledge(socket)
            began = loop.time()
            assert await hear(socket) == {"type": "ping"}
            pinged.append(loop.time())
            waited.append(pinged[-1] - began)

    async with serve(limits=SocketLimits(ping_seconds=1.0)) as served:
        await asyncio.gather(*[first_ping(served) for _ in range(40)])
    assert max(waited) < 1.5
    assert max(pinged) - min(pinged) > 0.2


async def test_the_source_is_asked_for_the_next_event_when_the_last_was_taken() -> None:
    async with (
        serve() as served,
        served.socket(max_queue=1) as socket,
    ):
        await acknowledge(socket)
        await socket.send(subscribe("subscription { flood(bytes: 50000) }"))
        produced = -1
        async with asyncio.timeout(5):
            while produced != served.engine.flooded:  # until the pipe is full
                produced = served.engine.flooded
                await asyncio.sleep(0.2)
        assert 0 < produced < 500
        for _ in range(50):
            await hear(socket)
        await until(lambda: served.engine.flooded > produced)


async def test_a_client_that_never_reads_is_given_up() -> None:
    limits = SocketLimits(send_seconds=0.3, close_seconds=0.1)
    async with serve(limits=limits) as served:
        socket = await served.socket(max_queue=1)
        await acknowledge(socket)
        await socket.send(subscribe("subscription { flood(bytes: 50000) }"))
        await until(lambda: served.engine.open_streams == 1)
        await until(lambda: served.engine.open_streams == 0)
        await until(lambda: len(served.app.state.sockets) == 0)
        socket.transport.abort()


async def test_clients_that_stopped_reading_do_not_keep_the_others_waiting() -> None:
    limits = SocketLimits(send_seconds=3, close_seconds=0.1)
    async with serve(limits=limits) as served:
        stopped = [await served.socket(max_queue=1) for _ in range(20)]
        for socket in stopped:
            await acknowledge(socket)
            await socket.send(subscribe("subscription { flood(bytes: 500000) }"))
            socket.transport.pause_reading()
        before = -1
        while served.engine.flooded != before:  # until no pipe takes any more
            before = served.engine.flooded
            await asyncio.sleep(0.1)
        async with served.socket() as socket:
            await acknowledge(socket)
            await socket.send(subscribe("subscription { ticks(to: 50) }"))
            for _ in range(50):
                assert (await hear(socket))["type"] == "next"
            assert (await hear(socket))["type"] == "complete"
        assert served.engine.open_streams == len(stopped)  # none of them had to go first
        assert served.engine.flooded == before  # and each holds what it held
        await until(lambda: served.engine.open_streams == 0, 10)
        await until(lambda: len(served.app.state.sockets) == 0)
        for socket in stopped:
            socket.transport.abort()


async def test_a_source_with_many_events_at_hand_leaves_the_loop_to_others() -> None:
    async with serve() as served, served.socket() as socket, httpx.AsyncClient() as client:
        await acknowledge(socket)
        await socket.send(subscribe("subscription { flood(bytes: 10) }"))
        reading = asyncio.create_task(closing(socket, 30))
        await until(lambda: served.engine.flooded > 10)
        started = time.monotonic()
        response = await client.post(
            f"{served.url}/graphql", json={"query": "{ hello }"}, headers=bearer_of()
        )
        assert response.status_code == 200
        assert time.monotonic() - started < 10  # and not when the flood is over
        await say(socket, type="complete", id="1")
        await until(lambda: served.engine.open_streams == 0)
        reading.cancel()


async def test_all_sockets_are_told_when_the_server_goes() -> None:
    async with serve() as served:
        busy, introduced, silent = [await served.socket() for _ in range(3)]
        await acknowledge(busy)
        await acknowledge(introduced)
        await busy.send(subscribe("subscription { silence }"))
        await until(lambda: served.engine.open_streams == 1)
        ends = [asyncio.create_task(closing(socket)) for socket in (busy, introduced, silent)]
        await served.app.state.sockets.close_all()
        assert await asyncio.gather(*ends) == [(1001, "Going away")] * 3
        assert (served.engine.open_streams, len(served.app.state.sockets)) == (0, 0)
        async with served.socket() as late:
            assert await closing(late) == (1001, "Going away")


async def test_the_end_of_the_server_closes_sockets_before_connections() -> None:
    async with serve() as served:
        socket = await served.socket()
        await acknowledge(socket)
        end = asyncio.create_task(closing(socket))
    assert await end == (1001, "Going away")


async def test_a_revoked_subject_does_nothing_on_an_open_socket(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("api.identity.REMEMBERED_SECONDS", 0.05)
    subjects = dict(SUBJECTS)

    async def resolve(role: Role, subject: str) -> int | None:
        return subjects.get((role, subject))

    async with (
        serve(authenticator=authenticator_of(KEY, resolve)) as served,
        served.socket() as socket,
    ):
        await acknowledge(socket)
        del subjects[Role.CUSTOMER, "C1"]
        await asyncio.sleep(0.06)
        await socket.send(subscribe("mutation { bump }"))
        assert (await closing(socket))[0] == 4403
        assert served.engine.bumps == 0


async def test_a_silent_socket_of_a_revoked_subject_is_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("api.identity.REMEMBERED_SECONDS", 0.05)
    subjects = dict(SUBJECTS)
    away = False

    async def resolve(role: Role, subject: str) -> int | None:
        if away:
            raise ConnectionError("no database")
        return subjects.get((role, subject))

    async with (
        serve(
            authenticator=authenticator_of(KEY, resolve), limits=SocketLimits(recheck_seconds=0.05)
        ) as served,
        served.socket() as socket,
        served.socket() as unborn,
    ):
        await acknowledge(socket)
        await socket.send(subscribe("subscription { silence }"))
        away = True
        await asyncio.sleep(0.3)  # who cannot be looked up is not shut out
        away = False
        await say(socket, type="ping")
        assert await hear(socket) == {"type": "pong"}
        del subjects[Role.CUSTOMER, "C1"]
        assert await closing(socket) == (4403, "Forbidden: The token was refused: unknown subject")
        await until(lambda: served.engine.open_streams == 0)
        await say(unborn, type="ping")  # who was not admitted yet has nothing to lose
        assert await hear(unborn) == {"type": "pong"}


async def test_a_socket_opened_after_the_farewell_is_closed_at_once() -> None:
    async with serve() as served:
        await served.app.state.sockets.close_all()
        async with served.socket() as late:
            assert await closing(late) == (1001, "Going away")


async def test_the_farewell_does_not_wait_for_a_client_that_reads_nothing() -> None:
    limits = SocketLimits(send_seconds=30, close_seconds=30)
    async with serve(limits=limits) as served, served.socket(max_queue=1) as socket:
        await acknowledge(socket)
        await socket.send(subscribe("subscription { flood(bytes: 1000000) }"))
        socket.transport.pause_reading()
        before = -1
        while served.engine.flooded != before:
            before = served.engine.flooded
            await asyncio.sleep(0.1)
        began = time.monotonic()
        await served.app.state.sockets.close_all(seconds=0.2)
        assert time.monotonic() - began < 10  # not 30
        socket.transport.abort()

"""The floor of a fan-out: the same server and protocol, and one payload for all, kept in memory.

    python -m benchmarks.broadcast PORT

Sockets subscribe as they would to Terrace. A POST to /, with the payload as its body, sends it to
all of them and answers when that began, by the monotonic clock. Nothing is read from a database,
nobody is asked who they are.
"""

import asyncio
import sys
import time

import orjson
import uvicorn
from starlette.types import Receive, Scope, Send


class Broadcast:
    """The ASGI application: what was posted last, and who waits for the next."""

    def __init__(self) -> None:
        self._posted: asyncio.Future[str] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a socket or take a payload."""
        if scope["type"] == "websocket":
            await self._socket(receive, send)
        elif scope["type"] == "http":
            await self._post(receive, send)

    async def _socket(self, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept", "subprotocol": "graphql-transport-ws"})
        await receive()  # connection_init
        await send({"type": "websocket.send", "text": '{"type":"connection_ack"}'})
        await receive()  # subscribe
        while True:
            payload = await asyncio.shield(self._next())
            text = f'{{"id":"1","type":"next","payload":{payload}}}'
            await send({"type": "websocket.send", "text": text})

    async def _post(self, receive: Receive, send: Send) -> None:
        body = (await receive())["body"].decode()
        began = time.monotonic()
        posted, self._posted = self._next(), None
        posted.set_result(body)
        answer = orjson.dumps({"began": began})
        headers = [(b"content-length", str(len(answer)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    def _next(self) -> "asyncio.Future[str]":
        if self._posted is None:
            self._posted = asyncio.get_running_loop().create_future()
        return self._posted


if __name__ == "__main__":
    uvicorn.run(
        Broadcast(),
        port=int(sys.argv[1]),
        log_level="warning",
        lifespan="off",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=1,
    )

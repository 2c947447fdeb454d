"""The peer of the read benchmarks: one statement, written by hand, behind a bare ASGI application.

    CEILING_URL=... CEILING_STATEMENTS=... python -m benchmarks.ceiling PORT

It is what remains when everything a GraphQL server does is left out: no token, no document, no
plan, no limits, no error shaping. CEILING_STATEMENTS is a JSON object of statements by path; a
request is a JSON list, the values of the path's statement. The server is uvicorn as it runs by
itself; the size of the pool and the settings of its connections are those of Terrace's readers.
"""

import os
import sys
from typing import Any

import asyncpg
import orjson
import uvicorn

from cli.lifeline import end_with_parent
from settings import Settings

READER_SETTINGS = {
    "jit": "off",
    "plan_cache_mode": "force_generic_plan",
    "default_transaction_read_only": "on",
    "statement_timeout": "5000",
}


async def no_reset(connection: Any) -> None:
    """Settings are local to the one statement of a transaction; nothing is left to reset."""


class Ceiling:
    """The application."""

    def __init__(self, url: str, statements: dict[str, str]) -> None:
        self._url = url
        self._statements = statements

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request, or open and close the pool."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        message = await receive()
        body = message["body"]
        while message.get("more_body"):
            message = await receive()
            body += message["body"]
        async with self._pool.acquire() as connection:
            statement = self._statements[scope["path"]]
            answer: str = await connection.fetchval(statement, *orjson.loads(body))
        data = answer.encode()
        await send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [
                    (b"content-type", b"application/json"),
                    (b"content-length", str(len(data)).encode()),
                ],
            }
        )
        await send({"type": "http.response.body", "body": data})

    async def _live(self, receive: Any, send: Any) -> None:
        await receive()
        self._pool = await asyncpg.create_pool(
            self._url,
            min_size=0,
            max_size=Settings.model_fields["reader_connections"].default,
            max_inactive_connection_lifetime=300,
            server_settings=READER_SETTINGS,
            reset=no_reset,
        )
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._pool.close()
        await send({"type": "lifespan.shutdown.complete"})


def main() -> None:
    """Serve until told to stop, with the same server settings as `terrace serve`."""
    end_with_parent()
    config = uvicorn.Config(
        Ceiling(os.environ["CEILING_URL"], orjson.loads(os.environ["CEILING_STATEMENTS"])),
        host="127.0.0.1",
        port=int(sys.argv[1]),
        log_level="warning",
        access_log=False,
        timeout_keep_alive=75,
        server_header=False,
        date_header=False,
    )
    uvicorn.Server(config).run()


if __name__ == "__main__":
    main()

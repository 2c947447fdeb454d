"""Where the servers answer, and whether they still do."""

import socket
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from cli.embedded.valkey import answers

SSL_REQUEST = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"
"""The one question to PostgreSQL that needs no password; it answers with S or N."""


@dataclass(frozen=True)
class Addresses:
    """URLs with their passwords; empty where no such server is run or none was asked for."""

    database_url: str = field(repr=False)
    redis_url: str = field(repr=False)

    def answer(self) -> bool:
        """Whether every embedded server named here answers now; false as well for a bad URL."""
        try:
            database, redis = urlsplit(self.database_url), urlsplit(self.redis_url)
            return (not self.database_url or _postgres_answers(database.port or 0)) and (
                not self.redis_url or answers(redis.port or 0, redis.password or "")
            )
        except ValueError:
            return False


def _postgres_answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2.0) as connection:
            connection.sendall(SSL_REQUEST)
            return connection.recv(1) in (b"N", b"S")
    except OSError:
        return False

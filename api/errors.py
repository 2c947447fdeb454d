"""From an error to what the caller sees of it: the one map of codes, statuses and close codes."""

import logging
import secrets
from collections.abc import Sequence
from enum import IntEnum, StrEnum

from schema.errors import RequestError

log = logging.getLogger(__name__)

Header = tuple[bytes, bytes]


class Code(StrEnum):
    """`extensions.code` of the errors the API itself raises."""

    BAD_REQUEST = "BAD_REQUEST"  # a member of the request is missing or of the wrong type
    BATCHING_NOT_SUPPORTED = "BATCHING_NOT_SUPPORTED"  # a list of operations
    BODY_TIMEOUT = "BODY_TIMEOUT"  # the body did not arrive in time
    BODY_TOO_LARGE = "BODY_TOO_LARGE"  # more bytes than settings.max_body_bytes
    INTERNAL = "INTERNAL"  # a fault of ours; the log has it under the error's id
    INTROSPECTION_CLOSED = "INTROSPECTION_CLOSED"  # the schema is not told to the caller's role
    MALFORMED_JSON = "MALFORMED_JSON"  # not JSON, not UTF-8, or nested too deeply
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"  # neither GET nor POST, or a mutation by GET
    NOT_ACCEPTABLE = "NOT_ACCEPTABLE"  # the Accept header admits no media type of ours
    PERSISTED_QUERY_NOT_SUPPORTED = "PERSISTED_QUERY_NOT_SUPPORTED"  # a hash without its query
    SUBSCRIPTION_NEEDS_SOCKET = "SUBSCRIPTION_NEEDS_SOCKET"  # a subscription over plain HTTP
    TOO_MANY_OPERATIONS = "TOO_MANY_OPERATIONS"  # more at once than a socket may run
    UNAUTHENTICATED = "UNAUTHENTICATED"  # no token, or one that is not valid (any more)
    UNSUPPORTED_MEDIA_TYPE = "UNSUPPORTED_MEDIA_TYPE"  # a body that is not application/json


STATUS_OF: dict[Code, int] = {
    Code.BAD_REQUEST: 400,
    Code.BATCHING_NOT_SUPPORTED: 400,
    Code.BODY_TIMEOUT: 408,
    Code.BODY_TOO_LARGE: 413,
    Code.INTERNAL: 500,
    Code.INTROSPECTION_CLOSED: 403,
    Code.MALFORMED_JSON: 400,
    Code.METHOD_NOT_ALLOWED: 405,
    Code.NOT_ACCEPTABLE: 406,
    Code.PERSISTED_QUERY_NOT_SUPPORTED: 200,  # the clients that send hashes expect exactly this
    Code.SUBSCRIPTION_NEEDS_SOCKET: 400,
    Code.TOO_MANY_OPERATIONS: 429,
    Code.UNAUTHENTICATED: 401,
    Code.UNSUPPORTED_MEDIA_TYPE: 415,
}


class Close(IntEnum):
    """Why the server closes a socket."""

    GOING_AWAY = 1001  # the server shuts down
    TOO_SLOW = 1008  # the client does not take what it asked for
    MESSAGE_TOO_BIG = 1009  # a message above settings.max_frame_bytes
    TRY_AGAIN_LATER = 1013  # nobody can be looked up at the moment
    BAD_REQUEST = 4400  # a message outside of the protocol
    UNAUTHORIZED = 4401  # an operation before the connection was acknowledged
    FORBIDDEN = 4403  # no token, a bad one, or one that expired or was revoked meanwhile
    SUBPROTOCOL_NOT_ACCEPTABLE = 4406  # graphql-transport-ws was not offered
    INIT_TIMEOUT = 4408  # no connection_init in time
    SUBSCRIBER_EXISTS = 4409  # an operation's id is still in use
    TOO_MANY_INITS = 4429  # a second connection_init
    TOO_MANY_SOCKETS = 4430  # more than the caller may have open
    RATE_LIMITED = 4431  # a connection_init of a caller, or of an address, with too many
    INTERNAL = 4500  # a fault of ours; the log has it


class Refusal(Exception):
    """A request the API itself turns down; the message is meant for the caller."""

    def __init__(self, code: Code, message: str, headers: Sequence[Header] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.headers = tuple(headers)

    @property
    def status(self) -> int:
        """The HTTP status, the same for every media type."""
        return STATUS_OF[self.code]

    @property
    def errors(self) -> list[dict[str, object]]:
        """GraphQL error objects, ready for JSON."""
        return [{"message": str(self), "extensions": {"code": self.code.value}}]


class Unauthenticated(Refusal):
    """A caller who is not admitted: over HTTP a 401, on a socket the close code 4403.

    `challenge` is what WWW-Authenticate says.
    """

    def __init__(self, message: str, challenge: bytes = b"Bearer") -> None:
        super().__init__(Code.UNAUTHENTICATED, message, [(b"www-authenticate", challenge)])


def status_of(error: RequestError, *, plain_json: bool) -> int:
    """The HTTP status of a request that the engine refused.

    Under plain `application/json` the draft of GraphQL over HTTP wants 200 for every well-formed
    request, because clients of that media type read no body of another status.
    """
    return 200 if plain_json and error.status == 400 else error.status


def logged(doing: str) -> str:
    """Log the exception being handled; the id under which the log has it."""
    error_id = secrets.token_hex(8)
    log.exception("error %s while %s", error_id, doing)
    return error_id


def masked(doing: str) -> list[dict[str, object]]:
    """Log the exception being handled and give the caller no more than an id to ask about."""
    error_id = logged(doing)
    return [
        {
            "message": "an internal error occurred",
            "extensions": {"code": Code.INTERNAL.value, "id": error_id},
        }
    ]

"""Errors a caller gets, each with a code for programs.

Refusals that a mutation's caller can act on are data (`UserError`); what is here answers before or
instead of an operation.
"""

from collections.abc import Sequence

FORBIDDEN = "FORBIDDEN"
BAD_USER_INPUT = "BAD_USER_INPUT"
GRAPHQL_PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
GRAPHQL_VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"
OPERATION_RESOLUTION_FAILURE = "OPERATION_RESOLUTION_FAILURE"
LIMIT_EXCEEDED = "LIMIT_EXCEEDED"
TIMEOUT = "TIMEOUT"
UNAVAILABLE = "UNAVAILABLE"
INTERNAL = "INTERNAL"
LONGEST_MESSAGE = 1_000


class RequestError(Exception):
    """Nothing was executed: syntax, validation, unknown operation, variables, a limit.

    `errors` are GraphQL error objects ready for JSON, each with `extensions.code`; `status` is the
    HTTP status where the media type lets one speak.
    """

    def __init__(self, errors: Sequence[dict[str, object]], status: int = 400) -> None:
        """Keep the error objects and the status."""
        super().__init__("; ".join(str(error.get("message")) for error in errors))
        self.errors = list(errors)
        self.status = status


def error(message: str, code: str, **members: object) -> dict[str, object]:
    """One GraphQL error object; `members` are `path` and `locations`.

    A message may quote what was given, but not most of it.
    """
    if len(message) > LONGEST_MESSAGE:
        message = f"{message[: LONGEST_MESSAGE // 2]} ... {message[-LONGEST_MESSAGE // 2 :]}"
    return {"message": message, **members, "extensions": {"code": code}}


def refusal(message: str, code: str, status: int = 400) -> RequestError:
    """A request error with one message."""
    return RequestError([error(message, code)], status)

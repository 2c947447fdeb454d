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
RATE_LIMITED = "RATE_LIMITED"
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


class Misfit(RequestError):
    """What was sent does not fit the schema, in words that name what would."""

    def __init__(self, errors: Sequence[dict[str, object]], plain: str) -> None:
        """`plain` says the same and names nothing of the schema."""
        super().__init__(errors)
        self._plain = plain

    def plainly(self) -> RequestError:
        """The same for callers to whom the schema is not told: codes and places, no names."""
        return RequestError(
            [
                {**one, "message": self._plain} if one["extensions"] in _OF_THE_SCHEMA else one
                for one in self.errors
            ]
        )


_OF_THE_SCHEMA = ({"code": GRAPHQL_VALIDATION_FAILED}, {"code": BAD_USER_INPUT})
"""Whose messages are the library's; scalars of ours have codes and words of their own."""


class RateLimited(RequestError):
    """The caller has taken too much in too short a time; `retry_after` seconds help."""

    def __init__(self, message: str, name: str, retry_after: int, **told: object) -> None:
        """`name` is the limit's; `told` are further members of the error's extensions."""
        refused = error(message, RATE_LIMITED)
        more = {"name": name, **told, "retryAfter": retry_after}
        refused["extensions"] = {"code": RATE_LIMITED, **more}
        super().__init__([refused], 429)
        self.name = name
        self.retry_after = retry_after


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

"""The errors of single fields, as a resolver raises them: text and code."""

from graphql import GraphQLError


def refused(message: str, code: str = "BAD_USER_INPUT") -> GraphQLError:
    """A field's error with its code."""
    return GraphQLError(message, extensions={"code": code})


def bad_id() -> GraphQLError:
    """What is no identifier at all."""
    return refused("this is not an id of this API", "INVALID_ID")


def bad_cursor() -> GraphQLError:
    """What is no cursor of a connection in an order."""
    return refused("the cursor is not one of this connection in this order", "INVALID_CURSOR")


class NoBusinessDate(GraphQLError):
    """A figure of today where there is no today yet."""

    def __init__(self) -> None:
        super().__init__(
            "the institution has no business date yet: load balances or set the calendar",
            extensions={"code": "NO_BUSINESS_DATE"},
        )

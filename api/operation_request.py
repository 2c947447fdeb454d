"""The members of a GraphQL request, the same for a body, a query string and a socket's message."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from api.errors import Code, Refusal
from api.json_guard import type_name

T = TypeVar("T", str, dict[str, object])


@dataclass(frozen=True, slots=True)
class OperationRequest:
    """One operation a caller wants to be run."""

    query: str
    operation_name: str | None = None
    variables: dict[str, object] | None = None
    extensions: dict[str, object] | None = None


def request_of(value: object) -> OperationRequest:
    """The request in a parsed JSON value; raises `Refusal` naming the member that is wrong.

    A client of persisted queries that sends a hash instead of the document gets the code it
    knows, and sends the document next.
    """
    if isinstance(value, list):
        raise Refusal(Code.BATCHING_NOT_SUPPORTED, "Send one operation a request, not an array")
    if not isinstance(value, dict):
        raise Refusal(Code.BAD_REQUEST, f"The request must be an object, not {type_name(value)}")
    extensions = _optional(value, "extensions", dict, "an object")
    variables = _optional(value, "variables", dict, "an object")
    operation_name = _optional(value, "operationName", str, "a string")
    query = _optional(value, "query", str, "a string")
    if query is None:
        if extensions is not None and "persistedQuery" in extensions:
            raise Refusal(Code.PERSISTED_QUERY_NOT_SUPPORTED, "PersistedQueryNotSupported")
        raise Refusal(Code.BAD_REQUEST, "'query' is missing")
    return OperationRequest(query, operation_name or None, variables, extensions)


def _optional(members: Mapping[str, object], name: str, kind: type[T], wanted: str) -> T | None:
    value = members.get(name)
    if value is None or isinstance(value, kind):
        return value
    raise Refusal(Code.BAD_REQUEST, f"'{name}' must be {wanted}, not {type_name(value)}")

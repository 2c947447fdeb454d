"""From a fault while an operation runs to the error a caller sees: decided by its class.

What a caller can cause has a code and a message of its own; everything else is masked, and the
log has it under the error's id.
"""

import logging
import secrets
from collections.abc import Sequence

import asyncpg
import orjson

from repository.database import HELD_ELSEWHERE, UNREACHABLE
from repository.reading.parameters import InvalidArgument
from schema.errors import (
    BAD_USER_INPUT,
    FORBIDDEN,
    INTERNAL,
    TIMEOUT,
    UNAVAILABLE,
    RequestError,
    error,
)
from schema.feeds import CursorExpired
from telemetry.logs import described

log = logging.getLogger(__name__)
NO_BUSINESS_DATE = "the institution has no business date yet: load balances or set the calendar"


class Forbidden(Exception):
    """The caller's role may not do this."""


def failure_of(fault: Exception, path: Sequence[str] = ()) -> dict[str, object]:
    """The error object of a fault; raises RequestErrors on, which carry their own."""
    members: dict[str, object] = {"path": list(path)} if path else {}
    match fault:
        case RequestError():
            raise fault
        case CursorExpired():
            told = error(str(fault), fault.code, **members)
            told["extensions"] = {"code": fault.code, "resumeAfter": fault.resume_after}
            return told
        case InvalidArgument():
            return error(str(fault), fault.code, **members)
        case Forbidden():
            return error(str(fault), FORBIDDEN, **members)
        case asyncpg.QueryCanceledError():
            return error("the query took too long and was cancelled", TIMEOUT, **members)
        case asyncpg.CharacterNotInRepertoireError() | asyncpg.UntranslatableCharacterError():
            return error(
                "a text holds a character that cannot be stored", BAD_USER_INPUT, **members
            )
        case HELD_ELSEWHERE():
            log.warning("somebody else holds a lock for longer than a request may wait for it")
            return error("somebody else holds what this needs; try again", UNAVAILABLE, **members)
        case _ if isinstance(fault, UNREACHABLE):
            log.warning("the database is not available: %s", described(fault))
            return error("the database is not available; try again", UNAVAILABLE, **members)
    identifier = secrets.token_hex(8)
    log.error("error %s", identifier, exc_info=fault)
    masked = error("an internal error occurred", INTERNAL, **members)
    masked["extensions"] = {"code": INTERNAL, "id": identifier}
    return masked


def failures(errors: Sequence[dict[str, object]]) -> bytes:
    """A response whose data is null."""
    return orjson.dumps({"data": None, "errors": list(errors)})

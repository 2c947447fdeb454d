"""How a mutation is declared, and the refusals that are part of its result."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import strawberry

from domain.actors import Actor, Grant, Role
from repository.reading.expressions import json, text
from schema.context import Context
from schema.fields import PLANNED, Argument, Planned, PlannedField, elements, stored

Row = Mapping[str, Any]
Perform = Callable[[Context, Any], Awaitable[Row]]


class Secret(str):
    """A text of a row that the answer shows and the database is never told."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Operation:
    """A mutation's specification: what it does, for whom, and the columns of its result row."""

    perform: Perform
    roles: frozenset[Role]
    columns: str
    input_type: Any
    grant: Grant | None = None
    points: int = 0

    def is_for(self, actor: Actor) -> bool:
        """Whether the actor may do this at all; an integrator needs the grant besides."""
        if actor.role is Role.INTEGRATOR and self.grant not in actor.grants:
            return False
        return actor.role in self.roles


def operation(
    perform: Perform,
    input_type: Any,
    columns: str,
    description: str,
    *roles: Role,
    grant: Grant | None = None,
    points: int = 0,
) -> Any:
    """A mutation taking one `input`; `columns` declares its result row in SQL.

    `grant` is what an integrator must have been granted for it, `points` what it costs besides
    what every mutation does.
    """
    argument = Argument(input_type, "What to do.", strawberry.UNSET)
    field = PlannedField(None, description, {"input": argument})  # type: ignore[arg-type]
    row = f"{columns}, errors jsonb"
    spec = Operation(perform, frozenset(roles), row, input_type, grant, points)
    field.metadata = {PLANNED: Planned(spec)}  # type: ignore[assignment, arg-type]
    return field


@strawberry.type(description="A refusal that the caller can act on.")
class UserError:
    """A member of a result's `errors`."""

    field: list[str] | None = stored(
        json("field"), "Path of the input it is about; null if it is about all of it."
    )
    code: str = stored(text("code"), "What is wrong, for programs.")
    message: str = stored(text("message"), "What is wrong, for people.")


def user_errors() -> Any:
    """The `errors` of a result."""
    return elements(
        "errors", "field jsonb, code text, message text", "Refusals; empty when it worked."
    )


class Refused(Exception):
    """The mutation was turned down for a reason the caller can act on; nothing was written."""

    def __init__(self, code: str, message: str, *path: str) -> None:
        """Keep the code, the message and the path of the input it is about."""
        super().__init__(message)
        self.row: Row = {
            "errors": [{"field": list(path) or None, "code": code, "message": message}]
        }

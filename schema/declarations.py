"""How a file of `schema.types` makes what it declares known; nothing else has to name the file.

`schema.published` imports every file there. `node_type(TABLE)` says where the rows of a type are
and with that gives it its identifier; `extends(Customer)` adds fields to a type that is declared
elsewhere: so a relation stands in the file of the type that it leads to, and a root field does too.
"""

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from typing import Any, TypeVar

import strawberry
from strawberry.types import get_object_definition

from repository.reading.conditions import Condition
from repository.reading.expressions import global_id
from repository.reading.tables import Table
from schema.fields import PLANNED, Planned, Stored
from schema.types.node import Node

T = TypeVar("T", bound=type)


@dataclass(frozen=True, slots=True)
class NodeType:
    """Where the rows of a type with an identifier are; those that `where` leaves out have none."""

    type: type
    table: Table
    where: tuple[Condition, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns that are matched with the identifier's numbers."""
        return self.table.key


_declared: dict[str, NodeType] = {}


def node_types() -> dict[str, NodeType]:
    """Every type with an identifier that was declared, sorted by name."""
    return dict(sorted(_declared.items()))


def node_type(table: Table, *where: Condition) -> Callable[[T], T]:
    """Declare a strawberry type that is a Node: its identifier is made of the table's key.

    Raises TypeError for a type that is none, a name that is taken, a key of more than two parts.
    """

    def declare(cls: T) -> T:
        definition = get_object_definition(cls, strict=True)
        if not issubclass(cls, Node):
            raise TypeError(f"{definition.name} is no Node")
        if definition.name in _declared:
            raise TypeError(f"{definition.name} is declared twice")
        if len(table.key) > 2:
            raise TypeError(f"{table.name}: an identifier has at most two numbers, not {table.key}")
        [place] = [n for n, field in enumerate(definition.fields) if field.python_name == "id"]
        identifier = copy(definition.fields[place])
        shown = Stored(global_id(definition.name, *table.key))
        identifier.metadata = {PLANNED: Planned(shown)}  # type: ignore[assignment]
        definition.fields[place] = identifier
        _declared[definition.name] = NodeType(cls, table, where)
        return cls

    return declare


def extends(extended: type) -> Callable[[T], T]:
    """Add the fields of the class to the extended type; raises TypeError for one it has already."""

    def add(cls: T) -> T:
        definition = get_object_definition(extended, strict=True)
        known = {field.python_name for field in definition.fields}
        fields: list[Any] = get_object_definition(strawberry.type(cls), strict=True).fields
        if twice := known & {field.python_name for field in fields}:
            raise TypeError(f"{definition.name} has {', '.join(sorted(twice))} already")
        definition.fields.extend(fields)
        return cls

    return add

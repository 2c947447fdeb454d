"""The vocabulary in which types declare where their data is.

A type reads as the list of its fields, each made with one of these: `stored` (a value of the row),
`same_row` (an object over the row itself), `to_one`, `to_many`, `paged` (rows of another table),
`elements` (members of a JSON list in the row), `by_id` and `by_ids` (any type by its identifier),
`given` (a value of the request), `computed` (filled in by Python from values the plan fetches).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import strawberry
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.field import StrawberryField

from domain.field_classes import FieldClass
from repository.reading.conditions import Condition
from repository.reading.expressions import Expression
from repository.reading.nodes import Formula, Node, Order
from repository.reading.tables import Table
from schema.arguments import Arguments

Choose = Callable[[Arguments], Sequence[Condition]]
Sort = Callable[[Arguments], Order]


Given = Mapping[str, Callable[[Arguments], "Spec"]]
"""Fields of a related object that follow from how it is reached: by name, what they are instead."""


def all_rows(arguments: Arguments) -> Sequence[Condition]:
    """No choice: every row of the join."""
    return ()


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument of a read field."""

    type: Any
    description: str
    default: Any = None

    @property
    def required(self) -> bool:
        """Whether a query must give it."""
        return self.default is strawberry.UNSET


@dataclass(frozen=True, slots=True)
class Stored:
    """A value of the row."""

    expression: Expression


@dataclass(frozen=True, slots=True)
class Made:
    """A value that follows from the request or from a fixed formula over the row."""

    make: Callable[[Arguments], Node]


@dataclass(frozen=True, slots=True)
class SameRow:
    """An object over the row itself; null where the expression is."""

    unless_null: Expression | None = None


@dataclass(frozen=True, slots=True)
class ToOne:
    """The row of a join as an object; `aggregated`: an object over all of its rows."""

    table: Table
    on: Mapping[str, str]
    choose: Choose = all_rows
    order: Order | None = None
    otherwise: Mapping[str, Callable[[Arguments], Node]] | None = None
    given: Given = field(default_factory=dict)
    aggregated: bool = False


@dataclass(frozen=True, slots=True)
class ToMany:
    """All rows of a join as a list; `last` names the argument that bounds it."""

    table: Table
    on: Mapping[str, str]
    order: Order
    choose: Choose = all_rows
    last: str | None = None
    given: Given = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Paged:
    """The rows of a join as a connection."""

    table: Table
    on: Mapping[str, str]
    order: Sort
    choose: Choose = all_rows


@dataclass(frozen=True, slots=True)
class ListMembers:
    """The members of a JSON list in the row."""

    column: str
    columns: str


@dataclass(frozen=True, slots=True)
class ById:
    """An object of any type, by its identifier."""

    single: bool


@dataclass(frozen=True, slots=True)
class Computed:
    """A value that Python makes of what `needs` fetches; `make` gets that decoded."""

    needs: Callable[[Arguments], Mapping[str, Node]]
    make: Callable[[dict[str, Any]], Any]


Spec = Stored | Made | SameRow | ToOne | ToMany | Paged | ListMembers | ById | Computed


@dataclass(frozen=True, slots=True)
class Planned:
    """What a field's metadata holds.

    `field_class` is how sensitive the field is, if it says so itself (`schema.classes`).
    """

    spec: Spec
    field_class: FieldClass | None = None


PLANNED = "planned"


class PlannedField(StrawberryField):
    """A strawberry field that declares arguments without a resolver."""

    def __init__(
        self,
        spec: Spec,
        description: str,
        arguments: Mapping[str, Argument],
        field_class: FieldClass | None = None,
    ) -> None:
        """Keep the specification where the compiler finds it."""
        super().__init__(description=description, metadata={PLANNED: Planned(spec, field_class)})
        self.arguments = [
            StrawberryArgument(
                python_name=name,
                graphql_name=None,
                type_annotation=StrawberryAnnotation(argument.type),
                description=argument.description,
                default=argument.default,
            )
            for name, argument in arguments.items()
        ]
        self.init = False


def planned(
    spec: Spec,
    description: str,
    arguments: Mapping[str, Argument] | None = None,
    field_class: FieldClass | None = None,
) -> Any:
    """A field with this specification; typed Any so that a class annotates it as what it is."""
    return PlannedField(spec, description, arguments or {}, field_class)


def stored(
    expression: Expression, description: str, *, field_class: FieldClass | None = None
) -> Any:
    """A value of the row."""
    return planned(Stored(expression), description, field_class=field_class)


def formula(sql: str, description: str, *, field_class: FieldClass | None = None) -> Any:
    """A fixed expression over the row, `{t}`, and rows above it, `{up}`."""
    return planned(Made(lambda arguments: Formula(sql)), description, field_class=field_class)


def same_row(description: str, unless_null: Expression | None = None) -> Any:
    """An object over the row itself."""
    return planned(SameRow(unless_null), description)


def to_one(
    table: Table,
    on: Mapping[str, str],
    description: str,
    *,
    choose: Choose = all_rows,
    order: Order | None = None,
    otherwise: Mapping[str, Callable[[Arguments], Node]] | None = None,
    given: Given | None = None,
    arguments: Mapping[str, Argument] | None = None,
) -> Any:
    """The row of a join; `on` maps its columns to expressions over this row, `{t}`."""
    spec = ToOne(table, on, choose, order, otherwise, given or {})
    return planned(spec, description, arguments)


def to_many(
    table: Table,
    on: Mapping[str, str],
    description: str,
    *,
    order: Order,
    choose: Choose = all_rows,
    last: str | None = None,
    arguments: Mapping[str, Argument] | None = None,
) -> Any:
    """All rows of a join in order."""
    return planned(ToMany(table, on, order, choose, last), description, arguments)


def elements(column: str, columns: str, description: str) -> Any:
    """The members of a JSON list in the row, read as the columns say."""
    return planned(ListMembers(column, columns), description)


def computed(
    needs: Callable[[Arguments], Mapping[str, Node]],
    make: Callable[[dict[str, Any]], Any],
    description: str,
) -> Any:
    """A value made in Python; only plans with such a field decode what they fetched."""
    return planned(Computed(needs, make), description)


def sorted_by(*expressions: Expression, descending: bool = False) -> Order:
    """An order by the expressions, all in one direction."""
    return Order(tuple((expression, descending) for expression in expressions))

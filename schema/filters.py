"""Typed filters: what `where` arguments are made of, and how they choose rows.

A filter type lists, for each of its members, the value it looks at; the operators follow from the
member's own type. Members of one filter must all hold; `and`, `or` and `not` combine filters.
"""

import datetime
import decimal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, TypeVar

import strawberry

from domain.months import Month
from repository.reading.conditions import (
    Both,
    Compare,
    Condition,
    Either,
    Fixed,
    IsNull,
    Not,
    Operator,
    Related,
)
from repository.reading.expressions import Expression
from repository.reading.parameters import Derived, InvalidArgument, Source
from repository.reading.tables import Table
from schema import identifiers
from schema.arguments import Arguments, Tree
from schema.fields import Choose

T = TypeVar("T")


def optional(description: str, name: str | None = None) -> Any:
    """A member that may be left out."""
    return strawberry.field(default=strawberry.UNSET, description=description, name=name)


@strawberry.input(description="Conditions on one value; all that are given must hold.")
class Filter(Generic[T]):
    """Equality filters, for enumerations."""

    eq: T | None = optional("Equal to this.")
    in_: list[T] | None = optional("One of these.", "in")


@strawberry.input(description="Conditions on an identifier; all that are given must hold.")
class IdFilter:
    """Filters for references."""

    eq: strawberry.ID | None = optional("This one.")
    in_: list[strawberry.ID] | None = optional("One of these.", "in")


@strawberry.input(description="Conditions on a text; all that are given must hold.")
class TextFilter:
    """Filters for texts."""

    eq: str | None = optional("Equal to this, letter by letter.")
    in_: list[str] | None = optional("One of these.", "in")
    contains: str | None = optional("Contains this anywhere, whatever the case of its letters.")
    starts_with: str | None = optional("Starts with this.")
    ends_with: str | None = optional("Ends with this.")


@strawberry.input(
    description="Days from the one to the other; none if they are the wrong way round."
)
class DateRange:
    """Bounds of dates."""

    from_: datetime.date = strawberry.field(name="from", description="The first day.")
    to: datetime.date = strawberry.field(description="The last day.")


@strawberry.input(description="Conditions on a date; all that are given must hold.")
class DateFilter:
    """Filters for dates."""

    eq: datetime.date | None = optional("On this day.")
    in_: list[datetime.date] | None = optional("On one of these days.", "in")
    gt: datetime.date | None = optional("After this day.")
    gte: datetime.date | None = optional("On this day or later.")
    lt: datetime.date | None = optional("Before this day.")
    lte: datetime.date | None = optional("On this day or earlier.")
    between: DateRange | None = optional("From the one to the other, both included.")


@strawberry.input(
    description="Months from the one to the other; none if they are the wrong way round."
)
class MonthRange:
    """Bounds of months."""

    from_: Month = strawberry.field(name="from", description="The first month.")
    to: Month = strawberry.field(description="The last month.")


@strawberry.input(description="Conditions on a month; all that are given must hold.")
class MonthFilter:
    """Filters for months."""

    eq: Month | None = optional("This month.")
    in_: list[Month] | None = optional("One of these months.", "in")
    gt: Month | None = optional("After this month.")
    gte: Month | None = optional("This month or later.")
    lt: Month | None = optional("Before this month.")
    lte: Month | None = optional("This month or earlier.")
    between: MonthRange | None = optional("From the one to the other, both included.")


@strawberry.input(
    description="Amounts from the one to the other; none if they are the wrong way round."
)
class DecimalRange:
    """Bounds of amounts."""

    from_: decimal.Decimal = strawberry.field(name="from", description="The least amount.")
    to: decimal.Decimal = strawberry.field(description="The greatest amount.")


@strawberry.input(description="Conditions on an amount; all that are given must hold.")
class DecimalFilter:
    """Filters for amounts."""

    eq: decimal.Decimal | None = optional("Exactly this.")
    in_: list[decimal.Decimal] | None = optional("Exactly one of these.", "in")
    gt: decimal.Decimal | None = optional("More than this.")
    gte: decimal.Decimal | None = optional("This or more.")
    lt: decimal.Decimal | None = optional("Less than this.")
    lte: decimal.Decimal | None = optional("This or less.")
    between: DecimalRange | None = optional("From the one to the other, both included.")


@strawberry.input(
    description="Instants from the one to the other; none if they are the wrong way round."
)
class InstantRange:
    """Bounds of instants."""

    from_: datetime.datetime = strawberry.field(name="from", description="The first instant.")
    to: datetime.datetime = strawberry.field(description="The last instant.")


@strawberry.input(description="Conditions on an instant; all that are given must hold.")
class InstantFilter:
    """Filters for instants."""

    eq: datetime.datetime | None = optional("At this very instant.")
    in_: list[datetime.datetime] | None = optional("At one of these very instants.", "in")
    gt: datetime.datetime | None = optional("After this instant.")
    gte: datetime.datetime | None = optional("At this instant or later.")
    lt: datetime.datetime | None = optional("Before this instant.")
    lte: datetime.datetime | None = optional("At this instant or earlier.")
    between: InstantRange | None = optional("From the one to the other, both included.")


MOST_COMBINED = 500
_OPERATORS = {
    "eq": Operator.EQ,
    "in": Operator.IN,
    "gt": Operator.GT,
    "gte": Operator.GTE,
    "lt": Operator.LT,
    "lte": Operator.LTE,
    "contains": Operator.CONTAINS,
    "startsWith": Operator.STARTS_WITH,
    "endsWith": Operator.ENDS_WITH,
}
_BOUNDS = {"from": Operator.GTE, "to": Operator.LTE}


Test = Callable[[Source], Condition]
"""What a value given by the caller asks of the row."""


@dataclass(frozen=True, slots=True)
class On:
    """A filter member over a value of the row; `convert` makes comparands of what is given.

    `also` holds by the name of an operator what follows from it, for an index to answer.
    """

    expression: Expression
    convert: Callable[[Any], Any] | None = None
    also: Mapping[str, Test] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Own:
    """A filter member with operators of its own."""

    tests: Mapping[str, Test]


@dataclass(frozen=True, slots=True)
class Through:
    """A filter member over a row of another table that is joined to this one.

    `missing` is what a row counts as that has no such row; without it, it meets no condition.
    """

    table: Table
    on: Mapping[str, str]
    member: On
    missing: Expression | None = None


Members = Mapping[str, On | Through | Own | Test]
"""What each member of a filter asks; a bare test is of a member that is no object but a value."""


def reference(expression: Expression, kind: str) -> On:
    """A member that compares a foreign key with identifiers of a type."""
    return On(expression, partial(identifiers.key_of, kind))


def first_day(month: Month) -> datetime.date:
    """A month as the tables hold it."""
    return month.first_day


def in_month(expression: Expression) -> On:
    """A member that compares a month."""
    return On(expression, first_day)


def chosen_by(members: Members, argument: str = "where") -> Choose:
    """The choice that a filter argument makes."""

    def choose(arguments: Arguments) -> Sequence[Condition]:
        tree = arguments.members(argument)
        return [_all(tree, members)] if tree else []

    return choose


def _all(tree: Mapping[str, Tree], members: Members) -> Condition:
    return Both(tuple(_one(name, value, members) for name, value in tree.items()))


def _one(name: str, tree: Tree, members: Members) -> Condition:
    if tree is None:
        return Fixed("true")
    if name in ("and", "or"):
        parts = tuple(_all(part, members) for part in _filters(tree))
        return Both(parts) if name == "and" else Either(parts)
    if name == "not":
        return Not(_all(tree if isinstance(tree, dict) else {}, members))
    member = members[name]
    tests = tree if isinstance(tree, dict) else {}
    if isinstance(member, Own):
        return Both(
            tuple(
                member.tests[key](_value(part)) for key, part in tests.items() if part is not None
            )
        )
    if isinstance(member, Through):
        related = Related(member.table, member.on, _tests(tests, member.member))
        if member.missing is None:
            return related
        none = Not(Related(member.table, member.on, Fixed("true")))
        shown = On(member.missing, member.member.convert)
        return Either((related, Both((none, _tests(tests, shown)))))
    if isinstance(member, On):
        return _tests(tests, member)
    return member(_value(tree))


def _filters(tree: Tree) -> list[dict[str, Tree]]:
    parts = tree if isinstance(tree, list) else []
    if len(parts) > MOST_COMBINED:
        raise InvalidArgument(f"and, or take at most {MOST_COMBINED} filters", "LIMIT_EXCEEDED")
    return [part for part in parts if isinstance(part, dict)]


def _tests(tests: Mapping[str, Tree], member: On) -> Condition:
    conditions: list[Condition] = []
    for name, tree in tests.items():
        if name == "between" and isinstance(tree, dict):
            conditions += [
                _test(operator, tree[bound], member) for bound, operator in _BOUNDS.items()
            ]
        elif tree is not None:
            conditions.append(_test(_OPERATORS[name], tree, member))
            if name in member.also:
                conditions.append(member.also[name](_value(tree)))
        elif name == "eq":
            conditions.append(IsNull(member.expression))
    return Both(tuple(conditions))


def _test(operator: Operator, tree: Tree, member: On) -> Condition:
    return Compare(member.expression, operator, _converted(_value(tree), member, operator))


def _value(tree: Tree) -> Source:
    if tree is None or isinstance(tree, dict | list):
        raise InvalidArgument("a value is compared with a value, not with an object")
    return tree


def _converted(source: Source, member: On, operator: Operator) -> Source:
    if member.convert is None:
        return source
    return Derived(source, _Each(member.convert) if operator is Operator.IN else member.convert)


@dataclass(frozen=True, slots=True)
class _Each:
    convert: Callable[[Any], Any]

    def __call__(self, values: list[Any]) -> list[Any]:
        return [self.convert(value) for value in values]

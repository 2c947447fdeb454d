"""Input that is read as columns: a list of many alike objects as one list for each field.

A mutation that takes hundreds of rows declares their input type with `@by_columns` and is given a
`Table` in place of a list of them. When the rows come as a variable that is plainly right, they
are never looked at one by one. Whatever is not plainly right, and what stands in the document, has
gone to the library, which knows the rules and the words for what is wrong; its rows become the
same columns.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from graphql import (
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    get_named_type,
    get_nullable_type,
    is_required_input_field,
)

T = TypeVar("T")
_PLAIN_TEXT = ("String", "ID")
_by_columns: set[str] = set()


class NotPlain(Exception):
    """A value that is not plainly right: the library has to judge it."""


def by_columns(input_type: type[T]) -> type[T]:
    """Declare an input type whose lists mutations are given as tables."""
    _by_columns.add(input_type.__name__)
    return input_type


class Table:
    """A list of input objects, as columns by the fields' names."""

    def __init__(
        self, columns: Mapping[str, Sequence[Any]], readers: Mapping[str, Callable[[str], Any]]
    ) -> None:
        """Keep the columns; those that have a reader hold texts as the caller gave them."""
        self._columns = columns
        self._readers = readers

    def __len__(self) -> int:
        """The number of rows."""
        return len(next(iter(self._columns.values())))

    def texts(self, name: str) -> Sequence[str] | None:
        """A column of a scalar of ours as it was given; None if the library has read it."""
        return self._columns[name] if name in self._readers else None

    def values(self, name: str) -> Sequence[Any]:
        """A column of coerced values."""
        column = self._columns[name]
        read = self._readers.get(name)
        if read is None:
            return column
        known = {text: read(text) for text in set(column)}
        return list(map(known.__getitem__, column))


def reader(type_: GraphQLInputType, most: int) -> Callable[[Any], tuple[Any, int]] | None:
    """What reads a variable's value with the tables in it, or None if its type has none.

    The reader answers the coerced value and how many values it holds, and raises NotPlain for what
    is not plainly right or has more than `most` of them.
    """
    found = _reader(type_, most)
    return found if found is not None and _has_table(type_) else None


def tabled(value: Any, type_: GraphQLInputType) -> Any:
    """A coerced value, with its lists of objects as tables where they are declared so."""
    if not isinstance(value, dict):
        return value
    input_type = get_named_type(type_)
    assert isinstance(input_type, GraphQLInputObjectType)
    return {
        name: _table_of(member, get_named_type(input_type.fields[name].type))
        if isinstance(member, list) and _is_table(input_type.fields[name].type)
        else member
        for name, member in value.items()
    }


def takes_tables(type_: GraphQLInputType) -> bool:
    """Whether a mutation with this input is given tables."""
    return _has_table(type_)


def _is_table(type_: GraphQLInputType) -> bool:
    nullable = get_nullable_type(type_)
    return isinstance(nullable, GraphQLList) and get_named_type(type_).name in _by_columns


def _has_table(type_: GraphQLInputType) -> bool:
    named = get_named_type(type_)
    return _is_table(type_) or (
        isinstance(named, GraphQLInputObjectType)
        and any(_is_table(field.type) for field in named.fields.values())
    )


def _table_of(rows: list[dict[str, Any]], type_: Any) -> Table:
    return Table({name: [row[name] for row in rows] for name in type_.fields}, {})


def _reader(type_: GraphQLInputType, most: int) -> Callable[[Any], tuple[Any, int]] | None:
    if not isinstance(type_, GraphQLNonNull):
        return None
    nullable: Any = type_.of_type
    if isinstance(nullable, GraphQLScalarType) and nullable.name in _PLAIN_TEXT:
        return _text
    if _is_table(type_) and isinstance(nullable.of_type, GraphQLNonNull):
        return _table_reader(nullable.of_type.of_type, most)
    if isinstance(nullable, GraphQLInputObjectType):
        return _object_reader(nullable, most)
    return None


def _text(value: Any) -> tuple[str, int]:
    if type(value) is not str:
        raise NotPlain
    return value, 1


def _object_reader(
    type_: GraphQLInputObjectType, most: int
) -> Callable[[Any], tuple[dict[str, Any], int]] | None:
    members = {name: _reader(field.type, most) for name, field in type_.fields.items()}
    if not _all_required(type_) or None in members.values():
        return None

    def read(value: Any) -> tuple[dict[str, Any], int]:
        if type(value) is not dict or value.keys() != members.keys():
            raise NotPlain
        coerced, count = {}, 1
        for name, member in members.items():
            assert member is not None
            coerced[name], values = member(value[name])
            count += values
        return coerced, count

    return read


def _table_reader(type_: Any, most: int) -> Callable[[Any], tuple[Table, int]] | None:
    if not isinstance(type_, GraphQLInputObjectType) or not _all_required(type_):
        return None
    scalars = {name: get_nullable_type(field.type) for name, field in type_.fields.items()}
    readers: dict[str, Callable[[str], Any]] = {}
    for name, scalar in scalars.items():
        if not isinstance(scalar, GraphQLScalarType):
            return None
        if scalar.name not in _PLAIN_TEXT:
            readers[name] = scalar.parse_value
    width = len(scalars)

    def read(value: Any) -> tuple[Table, int]:
        if type(value) is not list or not value or 1 + len(value) * (1 + width) > most:
            raise NotPlain
        if set(map(type, value)) != {dict} or set(map(len, value)) != {width}:
            raise NotPlain
        try:
            columns = {name: [row[name] for row in value] for name in scalars}
        except KeyError:
            raise NotPlain from None
        if any(set(map(type, column)) != {str} for column in columns.values()):
            raise NotPlain
        return Table(columns, readers), 1 + len(value) * (1 + width)

    return read


def _all_required(type_: GraphQLInputObjectType) -> bool:
    return not type_.is_one_of and all(map(is_required_input_field, type_.fields.values()))

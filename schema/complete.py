"""Values that Python made, completed by a selection as the specification says."""

from collections.abc import Callable, Sequence
from typing import Any

from graphql import (
    FieldNode,
    GraphQLLeafType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    SelectionSetNode,
)

Completer = Callable[[Any], Any]
Collect = Callable[[GraphQLObjectType, Sequence[SelectionSetNode]], dict[str, list[FieldNode]]]


def completer(type_: GraphQLOutputType, nodes: Sequence[FieldNode], collect: Collect) -> Completer:
    """A function from a Python value of the type to its JSON."""
    if isinstance(type_, GraphQLNonNull):
        return completer(type_.of_type, nodes, collect)
    if isinstance(type_, GraphQLList):
        member = completer(type_.of_type, nodes, collect)
        return lambda value: None if value is None else [member(item) for item in value]
    if isinstance(type_, GraphQLObjectType):
        sets = [node.selection_set for node in nodes if node.selection_set]
        return _object(type_, collect(type_, sets), collect)
    return _leaf(type_)


def _leaf(type_: Any) -> Completer:
    assert isinstance(type_, GraphQLLeafType)
    return lambda value: None if value is None else type_.serialize(value)


def _object(
    type_: GraphQLObjectType, fields: dict[str, list[FieldNode]], collect: Collect
) -> Completer:
    parts: list[tuple[str, str, Completer]] = []
    for key, nodes in fields.items():
        name = nodes[0].name.value
        if name == "__typename":
            parts.append((key, "", lambda value: type_.name))
            continue
        definition = type_.fields[name]
        attribute = definition.extensions["strawberry-definition"].python_name
        parts.append((key, attribute, completer(definition.type, nodes, collect)))

    def complete(value: Any) -> Any:
        if value is None:
            return None
        return {
            key: make(getattr(value, attribute) if attribute else value)
            for key, attribute, make in parts
        }

    return complete

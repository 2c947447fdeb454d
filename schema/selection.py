"""What an operation selects: fields of an object type after fragments and directives.

The specification's CollectFields, on the parsed document alone.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from graphql import (
    DirectiveNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    SelectionSetNode,
    VariableNode,
    is_abstract_type,
)

from repository.reading.parameters import InvalidArgument

Collected = dict[str, list[FieldNode]]


def collect(
    schema: GraphQLSchema,
    fragments: Mapping[str, FragmentDefinitionNode],
    variables: Mapping[str, Any],
    object_type: GraphQLObjectType,
    sets: Iterable[SelectionSetNode],
) -> Collected:
    """The fields by response key, in document order; equal keys belong to one field."""
    fields: Collected = {}
    visited: set[str] = set()

    for selection_set in sets:
        within = [iter(selection_set.selections)]  # the innermost set last
        while within:
            selection = next(within[-1], None)
            if selection is None:
                within.pop()
            elif not _included(selection.directives or (), variables):
                continue
            elif isinstance(selection, FieldNode):
                fields.setdefault(response_key(selection), []).append(selection)
            elif isinstance(selection, InlineFragmentNode):
                condition = selection.type_condition
                if condition is None or _applies(schema, condition.name.value, object_type):
                    within.append(iter(selection.selection_set.selections))
            elif isinstance(selection, FragmentSpreadNode) and selection.name.value not in visited:
                visited.add(selection.name.value)
                fragment = fragments[selection.name.value]
                if _applies(schema, fragment.type_condition.name.value, object_type):
                    within.append(iter(fragment.selection_set.selections))
    return fields


def response_key(node: FieldNode) -> str:
    """Under which name a field is answered."""
    return node.alias.value if node.alias else node.name.value


def _applies(schema: GraphQLSchema, condition: str, object_type: GraphQLObjectType) -> bool:
    if condition == object_type.name:
        return True
    named = schema.get_type(condition)
    return named is not None and is_abstract_type(named) and schema.is_sub_type(named, object_type)


def _included(directives: Iterable[DirectiveNode], variables: Mapping[str, Any]) -> bool:
    for directive in directives:
        name = directive.name.value
        if name in ("skip", "include"):
            value = (directive.arguments or ())[0].value
            holds = (
                variables.get(value.name.value)
                if isinstance(value, VariableNode)
                else getattr(value, "value", None)
            )
            if holds is None:
                raise InvalidArgument(f"@{name} takes true or false, not null")
            if bool(holds) == (name == "skip"):
                return False
    return True

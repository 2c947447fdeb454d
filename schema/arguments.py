"""A field's arguments as a plan sees them: their structure now, their values when it runs.

Which members an input object has decides what the statement looks like; what a leaf holds does
not. So an argument becomes a tree whose leaves are sources (`repository.reading.parameters`), and
the structure of the variables (`shape`) is part of a plan's key.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Any, cast

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    ListValueNode,
    ObjectValueNode,
    Undefined,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
)
from graphql.utilities import value_from_ast

from repository.reading.parameters import Constant, InvalidArgument, Listed, Source, Variable

Tree = Source | None | dict[str, "Tree"] | list["Tree"]


def shape(value: Any) -> Any:
    """The structure of a coerced variable: what of it may change a statement's text."""
    if value is None or isinstance(value, bool | Enum):
        return value
    if isinstance(value, dict):
        return tuple((name, shape(member)) for name, member in value.items())
    if isinstance(value, list):
        return tuple(map(shape, value)) if value and isinstance(value[0], dict) else "list"
    return "leaf"


class Arguments:
    """The arguments of one field in one plan. Absent and null are both None here."""

    def __init__(self, trees: dict[str, Tree]) -> None:
        """Keep the trees by argument name."""
        self._trees = trees

    def __getitem__(self, name: str) -> Tree:
        """The tree of an argument, None when it was not given."""
        return self._trees.get(name)

    def source(self, name: str) -> Source | None:
        """A scalar argument's source."""
        tree = self._trees.get(name)
        return None if tree is None else _leaf(tree)

    def members(self, name: str) -> dict[str, Tree]:
        """An input object's members that are not null."""
        tree = self._trees.get(name)
        if not isinstance(tree, dict):
            return {}
        return {key: member for key, member in tree.items() if member is not None}


def arguments_of(
    node: FieldNode, definition: GraphQLField, variables: Mapping[str, Any]
) -> Arguments:
    """The arguments of a field; defaults are filled in as the specification says."""
    given = {argument.name.value: argument.value for argument in node.arguments or ()}
    trees: dict[str, Tree] = {}
    for name, argument in definition.args.items():
        tree = _absent
        if name in given:
            tree = _tree(given[name], argument.type, variables)
        if tree is _absent and argument.default_value is not Undefined:
            tree = _constant(argument.default_value)
        if tree is not _absent:
            trees[name] = tree
    return Arguments(trees)


_absent: Any = object()


def _tree(node: ValueNode, type_: GraphQLInputType, variables: Mapping[str, Any]) -> Tree:
    if isinstance(node, VariableNode):
        name = node.name.value
        if name not in variables:
            return cast("Tree", _absent)
        value: Any = variables[name]
        if value is None and isinstance(type_, GraphQLNonNull):  # let in for the place's default
            raise InvalidArgument(f"${name} is null where null must not be")
        return _expand(value, Variable(name))
    if not _has_variable(node):
        return _constant(value_from_ast(node, type_))
    nullable = get_nullable_type(type_)
    if isinstance(nullable, GraphQLList):
        item = nullable.of_type
        nodes = node.values if isinstance(node, ListValueNode) else (node,)  # one stands for a list
        trees = [_tree(member, item, variables) for member in nodes]
        members = [None if tree is _absent else tree for tree in trees]
        if isinstance(get_named_type(item), GraphQLInputObjectType):
            return members
        return Listed(tuple(_leaf(member) for member in members))
    if isinstance(node, ObjectValueNode) and isinstance(nullable, GraphQLInputObjectType):
        given = {
            member.name.value: _tree(
                member.value, nullable.fields[member.name.value].type, variables
            )
            for member in node.fields
        }
        return {name: tree for name, tree in given.items() if tree is not _absent}
    raise InvalidArgument("a variable inside of a scalar is not supported")


def _leaf(tree: Tree) -> Source | None:
    if isinstance(tree, dict | list):
        raise InvalidArgument("a list of values takes no object")
    return tree


def _has_variable(node: ValueNode) -> bool:
    if isinstance(node, VariableNode):
        return True
    if isinstance(node, ListValueNode):
        return any(_has_variable(member) for member in node.values)
    if isinstance(node, ObjectValueNode):
        return any(_has_variable(member.value) for member in node.fields)
    return False


def _expand(value: Any, source: Variable) -> Tree:
    """A variable's value: objects are opened, leaves stay in the variable."""
    if value is None:
        return None
    if isinstance(value, dict):
        return {
            name: _expand(member, Variable(source.name, (*source.path, name)))
            for name, member in value.items()
        }
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [
            _expand(member, Variable(source.name, (*source.path, place)))
            for place, member in enumerate(value)
        ]
    if isinstance(value, bool | Enum):
        return Constant(value)  # its value is part of the shape
    return source


def _constant(value: Any) -> Tree:
    if value is None:
        return None
    if isinstance(value, dict):
        return {name: _constant(member) for name, member in value.items()}
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [_constant(member) for member in value]
    return Constant(value)

"""Introspection: root fields about the schema itself, answered by graphql-core."""

from collections.abc import Mapping
from typing import Any

from graphql import DocumentNode, OperationDefinitionNode, SelectionSetNode, execute_sync

from schema.document import Prepared
from schema.errors import BAD_USER_INPUT, RequestError, error
from schema.plans import Planner, introspects


def introspected(
    planner: Planner,
    prepared: Prepared,
    variables: Mapping[str, object] | None,
    coerced: Mapping[str, Any],
) -> dict[str, Any] | None:
    """The answers of `__schema` and `__type` by response key; None if there are none."""
    if not prepared.introspects:
        return None
    fields = planner.root_fields(prepared, coerced, planner.root("query"))
    nodes = [node for chosen in fields.values() for node in chosen if introspects(node)]
    if not nodes:
        return None
    operation = OperationDefinitionNode(
        operation=prepared.operation.operation,
        variable_definitions=prepared.operation.variable_definitions,
        selection_set=SelectionSetNode(selections=tuple(nodes)),
    )
    document = DocumentNode(definitions=(operation, *prepared.fragments.values()))
    result = execute_sync(planner.schema, document, variable_values=dict(variables or {}))
    if result.errors:
        raise RequestError([error(fault.message, BAD_USER_INPUT) for fault in result.errors])
    return result.data or {}

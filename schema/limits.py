"""How large an operation may be, found in one pass over the document.

Fragments are measured once each, so a document of doubling fragments costs what it has written
down and not what it would unfold to.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

from schema.errors import LIMIT_EXCEEDED, RequestError, refusal

_INTROSPECTION = ("__schema", "__type")
_BEYOND = 10**9


@dataclass(frozen=True, slots=True)
class Limits:
    """What an operation may have at the most."""

    depth: int
    fields: int
    tokens: int


@dataclass(slots=True)
class _Measure:
    fragments: Mapping[str, FragmentDefinitionNode]
    known: dict[str, tuple[int, int]]

    def size(self, selection_set: SelectionSetNode | None) -> tuple[int, int]:
        """Depth and number of fields below, fragments spread."""
        depth = fields = 0
        for selection in selection_set.selections if selection_set else ():
            if isinstance(selection, FieldNode):
                if selection.name.value in _INTROSPECTION:
                    continue
                below, count = self.size(selection.selection_set)
                below, count = below + 1, count + 1
            elif isinstance(selection, InlineFragmentNode):
                below, count = self.size(selection.selection_set)
            elif isinstance(selection, FragmentSpreadNode):
                below, count = self.fragment(selection.name.value)
            else:
                continue
            depth, fields = max(depth, below), min(fields + count, _BEYOND)
        return depth, fields

    def fragment(self, name: str) -> tuple[int, int]:
        """The size of a fragment; one that is missing or spreads itself is not valid anyway."""
        if name not in self.known:
            self.known[name] = (0, 0)
            fragment = self.fragments.get(name)
            if fragment is not None:
                self.known[name] = self.size(fragment.selection_set)
        return self.known[name]


def check(
    operation: OperationDefinitionNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    limits: Limits,
) -> None:
    """Refuse an operation beyond the limits, with its figure."""
    depth, fields = _Measure(fragments, {}).size(operation.selection_set)
    if depth > limits.depth:
        raise _beyond("levels deep", depth, limits.depth)
    if fields > limits.fields:
        raise _beyond("fields large", fields, limits.fields)


def _beyond(what: str, found: int, allowed: int) -> RequestError:
    return refusal(
        f"the operation is {found} {what}; at most {allowed} are allowed", LIMIT_EXCEEDED
    )

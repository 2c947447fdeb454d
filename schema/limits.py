"""How large an operation may be, found in one pass over the document.

Fragments are measured once each, so a document of doubling fragments costs what it has written
down and not what it would unfold to.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

from domain.actors import Role
from schema.errors import LIMIT_EXCEEDED, RequestError, refusal

_INTROSPECTION = ("__schema", "__type")
_MANY = {  # about how many there are, in our schema
    "types": 110,
    "fields": 12,
    "args": 4,
    "inputFields": 8,
    "enumValues": 8,
    "possibleTypes": 7,
    "interfaces": 1,
    "directives": 6,
}
MOST_INTROSPECTED = 450_000
"""Values an introspection may ask for, by estimate; the usual query of tools is most of it."""
LONGEST_DOCUMENT = 200_000
"""Characters; a document of so many tokens as are allowed is a quarter of it, unless it talks."""
DEEPEST_FRAGMENTS = 50
"""Fragments that spread one another in a row; everything that walks a document recurs by them."""
_BEYOND = 10**9


@dataclass(frozen=True, slots=True)
class Limits:
    """What an operation may have at the most."""

    depth: int
    fields: int
    tokens: int
    cost: Mapping[Role, int] = field(default_factory=dict)  # of a role that is not named: any


def affordable(requested: int, limit: int | None) -> None:
    """Refuse an operation beyond the points its caller may spend on one, with the figure."""
    if limit is None or requested <= limit:
        return
    message = f"the operation costs {requested} points; at most {limit} are allowed"
    refused = refusal(message, LIMIT_EXCEEDED)
    refused.errors[0]["extensions"] = {
        "code": LIMIT_EXCEEDED,
        "cost": {"requested": requested, "limit": limit},
    }
    raise refused


@dataclass(slots=True)
class _Measure:
    fragments: Mapping[str, FragmentDefinitionNode]
    known: dict[str, tuple[int, int]]
    weighed: dict[str, int]

    def weight(self, selection_set: SelectionSetNode | None, inside: bool = False) -> int:
        """About how many values the introspection in a selection asks for."""
        total = 0
        for selection in selection_set.selections if selection_set else ():
            if isinstance(selection, FieldNode):
                name = selection.name.value
                starts = name in _INTROSPECTION
                below = self.weight(selection.selection_set, inside or starts)
                times = _MANY.get(name, 1) if inside else 1
                total += times * (below + (1 if inside or starts else 0))
            elif isinstance(selection, InlineFragmentNode):
                total += self.weight(selection.selection_set, inside)
            elif isinstance(selection, FragmentSpreadNode):
                total += self.weight_of(selection.name.value, inside)
        return min(total, _BEYOND)

    def weight_of(self, name: str, inside: bool) -> int:
        """The same of a fragment, found once."""
        key = f"{name} {inside}"
        if key not in self.weighed:
            self.weighed[key] = 0
            fragment = self.fragments.get(name)
            if fragment is not None:
                self.weighed[key] = self.weight(fragment.selection_set, inside)
        return self.weighed[key]

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


def introspects(
    operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
) -> bool:
    """Whether an operation asks about the schema itself, in whatever fragment it does so."""
    return _Measure(fragments, {}, {}).weight(operation.selection_set) > 0


def nested(fragments: Mapping[str, FragmentDefinitionNode]) -> int:
    """How many fragments spread one another in a row at the most; found without recursion.

    Those that spread themselves, which is not valid, count as one row.
    """
    spread = {name: _spread(node.selection_set) for name, node in fragments.items()}
    waits = {
        name: {other for other in others if other in spread} for name, others in spread.items()
    }
    depth = dict.fromkeys(spread, 1)
    inside: dict[str, list[str]] = {name: [] for name in spread}
    for name, others in waits.items():
        for other in others:
            inside[other].append(name)
    known = [name for name, others in waits.items() if not others]
    while known:
        name = known.pop()
        for outer in inside[name]:
            depth[outer] = max(depth[outer], depth[name] + 1)
            waits[outer].discard(name)
            if not waits[outer]:
                known.append(outer)
    return max(*depth.values(), sum(map(bool, waits.values())), 0, 0)


def _spread(selection_set: SelectionSetNode | None) -> set[str]:
    """The fragments that a selection spreads."""
    found: set[str] = set()
    for selection in selection_set.selections if selection_set else ():
        if isinstance(selection, FragmentSpreadNode):
            found.add(selection.name.value)
        elif isinstance(selection, FieldNode | InlineFragmentNode):
            found |= _spread(selection.selection_set)
    return found


def check(
    operations: Iterable[OperationDefinitionNode],
    fragments: Mapping[str, FragmentDefinitionNode],
    limits: Limits,
) -> None:
    """Refuse a document beyond the limits, with its figure; a fragment counts if used or not."""
    if (chain := nested(fragments)) > DEEPEST_FRAGMENTS:
        raise _beyond("fragments within fragments deep", chain, DEEPEST_FRAGMENTS)
    measure = _Measure(fragments, {}, {})
    for definition in (*operations, *fragments.values()):
        depth, fields = measure.size(definition.selection_set)
        weight = measure.weight(definition.selection_set)
        if weight > MOST_INTROSPECTED:
            raise _beyond("values of introspection large", weight, MOST_INTROSPECTED)
        if depth > limits.depth:
            raise _beyond("levels deep", depth, limits.depth)
        if fields > limits.fields:
            raise _beyond("fields large", fields, limits.fields)


def _beyond(what: str, found: int, allowed: int) -> RequestError:
    return refusal(
        f"the operation is {found} {what}; at most {allowed} are allowed", LIMIT_EXCEEDED
    )

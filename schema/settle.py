"""Answers with faults: which values become null and what errors say, as the specification has it.

A field that cannot be answered is marked in the answer of the statement (`FAULT`). Its error has
the field's path and location, and where null must not be, the object around is null instead, up
to the first place that may be (GraphQL, September 2025, 6.4.4 "Handling Execution Errors").
Answers without a fault never come here: they are passed on as bytes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    FieldNode,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    SelectionSetNode,
    get_location,
    is_abstract_type,
    is_composite_type,
)

from repository.reading.nodes import FAULT, KIND, MISSING
from repository.reading.parameters import InvalidArgument
from schema.compile import Compiler
from schema.errors import INTERNAL, error
from schema.failures import NO_BUSINESS_DATE, failure_of

Path = tuple[str | int, ...]


class _Nulled(Exception):
    """A value that must not be null is; the error is told already."""


@dataclass(slots=True)
class Settling:
    """One answer that is being completed; `compiler` is the one whose plan was run."""

    compiler: Compiler
    errors: list[dict[str, object]] = field(default_factory=list)

    def root(
        self, root: GraphQLObjectType, sets: Sequence[SelectionSetNode], value: dict[str, Any]
    ) -> dict[str, Any] | None:
        """The data of the response."""
        try:
            return self._object(root, sets, value, ())
        except _Nulled:
            return None

    def field(
        self, type_: GraphQLOutputType, nodes: Sequence[FieldNode], key: str, value: Any
    ) -> dict[str, Any]:
        """The response to an operation of one field."""
        try:
            data = {key: self._nullable(type_, nodes, value, (key,))}
        except _Nulled:
            return {"data": None, "errors": self.errors}
        return {"data": data, "errors": self.errors} if self.errors else {"data": data}

    def _object(
        self,
        object_type: GraphQLObjectType,
        sets: Sequence[SelectionSetNode],
        value: dict[str, Any],
        path: Path,
    ) -> dict[str, Any]:
        settled = {}
        for key, nodes in self.compiler.collect(object_type, sets).items():
            shown = value.get(key)
            if not nodes[0].name.value.startswith("__"):
                type_ = object_type.fields[nodes[0].name.value].type
                shown = self._nullable(type_, nodes, shown, (*path, key))
            settled[key] = shown
        return settled

    def _nullable(
        self, type_: GraphQLOutputType, nodes: Sequence[FieldNode], value: Any, path: Path
    ) -> Any:
        """The value, or null for one that came to nothing if its type lets it be null."""
        try:
            return self._value(type_, nodes, value, path)
        except _Nulled:
            if isinstance(type_, GraphQLNonNull):
                raise
            return None

    def _value(
        self, type_: GraphQLOutputType, nodes: Sequence[FieldNode], value: Any, path: Path
    ) -> Any:
        if isinstance(value, dict) and FAULT in value:
            self._tell(self._failure(value[FAULT]), nodes, path)
            raise _Nulled
        if isinstance(type_, GraphQLNonNull):
            if value is None:
                self._tell(error("a value that must not be null is missing", INTERNAL), nodes, path)
                raise _Nulled
            return self._value(type_.of_type, nodes, value, path)
        if value is None:
            return None
        if isinstance(type_, GraphQLList):
            inner = type_.of_type
            return [
                self._nullable(inner, nodes, member, (*path, place))
                for place, member in enumerate(value)
            ]
        if not is_composite_type(type_):
            return value
        if is_abstract_type(type_):
            type_ = self.compiler.schema.get_type(value[KIND])  # type: ignore[assignment]
        assert isinstance(type_, GraphQLObjectType)
        sets = [node.selection_set for node in nodes if node.selection_set]
        return self._object(type_, sets, value, path)

    def _failure(self, fault: Any) -> dict[str, object]:
        """The error of a mark: the number of a fault of the plan, a code, or an exception."""
        if isinstance(fault, int):
            return failure_of(self.compiler.faults[fault])
        if fault == MISSING:
            return error("a value that must not be null is missing", INTERNAL)
        if isinstance(fault, str):
            return failure_of(InvalidArgument(NO_BUSINESS_DATE, fault))
        return failure_of(fault)

    def _tell(self, told: dict[str, object], nodes: Sequence[FieldNode], path: Path) -> None:
        located = {"message": told.pop("message"), "path": list(path)}
        places = [node.loc for node in nodes if node.loc]
        if places:
            found = [get_location(place.source, place.start) for place in places]
            located["locations"] = [{"line": at.line, "column": at.column} for at in found]
        self.errors.append({**located, **told})

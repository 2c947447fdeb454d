"""The variables of a request: coerced by their types, and the structure of them.

Most variables are plain scalars of the right kind; those are looked at without the library, whose
coercion of all that a type may be costs more than the rest of a known operation. Whatever is not
plainly right goes to the library, which knows the rules and the words for what is wrong.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

from graphql import GraphQLError, GraphQLSchema, NonNullTypeNode, VariableDefinitionNode
from graphql.execution.get_variable_signature import get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource, get_variable_values

from repository.reading.parameters import UnreadableScalar, readable
from schema.arguments import shape
from schema.columns import NotPlain, reader
from schema.errors import BAD_USER_INPUT, LIMIT_EXCEEDED, Misfit, RequestError, error, refusal

_MOST_ERRORS = 5
MOST_VALUES = 20_000
"""Values in the variables of a request, at every depth; a full `recordBalances` has a quarter."""
_PLAIN: dict[str, Callable[[Any], bool]] = {
    "String": lambda value: type(value) is str,
    "ID": lambda value: type(value) is str,
    "Boolean": lambda value: type(value) is bool,
    "Int": lambda value: type(value) is int and -(2**31) <= value < 2**31,
}
_LEAF = ("String", "ID", "Int")


class Variables:
    """The variables that one operation declares."""

    def __init__(
        self, schema: GraphQLSchema, definitions: Sequence[VariableDefinitionNode]
    ) -> None:
        """Look at the declarations once."""
        self._schema = schema
        self._definitions = definitions
        self._plain: list[tuple[str, Callable[[Any], bool], bool]] = []
        for definition in definitions:
            named = definition.type
            if isinstance(named, NonNullTypeNode):
                named = named.type
            name = getattr(getattr(named, "name", None), "value", "")
            check = _PLAIN.get(name, lambda value: False)
            self._plain.append((definition.variable.name.value, check, name in _LEAF))
        self._tables = []
        for definition in definitions:
            signature = get_variable_signature(schema, definition)
            if isinstance(signature, GraphQLError) or definition.default_value is not None:
                continue
            read = reader(signature.type, MOST_VALUES)
            if read is not None:
                self._tables.append((definition, signature, read))

    def values(self, given: Mapping[str, object] | None) -> VariableValues:
        """The variables as the library has them; raises RequestError for what no type admits.

        What is declared to be read by columns is a table if it is plainly right.
        """
        rest = dict(given or {})
        sources: dict[str, VariableValueSource] = {}
        tables: dict[str, Any] = {}
        count = 0
        for definition, signature, read in self._tables:
            name = definition.variable.name.value
            try:
                tables[name], values = read(rest.get(name))
            except NotPlain:
                continue
            sources[name] = VariableValueSource(signature, rest.pop(name))
            count += values
        _few_enough(rest, count)
        result = get_variable_values(
            self._schema,
            [d for d in self._definitions if d.variable.name.value not in tables],
            rest,
            max_errors=_MOST_ERRORS,
            hide_suggestions=True,
        )
        if isinstance(result, list):
            raise Misfit(
                [error(fault.message, BAD_USER_INPUT) for fault in result],
                "a variable has a value that its type does not admit",
            )
        return VariableValues({**result.sources, **sources}, {**result.coerced, **tables})

    def read(self, given: Mapping[str, object] | None) -> tuple[dict[str, Any], Hashable]:
        """The coerced values and what of their structure decides the statement's text.

        Raises RequestError for what no type admits.
        """
        coerced: dict[str, Any] = {}
        structure: list[Hashable] = []
        for name, plain, is_leaf in self._plain:
            value = given.get(name) if given else None
            if not plain(value):
                return self._by_the_rules(given)
            coerced[name] = value
            structure.append("leaf" if is_leaf else value)
        return coerced, tuple(structure)

    def _by_the_rules(self, given: Mapping[str, object] | None) -> tuple[dict[str, Any], Hashable]:
        coerced: dict[str, Any] = self.values(given).coerced
        try:
            for value in coerced.values():
                _read(value)
        except UnreadableScalar as fault:
            raise RequestError([error(str(fault), fault.code)]) from None
        return coerced, tuple((name, shape(value)) for name, value in coerced.items())


def _read(value: Any) -> None:
    """Raise UnreadableScalar for a value that could not be read, at any depth."""
    if isinstance(value, dict):
        for member in value.values():
            _read(member)
    elif isinstance(value, list):
        for member in value:
            _read(member)
    else:
        readable(value)


def _few_enough(given: Mapping[str, object], count: int) -> None:
    """Refuse so many values that looking at each would keep everybody else waiting.

    `count` is how many there are besides those given.
    """
    waiting: list[Any] = [given]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
        count += 1
        if count + len(waiting) > MOST_VALUES:
            raise refusal(f"the variables have more than {MOST_VALUES} values", LIMIT_EXCEEDED)

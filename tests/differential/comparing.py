"""Two answers to one operation: what is different, and a small document that still shows it."""

import json
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    Visitor,
    parse,
    print_ast,
    validate,
    visit,
)

Answer = dict[str, Any]
Differs = Callable[[str, dict[str, Any]], Awaitable[str | None]]
MOST_TRIES = 300


def difference(engine: Answer, plain: Answer) -> str | None:
    """The first difference in words, or None: data to the order of its keys, errors as a set."""
    if ("data" in engine) != ("data" in plain):
        return f"engine: {_start(engine)}\nplain:  {_start(plain)}"
    if "data" not in engine:
        return None  # both refuse the request; in which words is tested elsewhere
    place = _first(engine["data"], plain["data"], "data")
    if place is not None:
        return (
            f"{place}\nerrors of the engine: {engine.get('errors')}\nplain: {plain.get('errors')}"
        )
    found, expected = (Counter(map(_error, a.get("errors", []))) for a in (engine, plain))
    for path, code, message in [*expected]:
        if not code:  # an error of the library's own: its place is asked for, not its words
            alike = [error for error in found if error[0] == path and error not in expected]
            if alike:
                found[path, code, message] = found.pop(alike[0])
    if found == expected:
        return None
    return (
        f"errors of the engine alone: {[*(found - expected)]}\nplain alone: {[*(expected - found)]}"
    )


def _error(error: Any) -> tuple[str, str, str]:
    """Path, code, and message with its places in the document."""
    code = error.get("extensions", {}).get("code", "")
    places = [f"{place['line']}:{place['column']}" for place in error.get("locations", ())]
    return json.dumps(error.get("path")), code, f"{error['message']} at {', '.join(places)}"


def _start(answer: Answer) -> str:
    return json.dumps(answer, ensure_ascii=False)[:600]


def _first(engine: Any, plain: Any, path: str) -> str | None:
    """Where two values differ first."""
    if isinstance(engine, dict) and isinstance(plain, dict):
        if [*engine] != [*plain]:
            return f"{path} has the keys {[*engine]}, plain {[*plain]}"
        places = (_first(engine[key], plain[key], f"{path}.{key}") for key in engine)
        return next(filter(None, places), None)
    if isinstance(engine, list) and isinstance(plain, list) and len(engine) == len(plain):
        pairs = zip(engine, plain, strict=True)
        places = (_first(one, other, f"{path}[{n}]") for n, (one, other) in enumerate(pairs))
        return next(filter(None, places), None)
    if type(engine) is type(plain) and engine == plain:
        return None
    return f"{path}: engine {_start(engine)}, plain {_start(plain)}"


# Small documents


async def smallest(
    schema: GraphQLSchema, document: str, variables: dict[str, Any], differs: Differs
) -> str:
    """The document without all selections that are not needed for the difference."""
    tries, shrunk = 0, True
    while shrunk and tries < MOST_TRIES:
        shrunk = False
        for smaller in _smaller(document):
            tries += 1
            if tries > MOST_TRIES:
                break
            if validate(schema, parse(smaller), max_errors=1):
                continue
            if await differs(smaller, _used(smaller, variables)):
                document, shrunk = smaller, True
                break
    return document


def _used(document: str, variables: dict[str, Any]) -> dict[str, Any]:
    operation = _operation(parse(document))
    names = {d.variable.name.value for d in operation.variable_definitions or ()}
    return {name: value for name, value in variables.items() if name in names}


def _operation(document: DocumentNode) -> OperationDefinitionNode:
    return next(d for d in document.definitions if isinstance(d, OperationDefinitionNode))


def _smaller(document: str) -> Iterator[str]:
    """The document with one selection, argument or directive less, the outermost ones first."""
    parsed = parse(document)
    places: list[tuple[int, int, str]] = []

    class Find(Visitor):
        def enter(self, node: Any, key: Any, parent: Any, path: list[Any], *_: Any) -> None:
            if isinstance(node, SelectionSetNode) and len(node.selections) > 1:
                places.extend((len(path), id(s), "") for s in node.selections)
            for part in (*(getattr(node, "directives", None) or ()),):
                places.append((len(path), id(part), ""))
            if isinstance(node, FieldNode):
                places.extend((len(path), id(argument), "") for argument in node.arguments or ())

    visit(parsed, Find())
    for _, place, _ in sorted(places, key=lambda found: found[0]):
        yield _tidied(_without(parsed, place))


def _without(document: DocumentNode, place: int) -> DocumentNode:
    class Remove(Visitor):
        def enter(self, node: Any, *_: Any) -> Any:
            return self.REMOVE if id(node) == place else None

    removed: DocumentNode = visit(document, Remove())
    return removed


class _Names(Visitor):
    """The fragments that are spread and the variables that are used."""

    def __init__(self) -> None:
        super().__init__()
        self.spread: set[str] = set()
        self.variables: set[str] = set()

    def enter_fragment_spread(self, node: FragmentSpreadNode, *_: Any) -> None:
        self.spread.add(node.name.value)

    def enter_variable_definition(self, *_: Any) -> Any:
        return self.SKIP

    def enter_variable(self, node: VariableNode, *_: Any) -> None:
        self.variables.add(node.name.value)


def _tidied(document: DocumentNode) -> str:
    """Without the fragments and variables that are used no more."""
    while True:
        names = _Names()
        visit(document, names)
        kept = [
            d
            for d in document.definitions
            if not isinstance(d, FragmentDefinitionNode) or d.name.value in names.spread
        ]
        if len(kept) == len(document.definitions):
            break
        document = DocumentNode(definitions=tuple(kept))

    class Drop(Visitor):
        def enter_variable_definition(self, node: Any, *_: Any) -> Any:
            return self.REMOVE if node.variable.name.value not in names.variables else None

    tidied: DocumentNode = visit(document, Drop())
    return print_ast(tidied)

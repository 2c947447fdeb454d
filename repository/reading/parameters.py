"""A statement's parameters: where each value comes from when the plan is run.

A plan is compiled once and run with many variables and actors. It therefore keeps, for every
placeholder, not a value but its source: a constant of the document, or a path into the variables.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from domain.actors import Actor

Place = tuple[tuple[str, str], ...]
"""A field in an operation: from the root down, the type and the response key of each."""


class InvalidArgument(Exception):
    """A value a caller gave that no type forbids and no statement takes.

    `code` is for programs, the message for people; neither repeats what it must not show.
    """

    def __init__(self, message: str, code: str = "BAD_USER_INPUT") -> None:
        """Keep the message and the code."""
        super().__init__(message)
        self.code = code


class UnreadableScalar(InvalidArgument):
    """A value that its scalar type cannot read: a fault of the request, not of one field."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A scalar that could not be read, kept where it stood.

    Whoever takes single rows (`recordBalances`) turns down that row alone; everyone else refuses
    the request when the value is used.
    """

    given: str
    code: str
    message: str


def readable(value: Any) -> Any:
    """The value; raises UnreadableScalar if it could not be read, or one of its members."""
    if isinstance(value, Unreadable):
        raise UnreadableScalar(value.message, value.code)
    if isinstance(value, list):
        for member in value:
            readable(member)
    return value


def _short(value: Any) -> Any:
    """The value, unless it is a text so long that nothing should be made of it first."""
    if isinstance(value, str) and len(value) > _LONGEST_READ:
        raise InvalidArgument(f"a text to compare with has at most {LONGEST_TEXT} letters")
    return value


@dataclass(frozen=True, slots=True)
class Constant:
    """A value of the document itself."""

    value: Any

    def read(self, variables: Mapping[str, Any], actor: Actor) -> Any:
        """The value."""
        return _short(readable(self.value))


@dataclass(frozen=True, slots=True)
class Variable:
    """A value of the request: the variable's name and the path inside of it."""

    name: str
    path: tuple[str | int, ...] = ()

    def read(self, variables: Mapping[str, Any], actor: Actor) -> Any:
        """The value, coerced by its type already."""
        value: Any = variables.get(self.name)
        for step in self.path:
            value = value[step]
        return _short(readable(value))


@dataclass(frozen=True, slots=True)
class ActorKey:
    """The key of the actor's own row."""

    def read(self, variables: Mapping[str, Any], actor: Actor) -> Any:
        """The key."""
        return actor.scope_id


@dataclass(frozen=True, slots=True)
class ActorDetail:
    """What else is known of the actor: `role`, `scope`, `subject` or `channel`."""

    name: str

    def read(self, variables: Mapping[str, Any], actor: Actor) -> Any:
        """The detail as text."""
        return str(getattr(actor, self.name))


@dataclass(frozen=True, slots=True)
class Derived:
    """A value made of another one, for example a part of a decoded cursor."""

    source: "Source"
    make: Callable[[Any], Any]

    def read(self, variables: Mapping[str, Any], actor: Actor) -> Any:
        """The derived value; `make` raises InvalidArgument for what it cannot take."""
        return self.make(self.source.read(variables, actor))


@dataclass(frozen=True, slots=True)
class Listed:
    """A list of the document some of whose members are variables."""

    members: tuple["Source | None", ...]

    def read(self, variables: Mapping[str, Any], actor: Actor) -> Any:
        """The values of the members."""
        return [None if m is None else m.read(variables, actor) for m in self.members]


Source = Constant | Variable | ActorKey | ActorDetail | Derived | Listed


_HALF = re.compile("[\ud800-\udfff]")
MOST_PARAMETERS = 500
LONGEST_TEXT = 4_000
_LONGEST_READ = 4 * LONGEST_TEXT  # cursors are longer than what is in them
LONGEST_LIST = 10_000


@dataclass(slots=True)
class Parameters:
    """The placeholders of one statement in order; the first is always the actor's key."""

    sources: list[Source] = field(default_factory=lambda: [ActorKey()])
    owners: list[set[Place]] = field(default_factory=lambda: [set()])
    _places: dict[tuple[str, str], list[int]] = field(default_factory=dict)

    ACTOR = "$1::integer"

    def add(self, source: Source, cast: str, owner: Place = ()) -> str:
        """A placeholder for the source in a field; equal sources of one type share one.

        Raises InvalidArgument for more of them than a statement that a person means has.
        """
        if len(self.sources) > MOST_PARAMETERS:
            raise InvalidArgument(
                f"an operation may compare with at most {MOST_PARAMETERS} values", "LIMIT_EXCEEDED"
            )
        alike = self._places.setdefault((cast, repr(source)), [])
        for place in alike:
            if self.sources[place - 1] == source:
                self.owners[place - 1].add(owner)
                return f"${place}::{cast}"
        self.sources.append(source)
        self.owners.append({owner})
        alike.append(len(self.sources))
        return f"${len(self.sources)}::{cast}"

    def values(self, variables: Mapping[str, Any], actor: Actor) -> list[Any]:
        """What to run the statement with; raises InvalidArgument for what no statement takes."""
        return [_storable(source.read(variables, actor)) for source in self.sources]

    def faults(self, variables: Mapping[str, Any], actor: Actor) -> dict[Place, InvalidArgument]:
        """The fields whose values no statement takes, each with its first fault."""
        found: dict[Place, InvalidArgument] = {}
        for source, owners in zip(self.sources, self.owners, strict=True):
            try:
                _storable(source.read(variables, actor))
            except InvalidArgument as fault:
                for owner in owners:
                    found.setdefault(owner, fault.with_traceback(None))
        return found


def _storable(value: Any) -> Any:
    """The value, if PostgreSQL can hold it and it is not made to keep the server busy."""
    texts = value if isinstance(value, list) else (value,)
    if len(texts) > LONGEST_LIST:
        raise InvalidArgument(f"a list to compare with has at most {LONGEST_LIST} members")
    for text in texts:
        if isinstance(text, str):
            if len(text) > LONGEST_TEXT:
                raise InvalidArgument(f"a text to compare with has at most {LONGEST_TEXT} letters")
            if "\0" in text or _HALF.search(text):
                raise InvalidArgument("a text holds a character that cannot be stored")
    return value

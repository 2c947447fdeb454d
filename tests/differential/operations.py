"""Random operations over the published schema: valid ones, and on request a few faulty values."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_leaf_type,
)

from tests.differential.identifiers import KEYS
from tests.differential.values import Values
from tests.differential.variables import Placing

FAN = {
    "customers": 12, "accounts": 3, "aumHistory": 8, "tierChanges": 6, "nodes": 4, "managers": 3,
    "branches": 4, "riskSignals": 4, "corrections": 3, "figures": 2,
    "auditEntries": 4, "tiers": 4, "tierPolicies": 3, "byTier": 4, "judged": 2,
    "tierPolicyPreviews": 3, "touchedCustomers": 6, "matrix": 6, "movements": 4,
}  # fmt: skip
"""About how many rows a field has, so that no operation asks for all of them many times over."""
MOST_ROWS = 500
ROOTS = [
    "customers", "customers", "customers", "customer", "customer", "node", "nodes", "nodes",
    "tierChanges", "tierChanges", "riskSignals", "corrections", "auditEntries", "auditEntries",
    "managers", "branches", "manager", "vipStatistics", "tierPolicyPreviews", "apiKeys",
    "revocations",
]  # fmt: skip
INTROSPECTION = [
    '__type(name: "Customer") { kind name description }',
    "__schema { queryType { name } }",
    '__type(name: "VipStatus") { name __typename }',
]


@dataclass(frozen=True)
class Operation:
    """A document, and the variables of each run of it."""

    document: str
    runs: list[dict[str, Any]]


@dataclass
class Writer:
    """Writes one document."""

    dice: random.Random
    schema: GraphQLSchema
    values: Values
    asked: Counter[str]
    budget: int
    placing: Placing = field(init=False)
    fragments: list[tuple[str, str, int, str]] = field(default_factory=list)
    names: int = 0
    bare: dict[tuple[str, str], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.placing = Placing(self.dice, self.values)

    def name(self, prefix: str) -> str:
        self.names += 1
        return f"{prefix}{self.names}"

    # Selections

    def selection_set(self, type_: Any, depth: int, fan: int, *, root: bool = False) -> str:
        """A selection on a type; never empty, though directives may leave nothing of it."""
        count = self.dice.choice([1, 1, 2, 3] if root else [1, 2, 2, 3, 3, 4])
        count = max(min(count, self.budget), 1)
        chosen = [self.selection(type_, depth, fan, root=root) for _ in range(count)]
        return "{ " + " ".join(chosen) + " }"

    def selection(self, type_: Any, depth: int, fan: int, *, root: bool) -> str:
        self.budget -= 1
        chance = self.dice.random() if self.budget > 0 else 1.0
        if chance < 0.05:
            alias = f"{self.name('a')}: " if self.dice.random() < 0.4 else ""
            return f"{alias}__typename{self.directives()}"
        if chance < 0.13:
            of = self.narrowed(type_)
            on = f" on {of.name}" if of is not type_ or self.dice.random() < 0.6 else ""
            return f"...{on}{self.directives()} {self.selection_set(of, depth, fan, root=root)}"
        if chance < 0.21:
            return f"...{self.fragment(type_, depth, fan, root=root)}{self.directives()}"
        if root and chance < 0.23:
            return f"{self.name('a')}: {self.dice.choice(INTROSPECTION)}"
        if isinstance(type_, GraphQLInterfaceType) and chance < 0.85:
            of = self.schema.type_map[self.dice.choice([*KEYS])]
            return f"... on {of.name}{self.directives()} {self.selection_set(of, depth, fan)}"
        return self.field(type_, depth, fan, root=root)

    def narrowed(self, type_: Any) -> Any:
        """The type of a fragment's condition: the type itself, an interface of it, or a member."""
        if isinstance(type_, GraphQLInterfaceType):
            others = [self.schema.type_map[name] for name in KEYS]
            return self.dice.choice([type_, *others])
        if type_.interfaces and self.dice.random() < 0.3:
            return type_.interfaces[0]
        return type_

    def fragment(self, type_: Any, depth: int, fan: int, *, root: bool) -> str:
        """The name of a fragment that may be spread here: one there is, or a new one."""
        alike = [name for name, of, deep, _ in self.fragments if of == type_.name and deep <= depth]
        if alike and self.dice.random() < 0.5 and fan <= 40:
            return self.dice.choice(alike)
        of = self.narrowed(type_)
        text = self.selection_set(of, depth, fan, root=root)
        name = self.name("F")
        self.fragments.append((name, of.name, depth, text))
        return name

    def field(self, type_: Any, depth: int, fan: int, *, root: bool) -> str:
        """One field with its arguments and what is below it."""
        name = self.chosen(type_, depth, fan, root=root)
        if name is None:
            return "__typename"
        definition: GraphQLField = type_.fields[name]
        self.asked[f"{type_.name}.{name}"] += 1
        self.values.spared = False
        arguments = self.arguments(name, definition)
        self.values.spared = False
        alias = self.alias(type_, name, arguments)
        below = ""
        named = get_named_type(definition.type)
        if not is_leaf_type(named):
            wider = fan * FAN.get(name, 1) if name != "nodes" or root else fan
            below = " " + self.selection_set(named, depth - 1, wider)
        return f"{alias}{name}{arguments}{self.directives()}{below}"

    def chosen(self, type_: Any, depth: int, fan: int, *, root: bool) -> str | None:
        """A field's name that may stand here."""
        if root and self.dice.random() < 0.75:
            return self.dice.choice(ROOTS)
        names = []
        for name, definition in type_.fields.items():
            leaf = is_leaf_type(get_named_type(definition.type))
            if leaf or (depth > 0 and self.budget > 0 and fan * FAN.get(name, 1) <= MOST_ROWS):
                names += [name] if leaf else [name, name]
        if not names:
            return None
        two: list[str] = [self.dice.choice(names) for _ in range(2)]
        return min(two, key=lambda name: self.asked[f"{type_.name}.{name}"])

    def alias(self, type_: GraphQLObjectType, name: str, arguments: str) -> str:
        """An alias with its colon, or nothing; equal keys must mean equal arguments."""
        chance = self.dice.random()
        if not arguments:
            if chance < 0.12:
                return f"{self.name('a')}: "
            if name == "kind" and chance < 0.8:  # two types beside each other have one
                return f"{type_.name.lower()}Kind: "
            return f"{self.dice.choice([*type_.fields])}: " if chance < 0.125 else ""
        known = self.bare.setdefault((type_.name, name), arguments)
        return "" if known == arguments and chance < 0.7 else f"{self.name('a')}: "

    def directives(self) -> str:
        """@skip or @include, seldom both."""
        if self.dice.random() > 0.1:
            return ""
        names = (
            ["skip", "include"]
            if self.dice.random() < 0.1
            else [self.dice.choice(["skip", "include"])]
        )
        return "".join(f" @{name}(if: {self.placing.condition()})" for name in names)

    # Arguments

    def arguments(self, name: str, definition: GraphQLField) -> str:
        """The arguments of a field in brackets, or nothing."""
        parts: list[str] = []
        given = set(definition.args)
        if "first" in given:
            parts += self.window(name, definition)
            given -= {"first", "after", "last", "before", "orderBy"}
        for argument in sorted(given):
            of = definition.args[argument].type
            needed = argument in ("id", "ids", "by")
            if not needed and self.dice.random() < (0.3 if argument == "where" else 0.45):
                continue
            owner = {"customer": "CustomerKey", "manager": "ManagerKey"}.get(name, name)

            def draw(argument: str = argument, of: Any = of, owner: str = owner) -> Any:
                if argument == "last":
                    faulty = self.values.fault()
                    return self.dice.choice([0, 121, -1] if faulty else [1, 2, 3, 12, 120])
                return self.values.member(of, owner, argument)

            value = None if not needed and self.dice.random() < 0.08 else draw()
            parts.append(f"{argument}: {self.placing.place(of, value, draw, (owner, argument))}")
        self.dice.shuffle(parts)
        return f"({', '.join(parts)})" if parts else ""

    def window(self, name: str, definition: GraphQLField) -> list[str]:
        """Order, size and cursor of a connection."""
        parts = []
        order_by: Any = None
        with_cursor = self.dice.random() < 0.45
        if "orderBy" in definition.args and self.dice.random() < 0.6:
            ordering = definition.args["orderBy"].type

            def draw() -> Any:
                return self.values.member(ordering, "CustomerOrder", "orderBy")

            order_by = draw()
            again = (lambda: order_by) if with_cursor else draw
            key = None if with_cursor else "order"
            parts.append(f"orderBy: {self.placing.place(ordering, order_by, again, key)}")
        names = ("first", "after", "last", "before")
        size, cursor, no_size, no_cursor = (
            names if self.dice.random() < 0.6 else (*names[2:], *names[:2])
        )
        if self.values.fault():
            size, cursor, no_size, no_cursor = self.dice.choice(
                [(size, no_cursor, no_size, cursor), (size, cursor, size, no_cursor)]
            )
        whole = definition.args["first"].type
        text = definition.args["after"].type
        place = self.placing.place
        parts.append(f"{size}: {place(whole, self.values.size(), self.values.size, 'size')}")
        if with_cursor:

            def at() -> Any:
                return self.values.cursor(name, order_by)

            parts.append(f"{cursor}: {place(text, at(), at, None)}")
        for other, of in ((no_size, whole), (no_cursor, text)):
            if self.dice.random() < 0.06 and not any(p.startswith(f"{other}:") for p in parts):
                parts.append(f"{other}: {place(of, None, lambda: None, None)}")
        return parts

    # Documents

    def document(self) -> str:
        """The whole of it."""
        text = self.selection_set(
            self.schema.query_type, self.dice.choice([2, 3, 4, 5, 6, 7]), 1, root=True
        )
        declared = self.placing.declared()
        head = f"query {self.name('Q')}{declared} " if declared or self.dice.random() < 0.3 else ""
        if self.fragments and not head:
            head = "query "
        listed = [f"fragment {name} on {of} {below}" for name, of, _, below in self.fragments]
        before = self.dice.random() < 0.2
        parts = [*listed, head + text] if before else [head + text, *listed]
        return "\n".join(parts)


def readable_fields(schema: GraphQLSchema) -> set[str]:
    """Every `Type.field` that a query can reach."""
    found: set[str] = set()
    waiting: list[Any] = [schema.query_type, *(schema.type_map[name] for name in KEYS)]
    while waiting:
        named = waiting.pop()
        if not isinstance(named, GraphQLObjectType):
            continue
        for name, definition in named.fields.items():
            if f"{named.name}.{name}" not in found:
                found.add(f"{named.name}.{name}")
                waiting.append(get_named_type(definition.type))
    return found


def random_operation(
    dice: random.Random,
    schema: GraphQLSchema,
    values: Values,
    asked: Counter[str],
    valid: Callable[[str], bool],
    runs: int,
) -> Operation:
    """One operation that is valid, with the variables of several runs.

    `asked` counts how often each field was asked for: those seldom asked for are preferred.
    """
    while True:
        writer = Writer(dice, schema, values, asked, dice.choice([6, 12, 20, 40]))
        document = writer.document()
        if valid(document):
            break
    again = writer.placing.variables
    given = [writer.placing.given(again=n > 0) for n in range(runs if again else 1)]
    dice.shuffle(given)  # a plan may be made for a faulty value first, or for a good one
    return Operation(document, given)

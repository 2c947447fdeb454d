"""Where a value stands in a document: written there, or in a variable of one form or another."""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    get_nullable_type,
    is_non_null_type,
)

from tests.differential.values import EnumValue, Values

ABSENT: Any = object()
Again = Callable[[], Any]


@dataclass
class Variable:
    """A variable, its value in the first run, and how to draw others for later runs."""

    name: str
    type: str
    default: str | None
    value: Any
    again: Again


@dataclass
class Placing:
    """Writes values, and keeps the variables that they were put into."""

    dice: random.Random
    values: Values
    variables: list[Variable] = field(default_factory=list)
    _alike: dict[tuple[str, Any], list[Variable]] = field(default_factory=dict)

    def place(
        self, type_: GraphQLInputType, value: Any, again: Again, key: Any, *, strict: bool = False
    ) -> str:
        """The value, or a variable that has it. `strict`: the place takes no nullable variable."""
        if self.dice.random() < 0.3:
            return f"${self._variable(type_, value, again, key, strict=strict).name}"
        return self.literal(type_, value, key)

    def literal(self, type_: Any, value: Any, key: Any, *, fixed: bool = False) -> str:
        """The value as a document has it; inside of it there may be variables, unless `fixed`."""
        if value is None:
            return "null"
        type_ = get_nullable_type(type_)
        if isinstance(type_, GraphQLList):
            if not isinstance(value, list):
                return self.literal(type_.of_type, value, key, fixed=fixed)
            return f"[{', '.join(self._inner(type_.of_type, v, key, fixed=fixed) for v in value)}]"
        if isinstance(type_, GraphQLInputObjectType):
            members = []
            for name, member in value.items():
                of = type_.fields[name].type
                owner = (type_.name, name) if "Filter" in type_.name else key
                strict = bool(type_.is_one_of)
                text = self._inner(of, member, owner, fixed=fixed, strict=strict)
                members.append(f"{name}: {text}")
            return f"{{{', '.join(members)}}}"
        return str(value) if isinstance(value, EnumValue) else json.dumps(value, ensure_ascii=False)

    def _inner(
        self, type_: GraphQLInputType, value: Any, key: Any, *, fixed: bool, strict: bool = False
    ) -> str:
        if fixed or self.dice.random() < 0.6:
            return self.literal(type_, value, key, fixed=fixed)
        return self.place(type_, value, lambda: value, key, strict=strict)

    def _variable(
        self, type_: GraphQLInputType, value: Any, again: Again, key: Any, *, strict: bool
    ) -> Variable:
        needed = strict or is_non_null_type(type_)
        bare = str(get_nullable_type(type_))
        known = self._alike.setdefault((bare, str(key)), [])
        alike = [v for v in known if v.type.endswith("!")] if needed else known
        if key and alike and not self.values.spared and self.dice.random() < 0.3:
            self.values.spared = True  # it may be a faulty one
            return self.dice.choice(alike)
        name = f"v{len(self.variables) + 1}"
        made = self._made(name, type_, bare, value, again, needed=needed, strict=strict)
        self.variables.append(made)
        if made.value is not None and made.value is not ABSENT:
            known.append(made)
        return made

    def _made(
        self,
        name: str,
        type_: GraphQLInputType,
        bare: str,
        value: Any,
        again: Again,
        *,
        needed: bool,
        strict: bool,
    ) -> Variable:
        if value is None:
            given = self.dice.choice([None, ABSENT])
            return Variable(name, bare, None, given, lambda: self.dice.choice([None, ABSENT]))
        form = self.dice.random()
        if strict or form < 0.35:
            return Variable(name, f"{bare}!", None, value, again)
        if form < 0.6 and not needed:
            return Variable(name, bare, None, value, again)
        if form < 0.8:
            default = self.literal(type_, value, None, fixed=True)
            if needed and self.values.fault():
                return Variable(name, bare, default, None, again)  # not what the place takes
            return Variable(
                name, bare, default, ABSENT, lambda: ABSENT if self.dice.random() < 0.5 else again()
            )
        default = self.literal(type_, again(), None, fixed=True)
        if default == "null":
            return Variable(name, f"{bare}!", None, value, again)
        return Variable(name, bare, default, value, again)

    def condition(self) -> str:
        """True, false or a variable, for a directive."""
        if self.dice.random() < 0.3:
            return self.dice.choice(["true", "false"])
        known = self._alike.setdefault(("Boolean", "directive"), [])
        if known and self.dice.random() < 0.5:
            return f"${self.dice.choice(known).name}"
        name = f"v{len(self.variables) + 1}"
        default = self.dice.choice([None, None, "true", "false"])
        chosen = self.dice.random() < 0.6
        given = ABSENT if default and self.dice.random() < 0.5 else chosen
        type_ = "Boolean!" if default is None or self.dice.random() < 0.5 else "Boolean"
        if type_ == "Boolean" and self.values.fault():
            given = None
        made = Variable(name, type_, default, given, lambda: self.dice.random() < 0.5)
        self.variables.append(made)
        known.append(made)
        return f"${name}"

    def declared(self) -> str:
        """The operation's variable definitions."""
        if not self.variables:
            return ""
        listed = [
            f"${v.name}: {v.type}" + (f" = {v.default}" if v.default is not None else "")
            for v in self.variables
        ]
        return f"({', '.join(listed)})"

    def given(self, *, again: bool) -> dict[str, Any]:
        """The variables' values of one run."""
        self.values.spared = True
        values = {v.name: v.again() if again else v.value for v in self.variables}
        return {name: value for name, value in values.items() if value is not ABSENT}

"""How rows are chosen: conditions over one row, made of expressions, sources and relations."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from repository.reading.expressions import Expression
from repository.reading.parameters import Source
from repository.reading.tables import Table


class Operator(Enum):
    """How a value is compared. The template is over `{v}` (the value) and `{p}` (the parameter)."""

    EQ = "{v} = {p}"
    IN = "{v} = any({p})"
    GT = "{v} > {p}"
    GTE = "{v} >= {p}"
    LT = "{v} < {p}"
    LTE = "{v} <= {p}"
    CONTAINS = "strpos(lower({v}), lower({p})) > 0"
    STARTS_WITH = "starts_with({v}, {p})"
    ENDS_WITH = "right({v}, length({p})) = {p}"
    NOT_NULL = "{v} is not null"
    LIKE = "{v} like {p}"
    HAS_ALL = "{v} @> {p}"
    NOT_BEFORE_IN_BYTES = "{v} ~>=~ {p}"
    BEFORE_IN_BYTES = "{v} ~<~ {p}"


@dataclass(frozen=True, slots=True)
class Compare:
    """One comparison of a row's value with a parameter."""

    expression: Expression
    operator: Operator
    source: Source


@dataclass(frozen=True, slots=True)
class IsNull:
    """The row's value is absent."""

    expression: Expression


@dataclass(frozen=True, slots=True)
class Both:
    """Every one of the conditions."""

    conditions: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Either:
    """At least one of the conditions."""

    conditions: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The condition does not hold (nor is it unknown)."""

    condition: "Condition"


@dataclass(frozen=True, slots=True)
class Fixed:
    """A condition of ours over `{t}`; `{p0}`, `{p1}`, ... stand for the sources and their types."""

    sql: str
    sources: tuple[tuple[Source, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Related:
    """A row of another table exists that is joined to this one and meets a condition.

    `on` maps columns of that table to expressions over this row's alias `{t}`.
    """

    table: Table
    on: Mapping[str, str]
    condition: "Condition"


Condition = Compare | IsNull | Both | Either | Not | Fixed | Related

"""What an answer is made of: the tree between a GraphQL selection and its statement.

A node stands for one JSON value. Nodes below a table's row are over that row; a node that reads a
table of its own names how it is joined to the row above it.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from repository.reading.conditions import Condition
from repository.reading.expressions import Expression
from repository.reading.parameters import Place, Source
from repository.reading.tables import Table


@dataclass(frozen=True, slots=True)
class Value:
    """One value of the row; `nullable` says whether its type lets it be null."""

    expression: Expression
    nullable: bool = True


@dataclass(frozen=True, slots=True)
class Given:
    """A value of the request or the document, shown as it is."""

    source: Source
    cast: str = "text"


@dataclass(frozen=True, slots=True)
class Formula:
    """A fixed expression of ours over `{t}`; `{p0}`, `{p1}`, ... stand for the sources."""

    sql: str
    sources: tuple[tuple[Source, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Record:
    """An object over the row itself; null where `unless_null` is.

    With a `fault` its selection cannot be told, and the fault's number stands in its place.
    """

    fields: Sequence[tuple[str, "Node"]]
    unless_null: Expression | None = None
    fault: int | None = None


@dataclass(frozen=True, slots=True)
class Join:
    """How a table's rows belong to the row above.

    `on` maps its columns to expressions over the upper row's alias `{t}` (or to fixed SQL);
    `where` chooses among them.
    """

    table: Table
    on: Mapping[str, str] = field(default_factory=dict)
    where: Sequence[Condition] = ()


@dataclass(frozen=True, slots=True)
class Order:
    """Sort keys, most significant first; the last ones make every order total."""

    keys: Sequence[tuple[Expression, bool]]  # (value, descending)


def cursor_mark(table: Table, order: Order) -> str:
    """A few letters that tell the cursors of one table in one order from all others."""
    keys = [(expression.value("t"), descending) for expression, descending in order.keys]
    return hashlib.blake2s(repr((table.name, keys)).encode(), digest_size=3).hexdigest()


@dataclass(frozen=True, slots=True)
class One:
    """The only row of a join (or the first of an order), as an object; null when there is none.

    `otherwise` is the object shown in that case. An `aggregated` one is over all rows of the join
    together, none of them included: it is never null.
    """

    join: Join
    record: Record
    order: Order | None = None
    otherwise: Record | None = None
    aggregated: bool = False


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value over the rows of a join, such as a count or a sum."""

    join: Join
    expression: Expression


@dataclass(frozen=True, slots=True)
class Sum:
    """The sum over the rows of a join of an amount in the row that `term` joins to each of them.

    The rows are looked up one by one, so few rows of a large table need not wait for a plan that
    reads all of it.
    """

    join: Join
    term: Join
    amount: Expression


@dataclass(frozen=True, slots=True)
class Many:
    """All rows of a join in order, as a list; `last` keeps the last so many of them."""

    join: Join
    record: Record
    order: Order
    last: Source | None = None


@dataclass(frozen=True, slots=True)
class Elements:
    """The members of a JSON list in the row, in their order; `columns` says how to read one."""

    column: str
    columns: str
    record: Record


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a join's rows by key: `size` rows after (or before) a cursor.

    `after` are the cursor's sort values, one source a key, or none. `edges`, `nodes` and
    `page_info` name the parts asked for: (response key, its own fields).
    """

    join: Join
    order: Order
    size: Source
    backward: bool
    after: Sequence[Source]
    parts: Sequence[tuple[str, "PagePart"]]


@dataclass(frozen=True, slots=True)
class Edges:
    """The page's rows as edges: each field is the cursor (None) or the row's object."""

    fields: Sequence[tuple[str, "Node | None"]]


@dataclass(frozen=True, slots=True)
class Rows:
    """The page's rows as a plain list."""

    record: Record


@dataclass(frozen=True, slots=True)
class PageInfo:
    """What lies around the page; fields by name."""

    fields: Sequence[tuple[str, str]]  # (response key, hasNextPage | ... | __typename)


@dataclass(frozen=True, slots=True)
class Total:
    """How many rows there are in all, counted only when asked."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A fixed text, such as a type's name."""

    text: str


@dataclass(frozen=True, slots=True)
class Fault:
    """A field that cannot be answered: in its place stands the number of its fault."""

    number: int


@dataclass(frozen=True, slots=True)
class Owned:
    """A field with arguments; whatever is wrong with their values is a fault of this place."""

    place: Place
    node: "Node"


MISSING = "missing"  # the fault of an object that has null where its type forbids it
FAULT = " fault"  # no response key has a blank, so this key marks an object that is a fault,
FILL = " fill"  # this one an object that Python makes something of,
KIND = " kind"  # and this one names the type of an object of an interface

PagePart = Edges | Rows | PageInfo | Total | Literal | Fault


@dataclass(frozen=True, slots=True)
class ByKind:
    """Objects whose type only the request knows, as for `node(id:)` and `nodes(ids:)`.

    `kinds`, `first_keys` and `second_keys` are lists of equal length, one member an object. Each
    option is read over a row with the columns k1 and k2. `single` shows the first one alone.
    """

    kinds: Source
    first_keys: Source
    second_keys: Source
    options: Sequence[tuple[str, "Node"]]
    single: bool


Node = (
    Value
    | Given
    | Formula
    | Record
    | One
    | Scalar
    | Sum
    | Many
    | Elements
    | Page
    | ByKind
    | Literal
    | Fault
    | Owned
)

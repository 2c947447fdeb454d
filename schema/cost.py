"""What an operation costs, in points: before it runs by its plan, afterwards by its answer.

A point is about a microsecond of processor time on a small server. The formula is that of
`docs/reference/limits.md`: every value shown is a point, a row of a list two, a look-up ten, and
what has to read or compute much costs what is usual for it. A list counts as often as its page
size says; one without a page counts as ten rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from domain.actors import Actor
from repository.reading.conditions import Both, Condition, Either, Fixed, Not, Related
from repository.reading.nodes import (
    FILL,
    ByKind,
    Edges,
    Elements,
    Join,
    Many,
    Node,
    One,
    Owned,
    Page,
    PageInfo,
    PagePart,
    Record,
    Rows,
    Scalar,
    Sum,
    Total,
)
from repository.reading.parameters import Constant, Derived, InvalidArgument, Source
from schema.columns import Table

VALUE = 1
ROW = 2
LOOK_UP = 10
COUNT = 100
AGGREGATE = 500
COMPUTED = 100
ROWS_WITHOUT_PAGE = 10
CHANGE = 500
CHANGED_ROW = 20
PREPARING = 10  # each character of a document that is not known yet


@dataclass(frozen=True, slots=True)
class Cost:
    """A sum of points, some of them as often as a value of the request says."""

    points: int
    times: tuple[tuple[Source, "Cost"], ...] = ()

    def __add__(self, other: "Cost") -> "Cost":
        """Both together."""
        return Cost(self.points + other.points, self.times + other.times)

    def __mul__(self, times: int) -> "Cost":
        """The same so many times."""
        return Cost(self.points * times, tuple((size, each * times) for size, each in self.times))

    def folded(self) -> "Cost":
        """The same with what the document itself says added up."""
        points, times = self.points, []
        for size, each in self.times:
            each = each.folded()
            try:
                fixed = _fixed(size)
            except InvalidArgument:  # the page it is the size of is a fault
                fixed = 0
            if fixed is None or each.times:
                times.append((size, each))
            else:
                points += fixed * each.points
        return Cost(points, tuple(times))

    def given(self, variables: Mapping[str, Any], actor: Actor) -> int:
        """The points of one request; its arguments must have been found good."""
        points = self.points
        for source, each in self.times:
            size = source.read(variables, actor)
            points += (len(size) if isinstance(size, list) else size) * each.given(variables, actor)
        return points


NOTHING = Cost(0)


def written(given: Mapping[str, Any]) -> int:
    """What a change costs besides its answer, by its input: its lists are rows to be written."""
    rows = sum(len(value) for value in given.values() if isinstance(value, list | Table))
    return CHANGE + CHANGED_ROW * rows


def _fixed(size: Source) -> int | None:
    """How often, if every request has it so."""
    if isinstance(size, Constant):
        value = size.value
    elif isinstance(size, Derived) and isinstance(size.source, Constant):
        value = size.make(size.source.value)
    else:
        return None
    return len(value) if isinstance(value, list) else int(value)


def requested(node: Node | PagePart) -> Cost:
    """What a node may cost at the most, as far as its plan tells."""
    match node:
        case Owned():
            return requested(node.node)
        case Record():
            return _fields(node.fields)
        case One():
            first = AGGREGATE if node.aggregated else LOOK_UP
            return _joined(node.join, first) + requested(node.record)
        case Scalar() | Sum():
            return _joined(node.join, COUNT)
        case Many() if node.last is not None:
            each = Cost(ROW) + requested(node.record)
            return _joined(node.join, LOOK_UP) + Cost(0, ((node.last, each),))
        case Many():
            rows = (Cost(ROW) + requested(node.record)) * ROWS_WITHOUT_PAGE
            return _joined(node.join, LOOK_UP) + rows
        case Elements():
            return (Cost(ROW) + requested(node.record)) * ROWS_WITHOUT_PAGE
        case Page():
            return _page(node)
        case ByKind():
            # Each identifier is of one kind; the dearest one counts.
            options = [requested(option) for _, option in node.options] or [NOTHING]
            dearest = max(options, key=_weight)
            return Cost(LOOK_UP, ((node.kinds, dearest),))
        case Total():
            return Cost(COUNT)
        case PageInfo():
            return Cost(VALUE * len(node.fields))
    return Cost(VALUE)


def _fields(fields: Sequence[tuple[str, Node]]) -> Cost:
    total = NOTHING
    for key, node in fields:
        total += Cost(COMPUTED) if key == FILL else requested(node)
    return total


def _page(page: Page) -> Cost:
    total = _joined(page.join, LOOK_UP)
    for _, part in page.parts:
        match part:
            case Rows():
                each = Cost(ROW) + requested(part.record)
            case Edges():
                each = Cost(ROW)
                for _, node in part.fields:
                    each += Cost(VALUE) if node is None else requested(node)
            case _:
                total += requested(part)
                continue
        total += Cost(0, ((page.size, each),))
    return total


def _joined(join: Join, points: int) -> Cost:
    return Cost(points + sum(_compared(condition) for condition in join.where))


def _compared(condition: Condition) -> int:
    match condition:
        case Both() | Either():
            return sum(map(_compared, condition.conditions))
        case Not():
            return _compared(condition.condition)
        case Related():
            return LOOK_UP + _compared(condition.condition)
        case Fixed():
            return 0
    return VALUE


def _weight(cost: Cost) -> int:
    return cost.points + sum(10 * _weight(each) for _, each in cost.times)


def actual(node: Node | PagePart, value: Any) -> int:
    """What an answer cost, by the rows that are in it; what Python fills in is not there yet."""
    match node:
        case Owned():
            return actual(node.node, value)
        case Record():
            return _shown(node.fields, value)
        case One():
            first = _joined(node.join, AGGREGATE if node.aggregated else LOOK_UP).points
            return first + (0 if value is None else actual(node.record, value))
        case Scalar() | Sum() | Total() | PageInfo():
            return requested(node).points
        case Many() | Elements():
            first = _joined(node.join, LOOK_UP).points if isinstance(node, Many) else 0
            return first + sum(ROW + actual(node.record, member) for member in value or ())
        case Page():
            parts = dict(node.parts)
            shown = sum(actual(parts[key], member) for key, member in value.items())
            return _joined(node.join, LOOK_UP).points + shown
        case Rows():
            return sum(ROW + actual(node.record, member) for member in value)
        case Edges():
            edge = [(key, inner) for key, inner in node.fields if inner is not None]
            cursors = VALUE * (len(node.fields) - len(edge))
            return sum(ROW + cursors + _shown(edge, member) for member in value)
        case ByKind():
            return LOOK_UP + sum(
                _of_its_kind(node, member) for member in ([value] if node.single else value)
            )
    return VALUE


def _shown(fields: Sequence[tuple[str, Node]], value: Any) -> int:
    if not isinstance(value, dict):
        return VALUE
    return sum(COMPUTED if key == FILL else actual(node, value.get(key)) for key, node in fields)


def _of_its_kind(node: ByKind, value: Any) -> int:
    """The option whose keys the object has; options of equal keys cost nearly the same."""
    for _, option in node.options:
        record = option.record if isinstance(option, One) else None
        if isinstance(value, dict) and record and set(dict(record.fields)) == set(value):
            return actual(option, value)
    return LOOK_UP

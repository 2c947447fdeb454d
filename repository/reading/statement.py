"""Rendering: a tree of nodes becomes one SQL statement.

This is the only place where a FROM is written for a reader. Every table it names gets the actor's
predicate beside it, so no field can forget one, and the finished statement is wrapped in the one
form that sets the actor for row-level security before anything is read:

    select case when set_config('app.id', $1, true) is not null then <the answer> end

A setter in a FROM, a WHERE or a materialized CTE may run after the rows were read; in this form it
cannot (see docs/adr/0003).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from domain.actors import Scope
from repository.reading.conditions import (
    Both,
    Compare,
    Condition,
    Either,
    Fixed,
    IsNull,
    Not,
    Operator,
    Related,
)
from repository.reading.nodes import (
    FAULT,
    ByKind,
    Edges,
    Elements,
    Fault,
    Formula,
    Given,
    Join,
    Literal,
    Many,
    Node,
    One,
    Order,
    Owned,
    Page,
    PageInfo,
    PagePart,
    Record,
    Rows,
    Scalar,
    Total,
    Value,
    cursor_mark,
)
from repository.reading.parameters import Parameters, Place, Source


@dataclass(frozen=True, slots=True)
class Walls:
    """Which of the two walls a statement is built with; all but tests use both."""

    predicate: bool = True
    setting: bool = True


BOTH_WALLS = Walls()


def render(
    fields: Sequence[tuple[str, Node]], scope: Scope, walls: Walls = BOTH_WALLS
) -> "Statement":
    """One statement that answers all fields as one JSON object."""
    writer = _Writer(scope, walls)
    answer = writer.record(Record(fields), alias="")
    return Statement(_with_actor(answer, walls), writer.parameters)


def render_payload(
    record: Record, columns: str, row: Source, scope: Scope, walls: Walls = BOTH_WALLS
) -> "Statement":
    """One statement that answers an object over a row given as JSON, such as a mutation's result.

    `columns` declares the row's columns and types; what the object reaches from there is read
    from tables as usual.
    """
    writer = _Writer(scope, walls)
    alias = writer.alias()
    source = f"jsonb_to_record({writer.parameter(row, 'jsonb')}) as {alias}({columns})"
    answer = f"(select {writer.record(record, alias)} from {source})"
    return Statement(_with_actor(answer, walls), writer.parameters)


def render_feed(
    event: Record,
    join: Join,
    position: str,
    cursor: Source,
    limit: int,
    scope: Scope,
    walls: Walls = BOTH_WALLS,
) -> "Statement":
    """One statement that answers the next events of a feed, oldest first.

    The answer is a JSON list of [position, event]; `position` names the column that orders the
    feed, `cursor` the position after which to go on.
    """
    writer = _Writer(scope, walls)
    alias = writer.alias()
    source = writer.source(join, alias, "")
    after = writer.parameter(cursor, "bigint")
    answer = (
        f"coalesce((select json_agg(json_build_array({alias}.{position}, "
        f"{writer.record(event, alias)}) order by {alias}.{position}) from ("
        f"select {alias}.* {source} and {alias}.{position} > {after} "
        f"order by {alias}.{position} limit {limit}) {alias}), '[]'::json)"
    )
    return Statement(_with_actor(answer, walls), writer.parameters)


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL that returns one JSON text, and where its parameters come from."""

    sql: str
    parameters: Parameters


def _with_actor(answer: str, walls: Walls) -> str:
    if not walls.setting:
        return f"select ({answer})::text, {Parameters.ACTOR}"
    setting = f"set_config('app.id', {Parameters.ACTOR}::text, true)"
    return f"select case when {setting} is not null then ({answer})::text end"


@dataclass(slots=True)
class _Writer:
    """Writes one statement: hands out aliases and placeholders."""

    scope: Scope
    walls: Walls
    parameters: Parameters = field(default_factory=Parameters)
    aliases: int = 0
    above: dict[str, str] = field(default_factory=dict)  # alias -> the alias of the row above it
    owner: Place = ()  # the field whose arguments are being written

    def alias(self) -> str:
        self.aliases += 1
        return f"t{self.aliases}"

    def parameter(self, source: Source, cast: str) -> str:
        return self.parameters.add(source, cast, self.owner)

    # Values

    def node(self, node: Node, alias: str) -> str:
        """The JSON value of a node over the row `alias`."""
        match node:
            case Value(expression):
                return expression.shown(alias, self.scope)
            case Given(source, cast):
                return self.parameter(source, cast)
            case Formula():
                return self.formula(node.sql, node.sources, alias)
            case Literal(text):
                return quoted(text)
            case Record():
                return self.record(node, alias)
            case One():
                return self.one(node, alias)
            case Scalar(join, expression):
                inner = self.alias()
                rows = self.source(join, inner, alias)
                return f"(select {expression.shown(inner, self.scope)} {rows})"
            case Many():
                return self.many(node, alias)
            case Elements():
                return self.elements(node, alias)
            case Page():
                return self.page(node, alias)
            case ByKind():
                return self.by_kind(node)
            case Fault(number):
                return f"'{{\"{FAULT}\":{number}}}'::json"
            case Owned(place, inner):
                above, self.owner = self.owner, place
                written = self.node(inner, alias)
                self.owner = above
                return written

    def record(self, record: Record, alias: str) -> str:
        pairs = ", ".join(f"{quoted(key)}: {self.node(node, alias)}" for key, node in record.fields)
        built = f"json_object({pairs} returning json)"
        if record.unless_null is None:
            return built
        return f"case when {record.unless_null.value(alias)} is not null then {built} end"

    def one(self, one: One, upper: str) -> str:
        alias = self.alias()
        source = self.source(one.join, alias, upper)
        chosen = f"select {self.record(one.record, alias)} {source}"
        if one.aggregated:
            chosen += " having true"  # one row, also when no field is an aggregate
        if one.order is not None:
            chosen += f" order by {self.order(one.order, alias)} limit 1"
        if one.otherwise is None:
            return f"({chosen})"
        return f"coalesce(({chosen}), {self.record(one.otherwise, upper)})"

    def many(self, many: Many, upper: str) -> str:
        alias = self.alias()
        source = self.source(many.join, alias, upper)
        if many.last is None:
            order = self.order(many.order, alias)
            rows = f"select json_agg({self.record(many.record, alias)} order by {order}) {source}"
            return f"coalesce(({rows}), '[]'::json)"
        size = self.parameter(many.last, "integer")
        backward = self.order(many.order, alias, reverse=True)
        rows = (
            f"select json_agg({self.record(many.record, alias)} "
            f"order by {self.order(many.order, alias)}) from "
            f"(select {alias}.* {source} order by {backward} limit {size}) {alias}"
        )
        return f"coalesce(({rows}), '[]'::json)"

    def elements(self, node: Elements, upper: str) -> str:
        alias = self.alias()
        rows = f"rows from (jsonb_to_recordset({upper}.{node.column}) as ({node.columns}))"
        listed = f"json_agg({self.record(node.record, alias)} order by {alias}.ordinality)"
        return f"coalesce((select {listed} from {rows} with ordinality {alias}), '[]'::json)"

    def formula(self, sql: str, sources: Sequence[tuple[Source, str]], alias: str) -> str:
        for place, (source, cast) in enumerate(sources):
            sql = sql.replace(f"{{p{place}}}", self.parameter(source, cast))
        return sql.replace("{t}", alias)

    def by_kind(self, node: ByKind) -> str:
        alias = self.alias()
        kinds = self.parameter(node.kinds, "text[]")
        first = self.parameter(node.first_keys, "bigint[]")
        second = self.parameter(node.second_keys, "bigint[]")
        options = " ".join(
            f"when {quoted(kind)} then {self.node(option, alias)}" for kind, option in node.options
        )
        chosen = f"case {alias}.kind {options} end" if options else "null::json"
        rows = f"unnest({kinds}, {first}, {second}) with ordinality {alias}(kind, k1, k2, place)"
        if node.single:
            return f"(select {chosen} from {rows} limit 1)"
        listed = f"json_agg({chosen} order by {alias}.place)"
        return f"coalesce((select {listed} from {rows}), '[]'::json)"

    # Pages

    def page(self, page: Page, upper: str) -> str:
        alias = self.alias()
        source = self.source(page.join, alias, upper)
        size = self.parameter(page.size, "integer")
        backward = self.order(page.order, alias, reverse=page.backward)
        beyond = self.beyond(page, alias)
        numbered = (
            f"(select {alias}.*, row_number() over (order by {backward}) as place from "
            f"(select {alias}.* {source}{beyond} order by {backward} limit {size} + 1) {alias}"
            f") {alias}"
        )
        parts = ", ".join(
            f"{quoted(key)}: {self.part(part, page, alias, size, upper)}"
            for key, part in page.parts
        )
        # One row whatever was asked for, also when no part is an aggregate.
        return f"(select json_object({parts} returning json) from {numbered} having true)"

    def beyond(self, page: Page, alias: str) -> str:
        """The keyset condition: rows strictly after the cursor in the page's direction."""
        if not page.after:
            return ""
        alternatives = []
        equal = ""
        for (expression, descending), bound in zip(page.order.keys, page.after, strict=True):
            value = expression.value(alias)
            at = self.parameter(bound, expression.cast)
            sign = "<" if descending != page.backward else ">"
            alternatives.append(f"({equal}{value} {sign} {at})")
            equal += f"{value} = {at} and "
        return f" and ({' or '.join(alternatives)})"

    def part(self, part: PagePart, page: Page, alias: str, size: str, upper: str) -> str:
        match part:
            case Literal(text):
                return quoted(text)
            case Total():
                counted = self.alias()
                return f"(select count(*) {self.source(page.join, counted, upper)})"
            case Rows(record):
                return self.listed(self.record(record, alias), page, alias, size)
            case Edges(fields):
                pairs = ", ".join(
                    f"{quoted(key)}: "
                    f"{self.cursor(page, alias) if node is None else self.node(node, alias)}"
                    for key, node in fields
                )
                return self.listed(f"json_object({pairs} returning json)", page, alias, size)
            case PageInfo(fields):
                return self.page_info(fields, page, alias, size)

    def listed(self, value: str, page: Page, alias: str, size: str) -> str:
        direction = " desc" if page.backward else ""
        kept = f"filter (where {alias}.place <= {size})"
        return f"coalesce(json_agg({value} order by {alias}.place{direction}) {kept}, '[]'::json)"

    def cursor(self, page: Page, alias: str) -> str:
        """The row's sort values as opaque text; `schema.connections` reads it back."""
        values = ", ".join(f"{expression.value(alias)}::text" for expression, _ in page.order.keys)
        mark = quoted(cursor_mark(page.join.table, page.order))
        encoded = f"encode(convert_to(json_build_array({mark}, {values})::text, 'UTF8'), 'base64')"
        return f"translate({encoded}, E'\\n', '')"

    def page_info(
        self, fields: Sequence[tuple[str, str]], page: Page, alias: str, size: str
    ) -> str:
        more = f"count(*) > {size}"
        came_from = "true" if page.after else "false"
        last = f"least(count(*), {size})"
        near = f"max({self.cursor(page, alias)}) filter (where {alias}.place = 1)"
        # The last row's place is only known once all are counted, hence the array.
        far = f"(array_agg({self.cursor(page, alias)} order by {alias}.place))[{last}]"
        values = {
            "hasNextPage": came_from if page.backward else more,
            "hasPreviousPage": more if page.backward else came_from,
            "startCursor": far if page.backward else near,
            "endCursor": near if page.backward else far,
            "__typename": quoted("PageInfo"),
        }
        pairs = ", ".join(f"{quoted(key)}: {values[name]}" for key, name in fields)
        return f"json_object({pairs} returning json)"

    # Rows

    def source(self, join: Join, alias: str, upper: str) -> str:
        """FROM and WHERE of a table: how it is joined, the actor's predicate, and the choice."""
        self.above[alias] = upper
        terms = [
            f"{alias}.{column} = {self.reached(expression, upper)}"
            for column, expression in join.on.items()
        ]
        if self.walls.predicate:
            predicate = join.table.predicate(alias, self.scope, Parameters.ACTOR)
            terms += [predicate] if predicate else []
        terms += [self.condition(condition, alias) for condition in join.where]
        return f"from {join.table.name} {alias} where {' and '.join(terms) or 'true'}"

    def reached(self, expression: str, upper: str) -> str:
        """An expression over the row above (`{t}`) or rows further up (`{up}`, `{up2}`, ...)."""
        expression = expression.replace("{t}", upper)
        for name in ("{up}", "{up2}", "{up3}"):
            upper = self.above.get(upper, "")
            expression = expression.replace(name, upper)
        return expression

    def condition(self, condition: Condition, alias: str) -> str:
        match condition:
            case Compare(expression, operator, source):
                cast = expression.cast + ("[]" if operator is Operator.IN else "")
                return operator.value.replace("{v}", expression.value(alias)).replace(
                    "{p}", self.parameter(source, cast)
                )
            case IsNull(expression):
                return f"{expression.value(alias)} is null"
            case Fixed():
                return self.formula(condition.sql, condition.sources, alias)
            case Both(conditions):
                return self.joined(conditions, " and ", alias) or "true"
            case Either(conditions):
                return self.joined(conditions, " or ", alias) or "false"
            case Not(inner):
                return f"({self.condition(inner, alias)}) is not true"
            case Related(table, on, inner):
                other = self.alias()
                rows = self.source(Join(table, on, (inner,)), other, alias)
                return f"exists (select {rows})"

    def joined(self, conditions: Sequence[Condition], word: str, alias: str) -> str:
        terms = [self.condition(condition, alias) for condition in conditions]
        return f"({word.join(terms)})" if terms else ""

    def order(self, order: Order, alias: str, *, reverse: bool = False) -> str:
        return ", ".join(
            expression.value(alias) + (" desc" if descending != reverse else "")
            for expression, descending in order.keys
        )


def quoted(text: str) -> str:
    """A name of ours or a response key as an SQL literal; GraphQL names are plain letters."""
    return "'" + text.replace("'", "''") + "'"

"""The writer: a tree of nodes becomes the text of one SQL statement.

This is the only place where a FROM is written for a reader. Every table it names gets the actor's
predicate beside it, so no field can forget one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from domain.actors import Sight
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
from repository.reading.expressions import Expression
from repository.reading.json_text import (
    Computed,
    Json,
    Literal,
    computed,
    json_list,
    json_object,
    literal,
    or_null,
    quoted,
    sql,
    string,
)
from repository.reading.nodes import (
    FAULT,
    MISSING,
    ByKind,
    Edges,
    Elements,
    Fault,
    Formula,
    Given,
    Join,
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
    Sum,
    Total,
    Value,
    cursor_mark,
)
from repository.reading.nodes import Literal as Name
from repository.reading.parameters import InvalidArgument, Parameters, Place, Source

_MISSING = f'{{"{FAULT}":"{MISSING}"}}'


class Withheld(InvalidArgument):
    """Rows were to be chosen or sorted by what the caller may not see."""

    def __init__(self) -> None:
        """It is no matter of the value that was given."""
        super().__init__(
            "to choose or sort by names and other personal details needs the grant read:personal",
            "FORBIDDEN",
        )


@dataclass(frozen=True, slots=True)
class Walls:
    """Which of the two walls a statement is built with; all but tests use both."""

    predicate: bool = True
    setting: bool = True


BOTH_WALLS = Walls()


@dataclass(slots=True)
class Writer:
    """Writes one statement: hands out aliases and placeholders.

    Values are JSON (`Json`); everything else is SQL.
    """

    sight: Sight
    walls: Walls
    parameters: Parameters = field(default_factory=Parameters)
    aliases: int = 0
    above: dict[str, str] = field(default_factory=dict)  # alias -> the alias of the row above it
    owner: Place = ()  # the field whose arguments are being written

    def alias(self) -> str:
        """A name for another table."""
        self.aliases += 1
        return f"t{self.aliases}"

    def parameter(self, source: Source, cast: str) -> str:
        """A placeholder, owned by the field that is being written."""
        return self.parameters.add(source, cast, self.owner)

    def compared(self, expression: Expression, alias: str) -> str:
        """A value to compare or sort by; raises Withheld, for both would tell what it is."""
        if not expression.open_to(self.sight):
            raise Withheld
        return expression.value(alias)

    # Values

    def node(self, node: Node, alias: str) -> Json:
        """The JSON of a node over the row `alias`."""
        match node:
            case Value(expression, nullable):
                return expression.json(alias, self.sight, nullable=nullable)
            case Given(source, cast):
                return computed(or_null(f"to_json({self.parameter(source, cast)})::text"))
            case Formula():
                shown = self.formula(node.sql, node.sources, alias)
                return computed(or_null(f"to_json({shown})::text"))
            case Name(text):
                return string(text)
            case Record():
                return self.record(node, alias)
            case One():
                return self.one(node, alias)
            case Scalar(join, expression):
                inner = self.alias()
                rows = self.source(join, inner, alias)
                value = sql(expression.json(inner, self.sight))
                return computed(or_null(f"(select {value} {rows})"))
            case Sum(join, term, amount):
                summed, inner = self.alias(), self.alias()
                rows = self.source(join, summed, alias)
                each = f"(select {amount.value(inner)} {self.source(term, inner, summed)})"
                total = f"coalesce(sum({each}), 0.00)::text"
                return (Literal('"'), Computed(f"(select {total} {rows})"), Literal('"'))
            case Many():
                return self.many(node, alias)
            case Elements():
                return self.elements(node, alias)
            case Page():
                return self.page(node, alias)
            case ByKind():
                return self.by_kind(node)
            case Fault(number):
                return literal(f'{{"{FAULT}":{number}}}')
            case Owned(place, inner_node):
                above, self.owner = self.owner, place
                written = self.node(inner_node, alias)
                self.owner = above
                return written

    def record(self, record: Record, alias: str) -> Json:
        """An object over the row."""
        if record.fault is not None:
            return self.node(Fault(record.fault), alias)
        built = json_object([(key, self.node(node, alias)) for key, node in record.fields])
        if any(isinstance(node, Value) and not node.nullable for _, node in record.fields):
            built = computed(f"coalesce({sql(built)}, {quoted(_MISSING)})")
        if record.unless_null is None:
            return built
        condition = f"{record.unless_null.value(alias)} is not null"
        return computed(f"case when {condition} then {sql(built)} else 'null' end")

    def one(self, one: One, upper: str) -> Json:
        """The object of a joined row."""
        alias = self.alias()
        source = self.source(one.join, alias, upper)
        chosen = f"select {sql(self.record(one.record, alias))} {source}"
        if one.aggregated:
            chosen += " having true"  # one row, also when no field is an aggregate
        if one.order is not None:
            chosen += f" order by {self.order(one.order, alias)} limit 1"
        if one.otherwise is None:
            return computed(or_null(f"({chosen})"))
        return computed(f"coalesce(({chosen}), {sql(self.record(one.otherwise, upper))})")

    def many(self, many: Many, upper: str) -> Json:
        """The objects of all joined rows."""
        alias = self.alias()
        rows = self.source(many.join, alias, upper)
        if many.last is not None:
            size = self.parameter(many.last, "integer")
            backward = self.order(many.order, alias, reverse=True)
            rows = f"from (select {alias}.* {rows} order by {backward} limit {size}) {alias}"
        return json_list(self.record(many.record, alias), rows, self.order(many.order, alias))

    def elements(self, node: Elements, upper: str) -> Json:
        """The members of a JSON list in the row."""
        alias = self.alias()
        members = f"rows from (jsonb_to_recordset({upper}.{node.column}) as ({node.columns}))"
        rows = f"from {members} with ordinality {alias}"
        return json_list(self.record(node.record, alias), rows, f"{alias}.ordinality")

    def formula(self, sql: str, sources: Sequence[tuple[Source, str]], alias: str) -> str:
        """A fixed expression with its parameters filled in."""
        for place, (source, cast) in enumerate(sources):
            sql = sql.replace(f"{{p{place}}}", self.parameter(source, cast))
        return self.reached(sql, alias)

    def by_kind(self, node: ByKind) -> Json:
        """Objects whose type only the request knows."""
        alias = self.alias()
        kinds = self.parameter(node.kinds, "text[]")
        first = self.parameter(node.first_keys, "bigint[]")
        second = self.parameter(node.second_keys, "bigint[]")
        options = " ".join(
            f"when {quoted(kind)} then {sql(self.node(option, alias))}"
            for kind, option in node.options
        )
        chosen = f"case {alias}.kind {options} else 'null' end" if options else "'null'"
        rows = (
            f"from unnest({kinds}, {first}, {second}) with ordinality {alias}(kind, k1, k2, place)"
        )
        if node.single:
            return computed(or_null(f"(select {chosen} {rows} limit 1)"))
        return json_list(computed(chosen), rows, f"{alias}.place")

    # Pages

    def page(self, page: Page, upper: str) -> Json:
        """A page: its rows numbered from where it starts, one more than it shows."""
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
        parts = [(key, self.part(part, page, alias, size, upper)) for key, part in page.parts]
        # One row whatever was asked for, also when no part is an aggregate.
        return computed(f"(select {sql(json_object(parts))} from {numbered} having true)")

    def beyond(self, page: Page, alias: str) -> str:
        """The keyset condition: rows strictly after the cursor in the page's direction."""
        return f" and {self.bounded(page, alias, page.backward)}" if page.after else ""

    def before(self, page: Page, upper: str) -> str:
        """Whether there are rows on the other side of the cursor, its own row among them."""
        if not page.after:
            return quoted("false")
        alias = self.alias()
        rows = self.source(page.join, alias, upper)
        bounded = self.bounded(page, alias, not page.backward, own="=")
        return f"(exists (select {rows} and {bounded}))::text"

    def bounded(self, page: Page, alias: str, backward: bool, own: str = "") -> str:
        """Rows on one side of the cursor; with `own`, its row as well.

        The first key's bound alone is there for an index.
        """
        alternatives: list[str] = []
        equal = ""
        for (expression, descending), bound in zip(page.order.keys, page.after, strict=True):
            value = self.compared(expression, alias)
            at = self.parameter(bound, expression.cast)
            sign = "<" if descending != backward else ">"
            last = own if len(alternatives) == len(page.after) - 1 else ""
            alternatives.append(f"({equal}{value} {sign}{last} {at})")
            if not equal:
                first = f"{value} {sign}= {at}"
            equal += f"{value} = {at} and "
        if len(alternatives) == 1:
            return alternatives[0]
        return f"({first} and ({' or '.join(alternatives)}))"

    def part(self, part: PagePart, page: Page, alias: str, size: str, upper: str) -> Json:
        """One field of a connection."""
        match part:
            case Name() | Fault():
                return self.node(part, alias)
            case Total():
                counted = self.alias()
                return computed(f"(select count(*)::text {self.source(page.join, counted, upper)})")
            case Rows(record):
                return self.listed(self.record(record, alias), page, alias, size)
            case Edges(fields):
                edge = [
                    (key, self.cursor(page, alias) if node is None else self.node(node, alias))
                    for key, node in fields
                ]
                return self.listed(json_object(edge), page, alias, size)
            case PageInfo(fields):
                return self.page_info(fields, page, alias, size, upper)

    def listed(self, value: Json, page: Page, alias: str, size: str) -> Json:
        """The values of the page's rows, without the one too many."""
        order = f"{alias}.place{' desc' if page.backward else ''}"
        return json_list(value, "", order, f" filter (where {alias}.place <= {size})")

    def cursor(self, page: Page, alias: str) -> Json:
        """The row's sort values as opaque text; `schema.connections` reads it back."""
        keys = [self.compared(expression, alias) for expression, _ in page.order.keys]
        values = ", ".join(f"{key}::text" for key in keys)
        mark = quoted(cursor_mark(page.join.table, page.order))
        encoded = f"encode(convert_to(json_build_array({mark}, {values})::text, 'UTF8'), 'base64')"
        return (Literal('"'), Computed(f"translate({encoded}, E'\\n', '')"), Literal('"'))

    def page_info(
        self, fields: Sequence[tuple[str, str]], page: Page, alias: str, size: str, upper: str
    ) -> Json:
        """What lies around the page."""
        more = f"(count(*) > {size})::text"
        asked = {name for _, name in fields}
        behind = "hasNextPage" if page.backward else "hasPreviousPage"
        came_from = self.before(page, upper) if behind in asked else ""
        last = f"least(count(*), {size})"
        cursor = sql(self.cursor(page, alias))
        near = or_null(f"max({cursor}) filter (where {alias}.place = 1)")
        # The last row's place is only known once all are counted, hence the array.
        far = or_null(f"(array_agg({cursor} order by {alias}.place))[{last}]")
        values = {
            "hasNextPage": came_from if page.backward else more,
            "hasPreviousPage": more if page.backward else came_from,
            "startCursor": far if page.backward else near,
            "endCursor": near if page.backward else far,
            "__typename": quoted('"PageInfo"'),
        }
        return json_object([(key, computed(values[name])) for key, name in fields])

    # Rows

    def source(self, join: Join, alias: str, upper: str) -> str:
        """FROM and WHERE of a table: how it is joined, the actor's predicate, and the choice."""
        self.above[alias] = upper
        terms = [
            f"{alias}.{column} = {self.reached(expression, upper)}"
            for column, expression in join.on.items()
        ]
        if self.walls.predicate:
            predicate = join.table.predicate(alias, self.sight.scope, Parameters.ACTOR)
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
        """A condition on the row."""
        match condition:
            case Compare(expression, operator, source):
                cast = expression.cast + ("[]" if operator is Operator.IN else "")
                return operator.value.replace("{v}", self.compared(expression, alias)).replace(
                    "{p}", self.parameter(source, cast)
                )
            case IsNull(expression):
                return f"{self.compared(expression, alias)} is null"
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
        """Several conditions; nothing for none."""
        terms = [self.condition(condition, alias) for condition in conditions]
        return f"({word.join(terms)})" if terms else ""

    def order(self, order: Order, alias: str, *, reverse: bool = False) -> str:
        """The terms of an ORDER BY."""
        return ", ".join(
            self.compared(expression, alias) + (" desc" if descending != reverse else "")
            for expression, descending in order.keys
        )

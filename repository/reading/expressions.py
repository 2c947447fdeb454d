"""How stored values are shown: SQL expressions over one row, written with `{t}` for its alias.

These constructors are the whole vocabulary that types declare their fields with. An expression is
made of fixed text and column names of ours; a value of a caller is always a parameter.
"""

from dataclasses import dataclass
from enum import Enum

from domain.actors import Scope, Sight
from domain.field_classes import FieldClass
from repository.reading.json_text import Computed, Json, Literal, computed, or_null


class Shown(Enum):
    """How a value of an expression is written as JSON, over `{v}`."""

    ESCAPED = "to_json({v})::text"  # a text of unknown content, or anything else
    QUOTED = "'\"' || {v} || '\"'"  # a text with nothing in it to escape
    BARE = "({v})::text"  # numbers, truth values, JSON


@dataclass(frozen=True, slots=True)
class Expression:
    """One SQL expression. `sql` is over the alias `{t}`; `cast` is the type of its comparands.

    `raw` is the bare value to compare and sort by, where it differs from the shown one.
    `masked` is shown instead to every scope but those in `clear`, and `withheld` to whoever may
    not see what is personal. Such an actor must not compare or sort by it either.
    """

    sql: str
    cast: str = "text"
    raw: str | None = None
    masked: str | None = None
    clear: frozenset[Scope] = frozenset(Scope)
    written: Shown = Shown.ESCAPED
    field_class: FieldClass = FieldClass.INTERNAL
    withheld: str = "null::text"

    def json(self, alias: str, sight: Sight, *, nullable: bool = True) -> Json:
        """The value as JSON for a reader of this sight.

        One that is not `nullable` is null in SQL all the same if it is null against its type.
        """
        shown = self.shown(alias, sight)
        if nullable:
            return computed(or_null(self.written.value.replace("{v}", shown)))
        if self.written is Shown.QUOTED:
            return (Literal('"'), Computed(shown), Literal('"'))
        return computed(self.written.value.replace("{v}", shown))

    def shown(self, alias: str, sight: Sight) -> str:
        """The expression for a reader of this sight."""
        if not self.open_to(sight):
            return self.withheld.replace("{t}", alias)
        if self.masked is not None and sight.scope not in self.clear:
            return self.masked.replace("{t}", alias)
        return self.sql.replace("{t}", alias)

    def open_to(self, sight: Sight) -> bool:
        """Whether a reader of this sight may know anything of it."""
        return sight.personal or self.field_class is not FieldClass.PERSONAL

    def value(self, alias: str) -> str:
        """The bare value, for comparing and sorting."""
        return (self.raw or self.sql).replace("{t}", alias)


def text(column: str) -> Expression:
    """A text column as it stands."""
    return Expression(f"{{t}}.{column}")


def integer(column: str) -> Expression:
    """A whole number of at most 32 bits."""
    return Expression(f"{{t}}.{column}", cast="integer", written=Shown.BARE)


def boolean(column: str) -> Expression:
    """True or false."""
    return Expression(f"{{t}}.{column}", cast="boolean", written=Shown.BARE)


def date(column: str) -> Expression:
    """A calendar date, YYYY-MM-DD."""
    shown = f"{{t}}.{column}::text"
    return Expression(shown, cast="date", raw=f"{{t}}.{column}", written=Shown.QUOTED)


def month(column: str) -> Expression:
    """A month, stored as its first day, shown as YYYY-MM."""
    shown = f"left({{t}}.{column}::text, 7)"
    return Expression(shown, cast="date", raw=f"{{t}}.{column}", written=Shown.QUOTED)


def decimal(column: str) -> Expression:
    """An exact decimal; a string on the wire, or a reader would make a float of it."""
    shown = f"{{t}}.{column}::text"
    return Expression(shown, cast="numeric", raw=f"{{t}}.{column}", written=Shown.QUOTED)


def instant(column: str) -> Expression:
    """An instant in UTC, RFC 3339."""
    shown = f"to_char({{t}}.{column} at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
    return Expression(shown, cast="timestamptz", raw=f"{{t}}.{column}", written=Shown.QUOTED)


def json(column: str) -> Expression:
    """A JSON column, as it stands; for fields that Python fills in."""
    return Expression(f"{{t}}.{column}", cast="jsonb", written=Shown.BARE)


def global_id(type_name: str, *columns: str) -> Expression:
    """The opaque identifier of a row: its type and key, in base64."""
    key = " || '.' || ".join(f"{{t}}.{column}" for column in columns)
    shown = f"encode(convert_to('{type_name}:' || {key}, 'UTF8'), 'base64')"
    return Expression(shown, written=Shown.QUOTED)


def personal(column: str, mask: str) -> Expression:
    """A personal detail: in full to the customer, masked by `terrace.mask_<mask>` to others."""
    return Expression(
        f"{{t}}.{column}",
        masked=f"terrace.mask_{mask}({{t}}.{column})",
        clear=frozenset({Scope.CUSTOMER}),
        field_class=FieldClass.PERSONAL,
    )


def personal_text(column: str) -> Expression:
    """A personal text that staff see as it stands, such as a name: to others its first letter."""
    return Expression(
        f"{{t}}.{column}",
        field_class=FieldClass.PERSONAL,
        withheld=f"left({{t}}.{column}, 1) || '**'",
    )


def personal_date(column: str) -> Expression:
    """A personal date: in full to the customer, absent to others."""
    return Expression(
        f"{{t}}.{column}::text",
        cast="date",
        masked="null::text",
        clear=frozenset({Scope.CUSTOMER}),
        written=Shown.QUOTED,
        field_class=FieldClass.PERSONAL,
    )


def counted(condition: str) -> Expression:
    """How many of the rows read meet a fixed condition over `{t}`."""
    shown = f"count(*) filter (where {condition})"
    return Expression(shown, cast="integer", written=Shown.BARE)


def expression(sql: str, cast: str = "text") -> Expression:
    """Any other fixed expression over `{t}`."""
    return Expression(sql, cast=cast)

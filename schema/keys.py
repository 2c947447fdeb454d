"""Arguments that name one object, by its identifier or by the institution's own number."""

from repository.reading.conditions import Compare, Condition, Operator
from repository.reading.expressions import integer, text
from repository.reading.parameters import Derived, InvalidArgument
from schema.arguments import Arguments
from schema.fields import Choose
from schema.filters import reference


def by_key(kind: str) -> Choose:
    """The row that the argument `by` names, by identifier or by number."""
    by_id = reference(integer("id"), kind)

    def choose(arguments: Arguments) -> list[Condition]:
        key = arguments.members("by")
        if len(key) != 1:
            raise InvalidArgument("give exactly one of id and number")
        if "number" in key:
            return [Compare(text("number"), Operator.EQ, key["number"])]  # type: ignore[arg-type]
        source = Derived(key["id"], by_id.convert)  # type: ignore[arg-type]
        return [Compare(by_id.expression, Operator.EQ, source)]

    return choose

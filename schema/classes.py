"""How sensitive each field is: by its own word, else by its expression's, else by its type's.

What is declared here is obeyed elsewhere: a statement shows nothing PERSONAL to whoever may not see
it (`repository.reading.expressions`), and the compiler turns SECRET fields down but in the answer
of the mutation that shows them.
"""

from collections.abc import Callable
from typing import TypeVar

from strawberry.types import get_object_definition
from strawberry.types.field import StrawberryField

from domain.field_classes import FieldClass
from schema.fields import PLANNED, Planned, Stored

T = TypeVar("T", bound=type)

_of_types: dict[str, FieldClass] = {}


def fields_are(field_class: FieldClass) -> Callable[[T], T]:
    """Declare the class of a type's fields that say none of their own; else it is INTERNAL."""

    def declare(cls: T) -> T:
        _of_types[get_object_definition(cls, strict=True).name] = field_class
        return cls

    return declare


def class_of(type_name: str, field: StrawberryField) -> FieldClass:
    """The class of a field of a type."""
    planned = field.metadata.get(PLANNED)
    if isinstance(planned, Planned):
        if planned.field_class is not None:
            return planned.field_class
        if isinstance(planned.spec, Stored) and (
            planned.spec.expression.field_class is not FieldClass.INTERNAL
        ):
            return planned.spec.expression.field_class
    return _of_types.get(type_name, FieldClass.INTERNAL)

"""Reading documents that people write: every refusal names the field it is about.

A `Field` is one value of a JSON-like document together with the path that leads to it. It is
read with the method that says what it must be; anything else raises the error class the document
was opened with, its message starting with the path, such as `tiers[2].threshold: …`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import NoReturn, TypeVar

from domain.money import parse_amount
from domain.months import Month, parse_date

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
E = TypeVar("E", bound=StrEnum)
V = TypeVar("V")


class Field:
    """A value, the path to it (empty for the whole document), and the error class to raise."""

    __slots__ = ("_error", "path", "value")

    def __init__(self, value: object, path: str, error: type[ValueError]) -> None:
        self.value = value
        self.path = path
        self._error = error

    def refuse(self, message: str) -> NoReturn:
        """Raise the document's error, saying where."""
        raise self._error(f"{self.path}: {message}" if self.path else message)

    def fields(self, required: tuple[str, ...], optional: tuple[str, ...] = ()) -> dict[str, Field]:
        """Read an object with these keys and no others; returns the fields that are present."""
        if not isinstance(self.value, Mapping):
            self.refuse(f"expected an object, got {_kind(self.value)}")
        for key in self.value:
            if key not in required and key not in optional:
                known = ", ".join((*required, *optional))
                self._at(_plain(key)).refuse(f"unknown key; known are {known}")
        for key in required:
            if key not in self.value:
                self._at(key).refuse("is missing")
        return {key: self._at(key) for key in self.value}

    def items(self) -> list[Field]:
        """Read a list; returns one field per item."""
        if not isinstance(self.value, list | tuple):
            self.refuse(f"expected a list, got {_kind(self.value)}")
        return [
            Field(item, f"{self.path}[{index}]", self._error)
            for index, item in enumerate(self.value)
        ]

    def text(self, longest: int = 100) -> str:
        """Read a text that is neither empty nor blank at its ends."""
        if not isinstance(self.value, str):
            self.refuse(f"expected a text, got {_kind(self.value)}")
        if not self.value or self.value != self.value.strip() or len(self.value) > longest:
            self.refuse(f"expected a text of 1 to {longest} characters without blanks at its ends")
        if _CONTROL.search(self.value):
            self.refuse("holds a control character, or half of one that needs two")
        return self.value

    def truth(self) -> bool:
        """Read `true` or `false`."""
        if not isinstance(self.value, bool):
            self.refuse(f"expected true or false, got {_kind(self.value)}")
        return self.value

    def whole(self, lowest: int, highest: int) -> int:
        """Read a whole number within these bounds, both included."""
        value = self.value
        if not isinstance(value, int) or isinstance(value, bool):
            self.refuse(f"expected a whole number, got {_kind(value)}")
        if not lowest <= value <= highest:
            self.refuse(f"must be {lowest} to {highest}")
        return value

    def choice(self, options: type[E]) -> E:
        """Read the name of one of the options."""
        if not isinstance(self.value, str) or self.value not in list(options):
            self.refuse(f"expected one of {', '.join(options)}")
        return options(self.value)

    def amount(self, places: int = 2) -> Decimal:
        """Read an amount of money; see `parse_amount` for what that is."""
        return self._read(lambda value: parse_amount(value, places=places))

    def month(self) -> Month:
        """Read a month written YYYY-MM."""
        return self._read(Month.parse)

    def day(self) -> date:
        """Read a date written YYYY-MM-DD."""
        return self._read(parse_date)

    def _read(self, reader: Callable[[object], V]) -> V:
        try:
            return reader(self.value)
        except ValueError as refusal:
            self.refuse(str(refusal))

    def _at(self, key: object) -> Field:
        """Return the field under a key (its value None if there is none)."""
        path = f"{self.path}.{key}" if self.path else str(key)
        value = self.value.get(key) if isinstance(self.value, Mapping) else None
        return Field(value, path, self._error)


def _plain(key: object) -> str:
    """Return an unknown key fit for a message, whatever characters it has."""
    return ascii(key) if _CONTROL.search(str(key)) else str(key)


def _kind(value: object) -> str:
    """Return what a value is, in the words of JSON."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float() | Decimal():
            return "a number"
        case str():
            return "a text"
        case Mapping():
            return "an object"
        case _:
            return "a list"

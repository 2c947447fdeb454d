"""Reading the fields of a row: each reader turns a field's text into a value or refuses it."""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from enum import StrEnum

from domain.money import InvalidAmount, parse_amount
from domain.months import parse_date

Value = str | date | Decimal | bool | None
Read = Callable[[str], Value]

_CURRENCY = re.compile("[A-Z]{3}")
_TRUTH = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
_SHOWN = 40
_RATE_PLACES = 10


class Refused(Exception):
    """A field or row that cannot be taken: the code for programs, the message for people."""

    def __init__(self, code: str, message: str) -> None:
        """Keep the code and the message."""
        super().__init__(message)
        self.code = code
        self.message = message


def optional(read: Read) -> Read:
    """The reader of a field that may be empty."""
    return lambda value: read(value) if value else None


def text(longest: int) -> Read:
    """A text that is not blank."""

    def read(value: str) -> str:
        if not value.strip():
            raise Refused("MISSING_VALUE", "must not be empty")
        if len(value) > longest:
            raise Refused(
                "TOO_LONG", f"has {len(value)} characters: at most {longest} can be stored"
            )
        return value

    return read


def key(longest: int) -> Read:
    """A number or code by which rows refer to each other."""
    read_text = text(longest)

    def read(value: str) -> Value:
        if value != value.strip() and value.strip():
            raise Refused("BLANKS_AROUND", f"begins or ends with a blank: {shown(value)}")
        return read_text(value)

    return read


def choice(options: type[StrEnum], code: str) -> Read:
    """One of an enumeration's names, written exactly."""

    def read(value: str) -> str:
        if not value:
            raise Refused("MISSING_VALUE", "must not be empty")
        if value not in options.__members__:
            raise Refused(code, f"expected one of {', '.join(options)}, got {shown(value)}")
        return value

    return read


def currency(value: str) -> str:
    """A currency's three capital letters (ISO 4217)."""
    if not value:
        raise Refused("MISSING_VALUE", "must not be empty")
    if not _CURRENCY.fullmatch(value):
        raise Refused(
            "INVALID_CURRENCY", f"expected three capital letters such as CNY, got {shown(value)}"
        )
    return value


def day(value: str) -> date:
    """A calendar day."""
    if not value:
        raise Refused("MISSING_VALUE", "must not be empty")
    try:
        return parse_date(value)
    except ValueError as error:
        raise Refused("INVALID_DATE", str(error)) from None


def truth(value: str) -> bool:
    """Yes or no, in the ways that programs write it."""
    if not value:
        raise Refused("MISSING_VALUE", "must not be empty")
    try:
        return _TRUTH[value.lower()]
    except KeyError:
        raise Refused(
            "INVALID_BOOLEAN", f"expected true or false (or 1, 0, yes, no), got {shown(value)}"
        ) from None


def amount(value: str) -> Decimal:
    """An amount of money with at most two decimals."""
    if not value:
        raise Refused("MISSING_VALUE", "must not be empty")
    try:
        return parse_amount(value)
    except InvalidAmount as error:
        raise Refused(error.code, str(error)) from None


def rate(value: str) -> Decimal:
    """Units of home currency for one unit of a foreign one."""
    if not value:
        raise Refused("MISSING_VALUE", "must not be empty")
    try:
        parsed = parse_amount(value, places=_RATE_PLACES)
    except InvalidAmount as error:
        if error.code != "INVALID_AMOUNT":
            raise Refused(error.code, str(error)) from None
        raise Refused(
            "INVALID_RATE", f"expected a plain decimal such as 7.1234, got {shown(value)}"
        ) from None
    if parsed <= 0:
        raise Refused("INVALID_RATE", f"a rate is more than zero, got {shown(value)}")
    return parsed


def shown(value: str) -> str:
    """The start of a refused value, fit for a message."""
    quoted = repr(value[: _SHOWN + 1])
    return quoted if len(value) <= _SHOWN else f"{quoted[:_SHOWN]}…'"

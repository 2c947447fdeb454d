"""Money as exact decimals: reading amounts, and averages that are compared without rounding.

A tier's line is compared with the exact rational `sum of daily balances / days`, never with the
rounded figure that is shown: 499,999.99833… shows as 500,000.00 and does not reach it. All
arithmetic runs in `EXACT`, a decimal context that raises when a result would have to be rounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow

INTEGER_DIGITS = 16
"""The most digits an amount has before the decimal point."""

EXACT = Context(prec=120, traps=[Inexact, InvalidOperation, DivisionByZero, Overflow])
"""Arithmetic on money: wide enough for a month of the largest holdings at any rate, and an
`Inexact` exception, never a silently rounded figure, should that not be so."""

ZERO = Decimal("0.00")

_PLAIN = re.compile(r"(-?)([0-9]+)(?:\.([0-9]+))?")
_USUAL = re.compile(r"-?(?:0|[1-9][0-9]{0,15})\.[0-9]{2}").fullmatch
_MINUS_ZERO = "-0.00"


class InvalidAmount(ValueError):
    """A text or number that is not an amount; `code` names the reason for machines.

    `INVALID_AMOUNT`: not a plain decimal. `TOO_MANY_DECIMALS`: finer than the smallest unit.
    `AMOUNT_OUT_OF_RANGE`: more integer digits than an amount may have.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def parse_amount(text: object, *, places: int = 2) -> Decimal:
    """Read an amount of money (or, with other `places`, a rate or an average) exactly.

    Accepts a plain decimal `-?digits[.digits]` as str, or an int or Decimal of such a value, with
    at most 16 integer digits and `places` decimals. The result always has `places` decimals and is
    never a negative zero. Floats, exponents, signs, separators, blanks and other scripts' digits
    are refused with InvalidAmount.
    """
    if isinstance(text, str):
        match = _PLAIN.fullmatch(text)
        if match is None:
            raise _not_plain(text)
        integer_digits, decimals = len(match[2]), len(match[3] or "")
    elif isinstance(text, Decimal) and text.is_finite():
        integer_digits, decimals = max(text.adjusted() + 1, 1), -min(_exponent(text), 0)
    elif isinstance(text, int) and not isinstance(text, bool):
        integer_digits, decimals = (1 if abs(text) < 10**INTEGER_DIGITS else INTEGER_DIGITS + 1), 0
    else:
        raise _not_plain(text)
    if integer_digits > INTEGER_DIGITS:
        raise InvalidAmount(
            "AMOUNT_OUT_OF_RANGE",
            f"{_shown(text)} has too many digits: at most {INTEGER_DIGITS} before the point",
        )
    if decimals > places:
        raise InvalidAmount(
            "TOO_MANY_DECIMALS", f"{_shown(text)} has {decimals} decimals: at most {places}"
        )
    amount = EXACT.quantize(Decimal(text), Decimal(1).scaleb(-places))
    return amount if amount else amount.copy_abs()


def usual_form(texts: Iterable[str]) -> list[str]:
    """Many amounts, each in the form in which amounts are shown; raises InvalidAmount."""
    return [
        text if _USUAL(text) and text != _MINUS_ZERO else str(parse_amount(text)) for text in texts
    ]


def hundredths(texts: Sequence[str]) -> list[int] | None:
    """Read many amounts as integers of 0.01 at once, if all are written in the usual form.

    That is the form in which amounts are shown, such as 12.50. None if any is not: then
    `parse_amount` tells what each of them means.
    """
    if not all(map(_USUAL, texts)) or _MINUS_ZERO in texts:
        return None
    return list(map(int, "\n".join(texts).replace(".", "").split("\n"))) if texts else []


@dataclass(frozen=True, slots=True)
class Average:
    """The exact rational `sum / days` of a month's end-of-day balances.

    `sum` is in home currency, `days` (at least 1) is the divisor. Two averages are equal when both
    their parts are.
    """

    sum: Decimal
    days: int

    def __post_init__(self) -> None:
        if self.days < 1:
            raise ValueError(f"an average is taken over at least one day, not {self.days}")

    def at_least(self, threshold: Decimal) -> bool:
        """Tell whether the exact average is `threshold` or more."""
        return self.sum >= EXACT.multiply(threshold, self.days)

    def exceeds(self, threshold: Decimal) -> bool:
        """Tell whether the exact average is more than `threshold`."""
        return self.sum > EXACT.multiply(threshold, self.days)

    def rounded(self) -> Decimal:
        """Return the figure that is shown: rounded once, half away from zero, to 0.01."""
        cents = EXACT.multiply(self.sum, 100)
        whole, rest = EXACT.divmod(cents.copy_abs(), self.days)
        if EXACT.multiply(rest, 2) >= self.days:
            whole = EXACT.add(whole, 1)
        if not whole:
            return ZERO
        return EXACT.scaleb(whole.copy_sign(cents), -2)


def _exponent(number: Decimal) -> int:
    """Return the exponent of a finite decimal: -2 for 1.25."""
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int)
    return exponent


def _not_plain(value: object) -> InvalidAmount:
    return InvalidAmount(
        "INVALID_AMOUNT",
        f"{_shown(value)} is not an amount: expected a plain decimal such as 1234.50, as text",
    )


def _shown(value: object) -> str:
    """Return the start of a refused value, fit for a message (a huge integer is not printed)."""
    if isinstance(value, int) and value.bit_length() > 128:
        return "an integer of that size"
    shown = repr(str(value) if isinstance(value, Decimal) else value)
    return shown if len(shown) <= 40 else f"{shown[:40]}…"

"""Calendar months and days: the only notion of time the rules know.

Tiers are judged by calendar month, averages are taken over its days. Nothing here asks a clock
what day it is: the business date is always brought by the caller.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from typing import TypeVar, overload

FIRST_YEAR, LAST_YEAR = 1900, 2999
"""The years that months and days may be written with; arithmetic may go beyond."""

_MONTH = re.compile(r"([0-9]{4})-([0-9]{2})")
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")


D = TypeVar("D", "Month", date)


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """One calendar month, ordered and hashable; written `2025-04`.

    `year` is 1..9999 and `month` 1..12; anything else is a ValueError, also when reached by
    arithmetic.
    """

    year: int
    month: int

    def __post_init__(self) -> None:
        if not (1 <= self.year <= 9999 and 1 <= self.month <= 12):
            raise ValueError(f"there is no month {self.month} of the year {self.year}")

    @classmethod
    def parse(cls, text: object) -> Month:
        """Read `YYYY-MM`, exactly; raises ValueError saying what was expected."""
        match = _MONTH.fullmatch(text) if isinstance(text, str) else None
        if match is None:
            raise ValueError(f"expected a month written YYYY-MM, got {_shown(text)}")
        return _written(cls(int(match[1]), int(match[2])))

    @classmethod
    def of(cls, day: date) -> Month:
        """Return the month that `day` lies in."""
        return cls(day.year, day.month)

    @property
    def first_day(self) -> date:
        """The first calendar day."""
        return date(self.year, self.month, 1)

    @property
    def last_day(self) -> date:
        """The last calendar day."""
        return date(self.year, self.month, self.days)

    @property
    def days(self) -> int:
        """How many calendar days the month has, 28..31."""
        return monthrange(self.year, self.month)[1]

    @property
    def date_range(self) -> tuple[date, date]:
        """The first and the last day, both belonging to the month."""
        return self.first_day, self.last_day

    def next(self) -> Month:
        """Return the following month."""
        return Month(self.year + 1, 1) if self.month == 12 else Month(self.year, self.month + 1)

    def previous(self) -> Month:
        """Return the month before."""
        return Month(self.year - 1, 12) if self.month == 1 else Month(self.year, self.month - 1)

    def __add__(self, months: int) -> Month:
        """Return the month that lies `months` later (earlier, if negative)."""
        if not isinstance(months, int):
            return NotImplemented
        year, index = divmod(self.year * 12 + self.month - 1 + months, 12)
        return Month(year, index + 1)

    @overload
    def __sub__(self, other: Month) -> int: ...
    @overload
    def __sub__(self, other: int) -> Month: ...
    def __sub__(self, other: Month | int) -> Month | int:
        """Return the distance in months from another month, or the month that many earlier."""
        if isinstance(other, Month):
            return (self.year - other.year) * 12 + self.month - other.month
        if not isinstance(other, int):
            return NotImplemented
        return self + -other

    def __str__(self) -> str:
        return f"{self.year:04}-{self.month:02}"


def months_between(first: Month, last: Month) -> list[Month]:
    """Return every month from `first` to `last`, both included; none if `last` is earlier."""
    return [first + distance for distance in range(last - first + 1)]


def parse_date(text: object) -> date:
    """Read `YYYY-MM-DD`, exactly; raises ValueError saying what was expected."""
    match = _DATE.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f"expected a date written YYYY-MM-DD, got {_shown(text)}")
    try:
        return _written(date(int(match[1]), int(match[2]), int(match[3])))
    except OutOfCalendar:
        raise
    except ValueError:
        raise ValueError(f"there is no day {match[0]} in the calendar") from None


def one_year_from(start: date) -> date:
    """Return the last day of a special VIP grant that starts on `start`.

    One year, prolonged to the end of the month it would end in, so never less than a year:
    from 2025-01-01 until 2025-12-31, from 2025-01-15 until 2026-01-31.
    """
    return (Month.of(start) + (11 if start.day == 1 else 12)).last_day


class OutOfCalendar(ValueError):
    """A year no institution's books reach: a slip of the pen, or a stand-in for "never"."""


def _written(value: D) -> D:
    """Return a month or day that somebody wrote, if its year is one that people mean."""
    if not FIRST_YEAR <= value.year <= LAST_YEAR:
        raise OutOfCalendar(f"the year {value.year} is not between {FIRST_YEAR} and {LAST_YEAR}")
    return value


def _shown(value: object) -> str:
    """Return the start of a refused value, fit for a message."""
    shown = repr(value)
    return shown if len(shown) <= 40 else f"{shown[:40]}…"

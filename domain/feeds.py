"""Feeds: which source delivers which product classes, and for which days it has not done so.

A source is expected to say of every calendar day, weekends too, that all of its balances are here.
A day for which it has not said so is missing, and a figure that needs it is not complete: a missing
feed is not a balance of zero. Delivered but empty is; such a day is marked like any other.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from domain.aum import Account
from domain.months import Month, parse_date
from domain.policy import TierPolicy
from domain.products import ProductClass

MOST_DAYS = 366
"""How many days are marked at once at the most."""

_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,49}")
_MOST_TOLD = 10
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class FeedSource:
    """A source: the classes it delivers, from its first expected day to its last (None: open end).

    Raises ValueError for a code that is none, no class at all, or days in the wrong order.
    """

    code: str
    name: str
    classes: frozenset[ProductClass]
    since: date
    until: date | None = None

    def __post_init__(self) -> None:
        if not _CODE.fullmatch(self.code):
            raise ValueError(
                "a code has 1 to 50 letters, digits, dots, hyphens and underscores, "
                f"a letter or digit first, not '{self.code[:60]}'"
            )
        if not self.name.strip() or len(self.name) > 200:
            raise ValueError("a source needs a name of at most 200 characters")
        if not self.classes:
            raise ValueError("a source delivers one product class at least")
        if self.until is not None and self.until < self.since:
            raise ValueError(f"expected until {self.until}, before it is since {self.since}")

    def expects(self, day: date) -> bool:
        """Whether the source is to deliver this day."""
        return self.since <= day and (self.until is None or day <= self.until)

    def missing(self, marked: Collection[date], first: date, last: date) -> list[date]:
        """The expected days from `first` to `last` that are not among the marked ones."""
        days = (first + timedelta(days=n) for n in range((last - first).days + 1))
        return [day for day in days if self.expects(day) and day not in marked]


def lacks_feed(
    accounts: Iterable[Account],
    sources: Iterable[FeedSource],
    marked: Mapping[str, Collection[date]],
    month: Month,
    through: date,
    policy: TierPolicy,
) -> bool:
    """Whether the month's figure, counted through a day, lacks a feed that it needs.

    It needs those of the counted classes of which the customer holds an account in these days;
    `marked` are the complete days by source.
    """
    first, last = month.first_day, min(through, month.last_day)
    held = {
        account.product_class
        for account in accounts
        if account.product_class in policy.counted
        and account.opened_on <= last
        and (account.closed_on is None or account.closed_on >= first)
    }
    return any(
        source.classes & held and source.missing(marked.get(source.code, ()), first, last)
        for source in sources
    )


@dataclass(frozen=True, slots=True)
class Gap:
    """Missing days of a source in a row, the first to the last."""

    source: str
    first: date
    last: date

    def __str__(self) -> str:
        """`gold 2025-04-03 to 2025-04-05`"""
        days = str(self.first) if self.first == self.last else f"{self.first} to {self.last}"
        return f"{self.source} {days}"


def gaps(missing: Iterable[tuple[str, date]]) -> list[Gap]:
    """Missing days, sorted by source and day, drawn together into days in a row."""
    found: list[Gap] = []
    for source, day in missing:
        if found and found[-1].source == source and found[-1].last + _ONE_DAY == day:
            found[-1] = Gap(source, found[-1].first, day)
        else:
            found.append(Gap(source, day, day))
    return found


def told(missing: list[Gap], most: int = _MOST_TOLD) -> str:
    """The gaps in words, not more than so many of them."""
    more = len(missing) - most
    parts = [str(gap) for gap in missing[:most]]
    return ", ".join(parts) + (f", and {more} more" if more > 0 else "")


def parse_days(text: str) -> tuple[date, date]:
    """Read `DAY` or `DAY..DAY`, the first and the last day; ValueError says what was expected."""
    first, dots, last = text.partition("..")
    days = parse_date(first), parse_date(last if dots else first)
    check_days(*days)
    return days


def check_days(first: date, last: date) -> None:
    """Raise ValueError unless the days are in order, and not too many at once."""
    if last < first:
        raise ValueError(f"{last} is before {first}")
    if (last - first).days >= MOST_DAYS:
        raise ValueError(f"at most {MOST_DAYS} days at once")

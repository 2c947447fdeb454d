"""The time the demo data covers, as day numbers counted from its first day.

Eighteen whole months that can be closed and the first days of a nineteenth, which stays open.
"""

from datetime import date, timedelta

FIRST_DAY = date(2025, 5, 1)
BUSINESS_DATE = date(2026, 11, 10)
DAYS = (BUSINESS_DATE - FIRST_DAY).days + 1


def _months() -> list[tuple[int, int]]:
    """First day number and days covered of each month."""
    months = []
    first = FIRST_DAY
    while first <= BUSINESS_DATE:
        following = (first + timedelta(days=32)).replace(day=1)
        end = min(following, BUSINESS_DATE + timedelta(days=1))
        months.append(((first - FIRST_DAY).days, (end - first).days))
        first = following
    return months


MONTHS = _months()
OPEN_MONTH = len(MONTHS) - 1
_DATES = [FIRST_DAY + timedelta(days=day) for day in range(DAYS)]
ISO = [day.isoformat() for day in _DATES]
MONTH_NAMES = [ISO[first][:7] for first, _ in MONTHS]


def date_of(day: int) -> date:
    """The calendar date of a day number; negative ones lie before the period."""
    return FIRST_DAY + timedelta(days=day)


def day_of(when: date) -> int:
    """The day number of a calendar date."""
    return (when - FIRST_DAY).days


def is_weekday(day: int) -> bool:
    """Whether a day number falls on Monday to Friday."""
    return date_of(day).weekday() < 5


def weekday_before(day: int) -> int:
    """The day itself, or the Friday before it if it falls on a weekend."""
    return day - max(0, date_of(day).weekday() - 4)

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.months import Month, months_between, one_year_from, parse_date

months = st.builds(Month, st.integers(1900, 2200), st.integers(1, 12))


def test_a_month_is_read_and_written_alike() -> None:
    assert str(Month.parse("2025-04")) == "2025-04"
    assert str(Month(800, 1)) == "0800-01"


@pytest.mark.parametrize(
    "text",
    [
        *("", "2025", "2025-4", "2025-13", "2025-00", "0000-01", "2025-04-01", " 2025-04"),
        *("2025-04\n", "2025/04", "25-04", "２０２５-04", "-2025-04", "+025-04"),
        *(None, 202504, 2025.04, date(2025, 4, 1), b"2025-04", ["2025-04"], "9" * 200),
    ],
)
def test_anything_else_is_no_month(text: object) -> None:
    with pytest.raises(ValueError, match=r"month") as refusal:
        Month.parse(text)
    assert len(str(refusal.value)) < 120


@pytest.mark.parametrize(
    ("month", "days"),
    [("2025-02", 28), ("2024-02", 29), ("1900-02", 28), ("2000-02", 29), ("2025-12", 31)],
)
def test_days_follow_the_calendar(month: str, days: int) -> None:
    read = Month.parse(month)
    assert read.days == days
    assert read.date_range == (date(read.year, read.month, 1), date(read.year, read.month, days))


def test_months_count_across_years() -> None:
    december = Month(2024, 12)
    assert december.next() == Month(2025, 1)
    assert Month(2025, 1).previous() == december
    assert december + 14 == Month(2026, 2)
    assert december - 12 == Month(2023, 12)
    assert Month(2026, 2) - december == 14
    assert months_between(december, Month(2025, 2)) == [december, Month(2025, 1), Month(2025, 2)]
    assert months_between(Month(2025, 2), december) == []


def test_the_calendar_has_an_end() -> None:
    with pytest.raises(ValueError, match="no month"):
        Month(9999, 12).next()
    with pytest.raises(ValueError, match="no month"):
        Month(1, 1).previous()


@given(months, st.integers(-500, 500))
def test_arithmetic_is_consistent(month: Month, distance: int) -> None:
    there = month + distance
    assert there - month == distance
    assert there - distance == month
    assert (there > month) == (distance > 0)
    assert Month.of(there.first_day) == Month.of(there.last_day) == there


@pytest.mark.parametrize(
    "text", ["2025-02-29", "20250401", "2025-W14-2", "2025-4-1", "2025-04-01T00:00", "", None, 7]
)
def test_a_date_is_a_day_of_the_calendar(text: object) -> None:
    with pytest.raises(ValueError, match=r"YYYY-MM-DD|calendar"):
        parse_date(text)
    assert parse_date("2024-02-29") == date(2024, 2, 29)


@pytest.mark.parametrize(
    ("start", "until"),
    [
        ("2025-01-01", "2025-12-31"),
        ("2025-01-02", "2026-01-31"),
        ("2025-01-15", "2026-01-31"),
        ("2025-03-31", "2026-03-31"),
        ("2024-02-29", "2025-02-28"),
        ("2023-03-01", "2024-02-29"),
    ],
)
def test_a_special_grant_is_for_one_year_up_to_a_months_end(start: str, until: str) -> None:
    assert one_year_from(parse_date(start)) == parse_date(until)


@given(st.dates(date(1900, 1, 1), date(2200, 1, 1)))
def test_a_special_grant_is_never_for_less_than_a_year(start: date) -> None:
    until = one_year_from(start)
    assert until == Month.of(until).last_day
    assert 365 <= (until - start).days + 1 <= 366 + 30

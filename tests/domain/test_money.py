from decimal import ROUND_HALF_UP, Context, Decimal, getcontext, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.money import Average, InvalidAmount, parse_amount

amounts = st.decimals(-(10**15), 10**15, places=2)


@pytest.mark.parametrize(
    ("given", "amount"),
    [
        ("0", "0.00"),
        ("1234.5", "1234.50"),
        ("-200000.01", "-200000.01"),
        ("9999999999999999.99", "9999999999999999.99"),
        ("-0.00", "0.00"),
        ("007", "7.00"),
        (250_000, "250000.00"),
        (Decimal("12.3"), "12.30"),
        (Decimal("1E+2"), "100.00"),
    ],
)
def test_amounts_are_read_exactly_and_written_with_cents(given: object, amount: str) -> None:
    assert str(parse_amount(given)) == amount


@pytest.mark.parametrize(
    ("given", "code"),
    [
        *((text, "INVALID_AMOUNT") for text in ("", " ", "1 ", " 1", "1\n", "+5", "1,234.00")),
        *((text, "INVALID_AMOUNT") for text in ("1e400", "1E2", "NaN", "Infinity", "-inf", "--1")),
        *(
            (text, "INVALID_AMOUNT")
            for text in (".5", "5.", "1.2.3", "0x10", "１２", "1_000", "五")
        ),
        *((value, "INVALID_AMOUNT") for value in (1.5, True, None, ["1"], {"1": 1}, b"1", 1j)),
        *((Decimal(text), "INVALID_AMOUNT") for text in ("NaN", "sNaN", "Infinity", "-Infinity")),
        *((text, "TOO_MANY_DECIMALS") for text in ("0.001", "1.000", Decimal("0.005"))),
        *((text, "AMOUNT_OUT_OF_RANGE") for text in ("10000000000000000", 10**16, -(10**16))),
        (Decimal("1E+400"), "AMOUNT_OUT_OF_RANGE"),
    ],
)
def test_anything_else_is_refused_with_a_reason(given: object, code: str) -> None:
    with pytest.raises(InvalidAmount) as refusal:
        parse_amount(given)
    assert refusal.value.code == code
    assert 10 < len(str(refusal.value)) < 160


@pytest.mark.parametrize("digits", [5_000, 100_000])
def test_huge_amounts_are_refused_in_few_words(digits: int) -> None:
    for huge in ("9" * digits, 10**digits, -(10**digits)):
        with pytest.raises(InvalidAmount, match="too many digits") as refusal:
            parse_amount(huge)
        assert len(str(refusal.value)) < 160


def test_rates_may_have_more_places() -> None:
    assert parse_amount("7.17005", places=6) == Decimal("7.17005")
    with pytest.raises(InvalidAmount, match="at most 6"):
        parse_amount("7.1700501", places=6)


@given(amounts)
def test_what_is_written_is_read_back(amount: Decimal) -> None:
    assert parse_amount(str(amount)) == amount


def test_reading_does_not_depend_on_the_ambient_context() -> None:
    with localcontext(Context(prec=3)):
        assert str(parse_amount("1234567890.12")) == "1234567890.12"
        assert Average(Decimal("1234567890.12"), 1).rounded() == Decimal("1234567890.12")
    assert getcontext().prec == 28


def test_a_line_shown_as_reached_is_not_reached() -> None:
    almost = Average(Decimal("14999999.95"), 30)
    assert almost.rounded() == Decimal("500000.00")
    assert not almost.at_least(Decimal(500_000))
    assert not almost.exceeds(Decimal(500_000))


def test_exactly_the_line_is_reached_but_not_exceeded() -> None:
    exactly = Average(Decimal("6000000.00"), 30)
    assert exactly.at_least(Decimal(200_000))
    assert not exactly.exceeds(Decimal(200_000))
    assert Average(Decimal("6000000.01"), 30).exceeds(Decimal(200_000))


@pytest.mark.parametrize(
    ("total", "days", "shown"),
    [
        ("5000000.00", 30, "166666.67"),
        ("0.01", 2, "0.01"),
        ("-0.01", 2, "-0.01"),
        ("0.01", 3, "0.00"),
        ("-0.01", 3, "0.00"),
        ("-0.02", 3, "-0.01"),
        ("0.0149", 1, "0.01"),
        ("0.00499999999999999999999999999999999999", 1, "0.00"),
        ("0.15", 31, "0.00"),
        ("0.16", 31, "0.01"),
    ],
)
def test_averages_are_shown_rounded_once_half_away_from_zero(
    total: str, days: int, shown: str
) -> None:
    assert str(Average(Decimal(total), days).rounded()) == shown


def test_an_average_of_no_days_does_not_exist() -> None:
    with pytest.raises(ValueError, match="at least one day"):
        Average(Decimal(0), 0)


@given(st.decimals(-(10**20), 10**20, places=6), st.integers(1, 31), amounts)
def test_averages_behave_like_rational_numbers(total: Decimal, days: int, line: Decimal) -> None:
    average, exact = Average(total, days), Fraction(total) / days
    assert average.at_least(line) == (exact >= Fraction(line))
    assert average.exceeds(line) == (exact > Fraction(line))
    with localcontext(Context(prec=60)):
        cents = Fraction(average.rounded()) * 100
    assert cents.denominator == 1
    assert abs(cents - exact * 100) <= Fraction(1, 2)
    if abs(cents - exact * 100) == Fraction(1, 2):
        assert abs(cents) > abs(exact * 100)


def test_whole_amounts_round_as_decimal_does() -> None:
    wide = Context(prec=60, rounding=ROUND_HALF_UP)
    for cents in range(-250, 250):
        total = Decimal(cents).scaleb(-3)
        expected = total.quantize(Decimal("0.01"), context=wide)
        assert Average(total, 1).rounded() == expected

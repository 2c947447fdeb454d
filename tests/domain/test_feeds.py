"""Feeds: what is expected, what is missing, and whose figure lacks it."""

from datetime import date

import pytest

from domain.aum import Account
from domain.feeds import FeedSource, Gap, gaps, lacks_feed, parse_days, told
from domain.months import Month
from domain.policy import DEFAULT_POLICY, parse_policy, policy_document
from domain.products import ProductClass

APRIL = Month(2025, 4)
GOLD = frozenset({ProductClass.GOLD})
WITH_INSURANCE = parse_policy(
    {**policy_document(DEFAULT_POLICY), "counted_classes": [str(c) for c in ProductClass]}, 2
)


def day(number: int) -> date:
    return date(2025, 4, number)


def days(first: int, last: int) -> set[date]:
    return {day(number) for number in range(first, last + 1)}


def gold(since: date = date(2025, 1, 1), until: date | None = None) -> FeedSource:
    return FeedSource("gold", "Gold", GOLD, since, until)


def account(
    product_class: ProductClass, opened: date = date(2024, 1, 1), closed: date | None = None
) -> Account:
    return Account(product_class, "CNY", opened, closed)


@pytest.mark.parametrize(
    ("source", "marked", "missing"),
    [
        (gold(), days(1, 30), []),
        (gold(), days(1, 30) - {day(13)}, [13]),  # a Sunday is a day like any other
        (gold(), set(), list(range(1, 31))),
        (gold(since=day(29)), set(), [29, 30]),
        (gold(until=day(2)), {day(1)}, [2]),
        (gold(since=date(2025, 5, 1)), set(), []),
        (gold(until=date(2025, 3, 31)), set(), []),
    ],
)
def test_a_day_is_missing_that_is_expected_and_not_marked(
    source: FeedSource, marked: set[date], missing: list[int]
) -> None:
    assert source.missing(marked, *APRIL.date_range) == [day(number) for number in missing]


@pytest.mark.parametrize(
    ("held", "marked", "through", "lacks"),
    [
        (account(ProductClass.GOLD), days(1, 30), 30, False),
        (account(ProductClass.GOLD), days(1, 29), 30, True),
        (account(ProductClass.GOLD), days(1, 29), 29, False),  # the figure does not count the 30th
        (account(ProductClass.GOLD), days(2, 30), 1, True),
        (account(ProductClass.FUND), set(), 30, False),  # only holders are concerned
        (account(ProductClass.GOLD, closed=date(2025, 3, 31)), set(), 30, False),
        (account(ProductClass.GOLD, closed=day(1)), days(1, 29), 30, True),  # it was held in April
        (account(ProductClass.GOLD, opened=day(30)), days(1, 29), 30, True),
        (account(ProductClass.GOLD, opened=day(30)), set(), 29, False),
    ],
)
def test_a_figure_lacks_a_feed_of_what_is_held_in_its_days(
    held: Account, marked: set[date], through: int, lacks: bool
) -> None:
    feeds = {"gold": marked}
    assert lacks_feed([held], [gold()], feeds, APRIL, day(through), DEFAULT_POLICY) is lacks


def test_a_class_that_does_not_count_lacks_nothing() -> None:
    insurance = FeedSource("x", "X", frozenset({ProductClass.INSURANCE}), date(2025, 1, 1))
    held = [account(ProductClass.INSURANCE)]
    for policy, lacks in ((DEFAULT_POLICY, False), (WITH_INSURANCE, True)):
        assert lacks_feed(held, [insurance], {}, APRIL, day(30), policy) is lacks


def test_without_a_source_nothing_is_missing() -> None:
    assert not lacks_feed([account(ProductClass.GOLD)], [], {}, APRIL, day(30), DEFAULT_POLICY)


def test_missing_days_are_told_in_a_row_and_not_all_of_them() -> None:
    found = gaps([("a", day(1)), ("a", day(2)), ("a", day(4)), ("b", day(5))])
    assert found == [Gap("a", day(1), day(2)), Gap("a", day(4), day(4)), Gap("b", day(5), day(5))]
    assert told(found, 2) == "a 2025-04-01 to 2025-04-02, a 2025-04-04, and 1 more"
    assert told(found[:1]) == "a 2025-04-01 to 2025-04-02"


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [("2025-04-05", 5, 5), ("2025-04-05..2025-04-05", 5, 5), ("2025-04-05..2025-04-07", 5, 7)],
)
def test_days_are_written_alone_or_as_the_first_and_the_last(
    text: str, first: int, last: int
) -> None:
    assert parse_days(text) == (day(first), day(last))


@pytest.mark.parametrize(
    "text",
    ["", "..", "2025-04-05..", "..2025-04-05", "2025-04-06..2025-04-05", "2025-4-5", "2025-04-31",
     "2024-04-01..2025-04-02", "2025-04-05...2025-04-07"],
)  # fmt: skip
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected a date|no day|is before|at most 366"):
        parse_days(text)


@pytest.mark.parametrize(
    ("code", "name", "classes", "until"),
    [
        ("", "Gold", GOLD, None),
        ("gold feed", "Gold", GOLD, None),
        ("-gold", "Gold", GOLD, None),
        ("g" * 51, "Gold", GOLD, None),
        ("gold\n", "Gold", GOLD, None),
        ("gold", " ", GOLD, None),
        ("gold", "Gold", frozenset[ProductClass](), None),
        ("gold", "Gold", GOLD, date(2024, 12, 31)),
    ],
)
def test_a_source_that_says_too_little_is_none(
    code: str, name: str, classes: frozenset[ProductClass], until: date | None
) -> None:
    with pytest.raises(ValueError, match=r"code has|needs a name|one product class|expected until"):
        FeedSource(code, name, classes, date(2025, 1, 1), until)

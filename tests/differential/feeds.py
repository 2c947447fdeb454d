"""Feeds in plain Python, day by day: what is missing, and whose figures lack it."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from tests.differential.figures import last_day, policy_row
from tests.differential.rows import Row, View


def expected(source: Row, first: date, last: date) -> Iterator[date]:
    """The days from first to last that a source is to deliver."""
    day = first
    while day <= last:
        ended = source["expected_until"] is not None and day > source["expected_until"]
        if day >= source["expected_since"] and not ended:
            yield day
        day += timedelta(days=1)


def is_marked(view: View, source: Row, day: date) -> bool:
    """Whether a day of a source is complete."""
    return view.one("feed_day", source=source["code"], day=day) is not None


def lacks_feed(view: View, customer_id: int, month: date, up_to: date) -> bool:
    """Whether a customer's figure of a month, up to a day, lacks a feed that it needs."""
    policy = policy_row(view, month)
    assert policy is not None
    held = {
        account["product_class"]
        for account in view.where("account", customer_id=customer_id)
        if account["opened_on"] <= up_to
        and (account["closed_on"] is None or account["closed_on"] >= month)
        and account["product_class"] in policy["document"]["counted_classes"]
    }
    return any(
        not is_marked(view, source, day)
        for source in view.all("feed_source")
        if held.intersection(source["product_classes"])
        for day in expected(source, month, up_to)
    )


def feeds(view: View, asked: date | None) -> list[Row]:
    """The sources with the days of a month, for those whom they concern."""
    if str(view.actor.role) in ("customer", "manager"):
        return []
    month, today = asked or view.calendar["open_month"], view.calendar["business_date"]
    shown = []
    for source in sorted(view.all("feed_source"), key=lambda row: row["code"]):
        days: list[date] = []
        if month is not None:
            days = list(expected(source, month, last_day(month)))
        complete = [day for day in days if is_marked(view, source, day)]
        values: dict[str, Any] = {
            "month": month,
            "expected_days": len(days),
            "complete_days": len(complete),
            "missing_days": [day for day in days if day not in complete and day <= today],
        }
        shown.append(Row("Feed", {**source, **values}))
    return shown

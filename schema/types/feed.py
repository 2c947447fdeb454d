"""Feeds: the sources of balances, and the days they have not delivered completely."""

import datetime
from typing import Any

import strawberry

from domain.actors import Scope
from domain.field_classes import FieldClass
from domain.months import Month
from domain.products import ProductClass
from repository.reading.conditions import Fixed
from repository.reading.expressions import date, text
from repository.reading.nodes import Formula
from repository.reading.parameters import ActorDetail, Derived, Source
from repository.reading.tables import Table, Visibility
from schema.arguments import Arguments
from schema.classes import fields_are
from schema.declarations import extends
from schema.fields import Argument, Made, ToMany, formula, planned, sorted_by, stored
from schema.filters import first_day
from schema.query import Query
from schema.types.tier import OPEN_MONTH, month_or_fault

FEED_SOURCE = Table("terrace.feed_source", Visibility.REFERENCE, ("code",))
FEED_DAY = Table("terrace.feed_day", Visibility.REFERENCE, ("source", "day"))

_FIRST = "greatest({t}.expected_since, {m})"
_LAST = "least({t}.expected_until, ({m} + interval '1 month')::date - 1)"
_EXPECTED = f"case when {{m}} is null then 0 else greatest({_LAST} - {_FIRST} + 1, 0) end"
_COMPLETE = (
    "(select count(*) from terrace.feed_day f where f.source = {t}.code "
    f"and {{m}} is not null and f.day >= {_FIRST} and f.day <= {_LAST})"
)
_MISSING = (
    f"array(select {_FIRST} + n from terrace.calendar c cross join lateral generate_series("
    f"0, case when c.business_date >= {{m}} then least({_LAST}, c.business_date) - {_FIRST} end) n "
    "where not exists (select from terrace.feed_day f "
    f"where f.source = {{t}}.code and f.day = {_FIRST} + n) order by n)"
)


@fields_are(FieldClass.PUBLIC)
@strawberry.type(description="A source of balances, and how complete it is in a month.")
class Feed:
    """terrace.feed_source; what depends on the month is filled in by how it is reached."""

    code: str = stored(text("code"), "The source's code.")
    name: str = stored(text("name"), "Its name.")
    product_classes: list[ProductClass] = formula(
        "{t}.product_classes", "The classes whose balances it delivers."
    )
    expected_since: datetime.date = stored(date("expected_since"), "The first day it delivers.")
    expected_until: datetime.date | None = stored(
        date("expected_until"), "The last day; null if no end is known."
    )
    month: Month = strawberry.field(description="The month of the days below.")
    expected_days: int = strawberry.field(description="Days of the month that it delivers.")
    complete_days: int = strawberry.field(description="Those of them that were marked complete.")
    missing_days: list[datetime.date] = strawberry.field(
        description="Those up to the business date that were not."
    )


_WHO = f"{{p0}} not in ('{Scope.CUSTOMER}', '{Scope.MANAGER}')"
_FOR_THE_HOUSE = Fixed(_WHO, ((ActorDetail("scope"), "text"),))
"""Feeds are no matter of customers and managers: they see in each figure whether it is complete."""


def _month(arguments: Arguments) -> tuple[str, tuple[tuple[Source, str], ...]]:
    asked = arguments.source("month")
    return (OPEN_MONTH, ()) if asked is None else ("{p0}", ((Derived(asked, first_day), "date"),))


def _of_month(sql: str) -> Any:
    def made(arguments: Arguments) -> Made:
        month, sources = _month(arguments)
        return Made(lambda _: Formula(sql.replace("{m}", month), sources))

    return made


@extends(Query)
class FeedQuery:
    """All sources."""

    feeds: list[Feed] = planned(
        ToMany(
            FEED_SOURCE,
            {},
            sorted_by(text("code")),
            choose=lambda _: [_FOR_THE_HOUSE],
            given={
                "month": lambda arguments: Made(lambda _: month_or_fault(*_month(arguments))),
                "expectedDays": _of_month(_EXPECTED),
                "completeDays": _of_month(_COMPLETE),
                "missingDays": _of_month(_MISSING),
            },
        ),
        "The sources of balances by code; none for customers and managers.",
        {"month": Argument(Month | None, "The month; the open one if not given.")},
    )

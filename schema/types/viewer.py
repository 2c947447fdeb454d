"""Who is asking, and what day it is."""

import datetime
from typing import Any

import strawberry

from domain.actors import Role, Scope
from domain.field_classes import FieldClass
from domain.months import Month
from repository.reading.conditions import Fixed
from repository.reading.expressions import date, month, text
from repository.reading.nodes import Given
from repository.reading.parameters import ActorDetail, Derived, Parameters, Source
from repository.reading.tables import BRANCH, CALENDAR, CUSTOMER, MANAGER, Table
from schema.classes import fields_are
from schema.declarations import extends
from schema.fields import Made, planned, same_row, stored, to_one
from schema.query import Query
from schema.types.customer import Customer
from schema.types.organisation import Branch, Manager


def _detail(name: str, description: str, *, upper: bool = False) -> Any:
    source: Source = ActorDetail(name)
    if upper:
        source = Derived(source, str.upper)
    return planned(Made(lambda _: Given(source)), description)


def _own(table: Table, scope: Scope, description: str) -> Any:
    """The actor's own row, for actors of this kind of scope only."""
    is_own = Fixed(f"{{p0}} = '{scope.value}'", ((ActorDetail("scope"), "text"),))
    return to_one(table, {"id": Parameters.ACTOR}, description, choose=lambda _: [is_own])


@strawberry.type(description="The caller.")
class Viewer:
    """The actor of the request."""

    role: Role = _detail("role", "What the caller is to the institution.", upper=True)
    subject: str = _detail("subject", "Number of the customer, manager or branch; else a label.")
    scope: Scope = _detail("scope", "Which rows the caller may see.", upper=True)
    channel: str = _detail("channel", "Where the caller comes from.")
    customer: Customer | None = _own(CUSTOMER, Scope.CUSTOMER, "The caller as a customer.")
    manager: Manager | None = _own(MANAGER, Scope.MANAGER, "The caller as a manager.")
    branch: Branch | None = _own(BRANCH, Scope.BRANCH, "The branch the caller works for.")


@fields_are(FieldClass.PUBLIC)
@strawberry.type(description="The institution's own calendar.")
class BusinessCalendar:
    """terrace.calendar."""

    business_date: datetime.date | None = stored(
        date("business_date"), "The institution's today; null before the first balance."
    )
    open_month: Month | None = stored(month("open_month"), "The first month not closed yet.")
    last_closed_month: Month | None = stored(month("last_closed"), "The last month closed.")
    home_currency: str = stored(text("home_currency"), "The currency all AUM is stated in.")


@extends(Query)
class ViewerQuery:
    """The caller, and the institution's day."""

    viewer: Viewer = same_row("The caller.")
    calendar: BusinessCalendar = to_one(CALENDAR, {}, "The institution's business date and months.")

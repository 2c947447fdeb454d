"""The feeds of the demo data: all of them complete, but for the gold desk's last two days."""

from datetime import date, timedelta

from cli.session import OPERATOR
from domain.feeds import FeedSource
from domain.months import Month
from domain.products import COMPONENT_OF, Component, ProductClass
from repository.database import Database
from repository.feeds import mark_complete, register

_LATE, _LATE_DAYS = "gold", 2
_GOLD = frozenset({ProductClass.GOLD})
_NAMES = {"core": "Core banking", "custody": "Custody", "gold": "Gold desk", "wealth": "Wealth"}


def _classes(component: Component) -> frozenset[ProductClass]:
    return frozenset(kind for kind, added_to in COMPONENT_OF.items() if added_to is component)


_CLASSES = {
    "core": _classes(Component.DEPOSITS),
    "custody": _classes(Component.SETTLEMENT_FUNDS),
    "gold": _GOLD,
    "wealth": _classes(Component.INVESTMENTS) - _GOLD,
}


async def expect_feeds(database: Database, first: Month) -> None:
    """Expect every feed from the first month on."""
    for code, name in _NAMES.items():
        await register(database, FeedSource(code, name, _CLASSES[code], first.first_day), OPERATOR)


async def complete_feeds(database: Database, month: Month, business_date: date) -> None:
    """Mark a month's days as complete, up to the business date; the late feed not so far."""
    for code in _NAMES:
        late = timedelta(days=_LATE_DAYS if code == _LATE else 0)
        last = min(month.last_day, business_date - late)
        await mark_complete(database, code, month.first_day, last, OPERATOR, future_days=month.days)

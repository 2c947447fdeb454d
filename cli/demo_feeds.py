"""The feeds of the demo data: complete up to the end of its open month, and not expected after it.

So that month can be closed as it is, and so can those after it, of which nothing is invented.
"""

from cli.session import OPERATOR
from domain.feeds import FeedSource
from domain.months import Month
from domain.products import COMPONENT_OF, Component, ProductClass
from repository.database import Database
from repository.feeds import mark_complete, register

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


async def expect_feeds(database: Database, first: Month, last: Month) -> None:
    """Expect every feed from the first month to the last."""
    for code, name in _NAMES.items():
        source = FeedSource(code, name, _CLASSES[code], first.first_day, last.last_day)
        await register(database, source, OPERATOR)


async def complete_feeds(database: Database, month: Month) -> None:
    """Mark a month's days as complete, those to come as well: the invented feeds have no more."""
    for code in _NAMES:
        await mark_complete(
            database, code, month.first_day, month.last_day, OPERATOR, future_days=month.days
        )

"""Invented exchange rates: CNY for one unit of a foreign currency, on weekdays only.

A walk that is drawn back towards its centre. Rates are whole numbers of ten-thousandths. The first
ones are published before the period begins, so every day has a last published rate.
"""

from datetime import date, timedelta

from cli.demo.dice import Dice
from cli.demo.period import BUSINESS_DATE, FIRST_DAY

UNIT = 10_000
FIRST_PUBLISHED = FIRST_DAY - timedelta(days=3)

# currency, centre and largest daily step in ten-thousandths
_WALKS = [("EUR", 81_500, 420), ("HKD", 9_190, 22), ("USD", 71_600, 170)]


class Rates:
    """The published rates and, for every day of the period, the one in force."""

    def __init__(self) -> None:
        self.published: list[tuple[date, str, int]] = []
        self._in_force: dict[str, list[int]] = {}
        for currency, centre, step in _WALKS:
            self._in_force[currency] = self._walk(currency, centre, step)
        self.published.sort()

    def _walk(self, currency: str, centre: int, step: int) -> list[int]:
        dice = Dice(f"rates {currency}")
        rate, in_force = centre, []
        day = FIRST_PUBLISHED
        while day <= BUSINESS_DATE:
            if day.weekday() < 5:
                rate += dice.between(-step, step) + (centre - rate) // 40
                self.published.append((day, currency, rate))
            if day >= FIRST_DAY:
                in_force.append(rate)
            day += timedelta(days=1)
        return in_force

    def to_foreign(self, cents: int, currency: str, day: int) -> int:
        """An amount in CNY expressed in a currency at the rate in force that day."""
        if currency == "CNY":
            return cents
        return cents * UNIT // self._in_force[currency][day]

"""Terminated relations: the accounts are settled first, then somebody confirms the end."""

from collections.abc import Iterable
from datetime import timedelta

from cli.demo.customers import Customer
from cli.demo.dice import Dice
from cli.demo.facts import Termination
from cli.demo.holdings import Holding

_ELDERLY_BORN_BEFORE = 1958


def terminations(settled: Iterable[tuple[Customer, list[Holding]]]) -> list[Termination]:
    """One for each customer whose story ended, some days after the last account was closed."""
    dice = Dice("endings")
    ends = []
    for customer, holdings in settled:
        if customer.story.name != "ended":
            continue
        last = max(holding.closed_on for holding in holdings if holding.closed_on)
        elderly = customer.birth_date and customer.birth_date.year < _ELDERLY_BORN_BEFORE
        reason = (
            "客户身故,继承手续办结,账户全部销户"
            if elderly
            else "客户迁居外省,账户全部销户,确认终止关系"
        )
        ends.append(
            Termination(customer.number, last + timedelta(days=dice.between(4, 20)), reason)
        )
    return sorted(ends, key=lambda end: (end.on, end.customer_number))

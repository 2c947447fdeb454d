"""What a month does to savings that nobody touches: interest, market prices, idle cash."""

from collections.abc import Iterator

from cli.demo.dice import Dice
from cli.demo.holdings import Holding


def revalued(dice: Dice, holding: Holding, cents: int, month: int) -> Iterator[tuple[int, int]]:
    """The balances a month brings, as `(days after the 1st, cents)`; none if it stays as it is."""
    day = holding.phase % 20 + 3
    match holding.product:
        case "TERM_DEPOSIT" | "STRUCTURED_DEPOSIT":
            if (month + holding.phase) % holding.term == 0:
                yield day, _times(cents, 1 + holding.term * (0.0009 + 0.0006 * dice.unit()))
        case "WEALTH_PRODUCT":
            yield day, _times(cents, 1 + 0.003 * dice.unit())
        case "FUND":
            middle = _times(cents, 0.98 + 0.042 * dice.unit())
            yield 5 + dice.below(6), middle
            yield 18 + dice.below(8), _times(middle, 0.98 + 0.042 * dice.unit())
        case "GOLD":
            yield 8 + dice.below(16), _times(cents, 0.975 + 0.06 * dice.unit())
        case "INSURANCE":
            if month % 3 == holding.phase % 3:
                yield day, _times(cents, 1.004 + 0.002 * dice.unit())
        case "SETTLEMENT_FUNDS":
            yield 3 + dice.below(22), _times(cents, 0.5 + dice.unit())
        case "DEMAND_DEPOSIT":
            if dice.chance(0.4):
                yield 3 + dice.below(22), _times(cents, 0.93 + 0.14 * dice.unit())


def _times(cents: int, factor: float) -> int:
    return int(cents * factor)

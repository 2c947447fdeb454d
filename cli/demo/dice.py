"""Chance that falls the same on every machine and under every Python version.

Only `random.Random.random()` is used, whose sequence for an integer seed never changes; the
choosing is done here. Each aspect of the demo data rolls its own dice, named by a label, so that
adding one roll in one place leaves everything else as it was.
"""

import hashlib
import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Dice:
    """A stream of choices determined by its label alone."""

    def __init__(self, label: str) -> None:
        digest = hashlib.sha256(label.encode()).digest()
        self.unit = random.Random(int.from_bytes(digest[:8], "big")).random

    def below(self, bound: int) -> int:
        """A whole number from 0 up to, not including, `bound`."""
        return int(self.unit() * bound)

    def between(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return low + int(self.unit() * (high - low + 1))

    def chance(self, probability: float) -> bool:
        """True with the given probability."""
        return self.unit() < probability

    def pick(self, options: Sequence[T]) -> T:
        """One of the options, all equally likely."""
        return options[int(self.unit() * len(options))]

    def weighted(self, options: Sequence[tuple[T, int]]) -> T:
        """One of the options, each as likely as its weight says."""
        mark = self.below(sum(weight for _, weight in options))
        for option, weight in options:
            mark -= weight
            if mark < 0:
                return option
        raise ValueError("nothing to choose from")

    def mixed(self, items: Sequence[T]) -> list[T]:
        """The items in a random order."""
        pile = list(items)
        for last in range(len(pile) - 1, 0, -1):
            other = self.below(last + 1)
            pile[last], pile[other] = pile[other], pile[last]
        return pile

"""What is kept of the last used things: bounded in number and in weight."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Kept(Generic[K, V]):
    """At most `most` values of at most `weight` in all; the least recently used go first.

    `held` is the weight of all that is kept.
    """

    def __init__(self, most: int, weight: int) -> None:
        """Describe an empty cache."""
        self._most = most
        self._weight = weight
        self.held = 0
        self._values: OrderedDict[K, tuple[V, int]] = OrderedDict()

    def __len__(self) -> int:
        """How many are kept."""
        return len(self._values)

    def __contains__(self, key: K) -> bool:
        """Whether a value is kept; does not count as a use."""
        return key in self._values

    def get(self, key: K) -> V | None:
        """The value, if it is kept."""
        found = self._values.get(key)
        if found is None:
            return None
        self._values.move_to_end(key)
        return found[0]

    def put(self, key: K, value: V, weight: int) -> None:
        """Keep a value; one that is heavier than everything may be is not."""
        if weight > self._weight:
            return
        old = self._values.pop(key, None)
        self.held += weight - (old[1] if old else 0)
        self._values[key] = (value, weight)
        while len(self._values) > self._most or self.held > self._weight:
            _, (_, lighter) = self._values.popitem(last=False)
            self.held -= lighter

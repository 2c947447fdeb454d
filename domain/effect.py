"""What a decision would do, as whoever checks it is shown it before deciding."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from domain.money import ZERO
from domain.preview import Movement


@dataclass(frozen=True, slots=True)
class Effect:
    """What would be otherwise, counted as of one moment.

    `customers` are those whom it concerns, `aum` their AUM of the open month together in the home
    currency (of a decision about closed months: of the last closed one). `movements` counts what
    would become of them; who only stays is not in it. `managers` counts customers concerned by the
    number of their manager. `detail` is what else there is to tell of this kind of decision: days,
    a tier, what is missing, as JSON has it, and without a detail of a person in clear.
    """

    customers: int = 0
    aum: Decimal = ZERO
    movements: Mapping[Movement, int] = field(default_factory=Counter)
    managers: Mapping[str, int] = field(default_factory=dict)
    detail: Mapping[str, Any] = field(default_factory=dict)

    def to_document(self) -> dict[str, Any]:
        """The effect as JSON-able values; the same effect is the same document."""
        return {
            "customers": self.customers,
            "aum": f"{self.aum:.2f}",
            "movements": {
                what.value: count
                for what, count in sorted(self.movements.items())
                if count and what is not Movement.STAYS
            },
            "managers": [
                {"number": number, "customers": count}
                for number, count in sorted(self.managers.items())
            ],
            "detail": dict(self.detail),
        }

"""All scenarios: importing a module of them enters them in the list."""

from tests.faults import (  # noqa: F401
    clocks,
    closes,
    crowd,
    everything,
    listeners,
    orders,
    poison,
    storm,
    upkeep,
)
from tests.faults.run import SCENARIOS

__all__ = ["SCENARIOS"]

"""All scenarios: importing a module of them enters them in the list."""

from tests.faults import closes, crowd, orders, poison, storm, upkeep  # noqa: F401
from tests.faults.run import SCENARIOS

__all__ = ["SCENARIOS"]

"""What comes of loaded rows, and what is said about those that were refused."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from repository.ledger import MESSAGES as LEDGER_MESSAGES
from repository.ledger import Rejection

Rows = Sequence[tuple[Any, ...]]
"""Rows of a file: the line, then the values of the kind's columns in their order."""

MESSAGES = {
    **LEDGER_MESSAGES,
    "UNKNOWN_BRANCH": "there is no branch with this code",
    "CIRCULAR_PARENT": "a branch cannot lie under itself or under one of its own branches",
    "UNKNOWN_MANAGER": "there is no manager with this number",
    "MANAGER_HAS_CUSTOMERS": "the manager still has customers in the former branch: "
    "hand them over first",
    "MANAGER_OF_OTHER_BRANCH": "the manager belongs to another branch than the customer",
    "UNKNOWN_CUSTOMER": "there is no customer with this number",
    "CUSTOMER_TERMINATED": "the relation with this customer has ended: no account can be added",
    "ACCOUNT_FIXED": "the account has balances: its customer and currency cannot change any more",
    "HOME_CURRENCY": "this is the home currency: its rate is always 1",
}


@dataclass(frozen=True, slots=True)
class Loaded:
    """What came of rows: `unchanged` were stored already; a rejection's place is its line."""

    recorded: int = 0
    unchanged: int = 0
    rejections: list[Rejection] = field(default_factory=list)


def refusal(line: int, code: str) -> Rejection:
    """A line turned down for a reason that has a message."""
    return Rejection(line, code, MESSAGES[code])

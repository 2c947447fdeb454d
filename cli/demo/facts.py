"""What the demo folder tells beside its files: decisions people took, and where to look first."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Grant:
    """A special VIP grant, for one year from `start`, until the end of that month."""

    customer_number: str
    start: date
    reason: str


@dataclass(frozen=True, slots=True)
class Revocation:
    """The end of a running special VIP grant before its time."""

    customer_number: str
    on: date
    reason: str


@dataclass(frozen=True, slots=True)
class Termination:
    """The confirmed end of a relation: all accounts were closed for good before `on`."""

    customer_number: str
    on: date
    reason: str


@dataclass(frozen=True, slots=True)
class Signal:
    """A warning signal as its reporter raised it, and the state it has reached since.

    `severity` and `state` are written as in the API; `reporter_number` is a manager's.
    """

    customer_number: str
    code: str
    severity: str
    facts: str
    state: str
    reporter_number: str
    reported_on: date


@dataclass(frozen=True, slots=True)
class DemoFacts:
    """The period of the data, the decisions to replay in it, and three rows worth opening.

    `first_month` .. `last_closed` can be closed one by one; the month of `business_date` is open.
    The example customer has a long tier history; manager and branch are that customer's.
    """

    first_month: str
    last_closed: str
    business_date: str
    grants: list[Grant]
    revocations: list[Revocation]
    terminations: list[Termination]
    signals: list[Signal]
    example_customer: str
    example_manager: str
    example_branch: str

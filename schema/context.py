"""What an operation that writes is given: who asks, where to write, and whom to wake."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from domain.actors import Actor
from repository.database import Database

Topic = Literal["recompute", "close", "relay", "preview", "approval"]
Wake = Callable[[Topic], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Context:
    """The context of one mutation. `wake` never fails: a lost wake-up only costs a second."""

    actor: Actor
    database: Database
    wake: Wake
    future_days: int
    close_wait_seconds: float

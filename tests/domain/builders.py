"""One builder per noun, with defaults that mean nothing special, and short names for results."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from domain.decision import Decision
from domain.money import Average
from domain.months import Month
from domain.policy import DEFAULT_POLICY, TierPolicy, parse_policy, policy_document
from domain.special import Grant
from domain.standing import Judged, Standing, Status
from domain.tiers import judge

MARCH = Month(2025, 3)
APRIL = Month(2025, 4)
MAY = Month(2025, 5)

LINES = {"T1": 200_000, "T2": 500_000, "T3": 1_000_000, "T4": 3_000_000, "T5": 10_000_000}
"""The default thresholds, once more in plain numbers."""


def aum(amount: int | str) -> Average:
    """A month's AUM that is exactly this amount."""
    return Average(Decimal(amount), 1)


def tier_of(amount: int) -> str | None:
    """The tier an amount reaches by the default thresholds."""
    return max((code for code, line in LINES.items() if amount >= line), default=None)


def judged(amount: int, month: Month) -> Judged:
    return Judged(month, Decimal(amount).quantize(Decimal("0.01")), tier_of(amount))


def run_of(*amounts: int, until: Month = MARCH) -> tuple[Judged, ...]:
    """Judged months, the last of them `until`."""
    first = until - (len(amounts) - 1)
    return tuple(judged(amount, first + index) for index, amount in enumerate(amounts))


def member(tier: str = "T3", *months_below: int, n: int = 0, k: int | None = None) -> Standing:
    """A member of a tier, after these months below it (`n` of them below the entry line)."""
    k = len(months_below) if k is None else k
    status = Status.WATCH if k or n else Status.ACTIVE
    return Standing(status, tier, Month(2024, 1), k, n, history=run_of(*months_below))


def exited(closes: int = 0) -> Standing:
    history = run_of(*[0] * closes)
    return Standing(
        Status.EXITED_UNRATED, since=APRIL - closes, retention_closes=closes, history=history
    )


SPECIAL = Standing(Status.SPECIAL, since=Month(2024, 6))
REMOVED = Standing(Status.REMOVED, since=Month(2025, 1))
TERMINATED = Standing(Status.REMOVED, since=Month(2025, 1), terminated=True)

VALID = Grant(date(2024, 6, 1), date(2025, 5, 31))
"""A grant still valid on the last day of May 2025, so after the close of April."""
ENDING = Grant(date(2024, 5, 1), date(2025, 4, 30))
"""A grant that is over then."""


Shown = tuple[Status, str | None, int, int, int]
"""A standing in short: status, tier, k, n and r."""


def close(
    standing: Standing,
    amount: int | None,
    *grants: Grant,
    policy: TierPolicy = DEFAULT_POLICY,
    month: Month = APRIL,
) -> Decision:
    """The close of a month with this AUM (None: the feed is missing)."""
    return judge(standing, month, None if amount is None else aum(amount), policy, grants)


def shown(standing: Standing) -> Shown:
    return (
        standing.status,
        standing.tier,
        standing.shortfall_months,
        standing.below_entry_months,
        standing.retention_closes,
    )


NOTHING: Shown = (Status.NON_MEMBER, None, 0, 0, 0)
GONE: Shown = (Status.REMOVED, None, 0, 0, 0)
VIP: Shown = (Status.SPECIAL, None, 0, 0, 0)


def active(tier: str) -> Shown:
    return (Status.ACTIVE, tier, 0, 0, 0)


def watch(tier: str, k: int, n: int) -> Shown:
    return (Status.WATCH, tier, k, n, 0)


def retained(closes: int) -> Shown:
    return (Status.EXITED_UNRATED, None, 0, 0, closes)


def policy_with(version: int = 1, **changes: Any) -> TierPolicy:
    """The default policy with some parameters of its document changed."""
    return parse_policy(policy_document(DEFAULT_POLICY) | changes, version)


def golden(name: str) -> Any:
    """The worked cases kept beside the repository; skips the test where they are not."""
    file = Path(__file__).parents[2].parent / "shared" / "golden" / name
    if not file.exists():
        pytest.skip(f"the worked cases are not there: {file}")
    return json.loads(file.read_text(encoding="utf-8"))

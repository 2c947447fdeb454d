"""The phrases explanations are made of: tiers by name, amounts with separators, lists of months."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from domain.decision import Decision
from domain.policy import TierPolicy
from domain.standing import Judged, Standing, Status

STATES = {
    Status.NON_MEMBER: "Not a member",
    Status.SPECIAL: "Special VIP",
    Status.EXITED_UNRATED: "Exited, unrated",
    Status.REMOVED: "Removed",
}
"""How a standing without a tier is called."""


class Phrases:
    """A decision with the phrases that the sentences about it are made of."""

    def __init__(
        self, decision: Decision, policy: TierPolicy, others: Sequence[TierPolicy] = ()
    ) -> None:
        if decision.policy_version != policy.version:
            raise ValueError(
                f"decided under policy version {decision.policy_version}, not {policy.version}"
            )
        self.decision = decision
        self.before, self.after = decision.before, decision.after
        self.policy = policy
        self.since = decision.effective_from
        self.entry_line = f"the entry line of {amount(self.policy.entry_line)}"
        ordered = (*others, policy)  # what the deciding version says prevails
        self._names = {tier.code: tier.name for policy in ordered for tier in policy.tiers}
        self._lines = {tier.code: tier.threshold for policy in ordered for tier in policy.tiers}

    def name(self, code: str | None) -> str:
        """`Diamond`"""
        return "no tier" if code is None else self._names.get(code, code)

    def tier(self, code: str | None) -> str:
        """`Diamond (T3)`"""
        return f"{self.name(code)} ({code})" if code in self._names else self.name(code)

    def line(self, code: str | None) -> str:
        """`1,000,000.00`, the threshold of a tier"""
        return amount(self._lines[code]) if code in self._lines else "its line"

    def figure(self) -> str:
        """`AUM 600,000.00 in 2025-04`, of the month that closed"""
        if not self.decision.judged:
            return f"the figures of {self.decision.month} are missing"
        judged = self.decision.judged[-1]
        return f"AUM {self.total(judged)} in {judged.month}"

    def run(self) -> str:
        """`2025-04 (600,000.00) and 2025-05 (700,000.00)`, all months judged"""
        return listed([f"{judged.month} ({self.total(judged)})" for judged in self.judged])

    def total(self, judged: Judged) -> str:
        """`600,000.00`, or `just under …` if the exact figure misses the line it is shown as."""
        reached = 0
        if judged.reached is not None and self.policy.knows(judged.reached):
            reached = self.policy.tier(judged.reached).rank
        missed = judged.month >= self.policy.effective and any(
            tier.threshold == judged.total for tier in self.policy.tiers[reached:]
        )
        return f"just under {amount(judged.total)}" if missed else amount(judged.total)

    @property
    def judged(self) -> tuple[Judged, ...]:
        """The months judged."""
        return self.decision.judged

    def state(self, standing: Standing) -> str:
        """`Diamond (T3) under watch`"""
        if standing.tier is not None:
            watched = " under watch" if standing.status is Status.WATCH else ""
            return self.tier(standing.tier) + watched
        return STATES[standing.status]

    def not_above(self) -> str:
        """`AUM … is not above the entry line of …`"""
        if not self.judged:
            return self.figure()
        return f"{self.figure()} is not above {self.entry_line}"


def amount(value: Decimal) -> str:
    """`1,234.50`"""
    return f"{value:,.2f}"


def counted(count: int, noun: str) -> str:
    """`3 months`"""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def listed(items: list[str]) -> str:
    """`a, b and c`"""
    *head, tail = items
    return f"{', '.join(head)} and {tail}" if head else tail

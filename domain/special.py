"""Special VIP (特殊VIP): important persons below the line, and what else happens on a day.

A grant makes a customer SPECIAL who is not a member by AUM; it lies unseen beneath a membership
and shows again when that ends. It is given for one year (`months.one_year_from`), may be renewed
and revoked (design chapter, section "客户分层管理": important persons, 有效期为一年).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from domain.decision import Decision, Rule
from domain.months import Month
from domain.policy import TierPolicy
from domain.standing import Standing, Status


class CustomerTerminated(ValueError):
    """A terminated customer takes part in nothing any more."""


@dataclass(frozen=True, slots=True)
class Grant:
    """One grant of special VIP, valid from `start` to `until`, both days included.

    If revoked, it is valid no more from `revoked_on` on. A renewal is a second grant.
    """

    start: date
    until: date
    revoked_on: date | None = None

    def __post_init__(self) -> None:
        if self.until < self.start:
            raise ValueError(f"a grant from {self.start} cannot end on {self.until}")

    def valid_on(self, day: date) -> bool:
        """Tell whether the grant is valid at the end of that day."""
        return self.start <= day <= self.until and (
            self.revoked_on is None or day < self.revoked_on
        )

    @property
    def over_from(self) -> date:
        """The first day on which the grant is valid no more (the calendar's last, if none is)."""
        if self.revoked_on is not None and self.revoked_on <= self.until:
            return self.revoked_on
        return self.until + timedelta(days=1) if self.until < date.max else date.max


def special_until(grants: Iterable[Grant], day: date) -> date | None:
    """Return the last day of the grants valid on `day`, None if there is none."""
    return max((grant.until for grant in grants if grant.valid_on(day)), default=None)


def grant_special(standing: Standing, grant: Grant, on: date, policy: TierPolicy) -> Decision:
    """Decide what a grant does on the business date `on`.

    SPECIAL at once if the grant is valid that day and the customer is no member; otherwise it is
    only noted, and the closes to come take account of it. Raises CustomerTerminated.
    """
    if standing.terminated:
        raise CustomerTerminated("a terminated customer cannot be granted special VIP")
    shows = grant.valid_on(on) and not standing.assessed
    if not shows or standing.status is Status.SPECIAL:
        return _on(on, standing, standing, Rule.SPECIAL_NOTED, policy)
    special = Standing(Status.SPECIAL, since=Month.of(on))
    return _on(on, standing, special, Rule.SPECIAL_GRANTED, policy)


def revoke_special(
    standing: Standing, on: date, policy: TierPolicy, remaining: Iterable[Grant] = ()
) -> Decision:
    """Decide what the revocation (or the end within a month) of a grant does on `on`.

    A SPECIAL customer with no `remaining` grant valid that day is retained as EXITED_UNRATED or,
    if the policy's `special_expiry_retention` is off, REMOVED; for anyone else it is only noted.
    """
    if standing.status is not Status.SPECIAL or special_until(remaining, on) is not None:
        return _on(on, standing, standing, Rule.SPECIAL_NOTED, policy)
    after = after_special(Month.of(on), policy)
    return _on(on, standing, after, Rule.SPECIAL_REVOKED, policy)


def terminate(standing: Standing, on: date, policy: TierPolicy) -> Decision:
    """Decide a confirmed termination: REMOVED at once, without retention, for good.

    Terminating a terminated customer again changes nothing.
    """
    after = standing
    if not standing.terminated:
        after = Standing(Status.REMOVED, since=Month.of(on), terminated=True)
    return _on(on, standing, after, Rule.TERMINATED, policy)


def after_special(since: Month, policy: TierPolicy) -> Standing:
    """Return the standing that follows SPECIAL when no grant is left."""
    if policy.special_expiry_retention:
        return Standing(Status.EXITED_UNRATED, since=since)
    return Standing(Status.REMOVED, since=since)


def _on(day: date, before: Standing, after: Standing, rule: Rule, policy: TierPolicy) -> Decision:
    return Decision(Month.of(day), before, after, rule, policy.version)

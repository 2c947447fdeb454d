"""What happens to a customer on days, beside the closes of months.

A grant of special VIP, a manual tier and a termination are facts of their days: whatever replays
months, for a correction or under a proposed policy, finds them there again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from domain.manual_tier import ManualTier
from domain.months import Month
from domain.special import Grant


@dataclass(frozen=True, slots=True)
class Happenings:
    """All that has happened to one customer on days, in the order in which it was recorded."""

    grants: tuple[Grant, ...] = ()
    terminations: tuple[date, ...] = ()
    tiers: tuple[ManualTier, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything has happened."""
        return bool(self.grants or self.terminations or self.tiers)

    def days_of(self, month: Month) -> list[date]:
        """The days of a month on which something happens, in their order."""
        days = {*self.terminations, *(given.day for given in self.tiers)}
        for grant in self.grants:
            days.update((grant.start, grant.over_from))
        return sorted(day for day in days if Month.of(day) == month)

    def grants_known_on(self, day: date) -> tuple[Grant, ...]:
        """The grants as they were known on a day: without the revocations of later days."""
        return tuple(
            replace(grant, revoked_on=None)
            if grant.revoked_on is not None and grant.revoked_on > day
            else grant
            for grant in self.grants
        )

    def grants_in_the_course_of(self, day: date) -> Iterable[tuple[Grant, ...]]:
        """The grants as they were in the course of a day: first given, then revoked.

        None on a day on which none of them begins or ends.
        """
        if not any(day in (grant.start, grant.over_from) for grant in self.grants):
            return
        if any(grant.start == day == grant.revoked_on for grant in self.grants):
            yield tuple(
                replace(grant, revoked_on=None) if grant.start == day == grant.revoked_on else grant
                for grant in self.grants
            )
        yield self.grants


NOTHING = Happenings()
"""Nothing has happened but closes."""

"""What happens on a day: grants, revocations, terminations."""

from datetime import date
from itertools import product

import pytest

from domain.decision import Rule
from domain.policy import DEFAULT_POLICY
from domain.special import (
    CustomerTerminated,
    Grant,
    grant_special,
    revoke_special,
    special_until,
    terminate,
)
from domain.standing import NON_MEMBER, Standing, Status
from tests.domain.builders import (
    APRIL,
    REMOVED,
    SPECIAL,
    TERMINATED,
    exited,
    member,
    policy_with,
)

TODAY = date(2025, 4, 10)
YEAR = Grant(date(2025, 4, 10), date(2026, 4, 30))
LATER = Grant(date(2025, 5, 1), date(2026, 4, 30))
OUTSIDERS = [NON_MEMBER, exited(1), REMOVED]
UNMOVED = [SPECIAL, member("T3"), member("T3", 1)]


@pytest.mark.parametrize("standing", OUTSIDERS)
def test_a_grant_makes_an_outsider_special_at_once(standing: Standing) -> None:
    decision = grant_special(standing, YEAR, TODAY, DEFAULT_POLICY)
    assert decision.rule is Rule.SPECIAL_GRANTED
    assert decision.after == Standing(Status.SPECIAL, since=APRIL)
    assert (decision.month, decision.effective_from, decision.judged) == (APRIL, APRIL, ())


@pytest.mark.parametrize("standing", UNMOVED)
def test_a_grant_lies_unseen_beneath_a_membership_or_another_grant(standing: Standing) -> None:
    decision = grant_special(standing, YEAR, TODAY, DEFAULT_POLICY)
    assert (decision.rule, decision.after) == (Rule.SPECIAL_NOTED, standing)


@pytest.mark.parametrize(
    "unseen", [LATER, Grant(date(2024, 1, 1), date(2025, 4, 9)), Grant(TODAY, TODAY, TODAY)]
)
def test_a_grant_that_is_not_valid_today_waits(unseen: Grant) -> None:
    decision = grant_special(NON_MEMBER, unseen, TODAY, DEFAULT_POLICY)
    assert (decision.rule, decision.after) == (Rule.SPECIAL_NOTED, NON_MEMBER)


def test_the_terminated_cannot_be_granted_anything() -> None:
    with pytest.raises(CustomerTerminated, match="terminated"):
        grant_special(TERMINATED, YEAR, TODAY, DEFAULT_POLICY)


def test_a_revocation_leads_into_retention_or_out_by_policy() -> None:
    retained = revoke_special(SPECIAL, TODAY, DEFAULT_POLICY)
    assert retained.rule is Rule.SPECIAL_REVOKED
    assert retained.after == Standing(Status.EXITED_UNRATED, since=APRIL)
    assert retained.effective_from == APRIL
    removed = revoke_special(SPECIAL, TODAY, policy_with(special_expiry_retention=False))
    assert removed.after == Standing(Status.REMOVED, since=APRIL)


def test_a_revocation_with_another_grant_left_changes_nothing() -> None:
    revoked = Grant(date(2025, 1, 1), date(2025, 12, 31), revoked_on=TODAY)
    decision = revoke_special(SPECIAL, TODAY, DEFAULT_POLICY, [revoked, YEAR])
    assert (decision.rule, decision.after) == (Rule.SPECIAL_NOTED, SPECIAL)
    assert revoke_special(SPECIAL, TODAY, DEFAULT_POLICY, [revoked, LATER]).after != SPECIAL


@pytest.mark.parametrize("standing", [*OUTSIDERS, member("T3", 1), TERMINATED])
def test_a_revocation_that_does_not_show_is_noted(standing: Standing) -> None:
    decision = revoke_special(standing, TODAY, DEFAULT_POLICY)
    assert (decision.rule, decision.after) == (Rule.SPECIAL_NOTED, standing)


@pytest.mark.parametrize("standing", [*OUTSIDERS, *UNMOVED])
def test_a_termination_removes_anyone_at_once(standing: Standing) -> None:
    decision = terminate(standing, TODAY, DEFAULT_POLICY)
    assert decision.rule is Rule.TERMINATED
    assert decision.after == Standing(Status.REMOVED, since=APRIL, terminated=True)
    assert decision.effective_from == APRIL


def test_terminating_twice_changes_nothing() -> None:
    assert terminate(TERMINATED, TODAY, DEFAULT_POLICY).after is TERMINATED


def test_no_day_leads_anywhere_else() -> None:
    standings = [*OUTSIDERS, *UNMOVED]
    met = {
        (standing.status, decision.after.status)
        for standing, grant in product(standings, [YEAR, LATER])
        for decision in (
            grant_special(standing, grant, TODAY, DEFAULT_POLICY),
            revoke_special(standing, TODAY, DEFAULT_POLICY, [grant]),
        )
        if decision.after is not standing
    }
    assert met == {
        (Status.NON_MEMBER, Status.SPECIAL),
        (Status.EXITED_UNRATED, Status.SPECIAL),
        (Status.REMOVED, Status.SPECIAL),
        (Status.SPECIAL, Status.EXITED_UNRATED),
    }


def test_a_grant_is_valid_from_its_first_to_its_last_day() -> None:
    grant = Grant(date(2025, 1, 10), date(2025, 12, 31))
    valid = [date(2025, 1, 10), date(2025, 12, 31)]
    assert [grant.valid_on(day) for day in valid] == [True, True]
    assert not grant.valid_on(date(2025, 1, 9))
    assert not grant.valid_on(date(2026, 1, 1))
    assert grant.over_from == date(2026, 1, 1)


def test_a_revoked_grant_is_valid_no_more_from_that_day() -> None:
    grant = Grant(date(2025, 1, 1), date(2025, 12, 31), revoked_on=TODAY)
    assert grant.valid_on(date(2025, 4, 9))
    assert not grant.valid_on(TODAY)
    assert grant.over_from == TODAY
    assert Grant(TODAY, TODAY, revoked_on=date(2026, 1, 1)).over_from == date(2025, 4, 11)
    assert Grant(TODAY, date.max).over_from == date.max


def test_a_grant_does_not_end_before_it_begins() -> None:
    with pytest.raises(ValueError, match="cannot end"):
        Grant(TODAY, date(2025, 4, 9))


def test_special_until_is_the_latest_end_of_what_is_valid() -> None:
    grants = [YEAR, Grant(date(2025, 1, 1), date(2025, 12, 31)), LATER]
    assert special_until(grants, TODAY) == date(2026, 4, 30)
    assert special_until(grants, date(2025, 1, 1)) == date(2025, 12, 31)
    assert special_until(grants, date(2024, 1, 1)) is None

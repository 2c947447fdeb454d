"""What a policy would do to a customer, and how many of whom it would do it to."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from domain.happenings import Happenings
from domain.manual_tier import ManualTier
from domain.months import Month
from domain.policy import DEFAULT_POLICY, in_force
from domain.preview import Lived, Movement, Tally, movement, outcome, place_of, replaced_by
from domain.replay import MonthInput
from domain.standing import NON_MEMBER, Standing, Status
from tests.domain.builders import REMOVED, SPECIAL, aum, exited, member

JANUARY = Month(2025, 1)
WITHOUT_T2 = replace(
    DEFAULT_POLICY, version=2, tiers=(DEFAULT_POLICY.tiers[0], DEFAULT_POLICY.tiers[2])
)
KNOWING = replace(WITHOUT_T2, dropped=(DEFAULT_POLICY.tiers[1],))


@pytest.mark.parametrize(
    ("before", "after", "what"),
    [
        (NON_MEMBER, member("T1"), Movement.ENTERS),
        (exited(1), member("T1"), Movement.ENTERS),
        (member("T1"), member("T3"), Movement.RISES),
        (member("T3"), member("T1"), Movement.FALLS),
        (member("T2"), member("T1"), Movement.FALLS),  # T1 follows T2, which it has no more
        (member("T1"), exited(0), Movement.LEAVES),
        (member("T1"), SPECIAL, Movement.LEAVES),
        (member("T1"), replace(member("T1"), since=JANUARY), Movement.OTHERWISE),
        (SPECIAL, REMOVED, Movement.OTHERWISE),
        (exited(0), exited(1), Movement.OTHERWISE),
        (member("T1"), member("T1"), Movement.STAYS),
        (NON_MEMBER, NON_MEMBER, Movement.STAYS),
    ],
)
def test_what_becomes_of_a_customer(before: Standing, after: Standing, what: Movement) -> None:
    assert movement(before, after, KNOWING) is what


def test_a_proposed_policy_governs_from_the_first_month_on_whatever_was_published() -> None:
    later = replace(DEFAULT_POLICY, version=2, effective=JANUARY)
    proposed = replace(WITHOUT_T2, effective=Month(2030, 1))
    former, governing = replaced_by(proposed, [DEFAULT_POLICY, later], JANUARY)
    assert former == DEFAULT_POLICY
    assert (governing.effective, governing.version) == (JANUARY, 2)
    months = [MonthInput(JANUARY, aum(600_000)), MonthInput(JANUARY.next(), aum(600_000))]
    lived = Lived(member("T2"), months)
    standing = outcome(lived, [former, governing])
    assert (standing.status, standing.tier) == (Status.ACTIVE, "T1")


def test_tiers_of_a_version_that_governed_later_are_known_to_the_proposed_one() -> None:
    """Somebody holds one by what is recorded, or was given one by hand."""
    crown = replace(DEFAULT_POLICY.tiers[2], code="TX", rank=1)
    later = replace(DEFAULT_POLICY, version=2, effective=JANUARY.next(), tiers=(crown,))
    [governing] = replaced_by(DEFAULT_POLICY, [later], JANUARY)
    assert in_force([governing], JANUARY) == governing
    assert movement(member("TX"), member("T3"), governing) is Movement.FALLS
    months = [MonthInput(JANUARY + index, aum(600_000)) for index in range(3)]
    by_hand = Happenings(tiers=(ManualTier(date(2025, 2, 10), "TX"),))
    standing = outcome(Lived(NON_MEMBER, months, by_hand), [governing])
    assert (standing.status, standing.tier, standing.shortfall_months) == (Status.WATCH, "T3", 2)


def test_tallies_of_parts_add_up() -> None:
    whole, parts = Tally(), Tally()
    for before, after, amount in (
        (NON_MEMBER, member("T1"), "250000.01"),
        (NON_MEMBER, member("T1"), "300000.00"),
        (member("T1"), member("T1"), "200000.00"),
    ):
        part = Tally()
        for tally in (whole, part):
            tally.count(
                place_of(before),
                place_of(after),
                movement(before, after, KNOWING),
                aum_before=Decimal(amount),
                aum_after=Decimal(amount),
            )
        parts.add(Tally.from_document(part.to_document()))
    assert parts == whole
    assert (whole.customers, whole.differing, whole.moved) == (3, 2, 2)
    assert [cell["aum_after"] for cell in whole.matrix()] == ["550000.01", "200000.00"]
    assert whole.places({"T1": "Gold"})[1] == {
        "status": "ACTIVE",
        "tier": "T1",
        "name": "Gold",
        "customers_before": 1,
        "customers_after": 3,
        "aum_before": "200000.00",
        "aum_after": "750000.01",
    }

"""Closing the demo's months brings out every state of the tier machine and every kind of change."""

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from cli.demo import DemoFacts, write
from domain.aum import Account, Rates, aum_of
from domain.changes import ChangeKind, changes_of
from domain.decision import Decision
from domain.happenings import Happenings
from domain.months import Month, months_between, one_year_from
from domain.policy import DEFAULT_POLICY
from domain.products import ProductClass
from domain.replay import MonthInput, replay
from domain.special import Grant
from domain.standing import NON_MEMBER, Standing, Status

Histories = dict[str, list[Decision]]


def rows(folder: Path, kind: str) -> Iterable[dict[str, str]]:
    with (folder / f"{kind}.csv").open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def accounts_by_customer(folder: Path) -> dict[str, list[Account]]:
    """Every customer's accounts with their balances, none for prospects."""
    balances: dict[str, list[tuple[date, Decimal]]] = defaultdict(list)
    for row in rows(folder, "balances"):
        point = date.fromisoformat(row["as_of"]), Decimal(row["balance"])
        balances[row["account_number"]].append(point)
    held: dict[str, list[Account]] = {row["number"]: [] for row in rows(folder, "customers")}
    for row in rows(folder, "accounts"):
        account = Account(
            ProductClass(row["product_class"]),
            row["currency"],
            date.fromisoformat(row["opened_on"]),
            date.fromisoformat(row["closed_on"]) if row["closed_on"] else None,
            balances[row["number"]],
        )
        held[row["customer_number"]].append(account)
    return held


def published_rates(folder: Path) -> Rates:
    published: dict[str, list[tuple[date, Decimal]]] = defaultdict(list)
    for row in rows(folder, "rates"):
        published[row["currency"]].append((date.fromisoformat(row["date"]), Decimal(row["rate"])))
    return Rates(published)


def grants_by_customer(facts: DemoFacts) -> dict[str, list[Grant]]:
    """The grants with their end, and the day of their revocation if it falls within."""
    revoked = {revocation.customer_number: revocation.on for revocation in facts.revocations}
    grants: dict[str, list[Grant]] = defaultdict(list)
    for grant in facts.grants:
        until = one_year_from(grant.start)
        number = grant.customer_number
        grants[number].append(Grant(grant.start, until, revoked.get(number)))
    return grants


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def facts(folder: Path) -> DemoFacts:
    return write(folder)


@pytest.fixture(scope="module")
def histories(folder: Path, facts: DemoFacts) -> Histories:
    """All decisions about each customer, from the first month to the last closed one."""
    rates, grants = published_rates(folder), grants_by_customer(facts)
    months = months_between(Month.parse(facts.first_month), Month.parse(facts.last_closed))
    business_date = date.fromisoformat(facts.business_date)
    ends = {end.customer_number: [end.on] for end in facts.terminations}
    histories = {}
    for number, accounts in accounts_by_customer(folder).items():
        judged = []
        for month in months:
            aum = aum_of(
                accounts,
                month,
                through=business_date,
                policy=DEFAULT_POLICY,
                rates=rates,
                home_currency="CNY",
            )
            assert aum.final
            assert aum.complete
            judged.append(MonthInput(month, aum.total))
        happenings = Happenings(tuple(grants[number]), tuple(ends.get(number, ())))
        histories[number] = replay(NON_MEMBER, judged, [DEFAULT_POLICY], happenings)
    return histories


@pytest.fixture(scope="module")
def standings(histories: Histories) -> list[Standing]:
    """Where each customer stands in the open month."""
    return [decisions[-1].after for decisions in histories.values()]


@pytest.mark.parametrize(
    ("status", "fewest"),
    [
        (Status.NON_MEMBER, 1200),
        (Status.ACTIVE, 400),
        (Status.WATCH, 60),
        (Status.SPECIAL, 4),
        (Status.EXITED_UNRATED, 20),
        (Status.REMOVED, 30),
    ],
)
def test_every_status_is_there(standings: list[Standing], status: Status, fewest: int) -> None:
    assert sum(standing.status is status for standing in standings) >= fewest


def test_members_are_a_pyramid_over_a_broad_base(standings: list[Standing]) -> None:
    tiers = Counter(standing.tier for standing in standings if standing.assessed)
    t1, t2, t3, t4, t5 = (tiers[tier.code] for tier in DEFAULT_POLICY.tiers)
    assert t1 > 1.5 * t2 > 2 * t3 > 3 * t4 > 4 * t5 >= 60
    assert 0.25 * len(standings) <= tiers.total() <= 0.30 * len(standings)


def test_active_and_watch_occur_in_every_tier(standings: list[Standing]) -> None:
    seen = Counter((standing.tier, standing.status) for standing in standings)
    for tier in DEFAULT_POLICY.tiers:
        assert seen[tier.code, Status.ACTIVE] >= 10
        assert seen[tier.code, Status.WATCH] >= 3


def test_watches_stand_at_every_count(standings: list[Standing]) -> None:
    watches = [standing for standing in standings if standing.status is Status.WATCH]
    higher = {watch.shortfall_months for watch in watches if watch.tier != "T1"}
    assert higher == {1, 2}
    assert {watch.shortfall_months for watch in watches} == {0, 1, 2, 3, 4, 5}
    assert {watch.below_entry_months for watch in watches} == {0, 1, 2, 3, 4, 5}
    assert any(watch.shortfall_months and not watch.below_entry_months for watch in watches)
    assert any(watch.below_entry_months > watch.shortfall_months for watch in watches)


def test_retention_is_in_its_first_and_its_second_month(standings: list[Standing]) -> None:
    exited = [standing for standing in standings if standing.status is Status.EXITED_UNRATED]
    closes = Counter(standing.retention_closes for standing in exited)
    assert closes.keys() == {0, 1}
    assert min(closes.values()) >= 8


def test_every_kind_of_change_happened(histories: Histories) -> None:
    kinds = Counter(
        changes_of(decision.before, decision.after, decision.rule, DEFAULT_POLICY)
        for decisions in histories.values()
        for decision in decisions
    )
    fewest = {
        ChangeKind.ENTERED: 600,
        ChangeKind.UPGRADED: 80,
        ChangeKind.WATCH_STARTED: 200,
        ChangeKind.WATCH_CLEARED: 60,
        ChangeKind.DOWNGRADED: 40,
        ChangeKind.EXITED: 60,
        ChangeKind.REENTERED: 10,
        ChangeKind.REMOVED: 30,
        ChangeKind.SPECIAL_GRANTED: 10,
        ChangeKind.SPECIAL_ENDED: 6,
    }
    assert fewest.keys() == set(ChangeKind) - {ChangeKind.CORRECTED}
    assert {kind: kinds[kind] for kind, count in fewest.items() if kinds[kind] < count} == {}


def test_special_vips_end_in_every_way(histories: Histories, facts: DemoFacts) -> None:
    last = date.fromisoformat(facts.business_date)
    now = Counter(histories[grant.customer_number][-1].after.status for grant in facts.grants)
    assert now.keys() >= {Status.SPECIAL, Status.EXITED_UNRATED, Status.REMOVED, Status.ACTIVE}
    assert sum(one_year_from(grant.start) < last for grant in facts.grants) >= 5
    assert len(facts.revocations) == 1


def test_the_terminated_are_removed_for_good(histories: Histories, facts: DemoFacts) -> None:
    assert 3 <= len(facts.terminations) <= 8
    for termination in facts.terminations:
        standing = histories[termination.customer_number][-1].after
        assert standing.status is Status.REMOVED
        assert standing.terminated


def test_the_example_customer_has_a_long_history(histories: Histories, facts: DemoFacts) -> None:
    decisions = histories[facts.example_customer]
    changes = [changes_of(d.before, d.after, d.rule, DEFAULT_POLICY) for d in decisions]
    assert [change for change in changes if change] == [
        ChangeKind.ENTERED,
        ChangeKind.UPGRADED,
        ChangeKind.UPGRADED,
        ChangeKind.WATCH_STARTED,
        ChangeKind.WATCH_CLEARED,
        ChangeKind.WATCH_STARTED,
        ChangeKind.DOWNGRADED,
        ChangeKind.UPGRADED,
        ChangeKind.WATCH_STARTED,
    ]
    assert decisions[-1].after.status is Status.WATCH
    assert decisions[-1].after.tier == "T3"


def test_exactly_the_entry_line_is_not_enough(histories: Histories) -> None:
    at_the_line = [
        decisions
        for decisions in histories.values()
        if all(d.judged and d.judged[-1].total == DEFAULT_POLICY.entry_line for d in decisions)
    ]
    assert at_the_line
    for decisions in at_the_line:
        assert decisions[-1].after.status is Status.NON_MEMBER

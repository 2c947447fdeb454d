"""Closed months judged again: as they were recorded, and as another policy would have had them."""

from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from cli.embedded import Addresses
from cli.session import OPERATOR
from domain.months import Month, months_between
from domain.policy import DEFAULT_POLICY, TierPolicy, parse_policy
from domain.preview import Movement, Tally
from domain.products import ProductClass
from domain.standing import Status
from repository.calendar import CalendarError
from repository.preview_scope import scope_of, spans
from repository.previewing import Otherwise, effect_of, preview_part, preview_span
from repository.special import grant, revoke
from tests.house import House, new_house
from tests.repository.lived_in import CUSTOMERS, FIRST, LAST, customer, live

SEED = 20
OTHER = parse_policy(
    {
        "effective": "2025-01",
        "tiers": [
            {"code": "T1", "name": "Gold", "threshold": "150000.00"},
            {"code": "T3", "name": "Diamond", "threshold": "1000000.00"},
            {"code": "TX", "name": "Crown", "threshold": "3000000.00"},
        ],
        "watch_months": 1,
        "exit_months": 2,
        "retention_months": 1,
        "demote_to": "LAST_MONTH",
        "floor": "KEEP_TIER",
        "special_expiry_retention": False,
    },
    version=2,
)
COUNTING_INSURANCE = replace(
    parse_policy(
        {
            "effective": "2025-01",
            "tiers": [
                {"code": "T1", "name": "Gold", "threshold": "200000.00"},
                {"code": "T2", "name": "Platinum", "threshold": "620000.00"},
            ],
            "divisor": "FIXED_30",
        },
        version=2,
    ),
    counted=DEFAULT_POLICY.counted | {ProductClass.INSURANCE},
)


@pytest.fixture(scope="module")
async def lived_in(addresses: Addresses) -> AsyncIterator[House]:
    async with new_house(addresses) as house:
        await live(house, SEED)
        yield house


async def preview(
    house: House, policy: TierPolicy, first: Month, last: Month, size: int = 7
) -> tuple[Tally, list[Otherwise]]:
    async with house.database.writing() as connection:
        scope = await scope_of(connection, policy, first, last)
        parts = await spans(connection, size)
    tally, otherwise = Tally(), []
    for part in parts:
        found = await preview_part(house.database, scope, *part)
        tally.add(found.tally)
        otherwise += found.otherwise
    return tally, otherwise


@pytest.fixture(scope="module")
async def as_it_came(addresses: Addresses) -> AsyncIterator[House]:
    """A house in which nothing comes late: what is corrected may hang on the policy in force."""
    async with new_house(addresses) as house:
        await live(house, SEED, late=False)
        yield house


RECORDED = """
select c.id, coalesce(s.status, 'NON_MEMBER') as status, s.tier, s.since,
    coalesce(s.shortfall_months, 0) as shortfall, coalesce(s.below_entry_months, 0) as below_entry,
    coalesce(s.retention_closes, 0) as retention, coalesce(s.terminated, false) as terminated,
    a.total as aum
from terrace.customer c
left join terrace.standing s on s.customer_id = c.id and s.month = $1
left join terrace.aum a on a.customer_id = c.id and a.month = $1 - interval '1 month'
order by c.id"""


async def recorded(house: House) -> dict[int, tuple[Any, ...]]:
    """Where everybody stands after the last close, and the AUM it judged."""
    rows = await house.fetch(RECORDED, LAST.next().first_day)
    return {row["id"]: tuple(row)[1:] for row in rows}


async def foreseen(house: House, policy: TierPolicy) -> tuple[Tally, dict[int, tuple[Any, ...]]]:
    """Where everybody would stand after the last close under a policy."""
    tally, otherwise = await preview(house, policy, FIRST, LAST)
    standing = await recorded(house)
    for found in otherwise:
        after = found.after
        standing[found.customer_id] = (
            after.status.value,
            after.tier,
            None if after.since is None else after.since.first_day,
            after.shortfall_months,
            after.below_entry_months,
            after.retention_closes,
            after.terminated,
            found.aum_after,
        )
    return tally, standing


async def test_the_policy_in_force_changes_nothing_of_a_lived_in_history(lived_in: House) -> None:
    rules = {row["rule"] for row in await lived_in.fetch("select rule from terrace.standing")}
    states = {row["state"] for row in await lived_in.fetch("select state from terrace.correction")}
    assert rules >= {"HELD", "SPECIAL_REVOKED", "TERMINATED", "DEMOTED", "REMOVED", "REENTERED"}
    assert "MANUAL" in rules
    assert states == {"APPLIED", "PENDING_REVIEW", "SUPERSEDED"}
    for first, last in [
        *((first, LAST) for first in months_between(FIRST, LAST)),
        *((FIRST, last) for last in months_between(FIRST, LAST)),
        *((month, month) for month in months_between(FIRST, LAST)),
    ]:
        tally, otherwise = await preview(lived_in, DEFAULT_POLICY, first, last)
        assert otherwise == [], (first, last)
        assert tally.customers == CUSTOMERS
        assert tally.moved == tally.differing == 0


@pytest.mark.parametrize("policy", [OTHER, COUNTING_INSURANCE])
async def test_another_policy_gives_what_a_house_has_that_lived_under_it(
    addresses: Addresses, as_it_came: House, policy: TierPolicy
) -> None:
    async with new_house(addresses) as under_it:
        await live(under_it, SEED, policy, late=False)
        expected = await recorded(under_it)
    tally, standings = await foreseen(as_it_came, policy)
    before = await recorded(as_it_came)
    # What stays as it is has the AUM that is recorded; under other classes it is another one.
    assert {key: row[:-1] for key, row in standings.items()} == {
        key: row[:-1] for key, row in expected.items()
    }
    assert tally.differing > 10
    counted: dict[tuple[str, str | None], list[Any]] = {}
    for row in expected.values():
        found = counted.setdefault((row[0], row[1]), [0, Decimal(0)])
        found[0] += 1
        found[1] += row[-1]
    told = {
        (place["status"], place["tier"]): [place["customers_after"], Decimal(place["aum_after"])]
        for place in tally.places({})
        if place["customers_after"]
    }
    assert told == counted
    was: dict[tuple[str, str | None], Decimal] = {}
    for row in before.values():
        was[row[0], row[1]] = was.get((row[0], row[1]), Decimal(0)) + row[-1]
    assert was == {
        (place["status"], place["tier"]): Decimal(place["aum_before"])
        for place in tally.places({})
        if place["customers_before"]
    }


async def test_nothing_real_is_written(lived_in: House) -> None:
    tables = "standing", "aum", "tier_change", "correction", "dirty", "replayed_standing"
    digest = "select md5(string_agg(t::text, '|' order by t::text)) from terrace.{} t"

    async def books() -> list[object]:
        trail = await lived_in.trail(digest.format("audit"))
        return [*trail, *[await lived_in.value(digest.format(name)) for name in tables]]

    before = await books()
    await preview(lived_in, OTHER, FIRST, LAST)
    await preview(lived_in, COUNTING_INSURANCE, FIRST, LAST)
    assert await books() == before


@pytest.mark.parametrize("policy", [DEFAULT_POLICY, OTHER, replace(OTHER, watch_months=6)])
async def test_whom_sql_tells_apart_the_rules_judge_alike(
    lived_in: House, policy: TierPolicy
) -> None:
    for first, last in ((FIRST, LAST), (FIRST + 1, FIRST + 2), (FIRST + 5, LAST), (LAST, LAST)):
        async with lived_in.database.unit(one_moment=True) as connection:
            scope = await scope_of(connection, policy, first, last)
            apart = await preview_span(connection, scope, 1, CUSTOMERS)
            alone = await preview_span(connection, scope, 1, CUSTOMERS, one_by_one=True)
        assert apart == alone, (first, last)


async def test_spans_of_any_size_add_up_to_the_same(lived_in: House) -> None:
    whole = await preview(lived_in, OTHER, FIRST + 2, LAST, 1_000)
    assert await preview(lived_in, OTHER, FIRST + 2, LAST, 4) == whole
    assert Tally.from_document(whole[0].to_document()).cells == whole[0].cells


async def test_the_effect_as_of_now_is_that_of_the_last_closed_month(lived_in: House) -> None:
    lower = replace(
        DEFAULT_POLICY,
        tiers=tuple(replace(t, threshold=t.threshold / 2) for t in DEFAULT_POLICY.tiers),
    )
    effect = await effect_of(lived_in.database, lower)
    assert effect == (await preview(lived_in, lower, LAST, LAST))[0]
    assert effect.movements[Movement.ENTERS] > 0
    assert effect.movements[Movement.RISES] > 0
    assert sum(effect.managers.values()) <= effect.moved


@pytest.mark.parametrize(
    ("first", "last", "code"),
    [
        (FIRST, LAST.next(), "NOT_CLOSED"),
        (FIRST.previous(), LAST, "BEFORE_FIRST_MONTH"),
        (LAST, FIRST, "INVALID_MONTHS"),
    ],
)
async def test_months_that_cannot_be_judged_again_are_refused(
    lived_in: House, first: Month, last: Month, code: str
) -> None:
    with pytest.raises(CalendarError) as refused:
        await preview(lived_in, OTHER, first, last)
    assert refused.value.code == code


async def test_a_month_is_judged_by_the_figure_that_its_close_knew(house: House) -> None:
    """A correction that came after the last month is not known, though it is applied by now."""
    await house.people(1)
    await house.record(("A1", "2025-01-01", "400000.00"))
    await house.close("2025-01")
    await house.close("2025-02")
    await house.record(("A1", "2025-02-01", "250000.00"), ("A1", "2025-03-01", "250000.00"))
    await house.work()
    assert (await house.aum("C1", "2025-02"))["total"] == "250000.00"  # type: ignore[index]
    platinum = replace(DEFAULT_POLICY.tiers[1], threshold=Decimal("300000.00"))
    lower = replace(DEFAULT_POLICY, tiers=(DEFAULT_POLICY.tiers[0], platinum))
    february = Month(2025, 2)
    [found] = (await preview(house, lower, february, february))[1]
    assert (found.movement, found.after.tier) == (Movement.RISES, "T2")
    await house.close("2025-03")
    [found] = (await preview(house, lower, february, february))[1]
    assert found.after.tier == "T2"
    assert (await preview(house, lower, february, february.next()))[1] == []


async def test_what_happened_on_a_day_of_the_first_month_happens_under_the_policy(
    house: House,
) -> None:
    await house.people(1)
    await house.record(("A1", "2025-01-09", "50000.00"))
    for month, act in (("2025-01", grant), ("2025-02", revoke)):
        async with house.database.unit() as connection:
            row = await customer(connection, "C1")
            given = (None,) if act is grant else ()
            await act(connection, row, *given, "important", OPERATOR)  # type: ignore[operator]
        await house.close(month)
    assert (await house.standing("C1"))["status"] == "EXITED_UNRATED"
    without = replace(DEFAULT_POLICY, special_expiry_retention=False)
    [found] = (await preview(house, without, Month(2025, 2), Month(2025, 2)))[1]
    assert (found.after.status, found.after.since) == (Status.REMOVED, Month(2025, 2))


async def test_a_new_house_has_nothing_to_judge_again(house: House) -> None:
    with pytest.raises(CalendarError) as refused:
        await effect_of(house.database, OTHER)
    assert refused.value.code == "NO_CLOSED_MONTH"

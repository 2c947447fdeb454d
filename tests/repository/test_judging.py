"""Whom SQL judges at a close, it judges as the rules do; everybody else is left to the rules."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.aum import divisor_of
from domain.money import EXACT, Average
from domain.months import Month
from domain.policy import DEFAULT_POLICY, Tier, TierPolicy, parse_policy, policy_document
from domain.special import Grant
from domain.standing import NON_MEMBER, Judged, Standing, Status
from domain.tiers import judge
from repository.database import Connection
from repository.judging import Chunk, Judgeable, judge_unremarkable
from repository.standings import Outcomes
from tests.house import House

MONTH = Month(2025, 3)
NARROW = parse_policy(
    {
        **policy_document(DEFAULT_POLICY),
        "tiers": [
            {"code": "T2", "name": "b", "threshold": "0.01"},
            {"code": "T1", "name": "a", "threshold": "0.02"},
            {"code": "T9", "name": "c", "threshold": "0.05"},
        ],
        "divisor": "FIXED_30",
        "special_expiry_retention": False,
    },
    version=2,
)
POLICIES = [
    replace(policy, dropped=(Tier("OLD", "Old", 1, Decimal("500000.00")),))
    for policy in (DEFAULT_POLICY, NARROW)
]
UNREMARKABLE = {"KEPT", "NOT_ENTERED", "STAYS_REMOVED"}
COLUMNS = """customer_id, month, status, tier, since, shortfall_months, below_entry_months,
    retention_closes, special_until, history, terminated, decision_month, rule, policy_version,
    judged, before"""


@dataclass(frozen=True)
class Case:
    """A customer at the close of a month: the published standing, if any, and what else counts."""

    published: Standing | None
    published_in: Month
    replayed: Standing | None
    total: Decimal
    complete: bool
    grants: tuple[Grant, ...]


months = st.integers(-14, 0).map(lambda back: MONTH + back)
histories = st.lists(
    st.builds(
        Judged,
        months,
        st.sampled_from([Decimal("0.00"), Decimal("150000.10")]),
        st.sampled_from([None, "T1"]),
    ),
    max_size=2,
).map(tuple)
counters = st.sampled_from([0, 0, 0, 1, 2, 5])


@st.composite
def standings(draw: Any) -> Standing:
    """Any standing, most often one that nothing has happened to."""
    status = draw(st.sampled_from(["ACTIVE", "ACTIVE", "NON_MEMBER", "REMOVED", *Status]))
    assessed = status in ("ACTIVE", "WATCH")
    tier = draw(st.sampled_from(["T1", "T2", "T1", "T2", "OLD"])) if assessed else None
    since = None if status == "NON_MEMBER" else draw(months)
    terminated = status == "REMOVED" and draw(st.booleans())
    if draw(st.booleans()):
        return Standing(Status(status), tier, since, terminated=terminated)
    return Standing(
        Status(status),
        tier,
        since,
        draw(counters),
        draw(counters),
        draw(counters),
        draw(histories),
        terminated,
    )


days = st.dates(date(2024, 6, 1), date(2025, 12, 31))


def cases_under(policy: TierPolicy) -> st.SearchStrategy[Case]:
    """Customers whose figures lie on the lines of a policy, beside them, and anywhere."""
    divisor = Decimal(divisor_of(MONTH, policy))
    lines = [EXACT.multiply(tier.threshold, divisor) for tier in policy.tiers]
    near = st.builds(
        lambda line, aside: line + aside,
        st.sampled_from(lines),
        st.sampled_from([Decimal(n) / 10_000 for n in (-100, -1, 0, 0, 1, 100, 9_999)]),
    )
    anywhere = st.integers(-(10**9), 10**11).map(lambda cents: Decimal(cents) / 100)
    grants = st.lists(
        st.builds(
            lambda pair, revoked: Grant(min(pair), max(pair), revoked),
            st.tuples(days, days).filter(lambda pair: pair[0] != pair[1]),
            st.none() | days,
        ),
        max_size=2,
    ).map(tuple)
    return st.builds(
        Case,
        st.none() | standings(),
        st.sampled_from([MONTH, MONTH, MONTH.previous(), MONTH + -7]),
        st.none() | st.none() | standings(),
        near | anywhere,
        st.sampled_from([True, True, True, False]),
        st.just(()) | st.just(()) | grants,
    )


async def stored(connection: Connection, cases: Sequence[Case], policy: TierPolicy) -> None:
    await connection.execute(
        "delete from terrace.standing; delete from terrace.replayed_standing; "
        "delete from terrace.special_grant; delete from terrace.aum"
    )
    for key, case in enumerate(cases, start=1):
        await connection.execute(
            """insert into terrace.aum (customer_id, month, manager_id, branch_id, deposits_sum,
                investments_sum, settlement_funds_sum, deposits_level, investments_level,
                settlement_funds_level, as_of, divisor, complete)
            select id, $2, manager_id, branch_id, $3::numeric - 1, 0.5, 0.5, 0, 0, 0, $4, $5, $6
            from terrace.customer where id = $1""",
            key,
            MONTH.first_day,
            case.total,
            MONTH.last_day,
            divisor_of(MONTH, policy),
            case.complete,
        )
        if case.published is not None:
            await published(connection, key, case.published, case.published_in)
            await published(connection, key, NON_MEMBER, case.published_in + -1)
        if case.replayed is not None:
            await connection.execute(
                """insert into terrace.replayed_standing
                select id, $2, $3, manager_id, branch_id from terrace.customer where id = $1""",
                key,
                MONTH.first_day,
                case.replayed.to_document(),
            )
        for grant in case.grants:
            await connection.execute(
                """insert into terrace.special_grant (customer_id, manager_id, branch_id, starts,
                    until, reason, granted_by, revoked_on)
                select id, manager_id, branch_id, $2, $3, 'r', 'b', $4
                from terrace.customer where id = $1""",
                key,
                grant.start,
                grant.until,
                grant.revoked_on,
            )


async def published(connection: Connection, key: int, standing: Standing, month: Month) -> None:
    await connection.execute(
        """insert into terrace.standing (customer_id, month, manager_id, branch_id, status, tier,
            since, shortfall_months, below_entry_months, retention_closes, history, terminated,
            decision_month, rule, policy_version, judged)
        select id, $2, manager_id, branch_id, $3, $4, $5, $6, $7, $8, $9, $10, $2, 'x', 1, '[]'
        from terrace.customer where id = $1""",
        key,
        month.first_day,
        standing.status.value,
        standing.tier,
        None if standing.since is None else standing.since.first_day,
        standing.shortfall_months,
        standing.below_entry_months,
        standing.retention_closes,
        [judged.to_document() for judged in standing.history],
        standing.terminated,
    )


def ruled(key: int, case: Case, policy: TierPolicy) -> tuple[Judgeable, Outcomes]:
    """What is to be judged of a customer, and what the rules make of it."""
    shown = case.published or NON_MEMBER
    standing = shown if case.replayed is None or shown.terminated else case.replayed
    total = Average(case.total, divisor_of(MONTH, policy)) if case.complete else None
    version = None if case.published is None else 1
    outcomes = Outcomes()
    outcomes.add(
        key,
        judge(standing, MONTH, total, policy, case.grants),
        policy,
        shown,
        published_version=version,
        grants=case.grants,
        closed=MONTH,
    )
    replayed = case.replayed is not None and not shown.terminated
    return Judgeable(key, total, standing, shown, replayed, version), outcomes


async def written(connection: Connection, key: int) -> tuple[Any, ...] | None:
    row = await connection.fetchrow(
        f"select {COLUMNS} from terrace.standing where customer_id = $1 and month = $2",
        key,
        MONTH.next().first_day,
    )
    return None if row is None else tuple(row)


async def judged_as_ruled(house: House, cases: Sequence[Case], policy: TierPolicy) -> list[str]:
    """Judge customers and compare; the rules of those whom SQL has judged."""
    async with house.database.unit() as connection:
        await stored(connection, cases, policy)
        chunk = Chunk(range(1, len(cases) + 1))
        left = await judge_unremarkable(connection, chunk, MONTH, policy, anew=False)
        remarkable = {found.customer_id: found for found in left}
        by_sql = {}
        for key, case in enumerate(cases, start=1):
            row = await written(connection, key)
            assert (row is None) == (key in remarkable)
            judgeable, outcomes = ruled(key, case, policy)
            if row is None:
                assert remarkable[key] == judgeable
            else:
                assert outcomes.changes == []
                by_sql[key] = (row, outcomes)
        await connection.execute(
            "delete from terrace.standing where month = $1", MONTH.next().first_day
        )
        for _, outcomes in by_sql.values():
            await outcomes.write(connection)
        for key, (row, _) in by_sql.items():
            assert row == await written(connection, key)
        return [row[12] for row, _ in by_sql.values()]


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data(), policy=st.sampled_from(POLICIES))
async def test_whoever_is_judged_by_sql_is_judged_as_by_the_rules(
    house: House, data: st.DataObject, policy: TierPolicy
) -> None:
    if await house.value("select count(*) from terrace.customer") == 0:
        await house.people(25)
    cases = data.draw(st.lists(cases_under(policy), min_size=1, max_size=25))
    assert set(await judged_as_ruled(house, cases, policy)) <= UNREMARKABLE


async def test_sql_judges_whoever_nothing_happens_to_and_nobody_else(house: House) -> None:
    await house.people(25)
    line = EXACT.multiply(DEFAULT_POLICY.entry_line, Decimal(31))
    plain = Case(None, MONTH, None, line, True, ())
    kept = replace(plain, published=Standing(Status.ACTIVE, "T1", MONTH))
    removed = replace(plain, published=Standing(Status.REMOVED, since=MONTH))
    gone = replace(plain, published=Standing(Status.REMOVED, None, MONTH, terminated=True))
    grant = Grant(date(2025, 1, 1), date(2025, 12, 31))
    judged = Judged(MONTH.previous(), Decimal("1.00"), None)
    seen = {
        "never entered": plain,
        "kept, from an older row": replace(kept, published_in=MONTH + -7),
        "stays removed": removed,
        "terminated, however rich": replace(gone, total=line * 9),
        "enters": replace(plain, total=line + Decimal("0.01")),
        "enters again": replace(removed, total=line + Decimal("0.01")),
        "rises": replace(kept, total=line * 9),
        "falls": replace(kept, total=line - Decimal("0.01")),
        "watched": replace(kept, published=Standing(Status.WATCH, "T1", MONTH, 1)),
        "a tier that is no more": replace(kept, published=Standing(Status.ACTIVE, "OLD", MONTH)),
        "a run behind": replace(
            kept, published=Standing(Status.ACTIVE, "T1", MONTH, history=(judged,))
        ),
        **{
            f"still counts {place}": replace(
                kept, published=Standing(Status.ACTIVE, "T1", MONTH, *counts)
            )
            for place, counts in enumerate([(1, 0, 0), (0, 1, 0), (0, 0, 1)])
        },
        "not complete": replace(kept, complete=False),
        "granted": replace(plain, grants=(grant,)),
        "replayed": replace(kept, replayed=kept.published),
        "special": replace(plain, published=Standing(Status.SPECIAL, since=MONTH)),
        "retained": replace(plain, published=Standing(Status.EXITED_UNRATED, since=MONTH)),
    }
    async with house.database.unit() as connection:
        await stored(connection, list(seen.values()), POLICIES[0])
        chunk = Chunk(range(1, len(seen) + 1))
        left = await judge_unremarkable(connection, chunk, MONTH, POLICIES[0], anew=False)
    by_rules = {list(seen)[found.customer_id - 1] for found in left}
    assert [name for name in seen if name not in by_rules] == list(seen)[:4]
    assert await judged_as_ruled(house, list(seen.values()), POLICIES[0]) == [
        *("NOT_ENTERED", "KEPT", "STAYS_REMOVED", "STAYS_REMOVED")
    ]

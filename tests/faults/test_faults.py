"""The harness itself: a small dose of it, and the certainty that it sees what is wrong."""

import ast
from collections.abc import AsyncIterator
from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest

from tests.faults.invariants import broken
from tests.faults.judging import State, close, following, shown
from tests.faults.model import Account, Ledger, Model, Update
from tests.faults.run import Run, Stage, staged
from tests.faults.safeguards import SAFEGUARDS
from tests.faults.storm import killing, storm

ROOT = Path(__file__).parents[2]
MARCH = date(2025, 3, 1)


@pytest.fixture(scope="module")
async def stage() -> AsyncIterator[Stage]:
    """A small installation, two of whose workers and an API process were killed on the way."""
    run = Run(7, 0.01, "smoke")
    async with staged(run, customers=24, senders=2, apis=2, workers=2) as built:
        hits, problems = await storm(
            built, 500, [killing("work"), killing("serve"), killing("work")]
        )
        assert problems == []
        assert hits > 0
        yield built


BY_HAND = """insert into terrace.manual_tier
    (customer_id, manager_id, branch_id, day, reason, set_by, tier)
    select id, manager_id, branch_id, '2025-01-01', '', '',"""
FOR_ONE = " from terrace.customer limit 1"


@pytest.mark.parametrize(
    ("word", "statement"),
    [
        ("balance", "update terrace.balance_update set amount = amount + 0.01 where {one}"),
        ("balance", "delete from terrace.balance_update where {one}"),
        ("latest balance", "update terrace.account set balance = balance + 0.01 where {one}"),
        ("journal", "update terrace.balance_update set amount = amount - 0.01 where {one}"),
        ("found, exp", "update terrace.aum set deposits_sum = deposits_sum + 0.01 where {one}"),
        ("found, exp", "update terrace.standing set since = since + 31 where status = 'ACTIVE'"),
        ("found, exp", "update terrace.standing set rule = 'OTHER' where {one}"),
        ("found, exp", "update terrace.tier_change set kind = 'OTHER'"),
        ("found, exp", "delete from terrace.tier_change where position = 2"),
        ("without everybody", "delete from terrace.standing where {one}"),
        ("held", "update terrace.balance_update set held = true where {one}"),
        ("gaps", "update terrace.feed set head = head + 1 where topic = 'tier_change'"),
        ("gaps", "update terrace.tier_change set position = 1 where position = 2"),
        ("gaps", "update terrace.tier_change set position = null where position = 2"),
        (
            "audit",
            "do $$ begin alter table terrace.audit disable trigger refuse_change; "
            "delete from terrace.audit where id = (select max(id) from terrace.audit); end $$",
        ),
        ("by hand", f"{BY_HAND} 'T9'{FOR_ONE}"),
        ("setting", f"{BY_HAND} 'T1'{FOR_ONE}"),
        ("marked", "insert into terrace.dirty (customer_id, from_month) values (1, '2025-03-01')"),
    ],
)
async def test_what_is_wrong_in_the_books_is_seen(stage: Stage, word: str, statement: str) -> None:
    one = "customer_id = (select min(customer_id) from terrace.balance)"
    world = stage.world
    await world.fetch("begin")  # the looks below are taken by the same session
    try:
        await world.fetch("set local session_replication_role = replica")
        await world.fetch(statement.replace("{one}", one))
        problems = await broken(world, stage.population, stage.books)
    finally:
        await world.fetch("rollback")
    assert any(word in problem for problem in problems), problems


async def test_a_reply_that_differs_from_the_first_one_is_seen(stage: Stage) -> None:
    request = stage.books.requests[0]
    told = dict(request.answer)
    request.answer["accepted"] += 1
    try:
        problems = await broken(stage.world, stage.population, stage.books)
    finally:
        request.answer.update(told)
    assert any("and later" in problem for problem in problems)


def test_the_way_out_takes_six_months_and_two_closes() -> None:
    """The same case as in docs/concepts/tiers.md, by the harness's own rules."""
    state, month, seen = State("ACTIVE", "T2"), MARCH, []
    for _ in range(8):
        state, rule = close(state, month, Fraction(150_000), ())
        seen.append((state.status, state.tier, state.k, state.n, state.r, rule))
        month = following(month)
    assert seen == [
        ("WATCH", "T2", 1, 1, 0, "BELOW_TIER"),
        ("WATCH", "T2", 2, 2, 0, "BELOW_TIER"),
        ("WATCH", "T1", 0, 3, 0, "FLOORED"),
        ("WATCH", "T1", 1, 4, 0, "BELOW_TIER"),
        ("WATCH", "T1", 2, 5, 0, "BELOW_TIER"),
        ("EXITED_UNRATED", None, 0, 0, 0, "EXITED"),
        ("EXITED_UNRATED", None, 0, 0, 1, "RETAINED"),
        ("REMOVED", None, 0, 0, 0, "REMOVED"),
    ]


def test_a_figure_is_summed_day_by_day_and_rounded_away_from_zero() -> None:
    account = Account("A", "C", "FUND", "USD", date(2025, 3, 3), date(2025, 3, 30))
    model = Model(
        {"A": account}, {"USD": [(date(2025, 1, 1), Fraction(7)), (date(2025, 3, 30), Fraction(8))]}
    )
    told = [
        ("u1", date(2025, 3, 1), 100),
        ("u2", date(2025, 3, 29), 5),
        ("u3", date(2025, 3, 29), 200),
    ]
    updates = [Update(name, "C", "A", day, cents, MARCH, name) for name, day, cents in told]
    sums = model.figure([account], Ledger(updates), MARCH, 31)
    assert sums == (0, 26 * 7 + 2 * 7 + 2 * 8, 0)
    assert shown(Fraction(-5, 1000)) == "-0.01"


def test_whether_a_late_update_is_seen_alone_or_with_the_next_one_are_two_histories() -> None:
    account = Account("A", "C", "FUND", "CNY", date(2025, 1, 1))
    model = Model({"A": account}, {}, closed=[MARCH])
    april = following(MARCH)
    told = [(MARCH, 60_000_000, MARCH), (MARCH, 110_000_000, april), (MARCH, 90_000_000, april)]
    updates = [Update(str(n), "C", "A", *rest, str(n)) for n, rest in enumerate(told)]  # type: ignore[arg-type]
    found = model.outcomes("C", updates, [account])
    assert found is not None
    assert {(history.pending, dict(history.figures)[MARCH][1]) for history in found} == {
        (None, 31 * 900_000),  # T2 as published: together, nothing is worse
        (MARCH, 31 * 1_100_000),  # T3 first, and then T2, which is for a review
    }


def test_the_model_shares_nothing_with_the_product() -> None:
    for name in ("model.py", "judging.py"):
        tree = ast.parse((Path(__file__).parent / name).read_text())
        modules = {
            alias.name.split(".")[0]
            for node in ast.walk(tree)
            if isinstance(node, ast.Import)
            for alias in node.names
        } | {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        ours = {m for m in modules if m and not m.startswith("tests.faults.")}
        assert ours <= {
            "bisect",
            "collections",
            "collections.abc",
            "dataclasses",
            "datetime",
            "fractions",
            "math",
        }


@pytest.mark.parametrize("name", SAFEGUARDS)
def test_a_safeguard_is_where_the_list_says(name: str) -> None:
    """`python -m tests.faults.without NAME` removes it and runs what must go red then."""
    safeguard = SAFEGUARDS[name]
    assert safeguard.text in (ROOT / safeguard.file).read_text()

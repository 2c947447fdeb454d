"""Recomputing beside whoever records: nothing that was committed in between is passed over."""

from typing import Any

import pytest

from repository import ledger
from repository.database import UNREACHABLE
from repository.figures import Claim, claim_dirty
from tests.house import House
from workers import recompute


@pytest.mark.parametrize(
    ("before", "between", "expected"),
    [
        (None, "2025-01-01", {"month": "2025-01", "total": "70.00", "days": 1}),
        ("2025-01-01", "2025-01-02", {"month": "2025-01", "total": "40.00", "days": 2}),
        ("2025-01-31", "2025-02-01", {"month": "2025-02", "total": "70.00", "days": 1}),
    ],
)
async def test_a_balance_that_moves_the_date_under_a_recompute_gets_its_figure(
    house: House,
    monkeypatch: pytest.MonkeyPatch,
    before: str | None,
    between: str,
    expected: dict[str, Any],
) -> None:
    await house.people(2)
    if before is not None:
        await house.record(("A1", before, "10.00"))
    recorded = False

    async def claim(*arguments: Any, **options: Any) -> list[Claim]:
        nonlocal recorded
        if not recorded:
            recorded = True  # committed after this batch began and before it claims anyone
            await house.record(("A1", between, "70.00"))
        return await claim_dirty(*arguments, **options)

    monkeypatch.setattr(recompute, "claim_dirty", claim)
    assert await recompute.recompute(house.database, 100) == 1
    assert await house.value("select count(*) from terrace.dirty") == 0
    stored = await house.fetch(
        "select as_of from terrace.aum where month = $1::text::date", expected["month"] + "-01"
    )
    assert [str(row["as_of"]) for row in stored] == [between]
    found = await house.aum("C1", expected["month"])
    assert found is not None
    assert {name: found[name] for name in expected} == expected


async def test_a_customer_who_is_dirty_already_is_not_caught_up_with_before_the_new_can_be_seen(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mark that changes nothing of the one before still holds it until it is committed."""
    await house.people(2)
    await house.record(("A1", "2025-01-02", "10.00"), ("A2", "2025-01-02", "10.00"))
    settle, caught_up = ledger.settle, -1

    async def meanwhile(*arguments: Any) -> Any:
        nonlocal caught_up
        caught_up = await recompute.recompute(house.database, 100)
        return await settle(*arguments)

    monkeypatch.setattr(ledger, "settle", meanwhile)
    await house.record(("A1", "2025-01-01", "30.00"))
    assert caught_up == 1  # C2 alone
    assert await recompute.recompute(house.database, 100) == 1
    found = await house.aum("C1", "2025-01")
    assert found is not None
    assert found["total"] == "20.00"


async def test_a_session_that_is_lost_is_no_customers_failure(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted as one it would make the customer wait, also beyond the cutoff of a close."""
    await house.people(2)
    await house.record(("A1", "2025-01-01", "100.00"), ("A2", "2025-01-01", "100.00"))
    write = recompute.write_aum

    async def ended(connection: Any, *arguments: Any) -> Any:
        await connection.execute("select pg_terminate_backend(pg_backend_pid())")
        return await write(connection, *arguments)

    monkeypatch.setattr(recompute, "write_aum", ended)
    with pytest.raises(UNREACHABLE):
        await recompute.recompute(house.database, 100)
    assert await house.value("select sum(tries) from terrace.dirty") == 0
    monkeypatch.setattr(recompute, "write_aum", write)
    assert await recompute.recompute(house.database, 100) == 2

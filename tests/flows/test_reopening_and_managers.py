"""Whose customers are whose after a month was opened again."""

from cli.session import OPERATOR
from domain.months import Month
from repository.calendar import publish_policy
from repository.manual_tier import set_tier
from tests.flows.test_reopening import SHORT, broken_chains, reopened, specially
from tests.house import House


async def test_a_member_by_hand_keeps_the_manager_when_the_month_before_is_closed_again(
    house: House,
) -> None:
    """Removed by February's close, and in March a manager's again, with a tier by hand."""
    await house.people(2)
    await publish_policy(house.database, SHORT, OPERATOR)
    await house.record(("A1", "2024-12-01", "300000.00"))
    for month in ("2024-12", "2025-01", "2025-02", "2025-03"):
        await house.record(("A1", f"{month}-02", "300000.00" if month == "2024-12" else "1.00"))
        await house.close(month)
        if (await house.standing("C1"))["status"] == "REMOVED":
            break
    assert (await house.standing("C1"))["status"] == "REMOVED"
    assert await house.value("select manager_id from terrace.customer where number = 'C1'") == 0
    await house.fetch("update terrace.customer set manager_id = 1 where number = 'C1'")
    await specially(house, set_tier, "C1", "T2")
    await house.work()
    await reopened(house, Month.parse(month))
    assert (await house.close(month)).epoch == 2
    assert (await house.standing("C1"))["tier"] == {"code": "T2"}
    assert await house.value("select manager_id from terrace.customer where number = 'C1'") == 1
    assert await broken_chains(house) == []

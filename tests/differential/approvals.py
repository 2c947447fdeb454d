"""Resolvers of decisions that need two people."""

# ruff: noqa: N802

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from tests.differential.paging import BY_APPROVAL
from tests.differential.rows import Row, View


def state_of(row: Row) -> str:
    """How far a request has come, its end by time included."""
    over = row["state"] == "PENDING" and row["expires_at"] <= datetime.now(UTC)
    return "EXPIRED" if over else row["state"]


def _moving(movement: str) -> Callable[[Any, Row], int]:
    return lambda _, source: source["effect"]["movements"].get(movement, 0)


class Approvals:
    """The part of the plain side that knows of requests; its other parts are in `Plain`."""

    view: View
    page: Callable[[str, list[Row], Any, dict[str, Any]], Row]

    def Query_approvals(self, source: Any, **given: Any) -> Row:
        return self.page("approval", self.view.all("approval"), BY_APPROVAL, given)

    def Customer_approvals(self, source: Row, **given: Any) -> Row:
        own = self.view.where("approval", customer_id=source["id"])
        return self.page("approval", own, BY_APPROVAL, given)

    def Approval_state(self, source: Row) -> str:
        return state_of(source)

    def Approval_customer(self, source: Row) -> Row | None:
        return self.view.one("customer", id=source["customer_id"])

    def Approval_branch(self, source: Row) -> Row | None:
        return self.view.one("branch", id=source["branch_id"])

    def Approval_effect(self, source: Row) -> Row | None:
        return None if source["effect_hash"] is None else Row("ApprovalEffect", source)

    def ApprovalEffect_hash(self, source: Row) -> str:
        return str(source["effect_hash"])

    def ApprovalEffect_customers(self, source: Row) -> int:
        return int(source["effect"]["customers"])

    def ApprovalEffect_aum(self, source: Row) -> str:
        return str(source["effect"]["aum"])

    def ApprovalEffect_managers(self, source: Row) -> list[Row]:
        return [Row("ApprovalManager", one) for one in source["effect"]["managers"]]

    def ApprovalEffect_detail(self, source: Row) -> Any:
        return source["effect"]["detail"]

    ApprovalEffect_entering = _moving("ENTERS")
    ApprovalEffect_rising = _moving("RISES")
    ApprovalEffect_falling = _moving("FALLS")
    ApprovalEffect_leaving = _moving("LEAVES")
    ApprovalEffect_otherwise = _moving("OTHERWISE")

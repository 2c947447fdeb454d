"""Resolvers of what a proposed policy would have done."""

# ruff: noqa: N802

from collections.abc import Callable
from typing import Any

from tests.differential.identifiers import key_of
from tests.differential.paging import BY_PREVIEW, BY_TOUCHED
from tests.differential.rows import Row, View


class Previews:
    """The part of the plain side that knows of previews; its other parts are in `Plain`."""

    view: View
    page: Callable[[str, list[Row], Any, dict[str, Any]], Row]

    def Query_tierPolicyPreview(self, source: Any, id: str) -> Row | None:
        return self.view.one("policy_preview", id=key_of("TierPolicyPreview", id))

    def Query_tierPolicyPreviews(self, source: Any, **given: Any) -> Row:
        return self.page("policy_preview", self.view.all("policy_preview"), BY_PREVIEW, given)

    def TierPolicyPreview_policy(self, source: Row) -> Row:
        return Row("ProposedPolicy", source["policy"])

    def TierPolicyPreview_stale(self, source: Row) -> bool:
        [counted] = self.view.all("corrections_made")
        ground = self.view.calendar["last_closed"], counted["last_value"]
        return ground != (source["last_closed"], source["corrections_made"])

    def TierPolicyPreview_matrix(self, source: Row) -> list[Row]:
        return [Row("PolicyMatrixCell", cell) for cell in source["matrix"] or ()]

    def TierPolicyPreview_byTier(self, source: Row) -> list[Row]:
        return [Row("PolicyPlace", place) for place in source["places"] or ()]

    def TierPolicyPreview_movements(self, source: Row) -> list[Row]:
        return [Row("PolicyMovementCount", counted) for counted in source["movements"] or ()]

    def TierPolicyPreview_managers(self, source: Row) -> list[Row]:
        return [Row("PolicyTouchedManager", counted) for counted in source["managers"] or ()]

    def PolicyTouchedManager_manager(self, source: Row) -> Row | None:
        return self.view.one("manager", id=source["manager_id"])

    PolicyPreviewCustomer_manager = PolicyTouchedManager_manager

    def PolicyPreviewCustomer_customer(self, source: Row) -> Row | None:
        return self.view.one("customer", id=source["customer_id"])

    def TierPolicyPreview_touchedCustomers(self, source: Row, **given: Any) -> Row:
        done = source["state"] == "DONE"
        found = self.view.where("policy_preview_customer", preview_id=source["id"])
        return self.page("policy_preview_customer", found if done else [], BY_TOUCHED, given)

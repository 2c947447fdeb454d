"""A resolver for every field that is not simply a column of its row.

Methods and arguments have the names of the schema: that is how they are found.
"""

# ruff: noqa: N802, N803

from base64 import b64encode
from collections.abc import Callable
from typing import Any

from tests.differential import figures
from tests.differential.approvals import Approvals
from tests.differential.choosing import chosen, is_valid
from tests.differential.feeds import feeds
from tests.differential.identifiers import KEYS, Cursors, key_of, read_id
from tests.differential.paging import (
    BY_CORRECTION,
    BY_KEY,
    BY_MANAGER,
    BY_POSITION,
    BY_REVOCATION,
    BY_SIGNAL,
    NEWEST_FIRST,
    customers_by,
    page,
)
from tests.differential.previews import Previews
from tests.differential.refusals import NoBusinessDate, refused
from tests.differential.rows import Row, View

CLEAR_TO = ("customer",)


_TOPICS = {
    "TIER_CHANGES": "tier_change",
    "RISK_SIGNALS": "risk_signal",
    "APPROVALS": "approval",
}


class Plain(Previews, Approvals):
    """The resolvers for one actor: `Type.field` is the method `Type_field`."""

    def __init__(self, view: View, cursors: Cursors) -> None:
        self.view = view
        self.cursors = cursors
        self.seen: set[str] = set()

    def of(self, name: str) -> Callable[..., Any] | None:
        """The resolver of `Type_field`, if it has one."""
        return getattr(self, name, None)

    def saw(self, type_name: str, field_name: str, value: Any, arguments: dict[str, Any]) -> Any:
        """Note what was answered: a field with a value, and the arguments it was asked with."""
        if value is not None:
            self.seen.add(f"{type_name}.{field_name}")
        for name, given in arguments.items():
            self.seen.add(f"{type_name}.{field_name}({name}: {'null' if given is None else '...'})")
        return value

    def page(self, table: str, rows: list[Row], ordering: Any, given: dict[str, Any]) -> Row:
        """A connection over rows of a table."""
        window = {name: given.get(name) for name in ("first", "after", "last", "before")}
        where = given.get("where")
        return page(lambda: chosen(self.view, table, rows, where), ordering, self.cursors, **window)

    # Query

    def _by_id(self, given: str) -> Row | None:
        kind, numbers = read_id(given)
        if kind not in KEYS or len(numbers) != len(KEYS[kind][1]):
            return None
        table, columns = KEYS[kind]
        found = self.view.one(table, **dict(zip(columns, numbers, strict=True)))
        unpublished = kind == "TierChange" and found is not None and found["position"] is None
        return None if unpublished else found

    def Query_node(self, source: Any, id: str) -> Row | None:
        return self._by_id(id)

    def Query_nodes(self, source: Any, ids: list[str]) -> list[Row | None]:
        if len(ids) > 100:
            raise refused(f"at most 100 ids at once, not {len(ids)}")
        return [self._by_id(given) for given in ids]

    def Query_viewer(self, source: Any) -> Row:
        actor = self.view.actor
        own = {}
        for kind in ("customer", "manager", "branch"):
            mine = str(actor.role) == kind
            own[kind] = self.view.one(kind, id=actor.scope_id) if mine else None
        named = {"role": str(actor.role).upper(), "scope": str(actor.scope).upper()}
        return Row(
            "Viewer", {**named, "subject": actor.subject, "channel": str(actor.channel), **own}
        )

    def Query_calendar(self, source: Any) -> Row:
        return self.view.calendar

    def Query_eventCursor(self, source: Any, feed: str) -> str:
        topic = _TOPICS[feed]
        [found] = self.view.where("feed", topic=topic)
        return b64encode(f"{topic}:{found['head']}".encode()).decode()

    def BusinessCalendar_lastClosedMonth(self, source: Row) -> Any:
        return source["last_closed"]

    def _by(self, table: str, kind: str, by: dict[str, str]) -> Row | None:
        if "number" in by:
            return self.view.one(table, number=by["number"])
        return self.view.one(table, id=key_of(kind, by["id"]))

    def Query_customer(self, source: Any, by: dict[str, str]) -> Row | None:
        return self._by("customer", "Customer", by)

    def Query_manager(self, source: Any, by: dict[str, str]) -> Row | None:
        return self._by("manager", "Manager", by)

    def Query_customers(self, source: Any, orderBy: Any = None, **given: Any) -> Row:
        return self.page("customer", self.view.all("customer"), customers_by(orderBy), given)

    def Query_managers(self, source: Any, **given: Any) -> Row:
        return self.page("manager", self.view.all("manager"), BY_MANAGER, given)

    def Query_branches(self, source: Any) -> list[Row]:
        return sorted(self.view.all("branch"), key=lambda row: row["code"])

    def Query_tiers(self, source: Any, asOf: Any = None) -> list[Row]:
        month = asOf or self.view.calendar["open_month"]
        return figures.tiers_of(self.view, figures.policy_row(self.view, month))

    def Query_tierPolicies(self, source: Any) -> list[Row]:
        return sorted(self.view.all("tier_policy"), key=lambda row: row["version"])

    def _published(self) -> list[Row]:
        return [row for row in self.view.all("tier_change") if row["position"] is not None]

    def Query_tierChanges(self, source: Any, **given: Any) -> Row:
        return self.page("tier_change", self._published(), BY_POSITION, given)

    def Query_riskSignals(self, source: Any, **given: Any) -> Row:
        return self.page("risk_signal", self.view.all("risk_signal"), BY_SIGNAL, given)

    def Query_corrections(self, source: Any, **given: Any) -> Row:
        return self.page("correction", self.view.all("correction"), BY_CORRECTION, given)

    def Query_apiKeys(self, source: Any, **given: Any) -> Row:
        return self.page("api_key", self.view.all("api_key"), BY_KEY, given)

    def Query_revocations(self, source: Any, **given: Any) -> Row:
        return self.page("revocation", self.view.all("revocation"), BY_REVOCATION, given)

    def Query_auditEntries(self, source: Any, **given: Any) -> Row:
        return self.page("audit", self.view.all("audit"), NEWEST_FIRST, given)

    def Query_vipStatistics(self, source: Any, month: Any = None, branch: Any = None) -> Row:
        if branch is None:
            return figures.statistics(self.view, month)
        return figures.statistics(self.view, month, branch_id=key_of("Branch", branch))  # type: ignore[arg-type]

    def Query_feeds(self, source: Any, month: Any = None) -> list[Row]:
        return feeds(self.view, month)

    # Access

    def ApiKey_grants(self, source: Row) -> list[str]:
        return sorted(grant.replace(":", "_").upper() for grant in source["grants"])

    def ApiKey_valid(self, source: Row) -> bool:
        return is_valid(source)

    def ApiKey_replaces(self, source: Row) -> Row | None:
        return source["replaces"] and self.view.one("api_key", id=source["replaces"])

    def Revocation_role(self, source: Row) -> str | None:
        return source["role"] and source["role"].upper()

    def Revocation_subject(self, source: Row) -> str | None:
        return source["bearer"]

    # Customers

    def _masked(self, value: str | None, mask: Callable[[str], str | None]) -> str | None:
        clear = value is None or str(self.view.actor.role) in CLEAR_TO
        return value if clear else mask(value)  # type: ignore[arg-type]

    def Customer_phone(self, source: Row) -> str | None:
        return self._masked(
            source["phone"], lambda v: f"{v[:3]}****{tail(v, min(4, max(len(v) - 7, 0)))}"
        )

    def Customer_email(self, source: Row) -> str | None:
        return self._masked(
            source["email"], lambda v: f"{v[:1]}***{v[v.index('@') :] if '@' in v else ''}"
        )

    def Customer_idDocument(self, source: Row) -> str | None:
        return self._masked(
            source["id_document"], lambda v: f"{v[:1]}****{tail(v, min(2, max(len(v) - 5, 0)))}"
        )

    def Customer_address(self, source: Row) -> str | None:
        return self._masked(source["address"], lambda v: f"{v[: min(6, len(v) // 3)]}****")

    def Customer_birthDate(self, source: Row) -> Any:
        return source["birth_date"] if str(self.view.actor.role) in CLEAR_TO else None

    def Customer_branch(self, source: Row) -> Row | None:
        return self.view.one("branch", id=source["branch_id"])

    def Customer_manager(self, source: Row) -> Row | None:
        return self.view.one("manager", id=source["manager_id"])

    def Customer_accounts(self, source: Row, where: Any = None) -> list[Row]:
        held = self.view.where("account", customer_id=source["id"])
        return sorted(chosen(self.view, "account", held, where), key=lambda row: row["number"])

    def Customer_aum(self, source: Row, month: Any = None) -> Row | None:
        return figures.aum(self.view, source, month)

    def Customer_aumHistory(self, source: Row, last: int | None = 12) -> list[Row]:
        count = 12 if last is None else last
        if not 1 <= count <= 120:
            raise refused(f"last takes 1 to 120 months, not {count}")
        return figures.aum_history(self.view, source, count)

    def Customer_standing(self, source: Row, month: Any = None) -> Row:
        return figures.standing(self.view, source, month)

    def Customer_outlook(self, source: Row) -> Row:
        policy, seen = figures.outlook_of(self.view, source)
        values = {name: getattr(seen, name) for name in seen.__slots__}
        for name in ("average_to_date", "projected_average"):
            exact = values[name]
            values[name] = figures.average(exact.sum, exact.days)
        for name in ("month", "effective_from"):
            values[name] = values[name].first_day
        for name in ("projected_tier", "next_tier"):
            code = values[name]
            values[name] = None if code is None else _tier_row(policy.tier(code))
        return Row("TierOutlook", values)

    def Customer_tierChanges(self, source: Row, **given: Any) -> Row:
        own = [row for row in self._published() if row["customer_id"] == source["id"]]
        return self.page("tier_change", own, BY_POSITION, given)

    def Customer_riskSignals(self, source: Row, **given: Any) -> Row:
        own = self.view.where("risk_signal", customer_id=source["id"])
        return self.page("risk_signal", own, BY_SIGNAL, given)

    def Customer_corrections(self, source: Row, **given: Any) -> Row:
        own = self.view.where("correction", customer_id=source["id"])
        return self.page("correction", own, BY_CORRECTION, given)

    # What belongs to customers

    def _customer(self, source: Row) -> Row | None:
        return self.view.one("customer", id=source["customer_id"])

    Account_customer = TierChange_customer = RiskSignal_customer = _customer
    Correction_customer = _customer

    def _tier(self, version: int, code: str | None) -> Row | None:
        return self.view.one("tier", policy_version=version, code=code)

    def Standing_month(self, source: Row) -> Any:
        if source["month"] is None:
            raise NoBusinessDate
        return source["month"]

    VipStatistics_month = Feed_month = Standing_month

    def Standing_tier(self, source: Row) -> Row | None:
        return (
            None if source["tier"] is None else self._tier(source["policy_version"], source["tier"])
        )

    def Standing_decision(self, source: Row) -> Row | None:
        return None if source["rule"] is None else source

    def TierChange_decision(self, source: Row) -> Row:
        return source

    def TierDecision_month(self, source: Row) -> Any:
        return source["decision_month"]

    def TierDecision_policy(self, source: Row) -> Row | None:
        return self.view.one("tier_policy", version=source["policy_version"])

    def TierDecision_judged(self, source: Row) -> list[Row]:
        return [Row("JudgedMonth", judged) for judged in source["judged"]]

    def TierDecision_explanation(self, source: Row) -> str:
        return figures.explanation(self.view, source)

    def TierDecision_decidedAt(self, source: Row) -> Any:
        return source["recorded_at"]

    def JudgedMonth_reached(self, source: Row) -> Row | None:
        policy = figures.policy_row(self.view, figures.first_of(source["month"]))
        if policy is None or source["reached"] is None:
            return None
        return self._tier(policy["version"], source["reached"])

    def TierChange_manager(self, source: Row) -> Row | None:
        return self.view.one("manager", id=source["responsible_id"])

    def TierChange_fromTier(self, source: Row) -> Row | None:
        return self._tier(source["from_policy_version"], source["from_tier"])

    def TierChange_toTier(self, source: Row) -> Row | None:
        return self._tier(source["policy_version"], source["to_tier"])

    def _tier_in(self, month: Any, code: str | None) -> Row | None:
        policy = figures.policy_row(self.view, month)
        return None if policy is None else self._tier(policy["version"], code)

    def Correction_figures(self, source: Row) -> list[Row]:
        return [Row("CorrectedFigure", figure) for figure in source["figures"]]

    def Correction_fromTier(self, source: Row) -> Row | None:
        return self._tier_in(source["posted_in"], source["from_tier"])

    def Correction_toTier(self, source: Row) -> Row | None:
        return self._tier_in(source["posted_in"], source["to_tier"])

    def RiskSignal_reportedBy(self, source: Row) -> Row | None:
        return self.view.one("manager", id=source["reporter_id"])

    def AuditEntry_role(self, source: Row) -> str:
        return str(source["role"]).upper()

    def AuditEntry_seal(self, source: Row) -> Row | None:
        return self.view.one("audit_seal", audit_id=source["id"])

    def AuditSeal_position(self, source: Row) -> str:
        return str(source["position"])

    def AuditSeal_hash(self, source: Row) -> str:
        return str(source["hash"].hex())

    # The organisation

    def TierPolicy_tiers(self, source: Row) -> list[Row]:
        return figures.tiers_of(self.view, source)

    def Manager_branch(self, source: Row) -> Row | None:
        return self.view.one("branch", id=source["branch_id"])

    def Manager_customers(self, source: Row, orderBy: Any = None, **given: Any) -> Row:
        own = self.view.where("customer", manager_id=source["id"])
        return self.page("customer", own, customers_by(orderBy), given)

    def Manager_vipStatistics(self, source: Row, month: Any = None) -> Row:
        return figures.statistics(self.view, month, manager_id=source["id"])

    def Branch_parent(self, source: Row) -> Row | None:
        return self.view.one("branch", id=source["parent_id"])

    def Branch_managers(self, source: Row, **given: Any) -> Row:
        own = self.view.where("manager", branch_id=source["id"])
        return self.page("manager", own, BY_MANAGER, given)

    def Branch_vipStatistics(self, source: Row, month: Any = None) -> Row:
        return figures.statistics(self.view, month, branch_id=source["id"])


def tail(value: str, count: int) -> str:
    """The last so many letters, none for 0."""
    return value[len(value) - count :]


def _tier_row(tier: Any) -> Row:
    names = ("code", "name", "rank", "threshold")
    return Row("Tier", {name: getattr(tier, name) for name in names})

"""Figures in plain Python: averages, standings in force, statistics, the outlook, the reasons.

The outlook and the reasons of a decision are rules of the domain and asked there; everything else
that the engine has in SQL is said again here.
"""

from calendar import monthrange
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from domain.decision import Decision
from domain.explanation import explain
from domain.money import Average
from domain.months import Month
from domain.outlook import outlook
from domain.policy import TierPolicy, in_force, parse_policy
from domain.special import Grant
from domain.standing import NON_MEMBER, Standing
from tests.differential.refusals import NoBusinessDate
from tests.differential.rows import Row, View

PARTS = ("deposits", "investments", "settlement_funds")


def last_day(month: date) -> date:
    """The last day of a month given by its first."""
    return month.replace(day=monthrange(month.year, month.month)[1])


def months_before(month: date, count: int) -> date:
    """The first day of the month so many months earlier."""
    year, index = divmod(month.year * 12 + month.month - 1 - count, 12)
    return date(year, index + 1, 1)


def average(total: Decimal, days: int) -> Decimal:
    """Sum over days, half away from zero, to the cent."""
    exact = Fraction(total) * 100 / days
    cents = int(abs(exact) + Fraction(1, 2))
    return Decimal(f"{'-' if exact < 0 and cents else ''}{cents // 100}.{cents % 100:02}")


# Assets under management


def aum_figures(stored: list[Row], calendar: Row) -> list[Row]:
    """Every month's figure, an open one carried on from its last computed day."""
    business_date, opened = calendar["business_date"], calendar["open_month"]
    found = []
    for row in stored:
        end = min(business_date, last_day(row["month"]))
        ahead = max((end - row["as_of"]).days, 0)
        found.append(_figure(row, row["month"], max(row["as_of"], end), ahead, calendar))
    have = {row["customer_id"] for row in stored if row["month"] == opened}
    for row in stored:
        closed_last = row["month"] == calendar["last_closed"]
        if closed_last and business_date >= opened and row["customer_id"] not in have:
            end = min(business_date, last_day(opened))
            bare = Row("", {**row, **{f"{part}_sum": Decimal(0) for part in PARTS}})
            bare["divisor"] = last_day(opened).day
            found.append(_figure(bare, opened, end, end.day, calendar))
    return found


def _figure(row: Row, month: date, as_of: date, ahead: int, calendar: Row) -> Row:
    closed = calendar["last_closed"]
    final = closed is not None and month <= closed
    whole = final or as_of == last_day(month)
    sums = {part: row[f"{part}_sum"] + row[f"{part}_level"] * ahead for part in PARTS}
    days = row["divisor"] if whole else as_of.day
    return Row(
        "Aum",
        {
            "customer_id": row["customer_id"],
            "manager_id": row["manager_id"],
            "branch_id": row["branch_id"],
            "month": month,
            **{part: average(total, days) for part, total in sums.items()},
            "total": average(sum(sums.values(), Decimal(0)), days),
            "sum": sum(sums.values(), Decimal(0)),
            "level": sum((row[f"{part}_level"] for part in PARTS), Decimal(0)),
            "days": days,
            "as_of": as_of,
            "final": final,
            "complete": row["complete"],
        },
    )


def aum(view: View, customer: Row, month: date | None) -> Row | None:
    """The figure of a month, the open one if none is given."""
    asked = month or view.calendar["open_month"]
    found = [f for f in view.figures_by_customer.get(customer["id"], []) if f["month"] == asked]
    return found[0] if found else None


def aum_history(view: View, customer: Row, count: int) -> list[Row]:
    """The figures of the last months up to the open one."""
    opened = view.calendar["open_month"]
    if opened is None:
        return []
    since = months_before(opened, count)
    figures = view.figures_by_customer.get(customer["id"], [])
    return [figure for figure in figures if since < figure["month"] <= opened]


# Standings


def latest(view: View, customer_id: int, month: date | None = None) -> Row | None:
    """The standing in force, now or at the end of a month."""
    standings = view.standings_by_customer.get(customer_id, [])
    upto = [s for s in standings if month is None or s["month"] <= month]
    return upto[-1] if upto else None


def standing(view: View, customer: Row, month: date | None) -> Row:
    """The same, or what is said of who has none."""
    found = latest(view, customer["id"], month)
    if found is not None:
        return found
    return Row(
        "Standing",
        {
            "month": month or view.calendar["open_month"],
            "status": "NON_MEMBER",
            "tier": None,
            "since": None,
            "shortfall_months": 0,
            "below_entry_months": 0,
            "retention_closes": 0,
            "special_until": None,
            "rule": None,
        },
    )


def first_of(month: str) -> date:
    """The first day of a month written YYYY-MM."""
    return date.fromisoformat(f"{month}-01")


def month_text(day: date | None) -> str | None:
    """`2025-04`"""
    return None if day is None else f"{day.year:04}-{day.month:02}"


def state(row: Row) -> dict[str, Any]:
    """The whole state of a stored standing."""
    return {
        "status": row["status"],
        "tier": row["tier"],
        "since": month_text(row["since"]),
        "shortfall_months": row["shortfall_months"],
        "below_entry_months": row["below_entry_months"],
        "retention_closes": row["retention_closes"],
        "history": row["history"],
        "terminated": row["terminated"],
    }


# Policies


def policy_row(view: View, month: date | None) -> Row | None:
    """The policy in force in a month."""
    policies = view.all("tier_policy")
    if month is not None:
        policies = [policy for policy in policies if policy["effective_from"] <= month]
    return max(policies, key=lambda p: (p["effective_from"], p["version"]), default=None)


def tiers_of(view: View, policy: Row | None) -> list[Row]:
    """A policy's own tiers, lowest first."""
    if policy is None:
        return []
    own = [t for t in view.where("tier", policy_version=policy["version"]) if not t["dropped"]]
    return sorted(own, key=lambda tier: tier["rank"])


def policies(view: View) -> list[TierPolicy]:
    """Every policy as the domain has it."""
    listed = sorted(view.all("tier_policy"), key=lambda row: row["version"])
    return [parse_policy(row["document"], row["version"]) for row in listed]


def explanation(view: View, row: Row) -> str:
    """The reasons of a decision, of a standing or of a tier change."""
    after = state(row) if row.kind == "Standing" else row["state"]
    known = policies(view)
    decision = Decision.from_document(
        {
            "month": month_text(row["decision_month"]) or "",
            "before": row["before"] or after,  # type: ignore[typeddict-item]
            "after": after,  # type: ignore[typeddict-item]
            "rule": row["rule"],
            "policy_version": row["policy_version"],
            "judged": row["judged"],
        }
    )
    under = next(policy for policy in known if policy.version == row["policy_version"])
    return explain(decision, under, known)


def outlook_of(view: View, customer: Row) -> Any:
    """What the open month will bring."""
    business_date = view.calendar["business_date"]
    if business_date is None:
        raise NoBusinessDate
    opened = Month.of(view.calendar["open_month"])
    as_of = max(opened.first_day, min(business_date, opened.last_day))
    figure = aum(view, customer, None)
    replayed = view.one("replayed_standing", customer_id=customer["id"], month=opened.first_day)
    now = latest(view, customer["id"])
    if replayed is not None:
        stands = Standing.from_document(replayed["state"])
    else:
        stands = NON_MEMBER if now is None else Standing.from_document(state(now))  # type: ignore[arg-type]
    policy = in_force(policies(view), opened)
    grants = view.where("special_grant", customer_id=customer["id"])
    return policy, outlook(
        stands,
        Average(Decimal(0), as_of.day)
        if figure is None
        else Average(figure["sum"], figure["days"]),
        Decimal(0) if figure is None else figure["level"],
        opened,
        as_of,
        policy,
        [
            Grant(grant["starts"], grant["until"], grant["revoked_on"])
            for grant in sorted(grants, key=lambda grant: grant["id"])
        ],
        complete=True if figure is None else figure["complete"],
    )


# Statistics


def statistics(view: View, month: date | None, **belongs: int) -> Row:
    """Counts over the standings of one month, of those that belong to a branch or manager."""
    asked = month or view.calendar["open_month"]
    standings = [
        row
        for listed in view.standings_by_customer.values()
        for row in listed
        if row["month"] == asked and all(row[name] == key for name, key in belongs.items())
    ]
    count = dict.fromkeys(("ACTIVE", "WATCH", "SPECIAL", "EXITED_UNRATED"), 0)
    for row in standings:
        count[row["status"]] = count.get(row["status"], 0) + 1
    members = [row for row in standings if row["status"] in ("ACTIVE", "WATCH")]
    return Row(
        "VipStatistics",
        {
            "month": asked,
            "assessed": count["ACTIVE"] + count["WATCH"],
            "watch": count["WATCH"],
            "special": count["SPECIAL"],
            "total": count["ACTIVE"] + count["WATCH"] + count["SPECIAL"],
            "exited_unrated": count["EXITED_UNRATED"],
            "by_tier": _by_tier(view, asked, members),
        },
    )


def _by_tier(view: View, month: date | None, members: Iterable[Row]) -> list[Row]:
    policy = policy_row(view, month)
    if policy is None:
        return []
    holders: dict[str, set[int]] = {}
    for row in members:
        holders.setdefault(row["tier"], set()).add(row["customer_id"])
    shown = []
    for tier in view.where("tier", policy_version=policy["version"]):
        held = holders.get(tier["code"], set())
        if tier["dropped"] and not held:
            continue
        figures = [f for f in view.figures if f["month"] == month and f["customer_id"] in held]
        total = sum((figure["total"] for figure in figures), Decimal("0.00"))
        shown.append(Row("TierCount", {"tier": tier, "customers": len(held), "aum": total}))
    return sorted(shown, key=lambda row: (row["tier"]["threshold"], row["tier"]["code"]))

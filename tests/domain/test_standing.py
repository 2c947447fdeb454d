import json

from domain.decision import Decision, Rule
from domain.standing import NON_MEMBER, Standing, Status
from tests.domain.builders import APRIL, TERMINATED, member, run_of


def test_a_customer_begins_as_no_member() -> None:
    assert Standing() == NON_MEMBER
    assert NON_MEMBER.status is Status.NON_MEMBER
    assert not NON_MEMBER.assessed
    assert NON_MEMBER.window == ()


def test_the_window_is_the_tiers_reached_in_the_months_below_the_own_tier() -> None:
    after_a_demotion = Standing(
        Status.WATCH, "T2", None, 1, 3, history=run_of(150_000, 160_000, 170_000)
    )
    assert member("T3", 600_000, 0, n=1).window == ("T2", None)
    assert after_a_demotion.window == (None,)


def test_a_decision_is_plain_json() -> None:
    decision = Decision(
        APRIL,
        member("T3", 600_000),
        TERMINATED,
        Rule.TERMINATED,
        policy_version=4,
        judged=run_of(199_999),
    )
    text = json.dumps(decision.to_document())
    assert json.loads(text) == {
        "month": "2025-04",
        "before": {
            "status": "WATCH",
            "tier": "T3",
            "since": "2024-01",
            "shortfall_months": 1,
            "below_entry_months": 0,
            "retention_closes": 0,
            "history": [{"month": "2025-03", "total": "600000.00", "reached": "T2"}],
            "terminated": False,
        },
        "after": {
            "status": "REMOVED",
            "tier": None,
            "since": "2025-01",
            "shortfall_months": 0,
            "below_entry_months": 0,
            "retention_closes": 0,
            "history": [],
            "terminated": True,
        },
        "rule": "TERMINATED",
        "policy_version": 4,
        "judged": [{"month": "2025-03", "total": "199999.00", "reached": None}],
    }
    assert Decision.from_document(json.loads(text)) == decision

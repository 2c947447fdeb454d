"""Documents that reach every type and relation of the schema, for tests of what may be seen."""

from collections.abc import Mapping, Sequence

GOLDEN: dict[str, str] = {
    "customers": """{ customers(first: 100) { totalCount nodes { id number name kind status phone
        email idDocument birthDate address branch { code } manager { number } } } }""",
    "holdings": """{ customers(first: 100) { nodes { number
        accounts { id number customer { number } productClass currency balance balanceAsOf }
        aum { total } aumHistory(last: 3) { month total final } } } }""",
    "standings": """{ customers(first: 100) { nodes { number standing { status tier { code name }
        since decision { rule explanation policy { version } judged { month total
        reached { code } } } } outlook { projectedAverage nextTier { code } } } } }""",
    "previews": """{ tierPolicyPreviews(first: 10) { totalCount nodes { id state stale customers
        matrix { toTier customers } managers { manager { number } customers }
        touchedCustomers(first: 10, where: {toTier: {eq: "T1"}}) { totalCount nodes {
        customer { number } manager { number } movement fromStatus toTier aumAfter } } } } }""",
    "events": """{ tierChanges(first: 100) { totalCount nodes { id kind customer { number }
        manager { number } toTier { code } decision { rule } } }
        customers(first: 100) { nodes { tierChanges(first: 10) { nodes { kind } }
        riskSignals(first: 10) { totalCount nodes { code facts reportedBy { number } } } } } }""",
    "signals": """{ riskSignals(first: 100) { totalCount nodes { id severity customer { number }
        reportedBy { number branch { code } } } } }""",
    "corrections": """{ corrections(first: 100) { totalCount nodes { id month postedIn state
        approvedBy figures { month old new complete } customer { number } fromStatus
        fromTier { code } fromSince toStatus toTier { code } toShortfallMonths } }
        waiting: corrections(first: 5, where: {state: {eq: PENDING_REVIEW}}) { totalCount
        nodes { id } }
        customers(first: 100) { nodes { corrections(first: 5) { totalCount } } } }""",
    "managers": """{ managers(first: 100) { totalCount nodes { id number branch { code }
        customers(first: 100) { totalCount nodes { number } }
        vipStatistics { assessed total byTier { customers aum } } } } }""",
    "branches": """{ branches { code managers(first: 100) { nodes { number } }
        vipStatistics { assessed watch total exitedUnrated byTier { tier { code } customers aum }
        } } }""",
    "statistics": "{ vipStatistics { month assessed byTier { tier { code } customers aum } } }",
    "feeds": """query ($month: Month) { feeds { code name productClasses expectedSince
        expectedUntil month missingDays } past: feeds(month: $month) { expectedDays completeDays
        missingDays } }""",
    "audit": """{ auditEntries(first: 100) { totalCount nodes { id recordedAt businessDate
        principal role channel origin action subject before after reason detail
        seal { position hash sealedAt } } pageInfo { hasNextPage endCursor } } }""",
    "filters": """{ customers(first: 100, where: {or: [{vipStatus: {eq: ACTIVE}},
        {tier: {eq: "T1"}},
        {name: {contains: "Customer"}}]}, orderBy: {field: NAME, direction: DESC}) {
        edges { cursor node { number } } pageInfo { hasNextPage endCursor } } }""",
    "searches": """{ customers(first: 100, where: {or: [{search: "customer 1"},
        {name: {contains: "mer 2"}}, {number: {startsWith: "C3"}}, {phone: {endsWith: "04"}}]}) {
        totalCount nodes { number } } }""",
    "everyone": """query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id
        ... on Customer { number } ... on Account { number } ... on Manager { number }
        ... on TierChange { kind } ... on RiskSignal { code } ... on Correction { state } } }""",
    "node": """query ($id: ID!) { node(id: $id) { id ... on Customer { number
        accounts { number } standing { status } } } }""",
    "profile": """query ($number: String!) { customer(by: {number: $number}) { number name
        standing { status since tier { code name rank } } manager { number name }
        branch { code name } accounts { number productClass currency balance balanceAsOf }
        aumHistory(last: 12) { month total deposits investments settlementFunds final }
        riskSignals(first: 5) { nodes { code severity state reportedAt }
        pageInfo { hasNextPage } } } }""",
    "portfolio": """query ($manager: String!) { manager(by: {number: $manager}) {
        customers(first: 50) { nodes { number name standing { status tier { code name } }
        accounts { number productClass balance } } pageInfo { hasNextPage } } } }""",
    "tiny": """query ($number: String!) { customer(by: {number: $number}) { number name
        status } }""",
}

PAYLOADS: dict[str, str] = {
    "assign_manager": """mutation ($id: ID!) { assignManager(input: {customer: $id,
        reason: "none"}) { customer { number manager { number } accounts { number } }
        errors { code } } }""",
    "raise_risk_signal": """mutation ($id: ID!) { raiseRiskSignal(input: {customer: $id,
        code: "OUTFLOW", severity: RED, facts: "gone"}) { signal { id code customer { number
        standing { status } accounts { number balance } } reportedBy { number } }
        errors { code } } }""",
}
"""Mutations, for what they read of their result."""

EVENTS: dict[str, str] = {
    "tier_changed": """subscription { tierChanged(where: {toStatus: {eq: ACTIVE}}) { cursor
        change { id kind customer { number accounts { number } } toTier { code } } } }""",
    "risk_signal_changed": """subscription ($code: String) { riskSignalChanged(
        where: {code: {eq: $code}}) { cursor signal { id code customer { number }
        reportedBy { number } } } }""",
}


def variables_of(document: str, ids: Sequence[str] = ()) -> dict[str, object]:
    """Values for the variables that one of these documents declares."""
    values: Mapping[str, object] = {
        "ids": list(ids),
        "id": ids[0] if ids else "Q3VzdG9tZXI6MQ==",
        "number": "C1",
        "manager": "M1",
        "code": "OUTFLOW",
        "month": "2025-01",
    }
    return {name: value for name, value in values.items() if f"${name}:" in document}

"""Documents that reach every type and relation of the schema, for tests of what may be seen."""

GOLDEN: dict[str, str] = {
    "customers": """{ customers(first: 100) { totalCount nodes { id number name kind status phone
        email idDocument birthDate address branch { code } manager { number } } } }""",
    "holdings": """{ customers(first: 100) { nodes { number
        accounts { id number customer { number } productClass currency balance balanceAsOf }
        aum { total } aumHistory(last: 3) { month total final } } } }""",
    "standings": """{ customers(first: 100) { nodes { number standing { status tier { code name }
        since decision { rule explanation policy { version } judged { month total
        reached { code } } } } outlook { projectedAverage nextTier { code } } } } }""",
    "events": """{ tierChanges(first: 100) { totalCount nodes { id kind customer { number }
        manager { number } toTier { code } decision { rule } } }
        customers(first: 100) { nodes { tierChanges(first: 10) { nodes { kind } }
        riskSignals(first: 10) { totalCount nodes { code facts reportedBy { number } } } } } }""",
    "signals": """{ riskSignals(first: 100) { totalCount nodes { id severity customer { number }
        reportedBy { number branch { code } } } } }""",
    "managers": """{ managers(first: 100) { totalCount nodes { id number branch { code }
        customers(first: 100) { totalCount nodes { number } }
        vipStatistics { assessed total byTier { customers aum } } } } }""",
    "branches": """{ branches { code managers(first: 100) { nodes { number } }
        vipStatistics { assessed watch total exitedUnrated byTier { tier { code } customers aum }
        } } }""",
    "statistics": "{ vipStatistics { month assessed byTier { tier { code } customers aum } } }",
    "filters": """{ customers(first: 100, where: {or: [{vipStatus: {eq: ACTIVE}},
        {tier: {eq: "T1"}},
        {name: {contains: "Customer"}}]}, orderBy: {field: NAME, direction: DESC}) {
        totalCount edges { cursor node { number } } pageInfo { hasNextPage endCursor } } }""",
    "everyone": """query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id
        ... on Customer { number } ... on Account { number } ... on Manager { number }
        ... on TierChange { kind } ... on RiskSignal { code } } }""",
}

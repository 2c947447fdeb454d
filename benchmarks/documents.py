"""The GraphQL documents of the read benchmarks, and the writing one."""

PROFILE = """
query Profile($number: String!) {
  customer(by: {number: $number}) {
    number
    name
    standing { status since tier { code name rank } }
    manager { number name }
    branch { code name }
    accounts { number productClass currency balance balanceAsOf }
    aumHistory(last: 12) { month total deposits investments settlementFunds final }
    riskSignals(first: 5) {
      nodes { code severity state reportedAt }
      pageInfo { hasNextPage }
    }
  }
}
"""

LIST = """
query Portfolio($manager: String!) {
  manager(by: {number: $manager}) {
    customers(first: 50) {
      nodes {
        number
        name
        standing { status tier { code name } }
        accounts { number productClass balance }
      }
      pageInfo { hasNextPage }
    }
  }
}
"""

TINY = """
query Tiny($number: String!) {
  customer(by: {number: $number}) { number name }
}
"""

RECORD = """
mutation Record($input: RecordBalancesInput!) {
  recordBalances(input: $input) {
    accepted
    duplicates
    rejected { index code }
    errors { code message }
  }
}
"""

CHANGES = """
subscription Changes {
  tierChanged {
    cursor
    change {
      id
      kind
      effectiveFrom
      customer { number name }
      fromTier { code }
      toTier { code }
    }
  }
}
"""
